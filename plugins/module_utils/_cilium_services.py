# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The services of type LoadBalancer: their addresses, why one has none, and to whom Cilium announces them."""

from __future__ import annotations

import bisect
import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import OPT_OUT_LABEL, OWNER
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import Session, conditions
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Object
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import Selector, selects
from ansible_collections.homeops.cluster.plugins.module_utils._lb_pools import addresses, block_range, blocks, labels

Answer = t.Dict[str, t.Any]
ANNOUNCED_CLASSES = ("", "io.cilium/bgp-control-plane")
LOAD_BALANCER = "LoadBalancerIP"
SATISFIED = ("IPAMRequestSatisfied", "io.cilium/lb-ipam-request-satisfied")
REQUESTS = ("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")  # the first that is there counts


@dataclasses.dataclass(frozen=True)
class Offer:
    """One part of an advertisement, with the peers that it is for. Without a selector it selects nothing."""

    name: str
    kind: str
    peers: t.FrozenSet[str]
    addresses: t.Tuple[str, ...] = ()
    selector: t.Optional[Selector] = None

    def announces(self, service: t.Mapping[str, str]) -> bool:
        return LOAD_BALANCER in self.addresses and self.selector is not None and selects(self.selector, service)


def offers(
    advertisements: t.Sequence[Object], peer_configs: t.Sequence[Object], sessions: t.Sequence[Session]
) -> t.Tuple[Offer, ...]:
    """Everything that is in the advertisements; C(peers) are those whose configuration selects it."""
    users: t.Dict[str, t.Set[str]] = {}
    for session in sessions:
        users.setdefault(session.configuration, set()).add(session.address)
    chosen = [
        (family["advertisements"], users[config["metadata"]["name"]])
        for config in peer_configs
        if config["metadata"]["name"] in users
        for family in (config.get("spec") or {}).get("families") or []
        if family.get("advertisements") is not None
    ]
    return tuple(
        Offer(
            name=item["metadata"]["name"],
            kind=entry["advertisementType"],
            peers=frozenset(
                address
                for selector, peers in chosen
                if selects(selector, item["metadata"].get("labels") or {})
                for address in peers
            ),
            addresses=tuple((entry.get("service") or {}).get("addresses") or ()),
            selector=entry.get("selector"),
        )
        for item in advertisements
        for entry in (item.get("spec") or {}).get("advertisements") or []
    )


def legacy_offers(policies: t.Sequence[Object]) -> t.Tuple[Offer, ...]:
    """A virtual router tells all of its neighbours the same."""
    return tuple(
        Offer(
            name=policy["metadata"]["name"],
            kind="Service",
            peers=frozenset(neighbor["peerAddress"].partition("/")[0] for neighbor in router.get("neighbors") or []),
            addresses=tuple(router.get("serviceAdvertisements") or (LOAD_BALANCER,)),
            selector=router.get("serviceSelector"),
        )
        for policy in policies
        for router in policy["spec"].get("virtualRouters") or []
    )


def services(
    items: t.Sequence[Object],
    found: t.Sequence[Offer],
    pools: t.Sequence[Object],
    endpoints: t.Mapping[t.Tuple[str, str], t.AbstractSet[str]],
) -> t.List[Answer]:
    """Of type LoadBalancer. C(endpoints) are the nodes with a ready endpoint, of services that need one there."""
    selectors = [(pool["metadata"]["name"], (pool.get("spec") or {}).get("serviceSelector")) for pool in pools]
    return [_service(item, found, selectors, endpoints) for item in items]


