# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The matchers that github.com/gobwas/glob v0.2.3 compiles a pattern to, one by one as that library has them.

Some of them count characters where bytes are meant, and the other way round, and some match what the pattern does
not say. Argo CD decides with them, so they are kept as they are; the tests ask the library itself. A matcher either
says whether a whole text fits (match), or where it fits first and which lengths it can have there (index). C(length)
is in characters, None where it is not fixed.
"""

from __future__ import annotations

import collections
import typing as t

Found = t.Tuple[int, t.Sequence[int]]
NOT_FOUND: Found = (-1, ())
MOST_KNOWN = 1000  # answers that a matcher remembers
_ERROR = 0xFFFD  # what Go reads where there is no character: outside of UTF-8, and behind the end


class GlobPanicError(Exception):
    """What ends the Go program: an index outside of its text."""


def rune_at(text: bytes, at: int) -> t.Tuple[int, int]:
    """The character that starts there and its size in bytes."""
    if at >= len(text):
        return _ERROR, 0
    first = text[at]
    if first < 0x80:
        return first, 1
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    try:
        return ord(text[at : at + size].decode("utf-8")), size
    except UnicodeDecodeError:
        return _ERROR, 1


def runes(text: bytes) -> t.Iterable[t.Tuple[int, int]]:
    """Where each character starts, and the character."""
    if text.isascii():
        return enumerate(text)
    found, at = [], 0
    while at < len(text):
        rune, size = rune_at(text, at)
        found.append((at, rune))
        at += size
    return found


def rune_size(rune: int) -> int:
    return 1 if rune < 0x80 else 2 if rune < 0x800 else 3 if rune < 0x10000 else 4


def _ends(text: bytes, start: int) -> t.List[int]:
    """Where a match can end that begins before C(text): after each of its characters."""
    return [start, *(start + at + rune_size(rune) for at, rune in runes(text))]


def _starts(text: bytes, start: int) -> t.List[int]:
    return [*(start + at for at, rune in runes(text)), start + len(text)]


def _first_separator(text: bytes, separators: str) -> int:
    for separator in separators:
        at = text.find(separator.encode())
        if at >= 0:
            return at
    return -1


class Matcher:
    length: t.Optional[int] = None

    def match(self, text: bytes) -> bool:
        raise NotImplementedError

    def index(self, text: bytes) -> Found:
        raise NotImplementedError


class Nothing(Matcher):
    length = 0

    def match(self, text: bytes) -> bool:
        return not text

    def index(self, text: bytes) -> Found:
        return 0, (0,)


class Text(Matcher):
    def __init__(self, text: str) -> None:
        self.text = text.encode("utf-8", "surrogatepass")
        self.length = len(text)

    def match(self, text: bytes) -> bool:
        return text == self.text

    def index(self, text: bytes) -> Found:
        at = text.find(self.text)
        return (at, (len(self.text),)) if at >= 0 else NOT_FOUND


class _One(Matcher):
    """Exactly one character of a kind; an empty text counts as the character that Go reads there."""

    length = 1

    def _fits(self, rune: int) -> bool:
        raise NotImplementedError

    def match(self, text: bytes) -> bool:
        rune, size = rune_at(text, 0)
        return len(text) <= size and self._fits(rune)

    def index(self, text: bytes) -> Found:
        for at, rune in runes(text):
            if self._fits(rune):
                return at, (rune_size(rune),)
        return NOT_FOUND


class Single(_One):
    def __init__(self, separators: str) -> None:
        self.separators = separators
        self._not = frozenset(map(ord, separators))

    def _fits(self, rune: int) -> bool:
        return rune not in self._not


class List(_One):
    def __init__(self, characters: str, negated: bool) -> None:
        self.characters = characters
        self.negated = negated
        self._known = frozenset(map(ord, characters))

    def _fits(self, rune: int) -> bool:
        return (rune in self._known) != self.negated


class Range(_One):
    def __init__(self, low: str, high: str, negated: bool) -> None:
        self.low, self.high, self.negated = ord(low), ord(high), negated

    def _fits(self, rune: int) -> bool:
        return (self.low <= rune <= self.high) != self.negated


class Super(Matcher):
    def match(self, text: bytes) -> bool:
        return True

    def index(self, text: bytes) -> Found:
        return 0, _starts(text, 0)


class Any(Matcher):
    def __init__(self, separators: str) -> None:
        self.separators = separators

    def match(self, text: bytes) -> bool:
        return _first_separator(text, self.separators) == -1

    def index(self, text: bytes) -> Found:
        end = _first_separator(text, self.separators)
        return 0, _starts(text if end < 0 else text[:end], 0)


class Min(Matcher):
    def __init__(self, limit: int) -> None:
        self.limit = limit

    def match(self, text: bytes) -> bool:
        return bool(text) and sum(1 for rune in runes(text)) >= self.limit

    def index(self, text: bytes) -> Found:
        if len(text) < self.limit:
            return NOT_FOUND
        ends = [at + rune_size(rune) for at, rune in runes(text)][max(self.limit, 1) - 1 :]
        return (0, ends) if ends else NOT_FOUND


class Max(Matcher):
    def __init__(self, limit: int) -> None:
        self.limit = limit

    def match(self, text: bytes) -> bool:
        return sum(1 for rune in runes(text)) <= self.limit

    def index(self, text: bytes) -> Found:
        return 0, _ends(text, 0)[: self.limit + 1]


class Contains(Matcher):
    def __init__(self, needle: bytes, negated: bool) -> None:
        self.needle, self.negated = needle, negated

    def match(self, text: bytes) -> bool:
        return (self.needle in text) != self.negated

    def index(self, text: bytes) -> Found:
        at = text.find(self.needle)
        if self.negated:
            return 0, _starts(text if at < 0 else text[:at], 0)
        if at < 0:
            return NOT_FOUND
        end = at + len(self.needle)
        return 0, _starts(text[end:], end)


class Prefix(Matcher):
    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix

    def match(self, text: bytes) -> bool:
        return text.startswith(self.prefix)

    def index(self, text: bytes) -> Found:
        at = text.find(self.prefix)
        if at < 0:
            return NOT_FOUND
        size = len(self.prefix)
        return at, _ends(text[at + size :], size)


class PrefixAny(Matcher):
    def __init__(self, prefix: bytes, separators: str) -> None:
        self.prefix, self.separators = prefix, separators

    def match(self, text: bytes) -> bool:
        return text.startswith(self.prefix) and _first_separator(text[len(self.prefix) :], self.separators) == -1

    def index(self, text: bytes) -> Found:
        at = text.find(self.prefix)
        if at < 0:
            return NOT_FOUND
        size = len(self.prefix)
        rest = text[at + size :]
        end = _first_separator(rest, self.separators)
        return at, _ends(rest if end < 0 else rest[:end], size)


class Suffix(Matcher):
    def __init__(self, suffix: bytes) -> None:
        self.suffix = suffix

    def match(self, text: bytes) -> bool:
        return text.endswith(self.suffix)

    def index(self, text: bytes) -> Found:
        at = text.find(self.suffix)
        return (0, (at + len(self.suffix),)) if at >= 0 else NOT_FOUND


class SuffixAny(Matcher):
    def __init__(self, suffix: bytes, separators: str) -> None:
        self.suffix, self.separators = suffix, separators

    def match(self, text: bytes) -> bool:
        if not text.endswith(self.suffix):
            return False
        return _first_separator(text[: len(text) - len(self.suffix)], self.separators) == -1

    def index(self, text: bytes) -> Found:
        at = text.find(self.suffix)
        if at < 0:
            return NOT_FOUND
        start = 0
        for separator in self.separators:
            last = text[:at].rfind(separator.encode())
            if last >= 0:
                start = last + 1
                break
        return start, (at + len(self.suffix) - start,)


class PrefixSuffix(Matcher):
    """Fits where the two overlap, too: C(ab*ba) takes C(aba)."""

    def __init__(self, prefix: bytes, suffix: bytes) -> None:
        self.prefix, self.suffix = prefix, suffix

    def match(self, text: bytes) -> bool:
        return text.startswith(self.prefix) and text.endswith(self.suffix)

    def index(self, text: bytes) -> Found:
        at = text.find(self.prefix)
        if at < 0:
            return NOT_FOUND
        rest, lengths = text[at:], []
        found = rest.rfind(self.suffix)
        while found >= 0:
            lengths.append(found + len(self.suffix))
            found = rest[:found].rfind(self.suffix)
        return (at, lengths[::-1]) if lengths else NOT_FOUND


class Row(Matcher):
    """Matchers of fixed length, one after the other; each gets its share up to its last character's first byte."""

    def __init__(self, length: int, matchers: t.Sequence[Matcher]) -> None:
        self.length: int = length
        self.matchers = matchers

    def match(self, text: bytes) -> bool:
        return sum(1 for rune in runes(text)) == self.length and self._all(text)

    def index(self, text: bytes) -> Found:
        for at, _rune in runes(text):
            if len(text) - at < self.length:
                break
            if self._all(text[at:]):
                return at, (self.length,)
        return NOT_FOUND

    def _all(self, text: bytes) -> bool:
        at = 0
        for matcher in self.matchers:
            rest = text[at:]
            last = count = 0
            for start, _rune in runes(rest):
                last, count = start, count + 1
                if count == matcher.length:
                    break
            if count < (matcher.length or 0):
                return False
            if last + 1 > len(rest):
                raise GlobPanicError(f"slice bounds out of range [:{at + 1}] with length {at}")
            if not matcher.match(rest[: last + 1]):
                return False
            at += last + 1
        return True


