# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A policy as CiliumBGPPeeringPolicy, the only kind before Cilium 1.16, and what that kind has no words for."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    INTERFACE,
    LOAD_BALANCER,
    POD_CIDR,
    POD_IP_POOL,
    SERVICE,
    Advertisement,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy, PolicyPeer
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

UPGRADE = "Remove it, or upgrade to Cilium 1.16 or later"
SELECTOR_TYPES = {SERVICE: "CiliumLoadBalancerIPPool", POD_CIDR: "PodCIDR", POD_IP_POOL: "CiliumPodIPPool"}


def render(policy: Policy) -> t.Dict[str, t.Any]:
    """The spec. What C(inexpressible) names is not in it."""
    by_type = {entry.type: entry for entry in policy.advertisements if entry.name in policy.peers[0].advertise}
    router: t.Dict[str, t.Any] = {
        "localASN": policy.local_asn,
        "exportPodCIDR": POD_CIDR in by_type,
        "neighbors": [_neighbor(policy, peer, tuple(by_type.values())) for peer in policy.peers],
    }
    if POD_IP_POOL in by_type:
        router["podIPPoolSelector"] = by_type[POD_IP_POOL].portable_selector
    if SERVICE in by_type:
        router["serviceSelector"] = by_type[SERVICE].portable_selector
        if by_type[SERVICE].addresses != (LOAD_BALANCER,):
            router["serviceAdvertisements"] = list(by_type[SERVICE].addresses)  # Cilium 1.15 does not know it
    spec: t.Dict[str, t.Any] = {"virtualRouters": [router]}
    if policy.node_selector:
        spec["nodeSelector"] = policy.node_selector
    return spec


def _neighbor(policy: Policy, peer: PolicyPeer, advertised: t.Sequence[Advertisement]) -> t.Dict[str, t.Any]:
    restart = peer.graceful_restart
    neighbor: t.Dict[str, t.Any] = {
        "peerAddress": f"{peer.address}/{128 if peer.family == 'ipv6' else 32}",
        "peerASN": peer.asn,
        "holdTimeSeconds": peer.timers.hold,
        "keepAliveTimeSeconds": peer.timers.keepalive,
        "connectRetryTimeSeconds": peer.timers.connect_retry,
        "eBGPMultihopTTL": peer.ebgp_multihop,
        "gracefulRestart": {"enabled": True, "restartTimeSeconds": restart} if restart else {"enabled": False},
        "families": [{"afi": family, "safi": "unicast"} for family in peer.families],
    }
    if policy.secret_name(peer):
        neighbor["authSecretRef"] = policy.secret_name(peer)
    attributes = [_attributes(entry) for entry in advertised if entry.attributes]
    if attributes:
        neighbor["advertisedPathAttributes"] = attributes
    return neighbor


def _attributes(entry: Advertisement) -> t.Dict[str, t.Any]:
    """No selector means all of the kind. There is one advertisement of a kind, so that these are its routes."""
    found = {"selectorType": SELECTOR_TYPES[entry.type], **entry.attributes}
    return {**found, "selector": entry.portable_selector} if entry.type == POD_IP_POOL else found


def inexpressible(policy: Policy) -> t.Iterator[Problem]:
    """Everything that would get lost."""
    first = policy.peers[0]
    for index, peer in enumerate(policy.peers):
        if peer.advertise != first.advertise:
            what = f"peer {first.name} gets other advertisements, but a CiliumBGPPeeringPolicy gives all peers the same"
            yield Problem(
                f"peers[{index}].advertise", what, "Choose the same for all, or upgrade to Cilium 1.16 or later"
            )
    seen: t.Set[str] = set()
    for index, entry in enumerate(policy.advertisements):
        where = f"advertisements[{index}]"
        if entry.type == INTERFACE:
            yield Problem(where, "Cilium announces addresses of interfaces since 1.19", "Remove it, or upgrade Cilium")
        elif entry.type in seen:
            what = f"a CiliumBGPPeeringPolicy holds one advertisement of type {entry.type}"
            yield Problem(where, what, "Make one of them, or upgrade to Cilium 1.16 or later")
        seen.add(entry.type)
        if entry.aggregation:
            yield Problem(f"{where}.aggregation", "Cilium aggregates since 1.18", "Remove it, or upgrade Cilium")
        if entry.attributes and entry.type == SERVICE and entry.addresses != (LOAD_BALANCER,):
            what = "a CiliumBGPPeeringPolicy has communities and local_preference for LoadBalancerIP addresses only"
            yield Problem(
                f"{where}.addresses", what, "Announce only LoadBalancerIP, or upgrade to Cilium 1.16 or later"
            )
    for index, override in enumerate(policy.node_overrides):
        where = f"node_overrides[{index}]"
        if override.local_address:
            yield Problem(f"{where}.local_address", "a CiliumBGPPeeringPolicy has no local addresses", UPGRADE)
        values = [("router-id", override.router_id), ("local-port", override.local_port)]
        annotation = ",".join(f"{key}={value}" for key, value in values if value)
        if annotation:
            command = (
                f"kubectl annotate node {override.node} cilium.io/bgp-virtual-router.{policy.local_asn}='{annotation}'"
            )
            what = "this Cilium takes it from an annotation of the node"
            yield Problem(where, what, f"Remove it and run {command}, or upgrade to Cilium 1.16 or later")
