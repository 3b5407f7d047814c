# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From what FRR runs to what a cluster's block says, in FRR's own statements, touching nothing else.

C(vtysh -f) only adds, and frr-reload.py also removes what others typed and did not save yet; so this is neither.
"""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._frr import group, redact
from ansible_collections.homeops.cluster.plugins.module_utils._frr_block import (
    Layout,
    Line,
    Owner,
    asn,
    members,
    of_instance,
    read,
    setting,
    statements,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem


def others_in_running(running: str, cluster: str) -> t.List[Line]:
    """What FRR runs for others in the default instance, saved or not."""
    lines = statements(running)
    owner = Owner(cluster, members(lines, cluster))
    return [line for line in lines if line.in_instance and not owner.owns(line) and not of_instance(line)]


def differs(running: str, layout: Layout, cluster: str) -> bool:
    """Whether FRR runs other sessions for the cluster than the block says, whoever changed them.

    Only by what every FRR shows as it was said; the rest it may leave out as being so by itself.
    """
    return any(_always_shown(line) for line in statements("\n".join(script(running, layout, cluster))))


def _always_shown(line: Line) -> bool:
    words = [word for word in line.text.split() if word != "no"]
    if words[0] == "neighbor":
        return words[2:3] == [] or words[2] in ("remote-as", "password", "peer-group", "prefix-list", "route-map")
    return words[:3] == ["bgp", "listen", "range"] or words[1:2] == ["prefix-list"]


def conflicts(running: str, layout: Layout, cluster: str, *, overwrite: bool = False) -> t.Iterator[Problem]:
    """What FRR runs for others that the block cannot live with; C(overwrite) takes over what is about its nodes."""
    runs, wanted = statements(running), statements(layout.block)
    theirs, mine = asn(runs), asn(wanted)
    remedy = "Save it (vtysh -c 'write memory') or take it back, then run again"
    if mine and theirs != mine and others_in_running(running, cluster):
        yield Problem("running configuration", f"somebody else's BGP runs as AS {theirs}", remedy)
    if overwrite:
        return
    nodes = members(wanted, cluster) - members(runs, cluster)
    for line in runs:
        if Owner(cluster, nodes).owns(line) and not Owner(cluster, frozenset()).owns(line):
            what = f"'{redact(line.text)}' is not the cluster's and about one of its nodes"
            yield Problem("running configuration", what, remedy)


def script(running: str, layout: Layout, cluster: str) -> t.List[str]:
    """The statements for C(vtysh -f). They reset no session whose own settings stay as they are."""
    runs, wanted = statements(running), statements(layout.block)
    owner = Owner(cluster, members(runs + wanted, cluster))
    wanted = [line for line in wanted if owner.owns(line) or of_instance(line)]
    alone = not layout.shared and not others_in_running(running, cluster)
    ours = [line for line in runs if owner.owns(line) or (alone and of_instance(line))]
    present, instance = asn(read(running)), asn(wanted)
    if present and alone and present != instance:
        # Nobody else is in it. A different AS number needs a new instance anyway.
        ours = [line for line in ours if not line.in_instance]
        runs = [line for line in runs if not line.in_instance]
        opening = [f"no router bgp {present}"]
    else:
        opening = []
    settings = {(line.context, setting(line)) for line in wanted}
    gone = [line for line in ours if (line.context, setting(line)) not in settings]
    new = [line for line in wanted if line not in runs]
    return [*opening, *_sections(_removals(gone, cluster)), *_sections((line.context, line.text) for line in new)]


def lists_changed(lines: t.Sequence[str]) -> bool:
    """Whether routes have to be judged anew: FRR does not by itself when only an entry of a list changes."""
    return any(" prefix-list " in line for line in lines)


_Placed = t.Tuple[t.Tuple[str, ...], str]


def _removals(gone: t.Sequence[Line], cluster: str) -> t.Iterator[_Placed]:
    """A neighbour or a group takes its other settings with it. References go before what they refer to."""
    name = group(cluster)
    whole = {line.text.split()[1] for line in gone if line.in_instance and line.text.split()[2:3] == ["peer-group"]}
    alone = {line.text.split()[1] for line in gone if _opens_neighbour(line)} - whole - {name}
    for line in gone:
        words = line.text.split()
        if words[:3] == ["bgp", "listen", "range"]:
            yield line.context, f"no {line.text}"
    for line in gone:
        words = line.text.split()
        if not line.in_instance or words[:3] == ["bgp", "listen", "range"]:
            continue
        if words[:2] == ["no", "neighbor"] and words[2] in whole | alone:
            continue
        if words[0] == "neighbor" and words[1] in alone:
            if words[2] == "remote-as":
                yield line.context, f"no neighbor {words[1]}"
        elif words[0] != "neighbor" or words[1] not in whole:
            yield line.context, _no(line)
        elif words[2] == "peer-group" and (words[1] == name or name not in whole):
            yield line.context, f"no {line.text}"
    for line in gone:
        if not line.in_instance:
            yield (), _no(line)


def _opens_neighbour(line: Line) -> bool:
    """Whether there is a neighbour, of no group, by this."""
    words = line.text.split()
    return line.in_instance and words[0] == "neighbor" and words[2:3] == ["remote-as"]


def _no(line: Line) -> str:
    """Its opposite; a password is not repeated."""
    if line.text.startswith("no "):
        return line.text[3:]
    if line.in_instance and line.text.split()[2:3] == ["password"]:
        return f"no {setting(line)}"
    return f"no {line.text}"


def _sections(placed: t.Iterable[_Placed]) -> t.Iterator[str]:
    """The statements with the lines that lead into their sections and out of them again."""
    inside: t.Tuple[str, ...] = ()
    for context, text in placed:
        if context != inside:
            yield from ["exit"] * len(inside)
            yield from context
            inside = context
        yield text
    yield from ["exit"] * len(inside)
