# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Regular expressions as github.com/dlclark/regexp2 v1.12.0 reads them: .NET's, with which Argo CD compares namespaces.

Only whether a text holds a match is asked, so this is a small backtracking matcher of functions: each takes a
position, the captures so far and what comes next. Scripts (C(\\p{Greek})) are known by a few names only.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import go_lower
from ansible_collections.homeops.cluster.plugins.module_utils._regexp2_nodes import (
    Captures,
    Next,
    Node,
    any_of,
    atomic,
    captured,
    empty,
    prevented,
    repeated,
    required,
    sequence,
    tested,
)
from ansible_collections.homeops.cluster.plugins.module_utils._regexp2_scan import (
    SETS,
    UNLIMITED,
    PatternError,
    Scanner,
)
from ansible_collections.homeops.cluster.plugins.module_utils._regexp2_set import CharacterSet, is_word

_SPECIAL = frozenset("*+?{$()|\\[^.")
_ASSERTIONS = "bBAGZz"


@functools.lru_cache(maxsize=4096)
def regexp2_matches(pattern: str, text: str) -> bool:
    """Whether it matches somewhere in the text; never, if it cannot be compiled."""
    try:
        parser = _compiled(pattern)
    except PatternError:
        return False
    parser.text = text
    return any(parser.root(start, {}, lambda _end, _captures: True) for start in range(len(text) + 1))


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> _Parser:
    return _Parser(pattern)


class _Group:
    """An open parenthesis: what is in it so far, and how its content becomes a node when it closes."""

    def __init__(self, kind: str, options: t.FrozenSet[str], slot: int = -1, unslot: int = -1) -> None:
        self.kind, self.options, self.slot, self.unslot = kind, options, slot, unslot
        self.condition: t.Optional[Node] = None
        self.branches: t.List[Node] = []
        self.sequence: t.List[Node] = []


