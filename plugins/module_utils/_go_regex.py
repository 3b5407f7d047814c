# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Regular expressions as Go reads them (RE2), for Python: what means the same is translated, the rest is refused."""

from __future__ import annotations

import re
import typing as t

# What Python knows and Go refuses: looking around, references back, atomic and conditional groups, comments.
_GROUPS_OF_PYTHON = re.compile(r"\(\?(=|!|<=|<!|P=|P>|>|#|\()")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_REPEAT = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})")
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_LETTERS = "AaBbDdSsWwfnrtv"  # after a backslash, the same in both


def go_regex(text: str) -> t.Pattern[str]:
    """To be used with search(), as Go's MatchString does. Raises ValueError for what Go refuses, or Python lacks."""
    try:
        return re.compile(_Translation(text).result, re.ASCII)
    except re.error as error:
        raise ValueError(str(error)) from error


class _Translation:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.multiline = False
        parts = []
        while self.at < len(text):
            parts.append(self._next())
        self.result = "".join(parts)

    def _next(self) -> str:
        character = self.text[self.at]
        if character == "\\":
            return self._escape(inside=False)
        if character == "[":
            return self._set()
        if character == "(":
            return self._group()
        repeat = _REPEAT.match(self.text, self.at)
        if repeat:
            return self._repeat(repeat.group())
        self.at += 1
        if character == "$" and not self.multiline:
            return r"\Z"  # Python's own would also match before a line's end at the end of the text
        return "\\{" if character == "{" else character  # Go takes {,3} literally

    def _repeat(self, found: str) -> str:
        self.at += len(found)
        if self.text[self.at : self.at + 1] == "?":
            found += "?"
            self.at += 1
        if _REPEAT.match(self.text, self.at):
            raise ValueError("invalid nested repetition operator")
        return found

    def _group(self) -> str:
        if _GROUPS_OF_PYTHON.match(self.text, self.at):
            raise ValueError(f"{self.text[self.at : self.at + 4]}: Go has no such group")
        flags = _FLAGS.match(self.text, self.at)
        if flags:
            on, off, _end = flags.groups()
            if not set(on + (off or "")) <= set("ims"):
                raise ValueError(f"{flags.group()}: this collection does not know these flags")
            self.multiline = self.multiline or "m" in on
            self.at = flags.end()
            return flags.group()
        for opening in ("(?P<", "(?<"):
            if self.text.startswith(opening, self.at):
                self.at += len(opening)
                return "(?P<"
        self.at += 1
        return "("

    def _escape(self, inside: bool) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter == "Q" and not inside:
            end = self.text.find(r"\E", self.at)
            end = len(self.text) if end < 0 else end
            quoted = self.text[self.at + 2 : end]
            self.at = end + 2
            return re.escape(quoted)
        if letter == "x":
            code = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))").match(self.text, self.at)
            if not code:
                raise ValueError(r"\x needs two hexadecimal digits")
            self.at = code.end()
            return re.escape(chr(int(code.group(1) or code.group(2), 16)))
        self.at += 2
        if letter == "z" and not inside:
            return r"\Z"
        if letter == "a" or (letter.isalnum() and letter in _LETTERS) or (letter and not letter.isalnum()):
            return "\\" + letter
        raise ValueError(f"\\{letter}: Go has no such escape, or this collection does not know it")

    def _set(self) -> str:
        opening = re.compile(r"\[\^?\]?").match(self.text, self.at)
        parts = [opening.group() if opening else "["]
        self.at += len(parts[0])
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "]":
                self.at += 1
                return "".join([*parts, "]"])
            named = re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
            if named:
                if named.group(1) or named.group(2) not in _POSIX:
                    raise ValueError(f"{named.group()}: this collection does not know this class")
                parts.append(_POSIX[named.group(2)])
                self.at = named.end()
            elif character == "\\":
                parts.append(self._escape(inside=True))
            else:
                parts.append("\\" + character if character in "[&~|" else character)
                self.at += 1
        raise ValueError("missing closing ]")