def _service(
    item: Object,
    found: t.Sequence[Offer],
    selectors: t.Sequence[t.Tuple[str, t.Optional[Selector]]],
    endpoints: t.Mapping[t.Tuple[str, str], t.AbstractSet[str]],
) -> Answer:
    metadata, spec = item["metadata"], item["spec"]
    service = labels(item)
    family = conditions(item)
    verdict: Object = next((family[name] for name in SATISFIED if name in family), {})
    ours = spec.get("loadBalancerClass", "") in ANNOUNCED_CLASSES
    peers = [offer.peers for offer in found if offer.announces(service)] if ours else []
    local = spec.get("externalTrafficPolicy") == "Local"
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "class": spec.get("loadBalancerClass", ""),
        "addresses": addresses(item),
        "announced": bool(peers),
        "kept_out": service.get(OPT_OUT_LABEL) == "never",
        "peers": sorted(frozenset().union(*peers)) if peers else [],
        "local": local,
        "endpoints": sorted(endpoints.get((metadata["namespace"], metadata["name"]), set())) if local else [],
        "pools": [name for name, selector in selectors if selects(selector, service)],
        "requested": _requested(metadata.get("annotations") or {}, spec),
        "reason": "" if verdict.get("status") == "True" else verdict.get("reason", ""),
        "message": "" if verdict.get("status") == "True" else verdict.get("message", ""),
    }


def _requested(annotations: t.Mapping[str, str], spec: Object) -> t.List[str]:
    asked = next((annotations[name] for name in REQUESTS if name in annotations), spec.get("loadBalancerIP") or "")
    return [part.strip() for part in asked.split(",") if part.strip()]


def routes(answers: t.Sequence[Answer], pools: t.Sequence[Object]) -> t.Dict[str, t.List[str]]:
    """By peer: the addresses from the pools that are announced to it; somebody else's are none of our business."""
    ranges = [block_range(block) for pool in pools for block in blocks(pool)]
    found: t.Dict[str, t.List[str]] = {}
    for service in answers:
        if service["local"] and not service["endpoints"]:
            continue
        for text in service["addresses"]:
            address = ipaddress.ip_address(text)
            if any(first.version == address.version and first <= address <= last for first, last in ranges):
                for peer in service["peers"]:
                    found.setdefault(peer, []).append(text)
    return found


def endpoint_nodes(slices: t.Sequence[Object]) -> t.Dict[t.Tuple[str, str], t.Set[str]]:
    """By namespace and name of the service: the nodes that have a ready endpoint of it."""
    found: t.Dict[t.Tuple[str, str], t.Set[str]] = {}
    for item in slices:
        metadata = item["metadata"]
        service = (metadata.get("labels") or {}).get("kubernetes.io/service-name")
        for endpoint in item.get("endpoints") or []:
            # Kubernetes: a readiness that is not told counts as ready.
            if service and endpoint.get("nodeName") and (endpoint.get("conditions") or {}).get("ready") is not False:
                found.setdefault((metadata["namespace"], service), set()).add(endpoint["nodeName"])
    return found


def pool_answers(items: t.Sequence[Object], in_use: t.AbstractSet[str]) -> t.List[Answer]:
    """C(in_use) are the addresses of all services."""
    numbers = sorted((address.version, int(address)) for address in map(ipaddress.ip_address, in_use))
    return [_pool(item, numbers) for item in items]


def _pool(item: Object, in_use: t.Sequence[t.Tuple[int, int]]) -> Answer:
    found, spec = conditions(item), item.get("spec") or {}
    conflict = found.get("PoolConflict", {})
    ranges = [block_range(block) for block in blocks(item)]
    return {
        "name": item["metadata"]["name"],
        "managed": (item["metadata"].get("labels") or {}).get(MANAGED_BY) == OWNER,
        "blocks": list(blocks(item)),
        "selector": spec.get("serviceSelector") or {},
        "disabled": bool(spec.get("disabled")),
        # Cilium writes these numbers into messages. Its IPsUsed includes addresses that it keeps back.
        "total": int(found.get("IPsTotal", {}).get("message") or 0),
        "available": int(found.get("IPsAvailable", {}).get("message") or 0),
        "used": sum(
            bisect.bisect_right(in_use, (last.version, int(last)))
            - bisect.bisect_left(in_use, (first.version, int(first)))
            for first, last in ranges
        ),
        "conflict": conflict.get("message", "") if conflict.get("status") == "True" else "",
    }
