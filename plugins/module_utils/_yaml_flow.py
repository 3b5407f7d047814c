# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Adds entries to a list in brackets, in one line or in several, and takes them out: YAML and JSON."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import Node
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_source import List, Source
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_style import Entry, Style

_BETWEEN = re.compile(r"(?:\s|(?<=\s)#[^\n]*)*,?")
_REST = re.compile(r"[ \t]*(?:[ \t]#[^\n]*)?\r?\n")
_BY_HAND = "Write each entry on a line of its own, or change it by hand"


def add_to_flow(source: Source, found: List, entries: t.Sequence[Entry], style: Style) -> str:
    text, written = source.text, [style.line(entry) for entry in entries]
    value = _value(found)
    if not found.items:
        at = _bracket(source, value) + 1
        blank = " " if text[at : value.end - 1] == " " else ""
        return text[:at] + blank + ", ".join(written) + text[at:]
    last = found.items[-1]
    if last.stack != source.template.stack(found.at.start) or source.is_code(last.end, value.end):
        raise source.problem(last.start, f"the end of {found.name} is made by code", _BY_HAND)
    comma = _comma(source, last.end)
    indentation = _own_line(source, last.start)
    if indentation is None:
        return text[: last.end] + "".join(", " + entry for entry in written) + text[last.end :]
    end = _line_rest(source, comma + 1 if comma >= 0 else last.end)
    newline = "\r\n" if text[: source.template.line_start(last.start)].endswith("\r\n") else "\n"
    if end < 0:
        return text[: last.end] + "".join(f",{newline}{indentation}{entry}" for entry in written) + text[last.end :]
    separator = f",{newline}{indentation}"
    lines = indentation + separator.join(written) + ("," if comma >= 0 else "") + newline
    return text[: last.end] + ("" if comma >= 0 else ",") + text[last.end : end] + lines + text[end:]


def remove_from_flow(source: Source, found: List, number: int) -> str:
    text, items, value = source.text, found.items, _value(found)
    item = items[number]
    comma = _comma(source, item.end)
    behind = comma + 1 if comma >= 0 else item.end
    end = _line_rest(source, behind)
    if _own_line(source, item.start) is not None and end >= 0:
        start = text.rfind("\n", 0, item.start) + 1
        before, after = text[:start], text[end:]
        if number and comma < 0:
            other = _comma(source, items[number - 1].end)
            before = text[:other] + text[other + 1 : start]
        bracket = _bracket(source, value) + 1
        if len(items) == 1 and not (text[bracket:start] + text[end : value.end - 1]).strip():
            return text[:bracket] + text[value.end - 1 :]
        return before + after
    if len(items) == 1:
        bracket = _bracket(source, value) + 1
        before, after = text[bracket : item.start], text[behind : value.end - 1]
        left = " " if before == after == " " else after if not before else before.strip(" ") + after.strip(" ")
        return text[:bracket] + left + text[value.end - 1 :]
    start, stop = (
        (item.start, items[number + 1].start) if number + 1 < len(items) else (items[number - 1].end, item.end)
    )
    between = text[start : item.start] + text[item.end : stop]
    if between.strip() != "," and number + 1 < len(items) and end >= 0:
        return text[: item.start].rstrip(" ") + text[end - (2 if text[:end].endswith("\r\n") else 1) :]
    if between.strip() != ",":
        raise source.problem(item.start, f"there is something else beside this entry of {found.name}", _BY_HAND)
    return text[:start] + text[stop:]


def is_one_line(source: Source, found: List) -> bool:
    return "\n" not in source.text[_bracket(source, _value(found)) : _value(found).end]


def empty_flow(source: Source, found: List) -> str:
    """Of a list in one line. A blank that it had when it was empty is there again."""
    start, end = _bracket(source, _value(found)) + 1, _value(found).end - 1
    before, after = source.text[start : found.items[0].start], source.text[found.items[-1].end : end].lstrip(",")
    left = " " if before == after == " " else after if not before else ""
    return source.text[:start] + left + source.text[end:]


def add_key_to_flow(source: Source, found: List, entries: t.Sequence[Entry], style: Style) -> str:
    """To where the alphabet has it. The blanks in its brackets tell it from a list that was there."""
    text, pairs, quote = source.text, found.mapping.pairs, style.key_quote
    listed = "[ " + ", ".join(style.line(entry) for entry in entries) + " ]"
    if found.kind == "null" and found.key and found.value:
        colon = source.mask.index(":", found.key.end) + 1
        return text[:colon] + " " + listed + text[max(colon, found.value.end) :]
    written = f"{quote}{found.name}{quote}: {listed}"
    following = next((key for key, _value in pairs if key.text > found.name), None)
    if not pairs:
        at = _bracket(source, found.mapping) + 1
        return text[:at] + written + text[at:]
    if source.is_code(found.mapping.start, pairs[0][0].start) or source.is_code(pairs[-1][1].end, found.mapping.end):
        raise source.problem(found.mapping.start, f"there is no place for {found.name}", "Write it there as '[]'")
    indentation = _own_line(source, (following or pairs[-1][0]).start)
    before = text[: pairs[0][0].start]
    newline = "\r\n" if before.endswith("\r\n" + (indentation or "")) else "\n"
    separator = "," + (" " if indentation is None else newline + indentation)
    if following:
        return text[: following.start] + written + separator + text[following.start :]
    at = pairs[-1][1].end
    return text[:at] + separator + written + text[at:]


def remove_key_from_flow(source: Source, found: List) -> t.Optional[str]:
    """What there was if the key was added; the caller sees whether it was."""
    keys = [key for key, _value in found.mapping.pairs]
    if not found.key or not found.value:
        return None
    number = keys.index(found.key)
    if number + 1 < len(keys):
        return source.text[: found.key.start] + source.text[keys[number + 1].start :]
    before = found.mapping.pairs[number - 1][1].end if number else found.key.start
    return source.text[:before] + source.text[found.value.end :]


def _value(found: List) -> Node:
    return found.value or found.mapping


def _bracket(source: Source, node: Node) -> int:
    """Behind its anchor and its tag."""
    return re.compile(r"(?:[&!]\S*\s+)*").match(source.mask, node.start).end()  # type: ignore[union-attr]


def _comma(source: Source, offset: int) -> int:
    """The comma behind an entry, -1 without one."""
    found = _BETWEEN.match(source.mask, offset)
    return found.end() - 1 if found and found.group().endswith(",") else -1


def _own_line(source: Source, offset: int) -> t.Optional[str]:
    """The indentation of what begins its line."""
    before = source.text[source.text.rfind("\n", 0, offset) + 1 : offset]
    return before if not before.strip() and "\n" in source.text[:offset] else None


def _line_rest(source: Source, offset: int) -> int:
    """The end of a line with nothing but a remark behind a place, or -1."""
    found = _REST.match(source.mask, offset)
    return found.end() if found and not source.is_code(offset, found.end()) else -1
