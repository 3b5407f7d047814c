# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A cluster's block in an FRR configuration that others may share: what is whose, and where the block goes.

Every line outside of the block stays as it is, byte for byte. FRR lets C(router bgp) be entered as often as one likes,
so the block needs no place inside the section of somebody else. What holds for the whole BGP instance (its identifier,
its defaults) is said by whoever opens it first in the file.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._frr import END_MARK, MARK, Network, group, redact
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

_SECTION = re.compile(r"(?:router|interface|vrf|line|key|nexthop-group|pbr-map|rpki|bfd|segment-routing)(?: |$)")
_TOP_LEVEL = re.compile(r"(?:no )?(?:ip|ipv6) (?:prefix-list|route|access-list|forwarding)|hostname |log |frr ")
_IN_ROUTE_MAP = re.compile(r"(?:no )?(?:call|continue|description|match|on-match|set)(?: |$)|exit$")
_BLOCK = re.compile(
    rf"^! {re.escape(MARK)} ([a-z0-9-]+)\..*?^! {re.escape(END_MARK)} \1\.[^\n]*\n?", re.DOTALL | re.MULTILINE
)
_INSTANCE = re.compile(r"router bgp(?: (\S+))?$")
_OF_INSTANCE = (
    "bgp router-id",
    "bgp log-neighbor-changes",
    "no bgp default ipv4-unicast",
    "bgp graceful-restart-disable",
    "maximum-paths",
)


@dataclasses.dataclass(frozen=True)
class Line:
    """A line and the sections that it is in, its own included if it opens or closes one. C(text) has single spaces."""

    context: t.Tuple[str, ...]
    text: str

    @property
    def in_instance(self) -> bool:
        """Whether it belongs to the BGP instance of the default VRF."""
        return bool(self.context) and bool(_INSTANCE.match(self.context[0]))

    @property
    def is_statement(self) -> bool:
        return bool(self.text) and self.text not in (*self.context, "exit", "exit-address-family", "end")


def read(text: str) -> t.List[Line]:
    """Every line, understood as FRR does: by its words, as indentation means nothing."""
    found: t.List[Line] = []
    context: t.Tuple[str, ...] = ()
    for raw in text.splitlines():
        line = "" if raw.lstrip()[:1] in ("!", "#") else " ".join(raw.split())
        if line.startswith("route-map "):
            # The only section that is a statement too: it may be empty.
            found.append(Line((), line))
            context = (line,)
            continue
        if _SECTION.match(line):
            context = (line,)
        elif _TOP_LEVEL.match(line) or (line and context[:1] and _leaves_route_map(context[0], line)):
            context = ()
        elif line.startswith("address-family ") and context and context[0].startswith("router bgp"):
            context = (context[0], line)
        found.append(Line(context, line))
        if line == "end":
            context = ()
        elif line in ("exit", "exit-address-family", "exit-vrf"):
            context = context[:-1]
    return found


def _leaves_route_map(context: str, line: str) -> bool:
    """FRR before 8 writes no exit; what follows is not to be taken for a part of the route-map."""
    return context.startswith("route-map ") and not _IN_ROUTE_MAP.match(line)


def statements(text: str) -> t.List[Line]:
    return [line for line in read(text) if line.is_statement]


def setting(line: Line) -> str:
    """What a statement sets: of two with the same one, the later replaces the earlier."""
    words = line.text.split()
    if words[:2] == ["no", "neighbor"]:
        return line.text[3:]
    if words[0] in ("ip", "ipv6") and words[1:2] == ["prefix-list"]:
        return " ".join(words[:5])
    if words[0] == "neighbor" and words[2:4] == ["timers", "connect"]:
        return " ".join(words[:4])
    if words[0] == "neighbor" and words[2] in ("remote-as", "password", "ebgp-multihop", "maximum-prefix", "timers"):
        return " ".join(words[:3])
    if words[0] == "neighbor" and words[2] in ("prefix-list", "route-map"):
        return " ".join([*words[:3], words[-1]])
    return next((name for name in _OF_INSTANCE if line.text.startswith(name)), line.text)


def of_instance(line: Line) -> bool:
    """Whether it is one of our statements that hold for everybody's sessions."""
    return line.in_instance and line.text.startswith(_OF_INSTANCE)


def asn(lines: t.Iterable[Line]) -> str:
    """The AS number of the default instance, empty without one."""
    found = (_INSTANCE.match(line.context[0]) for line in lines if line.in_instance)
    return next((match[1] for match in found if match and match[1]), "")


