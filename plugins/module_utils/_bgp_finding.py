# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What is wrong with BGP, said once: the lowest broken layer, who is concerned, what was seen and what mends it."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing as t

Answer = t.Mapping[str, t.Any]

CRITICAL, WARNING, ERROR = "critical", "warning", "error"
# From the lowest. What is broken below explains what is broken above, so only the lowest is a finding.
LAYERS = ("proof", "node", "network", "transport", "router", "configuration", "session", "policy")
LAYERS_OF_SERVICES = ("pool", "address", "announcement", "route")


@dataclasses.dataclass(frozen=True)
class Finding:
    """C(code) is for programs and stays as it is; the rest is for people. C(nodes) have it in common."""

    layer: str
    code: str
    what: str
    remedy: str
    severity: str = CRITICAL
    nodes: t.Tuple[str, ...] = ()
    router: str = ""
    pool: str = ""
    services: t.Tuple[str, ...] = ()
    prefixes: t.Tuple[str, ...] = ()
    evidence: t.Tuple[str, ...] = ()

    @property
    def where(self) -> str:
        subjects = self.services or self.prefixes or self.nodes
        return abridged(subjects) or self.pool or self.router or "cluster"

    def as_dict(self) -> t.Dict[str, t.Any]:
        fields = dataclasses.asdict(self)
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}
        return {**listed, "where": self.where}


