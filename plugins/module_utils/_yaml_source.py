# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A list in a YAML file or template: where it is, what is in it, and whether it can be changed by itself."""

from __future__ import annotations

import bisect
import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._jinja_yaml import COMMENT, REPEATED, Stack, Tag, Template
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import (
    ALIAS,
    MAPPING,
    MERGE,
    NULL,
    SEQUENCE,
    Node,
    parse,
)

BOM = "\ufeff"
_MARKER = re.compile(r"^(?:---|\.\.\.)(?:\s|$)", re.MULTILINE)
_BY_HAND = "Change it by hand"


@dataclasses.dataclass(frozen=True)
class Place:
    """A mapping: in which document, and under which keys."""

    document: int
    path: t.Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Item:
    """Something in a list. C(node) is missing for code that stands for nobody knows what."""

    start: int
    end: int
    node: t.Optional[Node]
    stack: Stack
    certain: bool


@dataclasses.dataclass(frozen=True)
class List:
    """C(parent) is the key of the mapping that it is in; C(kind): absent, null, flow, block, or other."""

    name: str
    kind: str
    parent: Node
    mapping: Node
    key: t.Optional[Node] = None
    value: t.Optional[Node] = None
    items: t.Tuple[Item, ...] = ()
    shared: t.Optional[Node] = None  # the alias or the merge that it is known by
    end: int = 0  # where what comes next begins

    @property
    def at(self) -> Node:
        return self.key or self.parent


