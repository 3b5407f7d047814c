# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The user's own JSON Schema against the values, everything at once, each with its file and line."""

from __future__ import annotations

import difflib
import importlib
import json
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_values import Values, dotted

LONGEST = 80

# keyword of the schema: what is wrong, with what the schema says in place of {}
SENTENCES = {
    "const": "is not {}",
    "enum": "is none of {}",
    "exclusiveMaximum": "is not below {}",
    "exclusiveMinimum": "is not above {}",
    "format": "is not in the format {}",
    "maxItems": "has more than {} entries",
    "maxLength": "is longer than {} characters",
    "maximum": "is above {}",
    "minItems": "has fewer than {} entries",
    "minLength": "is shorter than {} characters",
    "minimum": "is below {}",
    "pattern": "does not match {}",
    "type": "is not of type {}",
    "uniqueItems": "has an entry twice",
}


def check(values: Values, schema: t.Any, name: str) -> t.List[Problem]:
    """What of the values does not meet the schema. Raises ClusterError if the schema itself is wrong."""
    try:
        jsonschema = importlib.import_module("jsonschema")
        referencing = importlib.import_module("referencing")
    except ImportError:
        raise ClusterError(
            Problem(name, "needs the Python library jsonschema", "pip install jsonschema (4.18 or newer)")
        ) from None
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        place = dotted(tuple(error.absolute_path)) or "the schema"
        raise ClusterError(Problem(name, f"is not a JSON Schema: {place}: {error.message}", "Repair it")) from None
    # An empty registry: no reference of a schema is ever fetched from the network.
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER, registry=referencing.Registry())
    found: t.List[Problem] = []
    try:
        for failure in validator.iter_errors(values.data):
            found += _problems(jsonschema.exceptions.best_match([failure]) or failure, values, name)
    except referencing.exceptions.Unresolvable as unresolved:
        what = f"refers to {unresolved.ref!r}, which is not in the file"
        raise ClusterError(Problem(name, what, "Put it under $defs in the same file")) from None
    return sorted(set(found), key=lambda problem: (*_place(problem.where), problem.what))


def _place(where: str) -> t.Tuple[str, int]:
    name, _colon, line = where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (where, 0)


def _problems(error: t.Any, values: Values, name: str) -> t.Iterator[Problem]:
    path = tuple(error.absolute_path)
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                known = (error.schema.get("properties") or {}).get(key)
                yield Problem(values.where(path), f"{dotted((*path, key))} is missing", _remedy(known, name))
        return
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties") or {}
        for key in _additional(error):
            near = difflib.get_close_matches(str(key), list(known), n=1)
            yield Problem(
                values.where((*path, key)),
                f"{dotted((*path, key))} is not known",
                f"Did you mean {near[0]}?" if near else f"Remove it, or add it to {name}",
            )
        return
    sentence = SENTENCES.get(error.validator, f"does not meet {error.validator} {{}}")
    what = sentence.format(_short(error.validator_value))
    shown = "" if values.is_secret(path) else f": {_short(error.instance)}"
    yield Problem(values.where(path), f"{dotted(path) or 'the whole'} {what}{shown}", _remedy(error.schema, name))


def _additional(error: t.Any) -> t.List[t.Any]:
    known = error.schema.get("properties") or {}
    named = error.schema.get("patternProperties") or {}
    return [key for key in error.instance if key not in known and not any(re.search(one, str(key)) for one in named)]


def _remedy(schema: t.Any, name: str) -> str:
    about = schema.get("description") if isinstance(schema, dict) else None
    return f"It is: {about}" if about else f"Write what {name} asks for"


def _short(value: t.Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