def abridged(names: t.Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def together(findings: t.Iterable[Finding]) -> t.List[Finding]:
    """One finding for all nodes that have the same; what was seen and what mends it are then those of the first."""
    groups: t.Dict[Finding, t.List[Finding]] = {}
    for finding in findings:
        groups.setdefault(dataclasses.replace(finding, nodes=(), remedy="", evidence=()), []).append(finding)
    return [_one_of(found) for found in groups.values()]


def _one_of(found: t.Sequence[Finding]) -> Finding:
    first, nodes = found[0], sorted({name for finding in found for name in finding.nodes})
    alike = {finding.remedy for finding in found} == {first.remedy}
    remedy = first.remedy if alike else f"{first.remedy} (this is for {first.nodes[0]}; do so for each)"
    return dataclasses.replace(first, nodes=tuple(nodes), remedy=remedy)


@dataclasses.dataclass(frozen=True)
class Peer:
    """A router as the description has it."""

    name: str
    address: str
    asn: int


@dataclasses.dataclass(frozen=True)
class Expected:
    """What the description says about both ends."""

    policy: str
    local_asn: int
    peers: t.Tuple[Peer, ...]
    nodes: t.Mapping[str, str]  # address by name, of those that shall speak BGP
    pools: t.Tuple[Answer, ...]
    password: bool

    @classmethod
    def from_options(cls, options: Answer) -> Expected:
        return cls(
            policy=options["policy"],
            local_asn=options["local_asn"],
            peers=tuple(Peer(peer["name"], peer["address"], peer["asn"]) for peer in options["peers"]),
            nodes={node["name"]: node["address"] for node in options["nodes"]},
            pools=tuple(options["pools"]),
            password=bool(options.get("password")),
        )


@dataclasses.dataclass(frozen=True)
class Commands:
    """How to call what mends it, from where the playbook runs."""

    site: str = "ansible-playbook playbooks/site.yml"
    kubectl: str = "kubectl"

    def agent(self, node: str, verb: str) -> str:
        """For Cilium's agent on a node."""
        return f"{self.kubectl} -n kube-system {verb} pod -l k8s-app=cilium --field-selector spec.nodeName={node}"

    def vtysh(self, router: str, *lines: str) -> str:
        return f"on {router}: vtysh " + " ".join(f"-c '{line}'" for line in lines)

    def router(self, router: str) -> str:
        """The description is loaded anew; a gateway that has it on record already needs FRR to read it again."""
        return f"{self.site}; if that changes nothing, on {router}: systemctl restart frr"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Everything that was asked. C(routers) are by the names of the peers."""

    expected: Expected
    cluster: Answer
    routers: t.Mapping[str, Answer]
    nodes: t.Mapping[str, Answer]
    secrets: t.Mapping[str, t.Optional[bool]]  # by name: whether it holds the password, None if it is missing
    commands: Commands = Commands()

    @functools.cached_property
    def cluster_nodes(self) -> t.Dict[str, Answer]:
        return {node["name"]: node for node in self.cluster["nodes"]}

    @functools.cached_property
    def neighbors(self) -> t.Dict[str, t.Dict[str, Answer]]:
        """By the name of the router, and the address of the node."""
        return {
            name: {entry["address"]: entry for entry in answer["peers"]}
            for name, answer in self.routers.items()
            if not is_silent(answer)
        }

    def router(self, peer: Peer) -> t.Optional[Answer]:
        """What a router said, if it was asked and answered."""
        answer = self.routers.get(peer.name)
        return answer if answer and not is_silent(answer) else None


def is_silent(answer: Answer) -> bool:
    """Whether this is what Ansible registers of a host that did not answer, or of a module that failed there."""
    return bool(answer.get("unreachable")) or not {"asn", "has_address"} & answer.keys()


def by_peer(peers: t.Sequence[Peer], answers: t.Mapping[str, Answer]) -> t.Dict[str, Answer]:
    """The answers of hosts, under the names of the peers: by the peer's address, by its name, or as the only one."""
    found: t.Dict[str, Answer] = {}
    for peer in peers:
        for host, answer in answers.items():
            if peer.address in answer.get("addresses", ()) or host in (peer.name, peer.address):
                found[peer.name] = answer
    if not found and len(peers) == len(answers) == 1:
        found[peers[0].name] = next(iter(answers.values()))
    return found


@dataclasses.dataclass(frozen=True)
class Way:
    """From one node to one router, with what everybody says about it; None is what nobody says."""

    evidence: Evidence
    node: str
    address: str
    peer: Peer
    probe: t.Optional[Answer]  # from the node itself
    object: Answer  # the node in the cluster's answer
    session: t.Optional[Answer]  # as the cluster has it
    router: t.Optional[Answer]
    neighbor: t.Optional[Answer]  # as the router has it

    @property
    def expected(self) -> Expected:
        return self.evidence.expected

    @property
    def commands(self) -> Commands:
        return self.evidence.commands

    @property
    def established(self) -> bool:
        """On the router, which is the end that decides what is in its kernel."""
        return bool(self.neighbor and self.neighbor["established"])

    @property
    def wrong_signatures(self) -> int:
        """That reached the router while it was asked and the nodes called it."""
        return int(self.router["signature_failures"]["wrong"]) if self.router else 0

    def finding(self, layer: str, code: str, what: str, remedy: str, *seen: str, severity: str = CRITICAL) -> Finding:
        return Finding(layer, code, what, remedy, severity, (self.node,), router=self.peer.name, evidence=seen)


Range = t.Tuple[int, int, int]  # version, first and last address as numbers


def pool_ranges(blocks: t.Iterable[Answer]) -> t.FrozenSet[Range]:
    """What blocks of a pool hold, whichever way they are written."""
    found = set()
    for block in blocks:
        if block.get("cidr"):
            network = ipaddress.ip_network(str(block["cidr"]), strict=False)
            found.add((network.version, int(network[0]), int(network[-1])))
        else:
            first = ipaddress.ip_address(str(block["start"]))
            found.add((first.version, int(first), int(ipaddress.ip_address(str(block.get("stop") or first)))))
    return frozenset(found)


def holds(ranges: t.Iterable[Range], prefix: str) -> bool:
    """Whether a host route is for an address of the ranges."""
    network = ipaddress.ip_network(prefix)
    return network.prefixlen == network.max_prefixlen and any(
        version == network.version and first <= int(network[0]) <= last for version, first, last in ranges
    )
