# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The filters that a template of a GitOps repository has on top of Jinja's own."""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bcrypt import BCRYPT_IMPORT_ERROR, hash_password
from ansible_collections.homeops.cluster.plugins.module_utils._issuer import full_name
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:  # whoever parses the configuration has said so
    yaml = None  # type: ignore[assignment]


def b64decode(value: t.Any) -> str:
    try:
        return base64.b64decode(_text("b64decode", value), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise ClusterError(Problem("b64decode", "the value is not base64 of a text", "Use it as it is")) from None


def b64encode(value: t.Any) -> str:
    return base64.b64encode(_text("b64encode", value).encode("utf-8")).decode("ascii")


def bcrypt_password(password: t.Any, current: t.Any = None, rounds: t.Any = 12) -> str:
    if BCRYPT_IMPORT_ERROR:
        raise ClusterError(Problem("bcrypt_password", "needs the Python library bcrypt", "pip install bcrypt"))
    current = None if current is None else _text("bcrypt_password", current)
    return hash_password(_text("bcrypt_password", password), current=current, rounds=rounds)


def issuer_name(name: t.Any, suffix: str = "production", repair: bool = True) -> str:
    return full_name(_text("issuer_name", name), suffix=suffix, repair=repair)


def to_json(value: t.Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def to_yaml(value: t.Any) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return text


def _text(name: str, value: t.Any) -> str:
    if not isinstance(value, str):
        raise ClusterError(Problem(name, f"takes a text, not a {type(value).__name__}", "Quote the value"))
    return value


FILTERS: t.Mapping[str, t.Callable[..., t.Any]] = {
    "b64decode": b64decode,
    "b64encode": b64encode,
    "bcrypt_password": bcrypt_password,
    "issuer_name": issuer_name,
    "to_json": to_json,
    "to_yaml": to_yaml,
}