class AnyOf(Matcher):
    def __init__(self, matchers: t.Sequence[Matcher]) -> None:
        self.matchers = matchers
        self.length = self._length()

    def _length(self) -> t.Optional[int]:
        length: t.Optional[int] = None
        for matcher in self.matchers:
            if length is None:
                length = matcher.length
            elif matcher.length != length:
                return None
        return length

    def match(self, text: bytes) -> bool:
        return any(matcher.match(text) for matcher in self.matchers)

    def index(self, text: bytes) -> Found:
        first = -1
        lengths: t.Sequence[int] = ()
        for matcher in self.matchers:
            at, found = matcher.index(text)
            if at == -1 or (first != -1 and at > first):
                continue
            lengths = _merged(lengths, found) if at == first else found
            first = at
        return first, lengths


def _merged(one: t.Sequence[int], other: t.Sequence[int]) -> t.Sequence[int]:
    """Both are in order, except where characters were cut in halves: so step by step, as the library does."""
    merged, x, y = [], 0, 0
    while x < len(one) and y < len(other):
        lowest = min(one[x], other[y])
        merged.append(lowest)
        x, y = x + (one[x] == lowest), y + (other[y] == lowest)
    return [*merged, *one[x:], *other[y:]]


class EveryOf(Matcher):
    def __init__(self, matchers: t.Sequence[Matcher]) -> None:
        self.matchers = matchers
        self.length = None if matchers else 0

    def match(self, text: bytes) -> bool:
        return all(matcher.match(text) for matcher in self.matchers)

    def index(self, text: bytes) -> Found:
        index = offset = 0
        rest = text
        current: t.List[int] = []
        for number, matcher in enumerate(self.matchers):
            at, lengths = matcher.index(rest)
            if at == -1:
                return NOT_FOUND
            if number == 0:
                current = list(lengths)
            else:
                shift = index - (at + offset)
                known = collections.Counter(lengths)
                current = [length + shift for length in current for again in range(known[length + shift])]
                if not current:
                    return NOT_FOUND
            index = at + offset
            rest = text[index:]
            offset += at
        return index, current


