# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Adds entries to a list in a YAML file or template, and takes them out, as somebody careful does in an editor.

What is added is written like its neighbours, behind the last of them. What is taken out goes with the remark behind it
in its line; remarks in lines of their own stay. Taking out what was added gives the same bytes as before:

* C([]) becomes a list with dashes, and a list with dashes that becomes empty becomes C([]);
* a missing key comes to where the alphabet has it, and a list that becomes empty goes with its key if it is there;
* where both would look the same, C([]) becomes a list in brackets.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._jinja_yaml import masked
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_flow import (
    add_key_to_flow,
    add_to_flow,
    empty_flow,
    is_one_line,
    remove_from_flow,
    remove_key_from_flow,
)
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import ALIAS, SEQUENCE, Node
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_source import Item, List, Place, Source
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_style import Entry, Style

__all__ = ["add", "masked", "remove"]

_DASH = re.compile(r"^([ \t]*)-(?=[ \r\n]|\Z)", re.MULTILINE)
_REMARK = re.compile(r"[ \t]*(?:[ \t]#[^\n]*)?\r?\n?")
_PROPERTIES = re.compile(r"(?:[ \t]+[&!][^\s]*)*")
_OWN_LINES = "Write it on lines of its own, or change it by hand"


def add(source: Source, place: Place, name: str, entries: t.Sequence[Entry]) -> t.Tuple[str, int]:
    """The text with the entries in the list, and the number that the first of them has in it. Raises ClusterError."""
    found = source.find(place, name)
    source.refuse_shared(place, found)
    style = _style(source, found)
    if found.kind == "block":
        return _add_to_block(source, found, entries, style)
    if found.kind == "flow" and found.items:
        return add_to_flow(source, found, entries, style), len(found.items)
    if found.kind == "flow":
        text = _open_brackets(source, place, found, entries, style)
        return text or add_to_flow(source, found, entries, style), 0
    if found.mapping.style == "flow":
        return add_key_to_flow(source, found, entries, style), 0
    if found.kind == "null":
        return _add_below_key(source, found, entries, style), 0
    return _add_key(source, found, entries, style), 0


def remove(source: Source, place: Place, name: str, indices: t.Collection[int]) -> str:
    """The text without the entries of these numbers. Raises ClusterError."""
    found = source.find(place, name)
    source.refuse_shared(place, found)
    _refuse_uncertain(source, place, found, indices)
    gone = [found.items[number] for number in sorted(set(indices))]
    if len(gone) == len(found.items):
        text = _without_key(source, place, found, gone)
        if text is not None:
            return text
    if found.kind == "block":
        return _remove_from_block(source, found, gone)
    if len(gone) == len(found.items) and is_one_line(source, found):
        return empty_flow(source, found)
    text = source.text
    for number in sorted(set(indices), reverse=True):
        text = remove_from_flow(source, found, number)
        source = source.again(text)
        found = source.find(place, name)
    return text


def _refuse_uncertain(source: Source, place: Place, found: List, indices: t.Collection[int]) -> None:
    aliases = [node for node in source.documents[place.document].walk() if node.kind == ALIAS]
    for number in indices:
        item = found.items[number]
        if item.node is None or source.is_code(item.start, item.end):
            raise source.problem(item.start, f"this entry of {found.name} is made by code", "Remove it by hand")
        if not item.certain:
            block = item.stack[-1][0]
            what = f"this entry of {found.name} depends on the '{block.word}' in line {source.line(block.start)}"
            raise source.problem(item.start, what, "Remove it by hand")
        within = list(item.node.walk())
        for alias in aliases:
            if any(alias.target is node for node in within) and alias not in within:
                what = f"this entry of {found.name} is also used by the alias in line {source.line(alias.start)}"
                raise source.problem(item.start, what, "Write it out there first")


def _style(source: Source, found: List) -> Style:
    """Of the list, and if there is nothing in it, of the others that it is among."""
    own = [item.node for item in found.items if item.node and item.node.kind != ALIAS and found.kind != "other"]
    certain = [node for node in own if not source.is_code(node.start, node.end)]
    beside = [child for _key, value in found.mapping.pairs if value.kind == SEQUENCE for child in value.children]
    texts = Style.of([node for node in beside if not source.is_code(node.start, node.end)], source.text)
    if not own:
        flow = found.mapping.style == "flow"
        keys = [key.style for key, _value in found.mapping.pairs[:1] if flow and key.style]
        quote = keys[0] if keys else texts.key_quote
        always, needed = (quote, quote) if keys else (texts.always, texts.needed)
        return Style(always, needed, key_quote=quote, flow=flow)
    style = Style.of(certain or own, source.text)
    if not certain:  # the quotes are those of expressions
        style = dataclasses.replace(style, always=texts.always, needed=texts.needed)
    if found.kind != "block":
        return dataclasses.replace(style, flow=True)
    last = (certain or own)[-1]
    dash = _dash(source, found, next(number for number, item in enumerate(found.items) if item.node is last))
    between = source.mask[dash + 1 : last.start]
    return dataclasses.replace(style, gap=between if between and not between.strip(" ") else " ")


