# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What FRR tells about BGP on a router, in one shape for all its versions."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._frr import Run, redact
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SECONDS_BETWEEN_QUESTIONS = 1.0
QUESTIONS = (
    "show bgp summary json",
    "show bgp neighbors json",
    "show ip route bgp json",
    "show ipv6 route bgp json",
    "show bgp ipv4 unicast json",
    "show bgp ipv6 unicast json",
)
# No JSON: it comes after everything that is.
CONFIGURATION = "show running-config"
NETSTAT = "/proc/net/netstat"
SIGNATURES = {"TCPMD5NotFound": "missing", "TCPMD5Unexpected": "unexpected", "TCPMD5Failure": "wrong"}
ROUTES_EXPLAINED = 10
_LISTEN_RANGE = re.compile(r"^\s*bgp listen range (\S+) peer-group", re.MULTILINE)

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


def parse_neighbors(document: t.Mapping[str, t.Any]) -> t.Dict[str, Answer]:
    """From C(show bgp neighbors json): what is set for a neighbour, and how its last session ended."""
    return {
        address: {
            "local_asn": int(neighbor.get("localAs", 0)),
            "password": bool(neighbor.get("authenticationEnabled")),
            "shutdown": bool(neighbor.get("adminShutDown")),
            "policy": not any("inboundEbgpRequiresPolicy" in family for family in _families(neighbor)),
            "maximum_prefix": max(
                (int(family.get("prefixAllowedMax", 0)) for family in _families(neighbor)), default=0
            ),
            "maximum_prefix_reached": bool(neighbor.get("prefixesConfigExceedMax")),
            "stale": str(neighbor.get("bgpStateIs", "")) == "passiveNSF",
            "graceful_restart": _restart_time(neighbor.get("gracefulRestartInfo") or {}),
            "last_reset": str(neighbor.get("lastResetDueTo", "")),
            "last_notification": str(neighbor.get("lastNotificationReason", "")),
        }
        for address, neighbor in document.items()
        if isinstance(neighbor, dict) and "bgpState" in neighbor
    }


def _restart_time(info: t.Mapping[str, t.Any]) -> int:
    """For how many seconds the neighbour's routes outlive it: it has to ask for that, and the router to go along."""
    agreed = info.get("remoteGrMode") == "Restart" and not str(info.get("localGrMode", "Disable")).startswith("Disable")
    return int((info.get("timers") or {}).get("receivedRestartTimer", 0)) if agreed else 0


def _families(neighbor: t.Mapping[str, t.Any]) -> t.List[t.Mapping[str, t.Any]]:
    return list((neighbor.get("addressFamilyInfo") or {}).values())


def parse_routes(document: t.Mapping[str, t.Any]) -> t.List[Answer]:
    """From C(show ip route bgp json): through which nodes the kernel sends, and what it sends that way."""
    groups: t.Dict[t.Tuple[bool, t.Tuple[str, ...]], t.List[str]] = {}
    for prefix, entries in document.items():
        installed = any(entry.get("installed", False) for entry in entries)
        hops = {hop["ip"] for entry in entries for hop in entry.get("nexthops", []) if hop.get("fib") and "ip" in hop}
        groups.setdefault((installed, tuple(sorted(hops if installed else (), key=_by_address))), []).append(prefix)
    return [
        {"installed": installed, "next_hops": list(hops), "prefixes": sorted(prefixes, key=_by_address)}
        for (installed, hops), prefixes in groups.items()
    ]


def parse_received(document: t.Mapping[str, t.Any]) -> t.List[Answer]:
    """From C(show bgp ipv4 unicast json): which neighbours announce, and what the policy let in from all of them."""
    groups: t.Dict[t.Tuple[str, ...], t.List[str]] = {}
    for prefix, paths in (document.get("routes") or {}).items():
        peers = {str(path["peerId"]) for path in paths if path.get("valid")}
        groups.setdefault(tuple(sorted(peers, key=_by_address)), []).append(prefix)
    return [{"peers": list(peers), "prefixes": sorted(prefixes, key=_by_address)} for peers, prefixes in groups.items()]


def parse_filtered(document: t.Mapping[str, t.Any]) -> t.List[str]:
    """From C(show bgp ipv4 unicast neighbors … filtered-routes json): what came and was not let in."""
    return sorted(document.get("receivedRoutes") or {}, key=_by_address)


def parse_winner(document: t.Mapping[str, t.Any]) -> t.Dict[str, Answer]:
    """From C(show ip route … json): the route that the kernel has instead."""
    return {
        prefix: {
            "protocol": str(entry.get("protocol", "")),
            "next_hops": [hop["ip"] for hop in entry.get("nexthops", []) if "ip" in hop],
        }
        for prefix, entries in document.items()
        for entry in entries
        if entry.get("selected") and entry.get("protocol") != "bgp"
    }


def signature_failures(text: str) -> t.Dict[str, int]:
    """From Linux's counters of the whole host: TCP segments without a signature, with a wrong one and so on."""
    lines = [line.split() for line in text.splitlines()]
    counters = {
        name: int(value)
        for names, values in zip(lines[::2], lines[1::2])
        for name, value in zip(names[1:], values[1:])
        if name in SIGNATURES
    }
    return {word: counters.get(name, 0) for name, word in SIGNATURES.items()}