class Tree(Matcher):
    """What must be there (C(value)), what comes before it and what after it; never fits an empty text."""

    def __init__(self, value: Matcher, left: t.Optional[Matcher], right: t.Optional[Matcher]) -> None:
        self.value, self.left, self.right = value, left, right
        parts = [value.length, left.length if left else 0, right.length if right else 0]
        self.before, self.after = parts[1] or 0, parts[2] or 0
        self.length = None if None in parts else sum(part or 0 for part in parts)
        self._known: t.Dict[bytes, bool] = {}

    def index(self, text: bytes) -> Found:
        return NOT_FOUND

    def match(self, text: bytes) -> bool:
        """The same part is asked for again and again where a pattern has many wildcards."""
        if text not in self._known:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            self._known[text] = self._match(text)
        return self._known[text]

    def _match(self, text: bytes) -> bool:
        if self.length is not None and self.length > len(text):
            return False
        offset, limit = self.before, len(text) - self.after
        while offset < limit:
            at, lengths = self.value.index(text[offset:limit])
            if at == -1:
                return False
            start = offset + at
            head = text[:start]
            if self.left.match(head) if self.left else not head:
                for length in reversed(lengths):
                    tail = text[start + length :]
                    if self.right.match(tail) if self.right else not tail:
                        return True
            offset = start + rune_at(text, start)[1]
        return False