def _dash(source: Source, found: List, number: int) -> int:
    """The dash of an entry: the last one that is first in its line."""
    item = found.items[number]
    before = found.items[number - 1].end if number else found.at.end
    dashes = list(_DASH.finditer(source.mask, source.template.line_start(before), item.start))
    if not dashes:
        raise source.problem(item.start, f"this entry of {found.name} does not begin its line", _OWN_LINES)
    return dashes[-1].end() - 1


def _indentation(source: Source, offset: int) -> str:
    """What is before a place in its line: as it is, or as wide."""
    before = source.text[source.text.rfind("\n", 0, offset) + 1 : offset]
    return before if not before.strip() else " " * len(before)


def _refuse_beside(source: Source, found: List, offset: int) -> int:
    """The end of a line that has nothing but a remark behind a place."""
    end = source.template.line_end(offset)
    rest = _REMARK.fullmatch(source.mask, offset, end)
    if not rest or source.is_code(offset, end):
        raise source.problem(offset, f"there is something else in the line of this part of {found.name}", _OWN_LINES)
    return end


def _insert(source: Source, found: List, offset: int, lines: t.Sequence[str]) -> str:
    """Whole lines at the end of a line, with the ends that the lines there have."""
    if source.template.between(offset) != source.template.stack(found.at.start):
        raise source.problem(found.at.start, f"{found.name} ends in a part of the template that depends on something")
    before, after = source.text[:offset], source.text[offset:]
    if before.endswith("\n"):
        newline = "\r\n" if before.endswith("\r\n") else "\n"
        return before + "".join(line + newline for line in lines) + after
    newline = "\r\n" if "\r\n" in source.text else "\n"
    return before + "".join(newline + line for line in lines) + after


def _lines(entries: t.Sequence[Entry], style: Style, indentation: str) -> t.List[str]:
    return [line for entry in entries for line in style.block(entry, indentation)]


def _add_to_block(source: Source, found: List, entries: t.Sequence[Entry], style: Style) -> t.Tuple[str, int]:
    stack = source.template.stack(found.at.start)
    numbers = [number for number, item in enumerate(found.items) if item.node]
    indentation = _indentation(source, _dash(source, found, numbers[0]))
    last = found.items[-1]
    outer = last.stack[len(stack) :]
    if outer and outer[0][0].end <= found.end and last.node:
        offset = _refuse_beside(source, found, outer[0][0].end)
        return _insert(source, found, offset, _lines(entries, style, indentation)), len(found.items)
    # The last one of which is sure that it is there.
    for number in reversed(numbers):
        item = found.items[number]
        if item.stack == source.template.stack(item.end - 1) == stack:
            offset = _refuse_beside(source, found, item.end)
            return _insert(source, found, offset, _lines(entries, style, indentation)), number + 1
    raise source.problem(
        found.at.start, f"there is no entry of {found.name} that is certainly there", "Write one first"
    )


def _remove_from_block(source: Source, found: List, gone: t.Sequence[Item]) -> str:
    text = source.text
    for item in reversed(gone):
        text = _cut(text, *_extent(source, found, item))
    if len(gone) == len(found.items) and found.key:
        colon = source.mask.index(":", found.key.end) + 1
        # Behind an anchor and a tag.
        behind = _PROPERTIES.match(source.mask, colon).end()  # type: ignore[union-attr]
        text = f"{text[:behind]} []{text[behind:]}"
    return text


def _cut(text: str, start: int, end: int) -> str:
    """Without whole lines; a text whose last line has no end still has none."""
    if end >= len(text) and not text.endswith("\n"):
        start -= 2 if text[:start].endswith("\r\n") else 1
    return text[:start] + text[end:]


def _extent(source: Source, found: List, item: Item) -> t.Tuple[int, int]:
    dash = _dash(source, found, found.items.index(item))
    start = source.text.rfind("\n", 0, dash) + 1
    if source.text[start:dash].strip():
        raise source.problem(dash, f"this entry of {found.name} does not begin its line", _OWN_LINES)
    return start, _refuse_beside(source, found, item.end)


