# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Ready applications: an entry of the catalogue with its parameters filled in becomes an application's options."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import is_not, show
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

_REFERENCE = re.compile(r"\$(?:\$(?=\{)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_UNSET: t.Any = object()
_OWN = ("catalogue", "parameters")


def expand(entry: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any], where: str = "app") -> t.Dict[str, t.Any]:
    """The options of the application: those of the entry, and over them all others that were given.

    Beside the parameters, C(${name}) and C(${namespace}) stand for the application's own.
    """
    over = {key: value for key, value in given.items() if key not in _OWN and value is not None}
    values = _values(entry.get("parameters") or {}, given.get("parameters") or {}, where)
    app = entry["app"]
    values["name"] = over.get("name", app.get("name"))
    values["namespace"] = over.get("namespace") or _filled(app.get("namespace", values["name"]), values, where)
    return _merged(_filled(app, values, where), over)


def _values(declared: t.Mapping[str, t.Any], given: t.Any, where: str) -> t.Dict[str, t.Any]:
    if not isinstance(given, t.Mapping):
        raise ClusterError(
            Problem(f"{where}.parameters", is_not(given, "a mapping"), "Write names of parameters and their values")
        )
    problems = [
        Problem(f"{where}.parameters.{name}", "unknown parameter", f"The entry has {', '.join(declared) or 'none'}")
        for name in given
        if name not in declared
    ]
    values = {}
    for name, about in declared.items():
        place = f"{where}.parameters.{name}"
        value = given.get(name, about.get("default"))
        choices = about.get("choices")
        if value is None and about.get("required"):
            problems.append(Problem(place, "is required, but not set", about["description"]))
        elif value is not None and choices and value not in choices:
            wanted = ", ".join(str(one) for one in choices)
            problems.append(Problem(place, f"{show(value)} is not one of {wanted}", "Write one of them"))
        values[name] = _UNSET if value is None else value
    if problems:
        raise ClusterError(*problems)
    return values


def _filled(value: t.Any, values: t.Mapping[str, t.Any], where: str) -> t.Any:
    if isinstance(value, t.Mapping):
        items = [(_text(key, values, where), _filled(item, values, where)) for key, item in value.items()]
        return {key: item for key, item in items if item is not _UNSET}
    if isinstance(value, list):
        return [item for item in (_filled(item, values, where) for item in value) if item is not _UNSET]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and whole[1]:
        return _looked_up(whole[1], values, where)
    return _text(value, values, where)


def _text(value: t.Any, values: t.Mapping[str, t.Any], where: str) -> t.Any:
    def replaced(found: t.Match[str]) -> str:
        if not found[1]:
            return "$"
        one = _looked_up(found[1], values, where)
        return "" if one is _UNSET else str(one).lower() if isinstance(one, bool) else str(one)

    return _REFERENCE.sub(replaced, value) if isinstance(value, str) else value


def _looked_up(name: str, values: t.Mapping[str, t.Any], where: str) -> t.Any:
    if name not in values:
        raise ClusterError(
            Problem(where, f"the entry uses ${{{name}}}, but declares no such parameter", "Correct the entry")
        )
    return values[name]


def _merged(below: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    merged = dict(below)
    for key, value in over.items():
        both = isinstance(value, t.Mapping) and isinstance(merged.get(key), t.Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
