# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How a new entry of a YAML list is written: as its neighbours are, and quoted where it would mean something else."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import MAPPING, SCALAR, STR, Node

Entry = t.Union[str, t.Mapping[str, str]]

# What every reader of YAML takes for a text, in a block and between brackets, in whichever place.
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@+~%=&?*!#-]|:(?!\Z))*")
# Of the keys of an entry that has no neighbours.
_ORDER = ("server", "name", "namespace")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_UNPRINTABLE = re.compile("[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


@dataclasses.dataclass(frozen=True)
class Style:
    """C(always) is the quote that texts have even if they need none, C(needed) the one that they get if they do."""

    always: str = ""
    needed: str = "'"
    keys: t.Tuple[str, ...] = ()  # their order
    key_quote: str = ""
    flow: bool = False
    inside: str = ""  # between a brace and what is in it
    between: str = " "  # behind a comma in braces
    closing: str = ""  # before the brace at the end
    gap: str = " "  # behind the dash

    @classmethod
    def of(cls, nodes: t.Sequence[Node], text: str) -> Style:
        """As the last of some entries has it; its quotes, as the last text that needed none has them."""
        style = cls()
        for node in nodes:
            texts = [below for below in node.walk() if _is_value(below, node)]
            for scalar in sorted(texts, key=lambda below: below.start):
                if not needs_quotes(scalar.text):
                    style = dataclasses.replace(style, always=scalar.style)
                if scalar.style:
                    style = dataclasses.replace(style, needed=scalar.style)
            if node.kind == MAPPING and node.pairs:
                keys = tuple(key.text for key, _value in node.pairs)
                style = dataclasses.replace(style, keys=keys, key_quote=node.children[0].style)
                style = style._braces(node, text) if node.style == "flow" else dataclasses.replace(style, flow=False)
        return style

    def _braces(self, node: Node, text: str) -> Style:
        """As in a mapping in braces, which may have a line for each key."""
        inside, closing = text[node.start + 1 : node.children[0].start], text[node.children[-1].end : node.end - 1]
        between = "\n" in inside and "\n" in closing
        if inside.strip() or closing.strip():
            return dataclasses.replace(self, flow=True)
        if not between:
            inside = closing = re.sub(r"\s+", " ", inside)
        return dataclasses.replace(self, flow=True, inside=inside, closing=closing, between=inside if between else " ")

    def scalar(self, value: str) -> str:
        if _UNPRINTABLE.search(value) or "\t" in value:
            quoted = json.dumps(value, ensure_ascii=False)
            return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
        quote = self.needed if needs_quotes(value) else self.always
        if quote == "'":
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False) if quote else value

    def fields(self, entry: t.Mapping[str, str]) -> t.List[str]:
        order = dict.fromkeys([*self.keys, *_ORDER, *entry])
        quote = self.key_quote
        return [f"{quote}{key}{quote}: {self.scalar(entry[key])}" for key in order if key in entry]

    def line(self, entry: Entry) -> str:
        """All of an entry in one line."""
        if isinstance(entry, str):
            return self.scalar(entry)
        return "{" + self.inside + f",{self.between}".join(self.fields(entry)) + self.closing + "}"

    def block(self, entry: Entry, indentation: str) -> t.List[str]:
        """The lines of an entry in a list with dashes."""
        if isinstance(entry, str) or self.flow:
            return [f"{indentation}-{self.gap}{self.line(entry)}"]
        first, *others = self.fields(entry)
        deeper = indentation + " " * (1 + len(self.gap))
        return [f"{indentation}-{self.gap}{first}", *(deeper + other for other in others)]


def _is_value(node: Node, entry: Node) -> bool:
    """Whether it is one of the texts in an entry, and no key."""
    return node.kind == SCALAR and node.tag == STR and node.style in ("", "'", '"') and node not in entry.children[::2]


def needs_quotes(value: str) -> bool:
    return not _PLAIN.fullmatch(value) or value.lower() in _WORDS