class _Parser(Scanner):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.text = ""
        self.slots: t.Set[int] = {0}
        self.names: t.Dict[str, int] = {}
        self._restart()
        self._count_captures()
        self._restart()
        self.root = self._parse()

    def _restart(self) -> None:
        self.at = 0
        self.capture = 1
        self.ignore_parenthesis = False
        self.options: t.FrozenSet[str] = frozenset()
        self.saved: t.List[t.FrozenSet[str]] = []
        self.groups: t.List[_Group] = []

    # Which captures there are, before anything can refer to them

    def _count_captures(self) -> None:
        names: t.List[str] = []
        while self.left():
            character = self.read()
            if character == "\\":
                self.skipped(lambda: self._backslash(scan_only=True))
            elif character == "#" and "x" in self.options:
                self.at -= 1
                self.skipped(self.blank)
            elif character == "[":
                self.skipped(lambda: self.set(scan_only=True))
            elif character == ")" and self.saved:
                self.options = self.saved.pop()
            elif character == "(":
                if self._count_group(names):
                    continue
            else:
                continue
            if character == "(":
                self.ignore_parenthesis = False
        for name in names:
            while self.capture in self.slots:
                self.capture += 1
            self.names[name] = self.capture
            self.slots.add(self.capture)
            self.capture += 1

    def _count_group(self, names: t.List[str]) -> bool:
        """True where the next parenthesis is a condition, which captures nothing."""
        if self.pattern.startswith("?#", self.at):
            self.at -= 1
            self.skipped(self.blank)
            return False
        self.saved.append(self.options)
        if self.peek() != "?":
            if "n" not in self.options and not self.ignore_parenthesis:
                self.slots.add(self.capture)
                self.capture += 1
            return False
        self.at += 1
        if self.left() > 1 and self.peek() in "<'":
            self.at += 1
            character = self.peek()
            if character != "0" and is_word(character):
                if character in "123456789":
                    self.slots.add(self.decimal())
                else:
                    name = self.name()
                    if name not in names:
                        names.append(name)
            return False
        self.scan_options()
        if self.peek() == ")":
            self.at += 1
            self.saved.pop()
        elif self.peek() == "(":
            self.ignore_parenthesis = True
            return True
        return False

    # Reading it

    def _parse(self) -> Node:
        self.groups = [_Group("group", self.options)]
        while True:
            self.blank()
            if not self.left():
                break
            unit = self._unit()
            if unit is None:
                continue
            self.blank()
            if self.is_quantifier():
                unit = self._quantified(unit)
            self.groups[-1].sequence.append(unit)
        if len(self.groups) > 1:
            raise PatternError("missing closing )")
        return self._closed(self.groups.pop())

    def _unit(self) -> t.Optional[Node]:
        character = self.read()
        if character not in _SPECIAL or (character == "{" and not self._was_quantifier()):
            return self._one(character)
        if character == "[":
            return self._of_set(self.set())
        if character in "(|)":
            return self._grouping(character)
        if character == "\\":
            return self._backslash()
        if character in "^$":
            kinds = ("bol", "eol") if "m" in self.options else ("A", "Z")
            return self._assertion(kinds[character == "$"])
        if character != ".":
            raise PatternError("missing argument to repetition operator")
        single_line = "s" in self.options
        return self._single(lambda found: single_line or found != "\n")

    def _grouping(self, character: str) -> t.Optional[Node]:
        if character == ")":
            return self._close()
        if character == "|":
            self._alternative(self.groups[-1])
            return None
        self.saved.append(self.options)
        group = self._opened()
        if group is None:
            self.saved.pop()
        else:
            self.groups.append(group)
        return None

    def _was_quantifier(self) -> bool:
        self.at -= 1
        found = self.is_quantifier()
        self.at += 1
        return found

    def _close(self) -> t.Optional[Node]:
        if len(self.groups) < 2:
            raise PatternError("unexpected )")
        node = self._closed(self.groups.pop())
        self.options = self.saved.pop()
        outer = self.groups[-1]
        if outer.kind == "test group" and outer.condition is None:
            outer.condition = node
            return None
        return node

    def _quantified(self, unit: Node) -> Node:
        character = self.read()
        if character == "{":
            least = most = self.decimal()
            if self.read() == ",":
                most = UNLIMITED if self.peek() == "}" else self.decimal()
                self.at += 1
        else:
            least, most = {"*": (0, UNLIMITED), "?": (0, 1), "+": (1, UNLIMITED)}[character]
        self.blank()
        lazy = self.peek() == "?"
        self.at += lazy
        if least > most:
            raise PatternError("invalid repeat count")
        self.blank()
        if self.is_quantifier():
            raise PatternError("invalid nested repetition operator")
        if most == 0:
            return empty
        return repeated(unit, least, most, lazy)

    def _alternative(self, group: _Group) -> None:
        group.branches.append(sequence(group.sequence, "r" in self.options))
        group.sequence = []

    def _closed(self, group: _Group) -> Node:
        self._alternative(group)
        if group.kind in ("test group", "test reference"):
            return self._conditional(group)
        inner = group.branches[0] if len(group.branches) == 1 else any_of(group.branches)
        if group.kind == "capture":
            return captured(inner, group.slot, group.unslot)
        if group.kind == "require":
            return required(inner)
        if group.kind == "prevent":
            return prevented(inner)
        if group.kind == "greedy":
            return atomic(inner)
        return inner

    def _conditional(self, group: _Group) -> Node:
        branches = [*group.branches, empty]
        if len(group.branches) > 2:
            raise PatternError("too many | in (?()|)")
        if group.kind == "test reference":
            slot = group.slot
            return lambda at, captures, then: branches[0 if captures.get(slot) else 1](at, captures, then)
        if group.condition is None:
            raise PatternError("illegal conditional (?(...)) expression")
        return tested(group.condition, branches[0], branches[1])

    def _opened(self) -> t.Optional[_Group]:
        """None where it only changes options."""
        if self.peek() != "?" or self.peek(1) == ")":
            if "n" in self.options or self.ignore_parenthesis:
                self.ignore_parenthesis = False
                return _Group("group", self.options)
            self.capture += 1
            return _Group("capture", self.options, self.capture - 1)
        self.at += 1
        if not self.left():
            raise PatternError("unrecognized grouping construct")
        character = self.read()
        if character in ":=!>":
            if character in "=!":
                self.options = self.options - {"r"}
            return _Group({":": "group", "=": "require", "!": "prevent", ">": "greedy"}[character], self.options)
        if character in "<'":
            return self._named("'" if character == "'" else ">")
        if character == "(":
            return self._condition()
        self.at -= 1
        return self._with_options()

    def _with_options(self) -> t.Optional[_Group]:
        if self.groups[-1].kind != "test group":
            self.scan_options()
        closing = self.read() if self.left() else ""
        if closing == ")":
            return None
        if closing != ":":
            raise PatternError("unrecognized grouping construct")
        return _Group("group", self.options)

    def _named(self, closing: str) -> _Group:
        if self.peek() in ("=", "!") and closing == ">":
            self.options = self.options | {"r"}
            return _Group("require" if self.read() == "=" else "prevent", self.options)
        slot = unslot = -1
        character = self.peek()
        if character != "-":
            slot = self._slot(closing + "-")
            if slot == 0:
                raise PatternError("capture number cannot be zero")
        if (slot != -1 or character == "-") and self.peek() == "-":
            self.at += 1
            unslot = self._slot(closing)
            if unslot == -1:
                raise PatternError("reference to undefined group")
        if (slot == -1 and unslot == -1) or self.peek() != closing:
            raise PatternError("unrecognized grouping construct")
        self.at += 1
        return _Group("capture", self.options, slot, unslot)

    def _slot(self, closing: str) -> int:
        """Of a number or a name; -1 where there is none such."""
        character = self.peek()
        if character and character in "0123456789":
            number = self.decimal()
            slot = number if number in self.slots else -1
        elif character and is_word(character):
            slot = self.names.get(self.name(), -1)
        else:
            raise PatternError("invalid group name")
        if self.left() and self.peek() not in closing:
            raise PatternError("invalid group name")
        return slot

    def _condition(self) -> _Group:
        start = self.at
        character = self.peek()
        if character and character in "0123456789":
            number = self.decimal()
            if self.peek() != ")" or number not in self.slots:
                raise PatternError("reference to undefined group")
            self.at += 1
            return _Group("test reference", self.options, number)
        if character and is_word(character):
            name = self.name()
            if name in self.names and self.peek() == ")":
                self.at += 1
                return _Group("test reference", self.options, self.names[name])
        self.at = start - 1
        self.ignore_parenthesis = True
        if self.peek(1) == "?":
            kind, after = self.peek(2), self.peek(3)
            if kind in ("#", "'") or (kind == "<" and after and after not in "!="):
                raise PatternError("alternation conditions do not capture")
        return _Group("test group", self.options)

    # Escapes and sets

    def _backslash(self, scan_only: bool = False) -> Node:
        character = self.peek()
        if not character:
            raise PatternError("illegal \\ at end of pattern")
        if character in _ASSERTIONS:
            self.at += 1
            return self._assertion(character)
        if character in SETS:
            self.at += 1
            return self._of_set(CharacterSet().with_letter(character))
        if character in "pP":
            self.at += 1
            return self._of_set(CharacterSet().with_category(self.property(), character == "P", "i" in self.options))
        return self._reference_or_character(scan_only)

    def _reference_or_character(self, scan_only: bool) -> Node:
        start = self.at
        character = self.peek()
        closing = ""
        named = character == "k"
        if named:
            opening = self.peek(1) if self.left() > 1 else ""
            self.at += min(2, self.left())
            if opening not in ("<", "'") or not self.left():
                raise PatternError("malformed \\k<...> named back reference")
            closing = "'" if opening == "'" else ">"
        elif character in "<'" and self.left() > 1:
            closing = "'" if character == "'" else ">"
            self.at += 1
        character = self.peek()
        if closing and character in "0123456789":
            number = self.decimal()
            if self.left() and self.read() == closing:
                return self._reference(number if number in self.slots else -1)
        elif not closing and character in "123456789":
            number = self.decimal()
            if scan_only:
                return empty
            if number in self.slots or number <= 9:
                return self._reference(number if number in self.slots else -1)
        elif closing:
            name = self.name()
            if name and self.left() and self.read() == closing:
                return empty if scan_only else self._reference(self.names.get(name, -1))
            if named:
                raise PatternError("malformed \\k<...> named back reference")
        self.at = start
        return self._one(self.escape())

    # What matches one position

    def _one(self, character: str) -> Node:
        if "i" in self.options:
            wanted = go_lower(character)
            return self._single(lambda found: go_lower(found) == wanted)
        return self._single(lambda found: found == character)

    def _of_set(self, wanted: CharacterSet) -> Node:
        if "i" in self.options:
            return self._single(lambda found: wanted.holds(go_lower(found)))
        return self._single(wanted.holds)

    def _single(self, fits: t.Callable[[str], bool]) -> Node:
        backwards = "r" in self.options

        def node(at: int, captures: Captures, then: Next) -> bool:
            if backwards:
                return at > 0 and fits(self.text[at - 1]) and then(at - 1, captures)
            return at < len(self.text) and fits(self.text[at]) and then(at + 1, captures)

        return node

    def _reference(self, slot: int) -> Node:
        if slot == -1:
            raise PatternError("reference to undefined group")
        backwards, ignore_case = "r" in self.options, "i" in self.options

        def node(at: int, captures: Captures, then: Next) -> bool:
            stack = captures.get(slot)
            if not stack:
                return False
            wanted = self.text[stack[-1][0] : stack[-1][1]]
            start = at - len(wanted) if backwards else at
            found = self.text[start : start + len(wanted)] if start >= 0 else None
            if ignore_case and found is not None:
                found, wanted = go_lower(found), go_lower(wanted)
            return found == wanted and then(start if backwards else start + len(wanted), captures)

        return node

    def _assertion(self, kind: str) -> Node:
        def node(at: int, captures: Captures, then: Next) -> bool:
            return self._asserted(kind, at) and then(at, captures)

        return node

    def _asserted(self, kind: str, at: int) -> bool:
        text, end = self.text, len(self.text)
        if kind in ("A", "G"):  # a search starts at the text's beginning
            return at == 0
        if kind == "z":
            return at == end
        if kind == "Z":
            return at == end or (at == end - 1 and text[at] == "\n")
        if kind == "bol":
            return at == 0 or text[at - 1] == "\n"
        if kind == "eol":
            return at == end or text[at] == "\n"
        boundary = (at > 0 and is_word(text[at - 1])) != (at < end and is_word(text[at]))
        return boundary == (kind == "b")
