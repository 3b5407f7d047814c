# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""A file as the guard looks at it: read as YAML at most once, and only if its bytes give a reason to."""

from __future__ import annotations

import codecs
import functools
import json
import re
import typing as t

try:
    import yaml

    Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:  # the command and the module say so before anything is read
    Loader = None

# sops writes its metadata last; all before it is the user's, and so is what somebody wrote after it.
_BLOCK = re.compile(rb"\nsops:\n(?:[ ].*\n)+\Z")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # what > writes in Windows' PowerShell


class Text:
    """A file, or a text inside of one, C(offset) lines below its beginning."""

    def __init__(self, path: str, content: bytes, offset: int = 0) -> None:
        self.path = path
        if content.startswith(UTF16):
            content = content.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
        self.content = content
        self.offset = offset

    def line(self, place: int) -> int:
        """Of a byte."""
        return self.content.count(b"\n", 0, place) + 1 + self.offset

    @property
    def lines(self) -> int:
        return self.content.count(b"\n") + 1

    @functools.cached_property
    def text(self) -> str:
        """Without the block of sops at the end: nothing is looked for there, and it takes longest to read."""
        block = _BLOCK.search(self.content)
        body = self.content[: block.start() + 1] if block else self.content
        return body.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")

    @functools.cached_property
    def documents(self) -> t.Optional[t.List[t.Any]]:
        """Nodes, which know their lines; None of what is not YAML, as templates are not."""
        try:
            return [node for node in yaml.compose_all(self.text, Loader=Loader) if node is not None]
        except (yaml.YAMLError, ValueError, RecursionError):
            pass
        try:
            # YAML's reader does not know all of JSON's escapes. The lines get lost.
            return [yaml.compose(json.dumps(value, ensure_ascii=False), Loader=Loader) for value in _json(self.text)]
        except (yaml.YAMLError, ValueError, RecursionError):
            return None

    def source(self, node: t.Any) -> str:
        """As it is written in the file."""
        return self.text[node.start_mark.index : node.end_mark.index]


def _json(text: str) -> t.List[t.Any]:
    """One value after the other, as kubectl takes them."""
    found, decoder, text = [], json.JSONDecoder(), text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def fields(node: t.Any) -> t.Dict[str, t.Any]:
    """What is in a mapping; nothing is in anything else."""
    return {key.value: value for key, value in reversed(pairs(node)) if isinstance(key, yaml.ScalarNode)}


def pairs(node: t.Any) -> t.List[t.Tuple[t.Any, t.Any]]:
    """Of a mapping, with the nodes of its keys: those that are there twice, too, and at last those it merges (<<)."""
    found: t.List[t.Tuple[t.Any, t.Any]] = []
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode) and id(node) not in seen:
            seen.add(id(node))
            for key, value in node.value:
                if key.tag.endswith(":merge"):
                    waiting += items(value) or [value]
                else:
                    found.append((key, value))
    return found


def items(node: t.Any) -> t.List[t.Any]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def scalar(node: t.Any) -> str:
    """Empty for null, and for what is no scalar."""
    return node.value if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":null") else ""


def is_scalar(node: t.Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


def is_mapping(node: t.Any) -> bool:
    return isinstance(node, yaml.MappingNode)
