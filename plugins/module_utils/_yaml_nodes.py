# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A YAML text as a tree that knows where each node is written, aliases included."""

from __future__ import annotations

import dataclasses
import traceback
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    YAML_IMPORT_ERROR = None

SCALAR, SEQUENCE, MAPPING, ALIAS = "scalar", "sequence", "mapping", "alias"
STR = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"

Shape = t.Tuple[t.Any, ...]


@dataclasses.dataclass(eq=False)
class Node:
    """C(start) and C(end) are offsets. C(children) of a mapping are its keys and values in turn."""

    kind: str
    start: int
    end: int
    tag: str = ""
    anchor: str = ""
    text: str = ""
    style: str = ""  # of a scalar: its quotes or | or >; of a collection: "flow" or nothing
    children: t.List[Node] = dataclasses.field(default_factory=list)
    target: t.Optional[Node] = None

    @property
    def pairs(self) -> t.List[t.Tuple[Node, Node]]:
        return list(zip(self.children[::2], self.children[1::2])) if self.kind == MAPPING else []

    @property
    def resolved(self) -> Node:
        return self.target if self.target else self

    def values(self, key: str) -> t.List[t.Tuple[Node, Node]]:
        """The pairs of a key: more than one, if it is there more than once."""
        return [pair for pair in self.pairs if pair[0].kind == SCALAR and pair[0].text == key]

    def walk(self) -> t.Iterator[Node]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.children

    def shape(self) -> Shape:
        """What it means, wherever and however it is written. An alias is its name: what it names is compared itself."""
        if self.kind == MAPPING:
            return (self.kind, self.tag, self.anchor, tuple((key.shape(), value.shape()) for key, value in self.pairs))
        return (self.kind, self.tag, self.anchor, self.text, tuple(child.shape() for child in self.children))

    def _merged(self) -> t.Dict[str, t.Any]:
        """What << brings; of several mappings, the first has the last word."""
        found: t.Dict[str, t.Any] = {}
        for value in [value.resolved for key, value in self.pairs if key.tag == MERGE]:
            for mapping in reversed(value.children if value.kind == SEQUENCE else [value]):
                found.update(mapping.data() if mapping.resolved.kind == MAPPING else {})
        return found

    def data(self) -> t.Any:
        """As a caller takes it; tags that YAML does not know are ignored."""
        node = self.resolved
        if node.kind == SEQUENCE:
            return [child.data() for child in node.children]
        if node.kind == MAPPING:
            return {**node._merged(), **{key.text: value.data() for key, value in node.pairs if key.tag != MERGE}}
        if node.tag == STR:
            return node.text
        try:
            return yaml.SafeLoader("").construct_object(yaml.ScalarNode(node.tag, node.text))
        except (yaml.YAMLError, ValueError):
            return node.text


def parse(text: str, where: str) -> t.List[Node]:
    """The documents of a text. Raises ClusterError."""
    try:
        return _Tree(text, where).documents()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark: t.Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or getattr(error, "reason", None)
        what = "cannot be read as YAML" + (f": {reason}" if reason else "")
        raise ClusterError(Problem(f"{where}{line}", what, "Repair it; a Jinja2 template is named *.j2")) from None


class _Tree:
    def __init__(self, text: str, where: str) -> None:
        self._text, self._where = text, where
        self._resolver: t.Any = yaml.SafeLoader("")
        self._events: t.Iterator[t.Any] = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        self._anchors: t.Dict[str, Node] = {}
        self._open: t.List[Node] = []  # whose end is yet to come

    def documents(self) -> t.List[Node]:
        found = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                found.append(self._node(next(self._events)))
        return found

    def _node(self, event: t.Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            target = self._anchors.get(name)
            if not target or target in self._open:
                line = self._text.count("\n", 0, start) + 1
                what = f"the alias *{name} " + ("is in what it stands for" if target else "has no anchor above it")
                raise ClusterError(Problem(f"{self._where}:{line}", what, "Repair it"))
            return Node(ALIAS, start, end, text=name, target=target)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, start, end)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._collection(event, SEQUENCE, yaml.SequenceNode, yaml.SequenceEndEvent)
        else:
            node = self._collection(event, MAPPING, yaml.MappingNode, yaml.MappingEndEvent)
        if node.anchor:
            self._anchors[node.anchor] = node
        return node

    def _scalar(self, event: t.Any, start: int, end: int) -> Node:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        if event.style in ("|", ">"):  # ends where the next thing begins
            end = start + len(self._text[start:end].rstrip())
        style = event.style if event.style in ("'", '"', "|", ">") else ""
        return Node(SCALAR, start, end, tag, event.anchor or "", event.value, style)

    def _collection(self, event: t.Any, kind: str, of: t.Any, ends: t.Any) -> Node:
        node = Node(kind, event.start_mark.index, event.end_mark.index, event.tag or kind, event.anchor or "")
        node.style = "flow" if event.flow_style else ""
        if node.anchor:
            self._anchors[node.anchor] = node
        self._open.append(node)
        for below in self._events:
            if isinstance(below, ends):
                break
            node.children.append(self._node(below))
        self._open.pop()
        # Of a block, only what is in it tells where it ends.
        node.end = below.end_mark.index if event.flow_style else max(child.end for child in node.children)
        return node