def _open_brackets(
    source: Source, place: Place, found: List, entries: t.Sequence[Entry], style: Style
) -> t.Optional[str]:
    """From [] to dashes, if that can be undone."""
    if not found.key or not found.value or found.mapping.style == "flow":
        return None
    colon = source.mask.index(":", found.key.end) + 1
    if source.text[colon : found.value.end] != " []":
        return None
    text = source.text[:colon] + source.text[found.value.end :]
    try:
        emptied = source.again(text)
        text = _add_below_key(emptied, emptied.find(place, found.name), entries, style)
        return text if remove(source.again(text), place, found.name, range(len(entries))) == source.text else None
    except ClusterError:
        return None


def _add_below_key(source: Source, found: List, entries: t.Sequence[Entry], style: Style) -> str:
    if not found.key or not found.value:
        return source.text
    if found.value.anchor or source.mask[found.key.end : found.value.start].strip(" \t\"':"):
        raise source.problem(found.key.start, f"{found.name} is neither empty nor a list", "Write '[]' there")
    colon = source.mask.index(":", found.key.end) + 1
    offset = _refuse_beside(source, found, max(found.value.end, colon))
    lines = _lines(entries, style, _indentation(source, found.key.start) + _deeper(source, found))
    text = _insert(source, found, offset, lines)
    return text[:colon] + text[max(found.value.end, colon) :]


def _deeper(source: Source, found: List) -> str:
    """How much further in than their keys the dashes are in this file."""
    mappings = [found.mapping, *(node for document in source.documents for node in document.walk())]
    for mapping in mappings:
        for key, value in mapping.pairs:
            if value.kind == SEQUENCE and not value.style and value.children:
                line = source.mask.rfind("\n", 0, value.children[0].start) + 1
                dash = _DASH.match(source.mask, line, value.children[0].start)
                if dash:
                    start = source.mask.rfind("\n", 0, key.start) + 1
                    return " " * max(0, dash.end() - 1 - line - (key.start - start))
    return "  "


def _add_key(source: Source, found: List, entries: t.Sequence[Entry], style: Style) -> str:
    """Behind the key that the alphabet has before it, and below what it is in if there is none."""
    pairs = found.mapping.pairs
    if not pairs or found.mapping.style == "flow":
        raise source.problem(found.parent.start, f"there is no place for {found.name}", "Write it there as '[]'")
    following = next((number for number, (key, _value) in enumerate(pairs) if key.text > found.name), len(pairs))
    stack = source.template.stack(found.parent.start)
    offset = -1
    if following:
        key, value = pairs[following - 1]
        blocks = source.template.stack(value.end - 1)[len(stack) :]
        end = blocks[0][0].end if blocks else max(value.end, source.mask.index(":", key.end) + 1)
        if end <= source.next(value.end) and not _takes_what_follows(source, value):
            offset = _refuse_beside(source, found, end)
    if offset < 0:
        offset = source.template.line_end(found.parent.end)
    indentation = _indentation(source, pairs[0][0].start)
    lines = [f"{indentation}{found.name}:", *_lines(entries, style, indentation + _deeper(source, found))]
    return _insert(source, found, offset, lines)


def _takes_what_follows(source: Source, value: Node) -> bool:
    """Whether a text of several lines becomes another one if something comes behind it."""
    if value.style not in ("|", ">"):
        return False
    return "+" in source.mask[value.start :].split("\n", 1)[0] or "\n" not in source.text[value.end :]


def _without_key(source: Source, place: Place, found: List, gone: t.Sequence[Item]) -> t.Optional[str]:
    """Without the key too, if that is where it would come to: then it may have been added with its first entry."""
    entries = [item.node.data() for item in gone if item.node]
    if not found.key or not all(isinstance(value, str) for entry in entries for value in _texts(entry)):
        return None
    begin, end = 0, 0
    text: t.Optional[str] = None
    if found.mapping.style == "flow":
        text = remove_key_from_flow(source, found)
    elif found.kind == "block" and len(found.mapping.pairs) > 1:
        begin = source.template.line_end(found.key.end)
        end = len(source.text) - source.template.line_end(gone[-1].end)
        text = _without_lines(source, found, gone)
    if text is None:
        return None
    try:
        again = add(source.again(text), place, found.name, entries)[0]
    except ClusterError:
        return None
    if not begin:
        return text if again == source.text else None
    same = again[:begin] == source.text[:begin] and again[len(again) - end :] == source.text[len(source.text) - end :]
    return text if same else None


def _texts(entry: t.Any) -> t.Collection[t.Any]:
    return entry.values() if isinstance(entry, dict) else [entry]


def _without_lines(source: Source, found: List, gone: t.Sequence[Item]) -> t.Optional[str]:
    """Without the lines of the key and of the entries, if there are no others between them."""
    start = source.text.rfind("\n", 0, found.at.start) + 1
    end = source.template.line_end(found.at.end)
    for item in gone:
        begin, behind = _extent(source, found, item)
        if begin != end:
            return None
        end = behind
    return _cut(source.text, start, end)