def members(lines: t.Iterable[Line], cluster: str) -> t.FrozenSet[str]:
    """The neighbours that are in the cluster's group by their address."""
    ours = ["peer-group", group(cluster)]
    found = (line.text.split() for line in lines if line.in_instance)
    return frozenset(words[1] for words in found if words[:1] == ["neighbor"] and words[2:] == ours)


def listen_ranges(lines: t.Iterable[Line], cluster: str) -> t.List[Network]:
    """The networks that the cluster's nodes may call from."""
    return [network for network, name in _ranges(lines) if name == group(cluster)]


def _ranges(lines: t.Iterable[Line]) -> t.Iterator[t.Tuple[Network, str]]:
    for words in (line.text.split() for line in lines if line.in_instance):
        if words[:3] == ["bgp", "listen", "range"] and len(words) == 6:
            yield ipaddress.ip_network(words[3], strict=False), words[5]


def sessions_of(sessions: t.FrozenSet[str], text: str, cluster: str) -> t.FrozenSet[str]:
    """Those of the sessions, by the nodes' addresses, that a configuration asks for on behalf of the cluster."""
    lines = statements(text)
    named, ranges = members(lines, cluster), listen_ranges(lines, cluster)
    return frozenset(
        session for session in sessions if session in named or any(_is_in(session, network) for network in ranges)
    )


def _is_in(session: str, network: Network) -> bool:
    try:
        return ipaddress.ip_address(session) in network
    except ValueError:
        return False  # others may have a neighbour by the name of its interface


@dataclasses.dataclass(frozen=True)
class Owner:
    """Tells a cluster's statements from those of others: they use its names, or are about its nodes."""

    cluster: str
    nodes: t.FrozenSet[str]

    def owns(self, line: Line) -> bool:
        words = line.text.split()
        words = words[1:] if words[:1] == ["no"] else words
        about_node = line.in_instance and words[:1] == ["neighbor"] and words[1:2] and words[1] in self.nodes
        return line.is_statement and (bool(about_node) or self.named(line.text))

    def named(self, text: str) -> bool:
        name = re.escape(group(self.cluster))
        return any(re.fullmatch(rf"{name}(?:-IN-[46]|-OUT)?", word) for word in text.split())


@dataclasses.dataclass(frozen=True)
class Layout:
    """A whole configuration with the block in it as it is to be. C(shared): others use the BGP instance too."""

    text: str
    block: str
    shared: bool


def split(text: str, cluster: str, where: str) -> t.Tuple[str, str, str]:
    """What is before the block, the block with its marks, and what is behind it."""
    lines = text.splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if line.startswith(f"! {MARK} {cluster}.")]
    ends = [number for number, line in enumerate(lines) if line.startswith(f"! {END_MARK} {cluster}.")]
    if not begins and not ends:
        return text, "", ""
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        what = f"the marks of cluster {cluster} do not come as one pair ({len(begins)} of begin, {len(ends)} of end)"
        remedy = f"Remove the lines that hold '{MARK} {cluster}' and '{END_MARK} {cluster}' with what was between them"
        raise ClusterError(Problem(where, what, remedy))
    return "".join(lines[: begins[0]]), "".join(lines[begins[0] : ends[0] + 1]), "".join(lines[ends[0] + 1 :])


def blocks(text: str) -> str:
    """The blocks of this collection alone, whichever cluster they are of."""
    return "".join(match[0] for match in _BLOCK.finditer(text))


def is_foreign(text: str) -> bool:
    """Whether there is a statement outside of all blocks of this collection."""
    return any(line.text for line in read(_BLOCK.sub("", text)))


