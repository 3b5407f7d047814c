# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The lowest rungs: whether a node is there at all, and whether it can call the router's TCP port 179."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import Answer, Evidence, Finding, Way


def node_rungs(
    evidence: Evidence, name: str, node: t.Optional[Answer], probe: t.Optional[Answer]
) -> t.Iterator[Finding]:
    """What is wrong with a node whatever its peers are. C(node) is in the cluster's answer, C(probe) its own."""

    def finding(code: str, what: str, remedy: str, *seen: str) -> Finding:
        return Finding("node", code, what, remedy, nodes=(name,), evidence=seen)

    address = evidence.expected.nodes[name]
    if probe is not None and not probe["has_address"]:
        what = f"the node has not the address {address} that the description gives it"
        remedy = f"Give the node its address, or correct cluster_node_address (ansible_host) of {name}"
        yield finding("node_address_missing", what, remedy, f"its addresses: {', '.join(probe['addresses'])}")
    if probe is not None and not probe["link"]["up"]:
        link = probe["link"]["name"]
        yield finding("node_link_down", f"the node's link {link} is down", f"on {name}: ip link set {link} up")
    if node is None:
        yield finding("node_missing", "the node is not in the cluster", evidence.commands.site)
        return
    if not node["ready"]:
        remedy = f"{evidence.commands.kubectl} describe node {name}"
        yield finding("node_not_ready", "the node is not Ready", remedy)
    if not node["agent"]:
        what = "Cilium's agent does not run on the node, or is not ready"
        yield finding("agent_not_ready", what, evidence.commands.agent(name, "describe"))


def network_rungs(way: Way) -> t.Iterator[Finding]:
    """Of a session that is down. While one is up nobody calls, and all of this is proven by it."""
    called = next((entry for entry in (way.probe or {}).get("peers", ()) if entry["address"] == way.peer.address), None)
    if called is None or called["tcp"] == "established" or way.established:
        return
    peer, name = way.peer, f"{way.peer.name} ({way.peer.address})"
    seen = [f"a call of TCP 179 from the node: {called['tcp']}"]
    if called["ping"] is not None:
        seen.append(f"ping: {'answered' if called['ping'] else 'no answer'}")
    if called["tcp_signed"]:
        seen.append(f"a call with the signature of the description's password: {called['tcp_signed']}")
    answered = "ok" in (called["tcp"], called["tcp_signed"])
    silent = called["tcp"] == "timeout" and not answered
    gone = called["ping"] is False or called["neighbor"] in ("FAILED", "INCOMPLETE")
    if not called["route"] or called["tcp"] == "unreachable" or (silent and gone):
        if called["neighbor"]:
            seen.append(f"the router in the node's table of neighbours: {called['neighbor']}")
        remedy = f"on {way.node}: ip route get {peer.address}; ping {peer.address}"
        yield way.finding("network", "router_unreachable", f"the node does not reach {name}", remedy, *seen)
    elif called["tcp"] == "refused" and not answered:
        what = f"{name} refuses TCP 179: nobody listens there, or a firewall rejects the call"
        remedy = f"on {peer.name}: ss -ltn 'sport = 179'; iptables -S INPUT; systemctl restart frr"
        yield way.finding("transport", "bgp_port_refused", what, remedy, *seen)
    elif silent:
        yield from _silence(way, name, seen)


def _silence(way: Way, name: str, seen: t.List[str]) -> t.Iterator[Finding]:
    """A firewall that swallows calls, or a router that wants a password which the node has not: the same silence."""
    wants_password = bool(way.neighbor and way.neighbor["password"])
    if wants_password and not way.expected.password:
        what = f"{name} wants a password, and the description has none"
        yield way.finding("session", "password_differs", what, way.commands.router(way.peer.name), *seen)
        return
    if wants_password:
        seen.append(f"segments with a wrong signature that reached the router meanwhile: {way.wrong_signatures}")
    if wants_password and way.wrong_signatures:
        what = f"{name} has another password than the description"
        yield way.finding("session", "password_differs", what, way.commands.router(way.peer.name), *seen)
        return
    what = f"TCP 179 of {name} does not answer: a firewall swallows the calls"
    if way.expected.password and way.router is None:
        what += ", or the router has another password"
    remedy = f"on {way.node} and on {way.peer.name}: iptables -S; nft list ruleset; then let TCP 179 pass"
    yield way.finding("transport", "bgp_port_filtered", what, remedy, *seen)
