# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Patterns as github.com/gobwas/glob v0.2.3 reads them, Argo CD's library: the same verdict, its mistakes included.

A pattern becomes tokens, the tokens a tree, the tree a matcher. The matchers are chosen and joined as the library
does it, because they differ in what they match.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob_matchers import (
    Any,
    AnyOf,
    Contains,
    EveryOf,
    List,
    Matcher,
    Max,
    Min,
    Nothing,
    Prefix,
    PrefixAny,
    PrefixSuffix,
    Range,
    Row,
    Single,
    Suffix,
    SuffixAny,
    Super,
    Text,
    Tree,
)

_NOT_LITERAL = re.compile(r"[*?\[{\\\0\ufffd]")
_END = "\0"  # Go's mark for the end of the input, so a NUL in a pattern is one, too
_UNREADABLE = "\ufffd"


class GlobError(ValueError):
    """A pattern that the library refuses to compile."""


class Glob:
    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    def match(self, text: str) -> bool:
        """Raises GlobPanicError where the library would end the program."""
        return self._matcher.match(text.encode("utf-8", "surrogatepass"))


class _Literal(Glob):
    """The same verdict as a Glob of only a Text, without the detour over bytes."""

    def __init__(self, text: str) -> None:
        super().__init__(Text(text) if text else Nothing())
        self._text = text

    def match(self, text: str) -> bool:
        return text == self._text


@functools.lru_cache(maxsize=16384)
def compile_glob(pattern: str, separators: str = "") -> Glob:
    if not _NOT_LITERAL.search(pattern):
        return _Literal(pattern)
    deepest = min(1000 + 8 * sum(pattern.count(special) for special in "*?[{"), 20000)
    if sys.getrecursionlimit() < deepest:
        sys.setrecursionlimit(deepest)  # Go's stack grows by itself, so a pattern may nest as deep as it likes
    return Glob(_compiled(_parsed(pattern), separators))


# Tokens


Token = t.Tuple[str, str]


class _Lexer:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.level = 0
        self.tokens: t.List[Token] = []

    def all(self) -> t.List[Token]:
        while not self.tokens or self.tokens[-1][0] != "end":
            self._item()
        return self.tokens

    def _peek(self) -> str:
        if self.at == len(self.pattern):
            return _END
        character = self.pattern[self.at]
        if character == _UNREADABLE:
            raise GlobError("could not read rune")
        return character

    def _read(self) -> str:
        character = self._peek()
        self.at = min(self.at + 1, len(self.pattern))
        return character

    def _item(self) -> None:
        character = self._peek()
        if character == _END:
            self._add("end", "")
        elif character == "{":
            self.level += 1
            self._add("open", self._read())
        elif character == "," and self.level:
            self._add("separator", self._read())
        elif character == "}" and self.level:
            self.level -= 1
            self._add("close", self._read())
        elif character == "[":
            self._read()
            self._class()
        elif character == "?":
            self._add("single", self._read())
        elif character == "*":
            self._read()
            if self._peek() == "*":
                self._add("super", self._read())
            else:
                self._add("any", "*")
        else:
            self._text("?*[{},") if self.level else self._text("?*[{")

    def _add(self, kind: str, text: str) -> None:
        self.tokens.append((kind, text))

    def _text(self, breakers: str) -> None:
        found, escaped = [], False
        while True:
            character = self._peek()
            if character == _END:
                self.at = min(self.at + 1, len(self.pattern))
                break
            if not escaped and character == "\\":
                escaped = True
                self.at += 1
                continue
            if not escaped and character in breakers:
                break
            escaped = False
            found.append(character)
            self.at += 1
        if found:
            self._add("text", "".join(found))

    def _class(self) -> None:
        """What stands between brackets: a range, or a text up to the closing bracket; an exclamation mark negates."""
        negated = False
        while True:
            character = self._read()
            if character == _END:
                raise GlobError("unexpected end of input")
            if character == "!" and not negated:
                negated = True
                continue
            if self._peek() == "-":
                self._read()
                low, high = character, self._read()
                if high == _END:
                    raise GlobError("unexpected end of input")
                if high < low:
                    raise GlobError(f"hi character '{high}' should be greater than lo '{low}'")
                self._close()
                self._add("not range" if negated else "range", low + high)
                return
            self.at -= 1
            before = len(self.tokens)
            self._text("]")
            if self._read() != "]":
                raise GlobError("unexpected end of input")
            if len(self.tokens) == before:
                raise GlobError("could not parse range")
            self._add("not list" if negated else "list", self.tokens.pop()[1])
            return

    def _close(self) -> None:
        character = self._read()
        if character == _END:
            raise GlobError("unexpected end of input")
        if character != "]":
            raise GlobError("expected close range character")


