# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What CiliumL2AnnouncementPolicies announce, and whether a BGP policy announces it as well: then they may go."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import SERVICE, Advertisement
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Object, Resource
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._lb_pools import addresses, block_range, blocks, labels

L2_POLICY = Resource("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "ciliuml2announcementpolicies")
L2_CLASSES = ("", "io.cilium/l2-announcer")
BGP_CLASSES = ("", "io.cilium/bgp-control-plane")
LOAD_BALANCER, EXTERNAL = "LoadBalancerIP", "ExternalIP"
# A node does not tell how large its network is. Where it is larger, or smaller, than usual, this errs.
USUAL_PREFIX = {4: 24, 6: 64}

NEAR = (
    "its address is one of the nodes' own network, where clients ask for it by ARP, which BGP does not answer: "
    "give it one of a pool outside of that network"
)

Answer = t.Dict[str, t.Any]
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def announced(
    policies: t.Sequence[Object],
    services: t.Sequence[Object],
    pools: t.Sequence[Object],
    advertisements: t.Sequence[Advertisement],
    nodes: t.Sequence[Object] = (),
) -> t.List[Answer]:
    """Policy by policy: the announced addresses by pool, and what BGP with C(advertisements) leaves out, and why."""
    networks = [
        ipaddress.ip_network(f"{address}/{USUAL_PREFIX[address.version]}", strict=False)
        for node in nodes
        for entry in (node.get("status") or {}).get("addresses") or []
        if entry["type"] == "InternalIP"
        for address in [ipaddress.ip_address(entry["address"])]
    ]
    return [_policy(policy, services, pools, advertisements, networks) for policy in policies]


def _policy(
    policy: Object,
    services: t.Sequence[Object],
    pools: t.Sequence[Object],
    advertisements: t.Sequence[Advertisement],
    networks: t.Sequence[Network],
) -> Answer:
    by_pool: t.Dict[str, t.List[Answer]] = {}
    missing: t.List[Answer] = []
    for service in services:
        for kind, address in _l2_addresses(policy, service):
            names = {"namespace": service["metadata"]["namespace"], "name": service["metadata"]["name"]}
            entry = {**names, "address": address}
            by_pool.setdefault(_pool(address, pools), []).append(entry)
            near = any(ipaddress.ip_address(address) in network for network in networks)
            reason = NEAR if near else _why_not(service, kind, advertisements)
            if reason:
                missing.append({**entry, "reason": reason})
    held = [entry["address"] for entries in by_pool.values() for entry in entries]
    return {
        "name": policy["metadata"]["name"],
        "routes": sorted({str(ipaddress.ip_network(address)) for address in held}),
        "pools": [{"name": name, "services": entries} for name, entries in sorted(by_pool.items())],
        "missing": missing,
        "replaced": not missing,
    }


def _l2_addresses(policy: Object, service: Object) -> t.Iterator[t.Tuple[str, str]]:
    """What one policy announces of one service; both switches of a policy are off unless set."""
    spec = policy.get("spec") or {}
    if service["spec"].get("loadBalancerClass", "") not in L2_CLASSES:
        return
    if not selects(spec.get("serviceSelector"), labels(service)):
        return
    if spec.get("loadBalancerIPs"):
        yield from ((LOAD_BALANCER, address) for address in addresses(service))
    if spec.get("externalIPs"):
        yield from ((EXTERNAL, address) for address in service["spec"].get("externalIPs") or [])


def _pool(address: str, pools: t.Sequence[Object]) -> str:
    """Name of the pool that holds an address, empty for addresses that no pool gave out."""
    wanted = ipaddress.ip_address(address)
    for pool in pools:
        for first, last in map(block_range, blocks(pool)):
            if first.version == wanted.version and first <= wanted <= last:
                return str(pool["metadata"]["name"])
    return ""


def _why_not(service: Object, kind: str, advertisements: t.Sequence[Advertisement]) -> str:
    """Why BGP does not announce this, empty if it does."""
    if service["spec"].get("loadBalancerClass", "") not in BGP_CLASSES:
        return "its loadBalancerClass is for L2 only, and can be changed only by making the Service anew"
    matching = [
        entry for entry in advertisements if entry.type == SERVICE and selects(entry.portable_selector, labels(service))
    ]
    if not matching:
        return "no advertisement selects it"
    return "" if any(kind in entry.addresses for entry in matching) else f"no advertisement announces its {kind}"