class Source:
    """A file as it is read. C(text) has no byte order mark."""

    def __init__(self, text: str, where: str, delimiters: t.Optional[Delimiters]) -> None:
        self.text, self.where, self.delimiters = text, where, delimiters
        self.template = Template(text, delimiters, where)
        self.mask = self.template.mask
        self.documents = parse(self.mask, where)
        for node in (below for document in self.documents if self.template.tags for below in document.walk()):
            if node.style in ("|", ">"):  # what the mask has blanked is in it as blanks
                node.text = "\n".join(line for line in node.text.split("\n") if line.strip())
        starts = {node.start for document in self.documents for node in document.walk()}
        self._starts = sorted(starts | {found.start() for found in _MARKER.finditer(self.mask)})

    def again(self, text: str) -> Source:
        return Source(text, self.where, self.delimiters)

    def problem(self, offset: int, what: str, remedy: str = _BY_HAND) -> ClusterError:
        return ClusterError(Problem(f"{self.where}:{self.template.line(offset)}", what, remedy))

    def line(self, offset: int) -> int:
        return self.template.line(offset)

    def source(self, node: Node) -> str:
        """As it is written, without quotes."""
        text = self.text[node.start : self._end(node)].strip()
        return text[1:-1] if node.style in ("'", '"') else text

    def _end(self, node: Node) -> int:
        return max([node.end, *(tag.end for tag in self.template.touching(node.start, node.end))])

    def next(self, offset: int) -> int:
        """Where the next node or document begins, behind one that is empty, too."""
        found = bisect.bisect_right(self._starts, offset)
        return self._starts[found] if found < len(self._starts) else len(self.text)

    def is_code(self, start: int, end: int) -> bool:
        """Whether code of Jinja, other than a remark, has a part in it."""
        return any(tag.kind != COMMENT for tag in self.template.touching(start, end))

    def find(self, place: Place, name: str) -> List:
        """The list of that name. Raises ClusterError if a key is there twice, or what it is in is no mapping."""
        parent, mapping = self._mapping(place)
        pair = self._pair(mapping.resolved, name)
        shared: t.Optional[Node] = mapping if mapping.kind == ALIAS else None
        if pair is None:
            for key, value in mapping.resolved.pairs:
                merged = _merged(value, name) if key.tag == MERGE else None
                if merged:
                    pair, shared = merged, key
        if pair is None:
            opaque = self._opaque(parent.end, self.next(mapping.end))
            items = tuple(self._unknown(tag) for tag in opaque)
            return List(name, "absent", parent, mapping, None, None, items, shared)
        key, value = pair
        if value.kind == ALIAS and shared is None:
            shared = value
        return self._list(List(name, "other", parent, mapping, key, value, shared=shared))

    def _list(self, found: List) -> List:
        if not found.key or not found.value:
            return found
        node, end = found.value.resolved, self.next(max(found.value.end, found.key.end + 1))
        if found.value.kind == SEQUENCE and found.value.style == "flow":
            end = found.value.end
        kind = "other"
        if node.kind == SEQUENCE:
            kind = node.style or "block"
        elif node.tag == NULL and not self.is_code(node.start, node.end):
            kind = "null"
        stack = self.template.stack(found.key.start)
        items = [self._item(child, stack) for child in node.children] if node.kind == SEQUENCE else []
        if kind == "other":
            items = [Item(node.start, node.end, node, (), certain=False)]
        if kind != "flow":
            items += [self._unknown(tag) for tag in self._opaque(found.key.end, end)]
        items.sort(key=lambda item: item.start)
        return dataclasses.replace(found, kind=kind, items=tuple(items), end=end)

    def _item(self, node: Node, stack: Stack) -> Item:
        inside = self.template.stack(node.start)
        end = self._end(node)
        return Item(node.start, end, node, inside, inside == stack and not self.is_code(node.start, node.end))

    def _unknown(self, tag: Tag) -> Item:
        return Item(tag.start, tag.end, None, self.template.stack(tag.start), certain=False)

    def _opaque(self, start: int, end: int) -> t.List[Tag]:
        return [tag for tag in self.template.opaque if start <= tag.start < end]

    def _mapping(self, place: Place) -> t.Tuple[Node, Node]:
        mapping, parent = self.documents[place.document], None
        for name in place.path:
            pair = self._pair(mapping.resolved, name)
            if pair is None or pair[1].resolved.kind != MAPPING:
                at = pair[0] if pair else mapping
                what = f"there is no {name} with something in it"
                raise self.problem(at.start, what, f"Write '{name}: {{}}' there") from None
            parent, mapping = pair
        if parent is None:
            raise ValueError("a place is under a key")
        return parent, mapping

    def _pair(self, mapping: Node, name: str) -> t.Optional[t.Tuple[Node, Node]]:
        pairs = mapping.values(name)
        if len(pairs) > 1:
            first, second = (self.line(key.start) for key, _value in pairs[:2])
            raise self.problem(pairs[1][0].start, f"{name} is there twice (lines {first} and {second})", "Keep one")
        return pairs[0] if pairs else None

    def refuse_shared(self, place: Place, found: List) -> None:
        """A list that cannot be changed without changing another place, or only now and then, raises ClusterError."""
        if found.shared:
            there = found.value.resolved if found.value else found.mapping.resolved
            what = f"{found.name} is written in line {self.line(there.start)}, and used here by an alias"
            raise self.problem(found.shared.start, what, "Write a list of its own here, or change that one by hand")
        nodes = [self.documents[place.document], *(value for value in (found.mapping, found.value) if value)]
        aliases = [node for node in self.documents[place.document].walk() if node.kind == ALIAS]
        for alias in aliases:
            if any(alias.target is node for node in nodes):
                what = f"{found.name} is also used by the alias in line {self.line(alias.start)}"
                raise self.problem(found.at.start, what, "Write a list of its own there, or change it by hand")
        self._refuse_code(found)

    def _refuse_code(self, found: List) -> None:
        stack, around = self.template.stack(found.at.start), self.template.stack(found.parent.start)
        repeated = [block for block, _branch in stack if block.word in REPEATED]
        if repeated:
            what = f"{found.name} is made by the '{repeated[0].word}' in line {self.line(repeated[0].start)}"
            raise self.problem(found.at.start, what)
        if stack != around:
            block = stack[-1][0] if len(stack) > len(around) else around[-1][0]
            what = f"{found.name} depends on the '{block.word}' in line {self.line(block.start)}"
            raise self.problem(found.at.start, what, "Put the condition around its entries, or change it by hand")
        if found.kind == "other" and found.value:
            by_code = self.is_code(found.value.start, found.value.end)
            what = f"{found.name} is made by an expression" if by_code else f"{found.name} is not a list"
            raise self.problem(found.value.start, what, "Write it as a list, or change the values that it is made of")
        if found.kind in ("absent", "null") and found.items:
            what = f"{found.name} may be made by the code here"
            raise self.problem(found.items[0].start, what, f"Write '{found.name}: []' if it is not")


def _merged(value: Node, name: str) -> t.Optional[t.Tuple[Node, Node]]:
    """What a merge brings; the first that has it wins."""
    node = value.resolved
    for mapping in node.children if node.kind == SEQUENCE else [node]:
        for key, below in mapping.resolved.pairs:
            found = (key, below) if key.text == name else _merged(below, name) if key.tag == MERGE else None
            if found:
                return found
    return None