# The tree


@dataclasses.dataclass
class _Node:
    """C(kind) is a token's, or C(pattern), C(any of), C(nothing)."""

    kind: str
    value: str = ""
    children: t.List[_Node] = dataclasses.field(default_factory=list)


def _parsed(pattern: str) -> _Node:
    root = _Node("pattern")
    inside: t.List[_Node] = []
    current = root
    for kind, text in _Lexer(pattern).all():
        if kind == "open":
            alternatives = _Node("any of")
            current.children.append(alternatives)
            inside.extend((current, alternatives))
            current = _Node("pattern")
            alternatives.children.append(current)
        elif kind == "separator":
            current = _Node("pattern")
            inside[-1].children.append(current)
        elif kind == "close":
            inside.pop()
            current = inside.pop()
        elif kind != "end":
            current.children.append(_Node(kind, text if kind in _WITH_VALUE else ""))
    return root


_WITH_VALUE = ("text", "range", "not range", "list", "not list")


# The matcher of a tree


def _compiled(node: _Node, separators: str) -> Matcher:
    if node.kind == "any of":
        factored = _factored(node)
        if factored:
            return _compiled(factored, separators)
        return _optimized(AnyOf([_compiled(child, separators) for child in node.children]))
    if node.kind == "pattern":
        if not node.children:
            return Nothing()
        return _optimized(_joined(_glued_parts([_compiled(child, separators) for child in node.children])))
    return _optimized(_leaf(node, separators))


def _leaf(node: _Node, separators: str) -> Matcher:
    negated = node.kind.startswith("not ")
    if node.kind.endswith("range"):
        return Range(node.value[0], node.value[1], negated)
    if node.kind.endswith("list"):
        return List(node.value, negated)
    make: t.Dict[str, t.Callable[[], Matcher]] = {
        "text": lambda: Text(node.value),
        "any": lambda: Any(separators),
        "super": Super,
        "single": lambda: Single(separators),
        "nothing": Nothing,
    }
    return make[node.kind]()


def _factored(alternatives: _Node) -> t.Optional[_Node]:
    """C({abx,aby}) as what they share at both ends and the alternatives between; None where they share nothing."""
    patterns = [child.children for child in alternatives.children]
    left, right = _common(patterns)
    if not left and not right:
        return None
    rest: t.List[_Node] = []
    for pattern in patterns:
        middle = pattern[len(left) : len(pattern) - len(right)]
        node = _Node("pattern", children=middle) if middle else _Node("nothing")
        if node not in rest:
            rest.append(node)
    parts = [_Node("pattern", children=left)] if left else []
    if len(rest) > 1:
        parts.append(_Node("any of", children=rest))
    elif rest[0].kind != "nothing":
        parts.append(rest[0])
    if right:
        parts.append(_Node("pattern", children=right))
    return _Node("pattern", children=parts)


def _common(patterns: t.Sequence[t.List[_Node]]) -> t.Tuple[t.List[_Node], t.List[_Node]]:
    left: t.List[_Node] = []
    right: t.List[_Node] = []
    if len(patterns) < 2:
        return left, right
    shortest = min(patterns, key=len)
    others = [pattern for pattern in patterns if pattern is not shortest]
    on_left = on_right = True
    for at in range(len(shortest)):
        if len(left) + len(right) >= len(shortest) or not (on_left or on_right):
            break
        behind = len(shortest) - 1 - at
        for other in others:
            on_left = on_left and shortest[at] == other[at]
            # where the left part already reaches, the right one ends
            on_right = on_right and not (on_left and behind <= at)
            on_right = on_right and shortest[behind] == other[len(other) - 1 - at]
            if not (on_left or on_right):
                break
        if on_left:
            left.append(shortest[at])
        if on_right:
            right.insert(0, shortest[behind])
    return left, right


def _optimized(matcher: Matcher) -> Matcher:
    if isinstance(matcher, Any) and not matcher.separators:
        return Super()
    if isinstance(matcher, AnyOf) and len(matcher.matchers) == 1:
        return matcher.matchers[0]
    if isinstance(matcher, List) and not matcher.negated and len(matcher.characters) == 1:
        return Text(matcher.characters)
    if isinstance(matcher, Tree):
        matcher.left = _optimized(matcher.left) if matcher.left else None
        matcher.right = _optimized(matcher.right) if matcher.right else None
        if isinstance(matcher.value, Text):
            return _simpler(matcher.value, matcher.left, matcher.right) or matcher
    return matcher


