# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The parts of a regular expression of _regexp2: functions of a position, the captures so far and what comes next."""

from __future__ import annotations

import typing as t

Captures = t.Mapping[int, t.Tuple[t.Tuple[int, int], ...]]
Next = t.Callable[[int, Captures], bool]
Node = t.Callable[[int, Captures, Next], bool]


def empty(at: int, captures: Captures, then: Next) -> bool:
    return then(at, captures)


def sequence(nodes: t.Sequence[Node], backwards: bool) -> Node:
    ordered = nodes[::-1] if not backwards else nodes

    def joined(first: Node, rest: Node) -> Node:
        return lambda at, captures, then: first(at, captures, lambda here, known: rest(here, known, then))

    result: Node = empty
    for node in ordered:
        result = node if result is empty else joined(node, result)
    return result


def any_of(branches: t.Sequence[Node]) -> Node:
    return lambda at, captures, then: any(branch(at, captures, then) for branch in branches)


def repeated(node: Node, least: int, most: int, lazy: bool) -> Node:
    def turn(at: int, captures: Captures, then: Next, count: int) -> bool:
        def again(here: int, known: Captures) -> bool:
            if here == at and (count + 1 >= least or known is captures):  # nothing more can come of it
                return then(here, known)
            return turn(here, known, then, count + 1)

        if lazy and count >= least and then(at, captures):
            return True
        if count < most and node(at, captures, again):
            return True
        return not lazy and count >= least and then(at, captures)

    return lambda at, captures, then: turn(at, captures, then, 0)


def captured(node: Node, slot: int, unslot: int) -> Node:
    def matched(at: int, captures: Captures, then: Next) -> bool:
        def close(here: int, known: Captures) -> bool:
            updated = dict(known)
            start, end = min(at, here), max(at, here)
            if unslot != -1:
                stack = updated.get(unslot, ())
                if not stack:
                    return False
                updated[unslot] = stack[:-1]
                start, end = _between(start, end, stack[-1])
            if slot != -1:
                updated[slot] = (*updated.get(slot, ()), (start, end))
            return then(here, updated)

        return node(at, captures, close)

    return matched


def _between(start: int, end: int, other: t.Tuple[int, int]) -> t.Tuple[int, int]:
    """What a balancing group captures: from the end of the other one to its own start, or where they overlap."""
    if start >= other[1]:
        return other[1], start
    if end <= other[0]:
        return start, other[0]
    return max(start, other[0]), min(end, other[1])


def _first(node: Node, at: int, captures: Captures) -> t.Optional[t.Tuple[int, Captures]]:
    found: t.List[t.Tuple[int, Captures]] = []

    def keep(here: int, known: Captures) -> bool:
        found.append((here, known))
        return True

    node(at, captures, keep)
    return found[0] if found else None


def required(node: Node) -> Node:
    def matched(at: int, captures: Captures, then: Next) -> bool:
        found = _first(node, at, captures)
        return found is not None and then(at, found[1])

    return matched


def prevented(node: Node) -> Node:
    return lambda at, captures, then: _first(node, at, captures) is None and then(at, captures)


def atomic(node: Node) -> Node:
    def matched(at: int, captures: Captures, then: Next) -> bool:
        found = _first(node, at, captures)
        return found is not None and then(*found)

    return matched


def tested(condition: Node, yes: Node, no: Node) -> Node:
    def matched(at: int, captures: Captures, then: Next) -> bool:
        found = _first(condition, at, captures)
        return no(at, captures, then) if found is None else yes(at, found[1], then)

    return matched
