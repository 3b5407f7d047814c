# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What FRR tells about BGP on a router, in one shape for all its versions, and how that differs from what should be."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._frr import Run, redact
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SECONDS_BETWEEN_QUESTIONS = 1.0
QUESTIONS = (
    "show bgp summary json",
    "show ip route bgp json",
    "show ipv6 route bgp json",
    "show bgp ipv4 unicast json",
    "show bgp ipv6 unicast json",
)
HINTS = {
    "Connect": "The node neither calls nor answers on TCP 179. See that BGP runs on it, and the firewalls on both ends",
    "Active": "Nobody calls, or the passwords differ. Compare both ends' passwords, and see the node's log",
    "Idle": "The router has no way to the node, or one end refuses the other, as for a wrong ASN. See the router's log",
}
NO_HINT = "See the router's log (vtysh -c 'show bgp neighbors') and the node's"

Answer = t.Dict[str, t.Any]


def documents(output: str) -> t.List[t.Any]:
    """Every JSON document in vtysh's output, one per command; FRR puts complaints that are not JSON around them."""
    decoder = json.JSONDecoder()
    found: t.List[t.Any] = []
    position = 0
    while True:
        start = output.find("{", position)
        if start < 0:
            return found
        try:
            document, position = decoder.raw_decode(output, start)
            found.append(document)
        except ValueError:
            position = start + 1


@dataclasses.dataclass(frozen=True)
class Session:
    """A neighbour as the router sees it."""

    address: str
    asn: int
    state: str
    prefixes_received: int
    uptime: int

    def as_dict(self) -> Answer:
        return {**dataclasses.asdict(self), "established": self.state == "Established"}


@dataclasses.dataclass(frozen=True)
class Summary:
    """What the router says about itself; C(asn) is 0 without BGP."""

    asn: int
    router_id: str
    sessions: t.Tuple[Session, ...]


def _by_address(text: str) -> t.Tuple[int, int]:
    network = ipaddress.ip_network(text, strict=False)
    return network.version, int(network.network_address)


def parse_summary(document: t.Mapping[str, t.Any]) -> Summary:
    """From C(show bgp summary json): a family without neighbours is absent, and old versions know only one."""
    families = [document] if "peers" in document else [value for value in document.values() if isinstance(value, dict)]
    sessions: t.Dict[str, Session] = {}
    for family in families:
        for address, peer in (family.get("peers") or {}).items():
            known = sessions.get(address)
            received = int(peer.get("pfxRcd", peer.get("prefixReceivedCount", 0)))
            sessions[address] = Session(
                address=address,
                asn=int(peer.get("remoteAs", 0)),
                state=str(peer.get("state", "")),
                prefixes_received=received + (known.prefixes_received if known else 0),
                uptime=int(peer.get("peerUptimeMsec", 0)) // 1000,
            )
    first: t.Mapping[str, t.Any] = families[0] if families else {}
    return Summary(
        asn=int(first.get("as", 0)),
        router_id=str(first.get("routerId", "")),
        sessions=tuple(sessions[address] for address in sorted(sessions, key=_by_address)),
    )


def parse_routes(document: t.Mapping[str, t.Any]) -> t.List[Answer]:
    """From C(show ip route bgp json): the selected routes, and through which nodes the kernel sends them."""
    return [
        {
            "prefix": prefix,
            "installed": any(entry.get("installed", False) for entry in entries),
            "next_hops": sorted(
                {hop["ip"] for entry in entries for hop in entry.get("nexthops", []) if hop.get("fib") and "ip" in hop},
                key=_by_address,
            ),
        }
        for prefix, entries in sorted(document.items(), key=lambda item: _by_address(item[0]))
    ]


def parse_received(document: t.Mapping[str, t.Any]) -> t.List[Answer]:
    """From C(show bgp ipv4 unicast json): what the policy let in, and from which neighbours."""
    return [
        {
            "prefix": prefix,
            "peers": sorted({str(path["peerId"]) for path in paths if path.get("valid")}, key=_by_address),
        }
        for prefix, paths in sorted((document.get("routes") or {}).items(), key=lambda item: _by_address(item[0]))
    ]