def _simpler(value: Text, left: t.Optional[Matcher], right: t.Optional[Matcher]) -> t.Optional[Matcher]:
    text = value.text
    if left is None and right is None:
        return value
    if isinstance(left, Super) and isinstance(right, Super):
        return Contains(text, False)
    if right is None and left:
        return _ending(text, left)
    return _beginning(text, right) if left is None and right else None


def _ending(text: bytes, left: Matcher) -> t.Optional[Matcher]:
    if isinstance(left, Super):
        return Suffix(text)
    if isinstance(left, Prefix):
        return PrefixSuffix(left.prefix, text)
    return SuffixAny(text, left.separators) if isinstance(left, Any) else None


def _beginning(text: bytes, right: Matcher) -> t.Optional[Matcher]:
    if isinstance(right, Super):
        return Prefix(text)
    if isinstance(right, Suffix):
        return PrefixSuffix(text, right.suffix)
    return PrefixAny(text, right.separators) if isinstance(right, Any) else None


def _joined(matchers: t.Sequence[Matcher]) -> Matcher:
    if len(matchers) == 1:
        return matchers[0]
    glued = _glued(matchers)
    if glued:
        return glued
    longest, value = -1, -1
    for number, matcher in enumerate(matchers):
        if matcher.length is not None and matcher.length >= longest:
            longest, value = matcher.length, number
    value = max(value, 0)  # where no length is fixed, the first
    left, right = matchers[:value], matchers[value + 1 :]
    return Tree(matchers[value], _joined(left) if left else None, _joined(right) if right else None)


def _glued_parts(matchers: t.List[Matcher]) -> t.List[Matcher]:
    """As many neighbours as possible made one, again and again.

    The library tries every stretch; from a given start only the longest that can be made one ever wins.
    """
    while True:
        done: t.Optional[Matcher] = None
        left = right = count = 0
        ends = map(
            max,
            _ends(matchers, _separators),
            _ends(matchers, lambda matcher: "" if matcher.length is not None else None),
        )
        for start, end in enumerate(ends):
            if end - start < 2 or (done is not None and done.length is None and end - start <= count):
                continue
            glued = _glued(matchers[start:end])
            if glued and (done is None or _is_longer(glued, done) or end - start > count):
                done, left, right, count = glued, start, end, end - start
        if done is None:
            return matchers
        matchers = [*matchers[:left], done, *matchers[right:]]


def _ends(matchers: t.Sequence[Matcher], key: t.Callable[[Matcher], t.Optional[str]]) -> t.List[int]:
    """For each matcher where the stretch ends in which all have the same key; there is none without a key."""
    ends = list(range(len(matchers)))
    for at in reversed(ends):
        found = key(matchers[at])
        if found is not None:
            joins = at + 1 < len(matchers) and key(matchers[at + 1]) == found
            ends[at] = ends[at + 1] if joins else at + 1
    return ends


def _separators(matcher: Matcher) -> t.Optional[str]:
    """What a wildcard does not take; None for everything else."""
    if isinstance(matcher, Super):
        return ""
    if isinstance(matcher, (Any, Single)):
        return matcher.separators
    return matcher.characters if isinstance(matcher, List) and matcher.negated else None


def _is_longer(one: Matcher, other: Matcher) -> bool:
    return one.length is not None and other.length is not None and one.length > other.length


def _glued(matchers: t.Sequence[Matcher]) -> t.Optional[Matcher]:
    if len(matchers) < 2:
        return None
    return _every(matchers) or _row(matchers)


def _row(matchers: t.Sequence[Matcher]) -> t.Optional[Matcher]:
    length = 0
    for matcher in matchers:
        if matcher.length is None:
            return None
        length += matcher.length
    return Row(length, matchers)


def _every(matchers: t.Sequence[Matcher]) -> t.Optional[Matcher]:
    """Wildcards side by side become conditions on the same text: how long it is, and what it must not hold."""
    known = {_separators(matcher) for matcher in matchers}
    common = known.pop()
    if common is None or known:
        return None
    kinds = {type(matcher) for matcher in matchers}
    singles = sum(isinstance(matcher, (Single, List)) for matcher in matchers)
    if kinds == {Super}:
        return Super()
    if kinds == {Any}:
        return Any(common)
    return _conditions(singles, common, open_end=bool(kinds & {Super, Any}))


def _conditions(singles: int, common: str, open_end: bool) -> Matcher:
    if open_end and singles and not common:
        return Min(singles)
    every: t.List[Matcher] = []
    if singles:
        every.append(Min(singles))
        if not open_end:
            every.append(Max(singles))
    if common:
        every.append(Contains(common.encode("utf-8", "surrogatepass"), True))
    return EveryOf(every)