class Router:
    """A host with FRR. C(run) runs a program there, C(read) reads a file, or gives nothing where there is none."""

    def __init__(self, vtysh: str, run: Run, read: t.Callable[[str], str]) -> None:
        self.vtysh, self.run, self.read = vtysh, run, read

    def ask(self) -> Answer:
        """Everything about BGP on this router, in one call of vtysh."""
        questions = [*QUESTIONS, CONFIGURATION]
        code, out, err = self._vtysh(questions)
        answers = documents(out)
        if code or len(answers) < len(QUESTIONS):
            said = redact((err or out).strip().splitlines()[0]) if (err or out).strip() else "nothing"
            what = (
                f"FRR did not answer (exit status {code}, {len(answers)} of {len(QUESTIONS)} answers, it said: {said})"
            )
            remedy = "Start FRR with zebra and bgpd on this host: systemctl restart frr"
            raise ClusterError(Problem(self.vtysh, what, remedy))
        summary = parse_summary(answers[0])
        neighbors = parse_neighbors(answers[1])
        return {
            "asn": summary.asn,
            "router_id": summary.router_id,
            "addresses": self._addresses(),
            "listen_ranges": sorted(set(_LISTEN_RANGE.findall(out))),
            "peers": [{**session.as_dict(), **neighbors.get(session.address, {})} for session in summary.sessions],
            "routes": [*parse_routes(answers[2]), *parse_routes(answers[3])],
            "received": [*parse_received(answers[4]), *parse_received(answers[5])],
            "signature_failures": signature_failures(self.read(NETSTAT)),
        }

    def explain(self, answer: Answer, nodes: t.Sequence[str], wanted: t.Optional[t.AbstractSet[str]]) -> Answer:
        """What FRR knows about prefixes that did not make it: filtered by which node's policy, or beaten by what."""
        versions = (4, 6) if any(":" in node for node in nodes) else (4,)
        up = {peer["address"] for peer in answer["peers"] if peer["established"]}
        lacking = [node for node in nodes if node in up and (wanted or set()) - _announced(answer, node)]
        asked = [(node, version) for node in lacking for version in versions]
        beaten = sorted(
            (prefix for group in answer["routes"] if not group["installed"] for prefix in group["prefixes"]),
            key=_by_address,
        )[:ROUTES_EXPLAINED]
        questions = [
            *(f"show bgp ipv{version} unicast neighbors {node} filtered-routes json" for node, version in asked),
            *(f"show {'ipv6' if ':' in prefix else 'ip'} route {prefix} json" for prefix in beaten),
        ]
        code, out, _err = self._vtysh(questions) if questions else (0, "", "")
        answers = documents(out)
        if code or len(answers) != len(questions):  # an older FRR, or no soft-reconfiguration: no explanation
            return {"filtered": {}, "instead": {}}
        filtered: t.Dict[str, t.List[str]] = {}
        for (node, _version), found in zip(asked, answers):
            filtered.setdefault(node, []).extend(parse_filtered(found))
        instead: t.Dict[str, Answer] = {}
        for found in answers[len(asked) :]:
            instead.update(parse_winner(found))
        return {"filtered": {node: prefixes for node, prefixes in filtered.items() if prefixes}, "instead": instead}

    def _vtysh(self, questions: t.Sequence[str]) -> t.Tuple[int, str, str]:
        return self.run([self.vtysh, *(argument for question in questions for argument in ("-c", question))])

    def _addresses(self) -> t.List[str]:
        code, out, _err = self.run(["ip", "-json", "address", "show"])
        links = json.loads(out) if not code and out.lstrip().startswith("[") else []
        return [entry["local"] for link in links for entry in link.get("addr_info", []) if "local" in entry]


def _announced(answer: Answer, node: str) -> t.Set[str]:
    return {prefix for group in answer["received"] if node in group["peers"] for prefix in group["prefixes"]}


def is_complete(answer: Answer, nodes: t.Sequence[str], wanted: t.Optional[t.AbstractSet[str]]) -> bool:
    """A session with every node, and if C(wanted) are given, exactly their routes in the kernel's table.

    Routes count as the cluster's if one of C(nodes) announces them; others are none of our business.
    """
    up = {peer["address"] for peer in answer["peers"] if peer["established"]}
    if not up.issuperset(nodes):
        return False
    known = set(nodes)
    announced = {prefix for group in answer["received"] if known & set(group["peers"]) for prefix in group["prefixes"]}
    installed = {prefix for group in answer["routes"] if group["installed"] for prefix in group["prefixes"]}
    return wanted is None or (announced == wanted and wanted <= installed)


def host_routes(addresses: t.Iterable[str]) -> t.Set[str]:
    return {str(ipaddress.ip_network(address)) for address in addresses}


def await_router(
    read: t.Callable[[], Answer],
    done: t.Callable[[Answer], bool],
    timeout: float,
    clock: t.Callable[[], float],
    sleep: t.Callable[[float], None],
) -> Answer:
    """The first answer that is C(done), or the last one within C(timeout) seconds.

    A router that does not answer is asked again too, as FRR restarts when it gets a configuration; in the end it is
    a ClusterError.
    """
    deadline = clock() + timeout
    while True:
        try:
            answer = read()
            if done(answer) or clock() >= deadline:
                return answer
        except ClusterError:
            if clock() >= deadline:
                raise
        sleep(SECONDS_BETWEEN_QUESTIONS)
