# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Sets of characters in the regular expressions of _regexp2, in that library's order of deciding."""

from __future__ import annotations

import typing as t
import unicodedata

# Go's Unicode categories, and the few scripts and properties that can be told from a character's name.
_SCRIPTS = {"Latin": "LATIN", "Greek": "GREEK", "Cyrillic": "CYRILLIC", "Han": "CJK UNIFIED"}
CATEGORIES = frozenset(
    f"{group}{letter}"
    for group, letters in {
        "L": "Cultmo",
        "M": "cen",
        "N": "dlo",
        "P": "cdseifo",
        "S": "mcko",
        "Z": "slp",
        "C": "cfnos",
    }.items()
    for letter in ("", *letters)
) | frozenset(_SCRIPTS)
_SPACE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | frozenset(
    map(chr, range(0x2000, 0x200B))
)
_WORD, _BLANK = "w", "s"
_ANYTHING = ("\0", "\U0010ffff")


def is_word(character: str) -> bool:
    category = unicodedata.category(character) if character else ""
    return category.startswith("L") or category in ("Mn", "Nd", "Pc") or character in ("\u200d", "\u200c")


class CharacterSet:
    def __init__(self, ignore_case: bool = False) -> None:
        self.negated = False
        self.ignore_case = ignore_case
        self.without: t.Optional[CharacterSet] = None
        self._ranges: t.List[t.Tuple[str, str]] = []
        self._categories: t.List[t.Tuple[str, bool]] = []

    def add(self, first: str, last: str) -> None:
        self._ranges.append((first, last))

    def with_letter(self, letter: str) -> CharacterSet:
        """A set of its own, as of a backslash and a letter outside of brackets."""
        self.negated = letter.isupper()
        self._categories = [({"w": _WORD, "s": _BLANK, "d": "Nd"}[letter.lower()], False)]
        return self

    def with_letter_in_set(self, letter: str) -> None:
        self._add_category({"w": _WORD, "s": _BLANK, "d": "Nd"}[letter.lower()], letter.isupper())

    def with_category(self, name: str, negated: bool, ignore_case: bool) -> CharacterSet:
        if ignore_case and name in ("Ll", "Lu", "Lt"):
            for cased in ("Ll", "Lu", "Lt"):
                self._add_category(cased, negated)
        self._add_category(name, negated)
        return self

    def _add_category(self, name: str, negated: bool) -> None:
        if _ANYTHING in self._ranges or (name, negated) in self._categories:
            return
        if (name, not negated) in self._categories:
            self._categories, self._ranges = [], [_ANYTHING]
            return
        self._categories.append((name, negated))

    def holds(self, character: str) -> bool:
        found = self._in_range(character) or self._in_category(character)
        if found == self.negated:
            return False
        return self.without is None or not self.without.holds(character)

    def _in_range(self, character: str) -> bool:
        others = [character, character.upper()] if self.ignore_case and len(character.upper()) == 1 else [character]
        return any(first <= other <= last for first, last in self._ranges for other in others)

    def _in_category(self, character: str) -> bool:
        """The first one that the character is in, or that is negated, decides."""
        for name, negated in self._categories:
            if _is(name, character):
                return not negated
            if negated:
                return True
        return False


def _is(name: str, character: str) -> bool:
    if name == _WORD:
        return is_word(character)
    if name == _BLANK:
        return character in _SPACE
    if name in _SCRIPTS:
        return unicodedata.name(character, "").startswith(_SCRIPTS[name])
    category = unicodedata.category(character)
    return category in ("Lu", "Ll", "Lt") if name == "LC" else category.startswith(name)
