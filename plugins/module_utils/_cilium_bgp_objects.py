# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A policy turned into the objects of Cilium's BGP control plane, in any of its generations."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_bgp_peering_policy as peering_policy
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import (
    ADVERTISEMENT_LABEL,
    OWNER,
    POLICY_LABEL,
    SECRET,
    Kinds,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    INTERFACE,
    POD_CIDR,
    POD_IP_POOL,
    SERVICE,
    Advertisement,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import (
    NodeOverride,
    Policy,
    PolicyPeer,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Resource
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY, Wanted

ADVERTISEMENT_TYPES = {
    SERVICE: "Service",
    POD_CIDR: "PodCIDR",
    POD_IP_POOL: "CiliumPodIPPool",
    INTERFACE: "Interface",
}


def objects(policy: Policy, kinds: Kinds) -> t.Tuple[Wanted, ...]:
    """In the order of writing."""
    secrets = tuple(_secret(policy, peer) for peer in policy.peers if peer.password)
    if kinds.legacy:
        spec = peering_policy.render(policy)
        return (*secrets, _object(policy, kinds.peering_policy, policy.name, spec=spec))
    return (
        *secrets,
        *(_peer_config(policy, kinds, peer) for peer in policy.peers),
        *(_advertisement(policy, kinds, entry) for entry in policy.advertisements),
        *(_node_override(policy, kinds, override) for override in policy.node_overrides),
        _cluster_config(policy, kinds),
    )


def _object(policy: Policy, resource: Resource, name: str, namespace: str = "", **content: t.Any) -> Wanted:
    metadata: t.Dict[str, t.Any] = {"name": name, "labels": {MANAGED_BY: OWNER, POLICY_LABEL: policy.name}}
    if namespace:
        metadata["namespace"] = namespace
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    return Wanted(resource, {**head, **content})


def _secret(policy: Policy, peer: PolicyPeer) -> Wanted:
    data = {"password": base64.b64encode(peer.password.encode()).decode()}
    return _object(policy, SECRET, policy.secret_name(peer), policy.secrets_namespace, type="Opaque", data=data)


def _peer_config(policy: Policy, kinds: Kinds, peer: PolicyPeer) -> Wanted:
    restart = peer.graceful_restart
    spec: t.Dict[str, t.Any] = {
        # All three, always: a default for the missing one may contradict the others and be refused.
        "timers": {
            "holdTimeSeconds": peer.timers.hold,
            "keepAliveTimeSeconds": peer.timers.keepalive,
            "connectRetryTimeSeconds": peer.timers.connect_retry,
        },
        "gracefulRestart": {"enabled": True, "restartTimeSeconds": restart} if restart else {"enabled": False},
        "ebgpMultihop": peer.ebgp_multihop,
        "families": [_family(policy, peer, family) for family in peer.families],
    }
    if policy.secret_name(peer):
        spec["authSecretRef"] = policy.secret_name(peer)
    return _object(policy, kinds.peer_config, policy.part(peer.name), spec=spec)


def _family(policy: Policy, peer: PolicyPeer, family: str) -> t.Dict[str, t.Any]:
    found: t.Dict[str, t.Any] = {"afi": family, "safi": "unicast"}
    chosen: t.Dict[str, t.Any] = {"matchLabels": {POLICY_LABEL: policy.name}}
    if len(peer.advertise) < len(policy.advertisements):
        term = {"key": ADVERTISEMENT_LABEL, "operator": "In", "values": sorted(peer.advertise)}
        chosen["matchExpressions"] = [term]
    return {**found, "advertisements": chosen} if peer.advertise else found


def _advertisement(policy: Policy, kinds: Kinds, entry: Advertisement) -> Wanted:
    content: t.Dict[str, t.Any] = {"advertisementType": ADVERTISEMENT_TYPES[entry.type]}
    if entry.type == SERVICE:
        lengths = {f"aggregationLengthIP{family[2:]}": length for family, length in entry.aggregation.items()}
        content["service"] = {"addresses": list(entry.addresses), **lengths}
    if entry.type in (SERVICE, POD_IP_POOL):
        content["selector"] = entry.portable_selector
    if entry.type == INTERFACE:
        content["interface"] = {"name": entry.interface}
    if entry.attributes:
        content["attributes"] = entry.attributes
    wanted = _object(policy, kinds.advertisement, policy.part(entry.name), spec={"advertisements": [content]})
    wanted.definition["metadata"]["labels"][ADVERTISEMENT_LABEL] = entry.name
    return wanted


def _node_override(policy: Policy, kinds: Kinds, override: NodeOverride) -> Wanted:
    instance: t.Dict[str, t.Any] = {"name": policy.instance}
    if override.router_id:
        instance["routerID"] = override.router_id
    if override.local_port is not None:
        instance["localPort"] = override.local_port
    peers = [
        {"name": peer.name, "localAddress": override.local_address}
        for peer in policy.peers
        if override.applies_to(peer)
    ]
    if peers:
        instance["peers"] = peers
    # Cilium finds it by the name of the node.
    return _object(policy, kinds.node_override, override.node, spec={"bgpInstances": [instance]})


def _cluster_config(policy: Policy, kinds: Kinds) -> Wanted:
    peers = [
        {
            "name": peer.name,
            "peerAddress": peer.address,
            "peerASN": peer.asn,
            "peerConfigRef": {"name": policy.part(peer.name)},
        }
        for peer in policy.peers
    ]
    spec: t.Dict[str, t.Any] = {
        "bgpInstances": [{"name": policy.instance, "localASN": policy.local_asn, "peers": peers}]
    }
    if policy.node_selector:
        spec["nodeSelector"] = policy.node_selector
    return _object(policy, kinds.cluster_config, policy.name, spec=spec)
