# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Where in a template something is: Jinja knows the line, the column is found in the source."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

# How far below the line that Jinja names an expression of several lines is searched.
REACH = 20


@dataclasses.dataclass(frozen=True)
class Delimiters:
    """What begins and ends code in a template. The defaults are Jinja's."""

    block_start: str = "{%"
    block_end: str = "%}"
    variable_start: str = "{{"
    variable_end: str = "}}"
    comment_start: str = "{#"
    comment_end: str = "#}"

    def __post_init__(self) -> None:
        given = dataclasses.asdict(self)
        starts = [text for name, text in given.items() if name.endswith("_start")]
        if not all(given.values()) or len(set(starts)) < len(starts):
            raise ClusterError(
                Problem("delimiters", "are empty, or begin two things alike", "Let each begin with another text")
            )

    @classmethod
    def names(cls) -> t.List[str]:
        return [field.name for field in dataclasses.fields(cls)]


@dataclasses.dataclass(frozen=True)
class Place:
    """A line of a template."""

    name: str
    line: int


def of_frame(frame: t.Optional[types.FrameType]) -> t.List[Place]:
    """The templates that a frame is called by, innermost first."""
    places: t.List[Place] = []
    while frame is not None:
        _append(places, frame, frame.f_lineno)
        frame = frame.f_back
    return places


def of_traceback(traceback: t.Optional[types.TracebackType]) -> t.List[Place]:
    """The templates that an exception came through, innermost first."""
    places: t.List[Place] = []
    while traceback is not None:
        _append(places, traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next
    return _without_repetition(places[::-1])


def _append(places: t.List[Place], frame: types.FrameType, line: int) -> None:
    template = frame.f_globals.get("__jinja_template__")  # Jinja's own mark in the code that it generates
    if template is not None:
        place = Place(template.name, template.get_corresponding_lineno(line))
        if not places or places[-1] != place:
            places.append(place)


def _without_repetition(places: t.List[Place]) -> t.List[Place]:
    """A template that includes itself is named once."""
    return list(dict.fromkeys(places))


def find(
    source: str, line: int, needles: t.Sequence[str], delimiters: Delimiters, skipped: int = 0
) -> t.Tuple[int, int]:
    """Line and column of the first needle that is in the code; of an expression of several lines Jinja knows the first.

    C(skipped): how many of it come before the one that is meant. Without any needle, where the code of the line begins.
    """
    begin, limit, end_of_line = (_offset(source, number) for number in (line, line + REACH, line + 1))
    spans = [(max(start, begin), end) for start, end in _code(source, delimiters) if end > begin and start < limit]
    for needle in needles:
        pattern = re.compile(_word(needle))
        found = [match.start() for start, end in spans for match in pattern.finditer(source, start, end)]
        if found:
            at = found[min(skipped, len(found) - 1)]
            return source.count("\n", 0, at) + 1, _column(source, at)
    for start, end in spans:
        text = re.compile(r"\S").search(source, start, end)
        if text and text.start() < end_of_line:
            return line, _column(source, text.start())
    return line, 1


def _word(needle: str) -> str:
    edge = r"\w" if needle[:1].isidentifier() else ""
    return (rf"(?<![{edge}])" if edge else "") + re.escape(needle) + (rf"(?![{edge}])" if edge else "")


def _offset(source: str, line: int) -> int:
    at = 0
    for _number in range(line - 1):
        at = source.find("\n", at) + 1
        if not at:
            return len(source)
    return at


def _column(source: str, offset: int) -> int:
    return offset - (source.rfind("\n", 0, offset) + 1) + 1


def _code(source: str, delimiters: Delimiters) -> t.Iterator[t.Tuple[int, int]]:
    """Where there is code between delimiters, without comments and what is raw."""
    ends = {
        delimiters.comment_start: delimiters.comment_end,
        delimiters.block_start: delimiters.block_end,
        delimiters.variable_start: delimiters.variable_end,
    }
    longest_first = sorted(ends, key=len, reverse=True)
    begin = re.compile("|".join(re.escape(start) for start in longest_first))
    at = 0
    while True:
        found = begin.search(source, at)
        if not found:
            return
        start = found.group()
        end = source.find(ends[start], found.end())
        end = len(source) if end < 0 else end
        at = end + len(ends[start])
        if start == delimiters.comment_start:
            continue
        yield found.end(), end
        if start == delimiters.block_start and source[found.end() : end].strip("+-").strip() == "raw":
            closing = re.compile(re.escape(start) + r"[-+]?\s*endraw").search(source, at)
            at = closing.start() if closing else len(source)
