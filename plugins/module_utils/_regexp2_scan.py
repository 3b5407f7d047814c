# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The characters of the regular expressions of _regexp2: numbers, names, escapes, sets and options."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._regexp2_set import CATEGORIES, CharacterSet, is_word

SETS = "wWsSdD"
_BLANK = frozenset("\t\n\v\f\r ")
UNLIMITED = 2**31 - 1
_ESCAPES = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class PatternError(Exception):
    """What regexp2 does not compile."""


class Scanner:
    """Reads from C(at) on, under the C(options) that are in force there."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.options: t.FrozenSet[str] = frozenset()

    # The pattern's characters

    def left(self) -> int:
        return len(self.pattern) - self.at

    def peek(self, offset: int = 0) -> str:
        return self.pattern[self.at + offset : self.at + offset + 1]

    def read(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]

    def blank(self) -> None:
        while True:
            if "x" in self.options:
                while self.peek() in _BLANK:
                    self.at += 1
                if self.peek() == "#":
                    while self.left() and self.peek() != "\n":
                        self.at += 1
                    continue
            if not self.pattern.startswith("(?#", self.at):
                return
            end = self.pattern.find(")", self.at)
            if end < 0:
                self.at = len(self.pattern)
                raise PatternError("unterminated comment")
            self.at = end + 1

    def decimal(self) -> int:
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        number = int(self.pattern[start : self.at] or "0")
        if number > UNLIMITED:
            raise PatternError("capture group number out of range")
        return number

    def name(self) -> str:
        start = self.at
        while self.left() and is_word(self.peek()):
            self.at += 1
        return self.pattern[start : self.at]

    def is_quantifier(self) -> bool:
        character = self.peek()
        if character != "{":
            return bool(character) and character in "*+?"
        end = self.at + 1
        while self.pattern[end : end + 1].isascii() and self.pattern[end : end + 1].isdigit():
            end += 1
        if end == self.at + 1:
            return False
        if self.pattern[end : end + 1] == ",":
            end += 1
            while self.pattern[end : end + 1].isascii() and self.pattern[end : end + 1].isdigit():
                end += 1
        return self.pattern[end : end + 1] == "}"

    def scan_options(self) -> None:
        off = False
        while self.left():
            character = self.peek().lower() if self.peek().isascii() else ""
            if character in ("-", "+"):
                off = character == "-"
            elif character and character in "imnsxdu":
                self.options = self.options - {character} if off else self.options | {character}
            else:
                return
            self.at += 1

    def skipped(self, scan: t.Callable[[], object]) -> None:
        """What is wrong is told when the pattern is read again."""
        if self.left():
            with contextlib.suppress(PatternError):
                scan()

    def property(self) -> str:
        if self.left() and self.peek() != "{":
            name = self.read()
        else:
            end = self.at + 1
            while end < len(self.pattern) and (is_word(self.pattern[end]) or self.pattern[end] == "-"):
                end += 1
            name = self.pattern[self.at + 1 : end]
            if self.left() < 3 or self.pattern[end : end + 1] != "}":
                self.at = min(end + 1, len(self.pattern))
                raise PatternError("incomplete \\p{X} character escape")
            self.at = end + 1
        if name not in CATEGORIES:
            raise PatternError("unknown unicode category, script, or property")
        return name

    def escape(self) -> str:
        character = self.read()
        if character in "01234567":
            self.at -= 1
            start = self.at
            while self.at < start + 3 and self.peek() and self.peek() in "01234567":
                self.at += 1
            return chr(int(self.pattern[start : self.at], 8) & 0xFF)
        if character == "x" and self.peek() == "{":
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at + 1 : end] if end > 0 else ""
            self.at = end + 1 if end > 0 else len(self.pattern)
            return self._hexadecimal(digits, len(digits))
        if character in "xu":
            size = 2 if character == "x" else 4
            digits = self.pattern[self.at : self.at + size]
            self.at += len(digits)
            return self._hexadecimal(digits, size)
        if character == "c":
            code = ord(self.read().upper()) - 64 if self.left() else -1
            if not 0 <= code < 32:
                raise PatternError("unrecognized control character")
            return chr(code)
        if character not in _ESCAPES and is_word(character):
            raise PatternError("unrecognized escape sequence")
        return _ESCAPES.get(character, character)

    @staticmethod
    def _hexadecimal(digits: str, size: int) -> str:
        if not digits or len(digits) != size or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise PatternError("insufficient hexadecimal digits")
        if int(digits, 16) > 0x10FFFF:
            raise PatternError("hex values may not be larger than 0x10FFFF")
        return chr(int(digits, 16))

    def set(self, scan_only: bool = False) -> CharacterSet:
        found = CharacterSet(ignore_case="i" in self.options)
        if self.peek() == "^":
            self.at += 1
            found.negated = True
        first, previous = True, ""
        while self.left():
            character = self.read()
            translated = False
            if character == "]" and not first:
                return found
            if character == "\\" and self.left():
                if self.peek() in SETS or self.peek() in "pP-":
                    self._set_class(found, bool(previous), scan_only)
                    first = False
                    continue
                character, translated = self.escape(), True
            elif character == "[" and self.peek() == ":" and not previous:
                self._posix()
            if previous:
                subtracts = character == "[" and not translated and not first
                self._end_of_range(found, previous, character, subtracts, scan_only)
                previous = ""
            elif self.left() >= 2 and self.peek() == "-" and self.peek(1) != "]":
                previous = character
                self.at += 1
            elif character == "-" and not translated and not first and self.peek() == "[":
                self.at += 1
                self._subtraction(found, scan_only)
            else:
                found.add(character, character)
            first = False
        raise PatternError("unterminated [] set")

    def _end_of_range(self, found: CharacterSet, first: str, last: str, subtracts: bool, scan_only: bool) -> None:
        if scan_only:
            return
        if subtracts:  # what looked like a range was the last character before a set to leave out
            found.add(first, first)
            self._subtraction(found)
            return
        if first > last:
            raise PatternError("range in reverse order")
        found.add(first, last)

    def _set_class(self, found: CharacterSet, in_range: bool, scan_only: bool) -> None:
        letter = self.read()
        if letter == "-":
            found.add("-", "-")
            return
        if in_range and not scan_only:
            raise PatternError("cannot include class in character range")
        if letter in SETS:
            found.with_letter_in_set(letter)
        elif scan_only:
            self.skipped(self.property)
        else:
            found.with_category(self.property(), letter == "P", "i" in self.options)

    def _posix(self) -> None:
        """[:name:] is skipped, and then the bracket counts as itself."""
        start = self.at
        self.at += 1
        if self.left() > 1 and self.peek() == "^":
            self.at += 1
        self.name()
        if self.pattern.startswith(":]", self.at):
            self.at += 2
        else:
            self.at = start

    def _subtraction(self, found: CharacterSet, scan_only: bool = False) -> None:
        if scan_only:
            self.skipped(lambda: self.set(scan_only=True))
            return
        found.without = self.set()
        if self.left() and self.peek() != "]":
            raise PatternError("a subtraction must be the last element in a character class")
