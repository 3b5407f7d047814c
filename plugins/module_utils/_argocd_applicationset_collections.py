# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Of the functions that templates of ApplicationSets have, those that make and take apart lists and mappings."""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import (
    ABSENT,
    from_json,
    integer,
    is_true,
    kind,
    shown,
    text,
    whole,
)

try:
    import yaml
except ImportError:  # whoever reads the repository has said so
    yaml = None  # type: ignore[assignment]

Value = t.Any


def _many(value: Value) -> t.List[Value]:
    if not isinstance(value, list):
        raise TemplateError(f"cannot do this with type {kind(value)}")
    return value


def _map(value: Value) -> t.Dict[str, Value]:
    if value is ABSENT:
        return {}
    if not isinstance(value, dict):
        raise TemplateError(f"wrong type for value; expected map[string]interface {{}}; got {kind(value)}")
    return value


def _index(value: Value, *keys: Value) -> Value:
    if value is None or value is ABSENT:
        raise TemplateError("index of untyped nil")
    for key in keys:
        if value is None:
            raise TemplateError("index of nil pointer")
        if isinstance(value, dict):
            value = value.get(text(key))
        elif isinstance(value, (list, str)):
            if not isinstance(key, int) or isinstance(key, bool):
                raise TemplateError(f"cannot index slice/array with type {kind(key)}")
            if not 0 <= key < len(value):
                raise TemplateError(f"index out of range: {key}")
            if isinstance(value, str):
                raise UnsupportedError("index of a text")
            value = value[key]
        else:
            raise TemplateError(f"can't index item of type {kind(value)}")
    return value


def _slice(value: Value, *bounds: Value) -> Value:
    """Sprig's, which hides Go's own."""
    first, last = [*map(integer, bounds), *(0, len(_many(value)))[len(bounds) :]][:2]
    if value and not 0 <= first <= last <= len(value):
        raise TemplateError("slice bounds out of range")
    return value[first:last] if value else None


def _until(*bounds: Value) -> t.List[Value]:
    start, stop, step = [whole(bound) for bound in bounds]
    if step == 0 or (stop < start and step > 0) or (stop > start and step < 0):
        return []
    if abs(stop - start) > 100_000 * abs(step):
        raise UnsupportedError("a very long list")
    return list(range(start, stop, step))


def _until_one(count: Value) -> t.List[Value]:
    return _until(0, count, -1 if whole(count) < 0 else 1)


def _dict(*values: Value) -> t.Dict[str, Value]:
    return {shown(values[at]): values[at + 1] if at + 1 < len(values) else "" for at in range(0, len(values), 2)}


def _set(mapping: Value, key: Value, value: Value) -> t.Dict[str, Value]:
    _map(mapping)[text(key)] = value
    return _map(mapping)


def _unset(mapping: Value, key: Value) -> t.Dict[str, Value]:
    _map(mapping).pop(text(key), None)
    return _map(mapping)


def _pluck(key: Value, *maps: Value) -> t.List[Value]:
    name = text(key)
    return [one[name] for one in map(_map, maps) if name in one]


def _some(mapping: Value, keys: t.Sequence[Value], kept: bool) -> t.Dict[str, Value]:
    names = set(map(text, keys))
    return {key: value for key, value in _map(mapping).items() if (key in names) == kept}


def _dig(*values: Value) -> Value:
    if len(values) < 3:
        raise TemplateError("dig needs at least three arguments")
    *keys, standing, mapping = values
    for key in keys[:-1]:
        mapping = _map(mapping).get(text(key), ABSENT)
        if mapping is ABSENT:
            return standing
    return _map(mapping).get(text(keys[-1]), standing)


def _uniq(value: Value) -> t.List[Value]:
    done: t.List[Value] = []
    for one in _many(value):
        if one not in done:
            done.append(one)
    return done


def _has(needle: Value, value: Value) -> bool:
    return (
        value is not None
        and value is not ABSENT
        and any(kind(one) == kind(needle) and one == needle for one in _many(value))
    )


def _json(value: Value) -> str:
    done = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        done = done.replace(letter, code)
    return done


def _plain(value: Value) -> Value:
    """For JSON, in which 8443.0 is 8443."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e21:
            return int(value)
        if "e" in repr(value):
            raise UnsupportedError("a very small or large number in JSON")
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if value is ABSENT else value


def _from_json(value: Value) -> Value:
    try:
        return from_json(json.loads(text(value)))
    except ValueError:
        return None


def _from_yaml(wanted: type, value: Value) -> Value:
    try:
        found = from_json(yaml.load(text(value), Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        raise TemplateError("not YAML") from None
    if found is not None and not isinstance(found, wanted):
        raise TemplateError("cannot unmarshal")
    return wanted() if found is None else found


def _to_yaml(value: Value) -> str:
    """The same to whoever reads it as YAML, as whoever uses it does; not letter by letter."""
    dumped: str = yaml.dump(
        _plain(value), Dumper=yaml.SafeDumper, default_flow_style=False, allow_unicode=True, width=10**9
    )
    return dumped.rstrip("\n").removesuffix("\n...")


COLLECTIONS: t.Dict[str, t.Callable[..., Value]] = {
    "index": _index,
    "until": _until_one,
    "untilStep": _until,
    # Lists
    "list": lambda *values: list(values),
    "tuple": lambda *values: list(values),
    "first": lambda value: _many(value)[0] if _many(value) else None,
    "rest": lambda value: _many(value)[1:] if _many(value) else None,
    "last": lambda value: _many(value)[-1] if _many(value) else None,
    "initial": lambda value: _many(value)[:-1] if _many(value) else None,
    "append": lambda value, one: [*_many(value), one],
    "prepend": lambda value, one: [one, *_many(value)],
    "concat": lambda *values: [one for value in values for one in _many(value)],
    "reverse": lambda value: _many(value)[::-1],
    "uniq": _uniq,
    "without": lambda value, *omitted: [one for one in _many(value) if one not in omitted],
    "has": _has,
    "compact": lambda value: [one for one in _many(value) if is_true(one)],
    "slice": _slice,
    # Mappings
    "dict": _dict,
    "get": lambda mapping, key: _map(mapping).get(text(key), ""),
    "set": _set,
    "unset": _unset,
    "hasKey": lambda mapping, key: text(key) in _map(mapping),
    "pluck": _pluck,
    "pick": lambda mapping, *keys: _some(mapping, keys, kept=True),
    "omit": lambda mapping, *keys: _some(mapping, keys, kept=False),
    "dig": _dig,
    "toJson": _json,
    "fromJson": _from_json,
    "toYaml": _to_yaml,
    "fromYaml": functools.partial(_from_yaml, dict),
    "fromYamlArray": functools.partial(_from_yaml, list),
}