def place(text: str, block: str, cluster: str, where: str, *, overwrite: bool = False) -> Layout:
    """The configuration C(text) with C(block) in place of the cluster's present one; without, if C(block) is empty.

    A ClusterError lists what others have that the block cannot live with. C(overwrite) takes over their statements that
    use the cluster's names, nothing else.
    """
    if block and split(block, cluster, "config") != ("", block, ""):
        what = f"it is not what homeops.cluster.frr_config renders for cluster {cluster}"
        raise ClusterError(Problem("config", what, "Give it that filter's result as it is"))
    before, old, after = split(text, cluster, where)
    owner = Owner(cluster, members(read(old) + read(block), cluster))
    before, after = (_without_ours(part, block, owner, where, overwrite) for part in (before, after))
    if not old and before:
        body, end = re.fullmatch(r"(.*?)((?:^end\s*)?)", before, re.DOTALL | re.MULTILINE).groups()  # type: ignore[union-attr]
        before, after = body if body.endswith("\n") else f"{body}\n", end
    earlier, later = read(before), read(after)
    shared = any(line.in_instance for line in earlier + later)
    problems = list(_conflicts(earlier + later, read(block), cluster, where))
    if problems:
        raise ClusterError(*problems)
    if not block:
        block = _remainder(old, cluster) if any(line.in_instance for line in later) else ""
    fitted = _fit(block, earlier, later)
    return Layout(f"{before}{fitted}{after}", fitted, shared)


def restored(now: str, before: str, cluster: str, where: str) -> str:
    """C(now) with the cluster's part as it was in C(before): what others changed in the meantime stays."""
    earlier, block, later = split(now, cluster, where)
    try:
        if place(before, block, cluster, where, overwrite=True).text == now:
            return before
    except ClusterError:
        pass  # others changed something that a block in C(before) could not live with
    return f"{earlier}{split(before, cluster, where)[1]}{later}"


def _without_ours(text: str, block: str, owner: Owner, where: str, overwrite: bool) -> str:
    """C(text) without statements that are ours, marks or not: C(write memory) in vtysh removes the marks."""
    lines, wanted = read(text), set(statements(block))
    ours = {number for number, line in enumerate(lines) if owner.owns(line)}
    strange = [] if overwrite else [number for number in sorted(ours) if lines[number] not in wanted]
    if strange:
        name = group(owner.cluster)
        remedy = (
            f"{name} and the nodes' addresses belong to homeops.cluster: rename or remove it, or set overwrite once"
        )
        raise ClusterError(
            *(
                Problem(where, f"'{redact(lines[number].text)}' is in the way of the cluster", remedy)
                for number in strange
            )
        )
    ours_only = {line.context for line in lines if line.context and owner.named(line.context[0])}  # of route-maps
    instance = {line for line in lines if line.in_instance and line.is_statement}
    whole = bool(ours) and instance <= wanted
    dropped = {
        number
        for number, line in enumerate(lines)
        if number in ours or line.context in ours_only or (whole and line.in_instance)
    }
    kept = [raw for number, raw in enumerate(text.splitlines(keepends=True)) if number not in dropped]
    return "".join(kept)


def _conflicts(others: t.List[Line], ours: t.List[Line], cluster: str, where: str) -> t.Iterator[Problem]:
    theirs, mine = asn(others), asn(ours)
    if theirs and mine and _number(theirs) != _number(mine):
        what = f"somebody else runs BGP here as AS {theirs}; FRR runs one AS for each VRF, and the cluster wants {mine}"
        yield Problem(where, what, f"Write asn: {theirs} for this router in cluster_bgp.peers")
    for network, name in _ranges(others):
        for own in listen_ranges(ours, cluster):
            if own.version == network.version and own.overlaps(network):
                what = f"the listen range {own} overlaps {network} of the group {name}"
                yield Problem(where, what, "Give the cluster a listen range of its own, or name its nodes instead")


def _number(text: str) -> int:
    """An AS number in either spelling, such as 65000 or 1.10."""
    high, dot, low = text.partition(".")
    return int(high) * 65536 + int(low) if dot else int(high)


def _fit(block: str, earlier: t.List[Line], later: t.List[Line]) -> str:
    """The block without what others say for the whole instance: all of it if they open it, else what they say too."""
    opened = any(line.in_instance for line in earlier)
    said = {(line.context, setting(line)) for line in later if line.is_statement and of_instance(line)}
    lines = zip(block.splitlines(keepends=True), read(block))
    return "".join(
        raw
        for raw, line in lines
        if not (line.is_statement and of_instance(line) and (opened or (line.context, setting(line)) in said))
    )


def _remainder(old: str, cluster: str) -> str:
    """What others need of a block that goes: the instance that it opened for them."""
    lines = list(zip(old.splitlines(keepends=True), read(old)))
    instance = [raw for raw, line in lines if line.is_statement and of_instance(line) and len(line.context) == 1]
    if not instance:
        return ""
    opening = next(raw for raw, line in lines if line.text.startswith("router bgp"))
    return "".join([lines[0][0], opening, *instance, "exit\n", f"! {END_MARK} {cluster}.\n"])
