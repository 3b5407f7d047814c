# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""YAML that people like to read: block style, indented lists, literal text, quotes where a reader needs them."""

from __future__ import annotations

import re
import typing as t

try:
    import yaml

    YAML_IMPORT_ERROR = ""
    _Dumper: t.Any = yaml.SafeDumper
except ImportError as error:
    YAML_IMPORT_ERROR = str(error)
    _Dumper = object

# What Kubernetes' readers of YAML take for something else than text, and PyYAML does not.
_AMBIGUOUS = re.compile(
    r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[0-9]+(:[0-9]+)+|[-+]?0[xobXOB][0-9a-fA-F_]+|[yYnN]"
)
# Ends of a line to YAML 1.1 but for the usual one: in literal text they would be read as that.
_ODD_LINES = re.compile("[\r\x85\u2028\u2029]")


class _Readable(_Dumper):  # type: ignore[misc]
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        style = super().choose_scalar_style()
        return '"' if style == "'" else t.cast(str, style)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def _text(dumper: t.Any, value: str) -> t.Any:
    quoted = _ODD_LINES.search(value) or _AMBIGUOUS.fullmatch(value)
    style = '"' if quoted else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


if not YAML_IMPORT_ERROR:
    _Readable.add_representer(str, _text)


def dump(document: t.Any) -> str:
    """One document, without the line that begins it."""
    text: str = yaml.dump(document, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=1000, indent=2)
    return text


def dump_all(documents: t.Sequence[t.Any]) -> str:
    return "".join(f"---\n{dump(document)}" for document in documents)
