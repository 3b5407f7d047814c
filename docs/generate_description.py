# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/description.md, and the options in docs/applications.md, from the schemas that the validation uses.

Run by `make docs`.
"""

from __future__ import annotations

import importlib
import re
import typing as t
from pathlib import Path

import yaml
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

PAGE = Path(__file__).with_name("description.md")
APPLICATIONS = Path(__file__).with_name("applications.md")
OPTIONS = "<!-- Below: written by docs/generate_description.py from plugins/module_utils/_gitops_app_schema.py. -->\n"

INTRODUCTION = """\
# The description of a cluster

<!-- Written by docs/generate_description.py from plugins/module_utils/_description_schema.py: edit that. -->

Everything the collection needs to know is in variables whose names begin with `cluster_`. Put them into
`group_vars/all` of your inventory; [inventory/example](../inventory/example/group_vars/all/cluster.yml) is a complete
one to start from. The role `preflight` checks all of it before anything is touched, and reports every problem at once.

Secrets are variables of their own, whose names end in `_token`, `_password` or `_api_key`. Keep them in an encrypted
file. Names that begin with `cluster_` and are not on this page are refused. IPv6 is not supported yet.

"""


def render(schema: t.Sequence[t.Any]) -> str:
    return INTRODUCTION + _overview(schema) + "".join(_section(field) for field in schema)


def with_options(page: str, schema: t.Sequence[t.Any]) -> str:
    """The page on applications, with its table of options anew."""
    rows = [
        row
        for field in schema
        for row in (
            f"| `{field.name}` | {_kind(field)} | {_presence(field)} | {_text(field.description)} |",
            *_rows(field, f"{field.name}[]." if field.many else f"{field.name}."),
        )
    ]
    return "\n".join(
        [page.partition(OPTIONS)[0] + OPTIONS, "| option | type | presence | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _overview(schema: t.Sequence[t.Any]) -> str:
    rows = [
        f"| [`{field.name}`](#{field.name}) | {_kind(field)} | {_presence(field)} | {_text(field.description)} |"
        for field in schema
    ]
    return "\n".join(["| variable | type | presence | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _section(field: t.Any) -> str:
    lines = [
        "",
        f"## {field.name}",
        "",
        _text(field.description),
        "",
        f"{_capital(_kind(field))}; {_presence(field)}.",
    ]
    if field.fields:
        lines += ["", "| key | type | presence | meaning |", "|---|---|---|---|", *_rows(field)]
    sample = field.sample()
    if sample is not None:
        lines += ["", "```yaml", yaml.dump({field.name: sample}, Dumper=_Dumper, sort_keys=False).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _rows(field: t.Any, path: str = "") -> t.Iterator[str]:
    for key in field.fields:
        name = f"{path}{key.name}"
        yield f"| `{name}` | {_kind(key)} | {_presence(key)} | {_text(key.description)} |"
        yield from _rows(key, f"{name}[]." if key.many else f"{name}.")


def _kind(field: t.Any) -> str:
    kind = field.format.label if field.format else "mapping"
    return f"list, each a {kind}" if field.many else kind


def _presence(field: t.Any) -> str:
    if field.per_host:
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        return f"optional, per host, default `{default}`"
    if field.required:
        return "required"
    if field.default in (None, {}):
        return "optional"
    return f"optional, default `{yaml.safe_dump(field.default, default_flow_style=True).splitlines()[0]}`"


def _text(description: str) -> str:
    return re.sub(r"[CVO]\(([^)]*)\)", r"`\1`", description)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def main() -> None:
    root = Path(__file__).parent.parent
    _AnsibleCollectionFinder(paths=[str(root / ".ansible" / "collections")])._install()
    schema = importlib.import_module("ansible_collections.homeops.cluster.plugins.module_utils._description_schema")
    PAGE.write_text(render(schema.SCHEMA), encoding="utf-8")
    applications = importlib.import_module(
        "ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_schema"
    )
    page = APPLICATIONS.read_text(encoding="utf-8")
    APPLICATIONS.write_text(with_options(page, applications.APP), encoding="utf-8")


if __name__ == "__main__":
    main()