def read_router(vtysh: str, run: Run) -> Answer:
    """Everything about BGP on this router, asked in one call."""
    code, out, err = run([vtysh, *(argument for question in QUESTIONS for argument in ("-c", question))])
    answers = documents(out)
    if code or len(answers) != len(QUESTIONS):
        said = redact((err or out).strip().splitlines()[0]) if (err or out).strip() else "nothing"
        what = f"FRR did not answer (exit status {code}, {len(answers)} of {len(QUESTIONS)} answers, it said: {said})"
        raise ClusterError(Problem(vtysh, what, "Start FRR with zebra and bgpd on this host: systemctl status frr"))
    summary = parse_summary(answers[0])
    return {
        "asn": summary.asn,
        "router_id": summary.router_id,
        "peers": [session.as_dict() for session in summary.sessions],
        "routes": [*parse_routes(answers[1]), *parse_routes(answers[2])],
        "received": [*parse_received(answers[3]), *parse_received(answers[4])],
    }


def differences(answer: Answer, nodes: t.Sequence[str], addresses: t.Optional[t.Sequence[str]]) -> t.List[Problem]:
    """What is not as it should be: a session to every node, and if C(addresses) are given, routes to exactly these.

    Routes count as the cluster's if one of C(nodes) announces them; others are none of our business.
    """
    peers = {peer["address"]: peer for peer in answer["peers"]}
    announced = {route["prefix"] for route in answer["received"] if set(route["peers"]) & set(nodes)}
    installed = {route["prefix"]: route["next_hops"] for route in answer["routes"] if route["installed"]}
    return [
        *(problem for node in nodes for problem in _session_problems(node, peers.get(node))),
        *(
            ()
            if addresses is None
            else _route_problems({_host_route(a) for a in addresses}, announced, installed, nodes)
        ),
    ]


def _session_problems(node: str, peer: t.Optional[Answer]) -> t.Iterator[Problem]:
    if peer is None:
        what = "the router does not know this node"
        yield Problem(
            node, what, "Apply the router's configuration; with a listen range, see why the node does not call"
        )
    elif not peer["established"]:
        what = f"no session, the router says {peer['state'] or 'nothing'}"
        yield Problem(node, what, HINTS.get(peer["state"], NO_HINT))


def _route_problems(
    wanted: t.Set[str], announced: t.Set[str], installed: t.Mapping[str, t.Sequence[str]], nodes: t.Sequence[str]
) -> t.Iterator[Problem]:
    for prefix in sorted(wanted, key=_by_address):
        if prefix not in announced:
            remedy = "See that a pool of the description holds it, and that the cluster announces it"
            yield Problem(prefix, "no node announces this address, or the router's prefix-list keeps it out", remedy)
        elif prefix not in installed:
            remedy = "See why with: vtysh -c 'show ip route', where another route may win"
            yield Problem(prefix, "the route arrived but is not in the kernel's table", remedy)
        else:
            # The next hop of an IPv6 route is a link-local address, which says nothing about whose it is.
            strangers = {hop for hop in installed[prefix] if not ipaddress.ip_address(hop).is_link_local} - set(nodes)
            if strangers:
                elsewhere = ", ".join(sorted(strangers, key=_by_address))
                what = f"the kernel sends it to {elsewhere}, which is no node"
                yield Problem(prefix, what, "See who else announces it, with: vtysh -c 'show bgp'")
    for prefix in sorted(announced - wanted, key=_by_address):
        yield Problem(
            prefix, "a node announces this address, which no service has", "See which node announces it, and why"
        )


def _host_route(address: str) -> str:
    return str(ipaddress.ip_network(address))


def await_router(
    read: t.Callable[[], Answer],
    differ: t.Callable[[Answer], t.Sequence[Problem]],
    timeout: float,
    clock: t.Callable[[], float],
    sleep: t.Callable[[float], None],
) -> t.Tuple[Answer, t.Sequence[Problem]]:
    """The first answer without problems, or the last one within C(timeout) seconds.

    A router that does not answer is asked again too, as FRR restarts when it gets a configuration; in the end it is
    a ClusterError.
    """
    deadline = clock() + timeout
    while True:
        try:
            answer = read()
            problems = differ(answer)
            if not problems or clock() >= deadline:
                return answer, problems
        except ClusterError:
            if clock() >= deadline:
                raise
        sleep(SECONDS_BETWEEN_QUESTIONS)
