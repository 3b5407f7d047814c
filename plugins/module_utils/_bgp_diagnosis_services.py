# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Why a service has no address, is not announced, or has no route in a router's kernel.

Only what the sessions below can carry is looked at: a node without a session is no reason to name its services too.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import (
    WARNING,
    Answer,
    Evidence,
    Finding,
    Peer,
    Range,
    abridged,
    holds,
    pool_ranges,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_services import ANNOUNCED_CLASSES

OUT_OF_ADDRESSES = "out_of_ips"


def diagnose_services(evidence: Evidence, sessions: t.Sequence[Finding]) -> t.List[Finding]:
    """C(sessions) are the findings of the layers below."""
    found = [*_pools(evidence), *_without_address(evidence), *_without_endpoint(evidence)]
    ranges = _ranges(evidence.expected.pools)
    pooled = list(_pooled(evidence))
    for peer in evidence.expected.peers:
        carrying = _carrying(evidence, peer, sessions)
        if carrying:
            silent = list(_advertisements(evidence, peer))
            found += silent or _Routes(evidence, peer, carrying, ranges).findings(pooled)
    return found


def _ranges(pools: t.Sequence[Answer]) -> t.FrozenSet[Range]:
    return frozenset().union(*(pool_ranges([pool]) for pool in pools))


def _pooled(evidence: Evidence) -> t.Iterator[t.Tuple[str, bool, Answer]]:
    """Each address of a service as a route, and whether it is from a pool, else from another load balancer."""
    ranges = pool_ranges(block for pool in evidence.cluster["pools"] for block in pool["blocks"])
    for service in evidence.cluster["services"]:
        for address in service["addresses"]:
            prefix = str(ipaddress.ip_network(address))
            yield prefix, holds(ranges, prefix), service


def _pools(evidence: Evidence) -> t.Iterator[Finding]:
    """Whether the cluster's pools are the described ones, and used."""
    live = {pool["name"]: pool for pool in evidence.cluster["pools"]}
    site = evidence.commands.site
    for pool in evidence.expected.pools:
        name = pool["name"]
        if name not in live:
            yield Finding("pool", "pool_missing", f"the pool {name} is not in the cluster", site, pool=name)
        elif pool_ranges(live[name]["blocks"]) != pool_ranges([pool]):
            what = f"the pool {name} has other addresses than the description"
            yield Finding(
                "pool", "pool_differs", what, site, pool=name, evidence=(f"its blocks: {live[name]['blocks']}",)
            )
    for name, pool in live.items():
        if pool["conflict"]:
            what = f"Cilium does not use the pool {name}: {pool['conflict']}"
            remedy = f"{evidence.commands.kubectl} delete ciliumloadbalancerippool {name}"
            yield Finding("pool", "pool_conflict", what, remedy, pool=name)


def _without_address(evidence: Evidence) -> t.List[Finding]:
    """One finding for all services that lack an address for one reason."""
    live = {pool["name"]: pool for pool in evidence.cluster["pools"]}
    reasons: t.Dict[Finding, t.List[str]] = {}
    for service in evidence.cluster["services"]:
        if not service["addresses"]:
            reason = next(_reasons(evidence, service, [live[name] for name in service["pools"]]))
            reasons.setdefault(reason, []).append(_name(service))
    return [dataclasses.replace(finding, services=tuple(sorted(names))) for finding, names in reasons.items()]


def _reasons(evidence: Evidence, service: Answer, pools: t.Sequence[Answer]) -> t.Iterator[Finding]:
    """The most telling first. C(pools) are those whose selectors select the service."""
    kubectl, site, names = evidence.commands.kubectl, evidence.commands.site, ", ".join(service["pools"])
    usable = [pool for pool in pools if not pool["disabled"] and not pool["conflict"]]
    disabled = [pool["name"] for pool in pools if pool["disabled"]]
    seen = (f"Cilium says: {service['message']}",) if service["message"] else ()
    if service["class"] not in ANNOUNCED_CLASSES:
        what = f"nobody has given an address to a service of the class {service['class']}, which is not for BGP"
        remedy = f"Run what serves this class, or delete the service and make it without one: {kubectl} get service -A"
        yield Finding("address", "service_class_foreign", what, remedy, WARNING)
    if service["requested"]:
        what = f"the service asks for {', '.join(service['requested'])}, which it cannot have"
        remedy = f"Ask for a free address of the pools, or any: {kubectl} annotate service … lbipam.cilium.io/ips-"
        yield Finding("address", "address_unavailable", what, remedy, evidence=seen)
    missing = {pool["name"] for pool in evidence.expected.pools} - {pool["name"] for pool in evidence.cluster["pools"]}
    if not pools and missing:
        what = f"no pool is for the service, and described pools are missing: {', '.join(sorted(missing))}"
        yield Finding("pool", "pool_missing", what, site, evidence=seen)
    if not pools:
        what = "no pool is for the service: none of their selectors selects its labels"
        remedy = f"Describe a pool for it, or give it the label of one: {kubectl} label service … pool=…"
        yield Finding("address", "pool_selects_not", what, remedy, evidence=seen)
    if not usable and disabled:
        what = f"the pool of the service is disabled: {', '.join(disabled)}"
        yield Finding("address", "pool_disabled", what, site, pool=names, evidence=seen)
    if not usable:
        what = f"Cilium does not use the pool of the service: {names}"
        yield Finding("pool", "pool_conflict", what, site, pool=names, evidence=seen)
    if service["reason"] == OUT_OF_ADDRESSES or not any(pool["available"] for pool in usable):
        what = f"the pool of the service has no address left: {names}"
        remedy = f"Add a pool with the same service_selector to cluster_lb_pools, then {site}"
        yield Finding("address", "pool_exhausted", what, remedy, pool=names, evidence=seen)
    what = "the service has no address, though its pool has some left"
    remedy = f"{kubectl} -n kube-system logs -l io.cilium/app=operator --tail=-1 | grep -i lbipam"
    yield Finding("address", "address_pending", what, remedy, pool=names, evidence=seen)


def _without_endpoint(evidence: Evidence) -> t.Iterator[Finding]:
    """Of services that are announced only where one of their pods is ready."""
    names = tuple(
        sorted(
            _name(service)
            for service in evidence.cluster["services"]
            if service["local"]
            and service["announced"]
            and service["addresses"]
            and not evidence.expected.nodes.keys() & set(service["endpoints"])
        )
    )
    if names:
        what = "externalTrafficPolicy is Local, and no node that speaks BGP has a ready pod of the service"
        namespace, _slash, name = names[0].partition("/")
        remedy = f"{evidence.commands.kubectl} -n {namespace} describe service {name}, then see to its pods"
        yield Finding("announcement", "endpoints_missing", what, remedy, WARNING, services=names)


def _carrying(evidence: Evidence, peer: Peer, sessions: t.Sequence[Finding]) -> t.FrozenSet[str]:
    """Addresses of the nodes whose session with the router is up, and nothing known against it."""
    router = evidence.router(peer)
    broken = {
        node
        for finding in sessions
        if finding.severity != WARNING and finding.router in ("", peer.name)
        for node in finding.nodes
    }
    if router is None or any(finding.router == peer.name and not finding.nodes for finding in sessions):
        return frozenset()
    neighbors = evidence.neighbors[peer.name]
    return frozenset(
        address
        for name, address in evidence.expected.nodes.items()
        if name not in broken and neighbors.get(address, {}).get("established")
    )


def _advertisements(evidence: Evidence, peer: Peer) -> t.Iterator[Finding]:
    """Whether anything can be announced to the router at all."""
    offers = [offer for offer in evidence.cluster["advertisements"] if peer.address in offer["peers"]]
    layer, code, site = "announcement", "advertisement_selects_nothing", evidence.commands.site
    if not any(offer["selects"] for offer in offers):
        what = f"no advertisement is for {peer.name}" + (
            f": {', '.join(sorted(offer['name'] for offer in offers))} has no selector, and selects nothing"
            if offers
            else ", so that the nodes announce nothing to it"
        )
        yield Finding(layer, code, what, site)
        return
    ours = [
        service
        for service in evidence.cluster["services"]
        if service["class"] in ANNOUNCED_CLASSES and service["addresses"] and not service["kept_out"]
    ]
    only_services = all(offer["type"] == "Service" for offer in offers)
    if ours and only_services and not any(peer.address in service["peers"] for service in ours):
        what = f"what is advertised to {peer.name} selects none of {len(ours)} services with an address"
        names = sorted(map(_name, ours))
        yield Finding(layer, code, what, site, WARNING, evidence=(f"services: {abridged(names)}",))


class _Routes:
    """What one router got from the nodes that can tell it something, and what it made of it."""

    def __init__(
        self, evidence: Evidence, peer: Peer, carrying: t.FrozenSet[str], described: t.FrozenSet[Range]
    ) -> None:
        self.evidence, self.peer, self.carrying, self.described = evidence, peer, carrying, described
        self.router = t.cast("Answer", evidence.router(peer))
        self.names = {address: name for name, address in evidence.expected.nodes.items()}
        self.announcers = {
            prefix: peers
            for group, peers in ((group, frozenset(group["peers"])) for group in self.router["received"])
            for prefix in group["prefixes"]
        }
        self.missing: t.Dict[t.Tuple[t.FrozenSet[str], t.FrozenSet[str]], t.FrozenSet[str]] = {}

    def findings(self, pooled: t.Sequence[t.Tuple[str, bool, Answer]]) -> t.List[Finding]:
        wanted: t.Dict[str, str] = {}
        groups: t.Dict[Finding, t.List[str]] = {}
        kernel = {prefix: group for group in self.router["routes"] for prefix in group["prefixes"]}
        for prefix, from_pool, service in pooled:
            if self.peer.address not in service["peers"]:
                continue
            wanted[prefix] = _name(service)
            finding = self._of(prefix, self._announcing(service), kernel.get(prefix)) if from_pool else None
            if finding is not None:
                groups.setdefault(finding, []).append(prefix)
        return [
            *(
                dataclasses.replace(
                    finding,
                    prefixes=tuple(prefixes),
                    services=tuple(sorted({wanted[prefix] for prefix in prefixes})),
                )
                for finding, prefixes in groups.items()
            ),
            *self._strangers(wanted),
        ]

    def _announcing(self, service: Answer) -> t.FrozenSet[str]:
        if not service["local"]:
            return self.carrying
        nodes = self.evidence.expected.nodes
        return self.carrying & {nodes[name] for name in service["endpoints"] if name in nodes}

    def _of(self, prefix: str, expected: t.FrozenSet[str], route: t.Optional[Answer]) -> t.Optional[Finding]:
        got = self.announcers.get(prefix, frozenset())
        if (expected, got) not in self.missing:
            self.missing[expected, got] = expected - got
        missing = self.missing[expected, got]
        if missing:
            return self._not_received(prefix, missing)
        return self._not_installed(prefix, route) if expected else None

    def _not_received(self, prefix: str, missing: t.FrozenSet[str]) -> Finding:
        name, router = self.peer.name, self.router
        nodes = () if missing == self.carrying else tuple(sorted(self.names[address] for address in missing))
        filtered = any(prefix in router["filtered"].get(address, ()) for address in missing)
        if filtered or not holds(self.described, prefix):
            what = f"the nodes announce an address that {name} does not let in"
            seen: t.Tuple[str, ...] = ("the router says that its policy filters it",) if filtered else ()
            if not holds(self.described, prefix):
                seen = (*seen, "it is in none of cluster_lb_pools")
            remedy = self.evidence.commands.router(name)
            return Finding("route", "prefix_filtered", what, remedy, nodes=nodes, router=name, evidence=seen)
        what = f"{name} has not got a route for an address that should be announced to it"
        remedy = f"{self.evidence.commands.kubectl} -n kube-system logs -l k8s-app=cilium --tail=-1 | grep -i bgp"
        return Finding("route", "route_missing", what, remedy, nodes=nodes, router=name)

    def _not_installed(self, prefix: str, route: t.Optional[Answer]) -> t.Optional[Finding]:
        name = self.peer.name
        other = self.router["instead"].get(prefix)
        hops = list((other if other else route or {}).get("next_hops", ()))
        # The next hop of an IPv6 route is a link-local address, which says nothing about whose it is.
        strangers = [hop for hop in hops if hop not in self.names and not ipaddress.ip_address(hop).is_link_local]
        seen = (f"the kernel's route: {other['protocol']} via {', '.join(hops) or 'nobody'}",) if other else ()
        remedy = f"on {name}: vtysh -c 'show ip route {prefix}', and remove the other route"
        if strangers:
            what = f"{name} sends it to {', '.join(sorted(strangers))}, which is no node"
            return Finding("route", "route_elsewhere", what, remedy, router=name, evidence=seen)
        if route is None or not route["installed"]:
            what = f"{name} has got the route, and does not have it in its kernel"
            return Finding("route", "route_not_installed", what, remedy, router=name, evidence=seen)
        return None

    def _strangers(self, wanted: t.Mapping[str, str]) -> t.Iterator[Finding]:
        """What nodes announce that no service has. Outside of the pools it may be pod networks and the like."""
        offers = [offer for offer in self.evidence.cluster["advertisements"] if self.peer.address in offer["peers"]]
        only_services = all(offer["addresses"] == ["LoadBalancerIP"] for offer in offers)
        by_nodes: t.Dict[t.FrozenSet[str], t.List[str]] = {}
        for prefix, peers in self.announcers.items():
            nodes = peers & self.carrying
            if nodes and prefix not in wanted and (only_services or holds(self.described, prefix)):
                by_nodes.setdefault(nodes, []).append(prefix)
        for nodes, prefixes in by_nodes.items():
            what = f"the nodes announce to {self.peer.name} what no service has"
            names = tuple(sorted(self.names[address] for address in nodes))
            remedy = (
                f"{self.evidence.commands.kubectl} get ciliumbgpadvertisements,services -A; see who else announces it"
            )
            yield Finding(
                "route", "route_unexpected", what, remedy, nodes=names, router=self.peer.name, prefixes=tuple(prefixes)
            )


def _name(service: Answer) -> str:
    return f"{service['namespace']}/{service['name']}"
