# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A Kubernetes Secret as it is to be sealed: from a manifest or from options, all that is wrong with it at once.

No message holds a value.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

PLAIN_SUFFIX = ".secret.yaml"
SEALED_SUFFIX = ".sealed.yaml"

STRICT, NAMESPACE, CLUSTER = SCOPES = ("strict", "namespace", "cluster")
SCOPE_ANNOTATIONS = {
    CLUSTER: "sealedsecrets.bitnami.com/cluster-wide",
    NAMESPACE: "sealedsecrets.bitnami.com/namespace-wide",
}
# The scope is written anew each time; the others hold a copy of the whole object, values included.
OWN_ANNOTATIONS = (
    *SCOPE_ANNOTATIONS.values(),
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubecfg.ksonnet.io/last-applied-configuration",
)
MAX_BYTES = 1024 * 1024  # of a Secret's values, together

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_NAMESPACE = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}")
_KEY = re.compile(r"(?!\.{1,2}\Z)[-._a-zA-Z0-9]{1,253}")

Mapping = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Secret:
    """What is None is not said: it stays as it is in a file that is merged into, else it has Kubernetes' default."""

    name: str
    namespace: str
    scope: t.Optional[str] = None
    type: t.Optional[str] = None
    immutable: t.Optional[bool] = None
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    annotations: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: t.Mapping[str, bytes] = dataclasses.field(default_factory=dict, repr=False)
    removed_keys: t.FrozenSet[str] = frozenset()
    absent: bool = False

    @property
    def identity(self) -> t.Tuple[str, str]:
        return self.namespace, self.name


def scope_of(annotations: t.Optional[Mapping]) -> str:
    """As the controller reads it: the wider one wins."""
    found = [scope for scope, name in SCOPE_ANNOTATIONS.items() if (annotations or {}).get(name) == "true"]
    return found[0] if found else STRICT


def label_of(identity: t.Tuple[str, str], scope: str) -> bytes:
    """What a value is bound to."""
    namespace, name = identity
    return {STRICT: f"{namespace}/{name}", NAMESPACE: namespace, CLUSTER: ""}[scope].encode("utf-8")


def sealed_path(source: str) -> str:
    """foo.secret.yaml → foo.sealed.yaml, beside it. Raises ClusterError."""
    if not source.endswith(PLAIN_SUFFIX):
        remedy = f"Name the file with the plain Secrets something{PLAIN_SUFFIX}, which Git ignores"
        raise ClusterError(Problem(source, f"does not end with {PLAIN_SUFFIX}", remedy))
    return source[: -len(PLAIN_SUFFIX)] + SEALED_SUFFIX


def from_manifest(document: t.Any, where: str) -> Secret:
    """From one document of a file with plain Secrets. Raises ClusterError."""
    if not isinstance(document, dict) or document.get("kind") != "Secret" or document.get("apiVersion") != "v1":
        raise ClusterError(
            Problem(where, "is not a Secret (apiVersion v1, kind Secret)", "Move it to a file of its own, or remove it")
        )
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    annotations = metadata.get("annotations") or {}
    return _checked(
        where,
        {
            "name": metadata.get("name"),
            "namespace": metadata.get("namespace"),
            "scope": scope_of(annotations if isinstance(annotations, dict) else {}),
            "type": document.get("type"),
            "immutable": document.get("immutable"),
            "labels": metadata.get("labels") or {},
            "annotations": annotations,
            "data": document.get("data") or {},
            "string_data": document.get("stringData") or {},
        },
    )


def from_options(options: Mapping, where: str) -> Secret:
    """From one entry of the module's O(secrets). Raises ClusterError."""
    return _checked(where, options)


def _checked(where: str, given: Mapping) -> Secret:
    absent = given.get("state") == "absent"
    maps = {field: given.get(field) or {} for field in ("labels", "annotations", "data", "string_data")}
    shapes = [
        Problem(f"{where}.{field}", f"is {_kind(value)}, not a mapping", "Write key: value")
        for field, value in maps.items()
        if not isinstance(value, dict)
    ]
    if shapes:
        raise ClusterError(*shapes)
    problems = [
        *_identity_problems(where, given),
        *_text_problems(where, "labels", maps["labels"]),
        *_text_problems(where, "annotations", maps["annotations"]),
        *_text_problems(where, "data", maps["data"]),
        *_text_problems(where, "string_data", maps["string_data"]),
        *_key_problems(where, [*maps["data"], *maps["string_data"]]),
    ]
    values: t.Dict[str, bytes] = {}
    for key, value in maps["data"].items():
        try:
            values[key] = base64.b64decode("".join(value.split()), validate=True) if isinstance(value, str) else b""
        except (binascii.Error, ValueError):
            remedy = "Encode it with base64, or put the value into stringData (string_data) as it is"
            problems.append(Problem(f"{where}.data.{key}", "is not base64", remedy))
    for key, value in maps["string_data"].items():
        values[key] = value.encode("utf-8", errors="surrogateescape") if isinstance(value, str) else b""
    if sum(map(len, values.values())) > MAX_BYTES:
        problems.append(Problem(where, "has more than 1 MiB of values", "Kubernetes refuses it: make it two Secrets"))
    removed = frozenset(given.get("removed_keys") or ())
    problems += [
        Problem(f"{where}.removed_keys", f"{key} is given as a value, too", "Take it out of one of them")
        for key in sorted(removed & set(values))
    ]
    if problems:
        raise ClusterError(*problems)
    return Secret(
        name=given["name"],
        namespace=given.get("namespace") or "",
        scope=given.get("scope"),
        type=given.get("type"),
        immutable=given.get("immutable"),
        labels=dict(maps["labels"]),
        annotations={key: value for key, value in maps["annotations"].items() if key not in OWN_ANNOTATIONS},
        values=values,
        removed_keys=removed,
        absent=absent,
    )


def _identity_problems(where: str, given: Mapping) -> t.Iterator[Problem]:
    name, namespace = given.get("name"), given.get("namespace")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield Problem(f"{where}.name", f"{name!r} is not the name of a Secret", "Use an RFC 1123 subdomain: my-secret")
    if not namespace:
        if given.get("scope") != CLUSTER:
            remedy = "Name the namespace, which the values are bound to, or use scope cluster"
            yield Problem(f"{where}.namespace", "is missing", remedy)
    elif not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        yield Problem(f"{where}.namespace", f"{namespace!r} is not the name of a namespace", "Use an RFC 1123 label")
    if not isinstance(given.get("type"), (str, type(None))):
        yield Problem(f"{where}.type", f"is {_kind(given['type'])}, not text", "Quote it")
    if not isinstance(given.get("immutable"), (bool, type(None))):
        yield Problem(f"{where}.immutable", f"is {_kind(given['immutable'])}, not true or false", "Write true or false")


def _text_problems(where: str, field: str, value: t.Mapping[t.Any, t.Any]) -> t.Iterator[Problem]:
    for key, content in value.items():
        if not isinstance(key, str):
            yield Problem(f"{where}.{field}", f"has a key that is {_kind(key)}, not text", "Quote it")
        elif not isinstance(content, str):
            yield Problem(f"{where}.{field}.{_shown(key)}", f"is {_kind(content)}, not text", "Quote it")


def _key_problems(where: str, keys: t.Iterable[t.Any]) -> t.Iterator[Problem]:
    for key in keys:
        if isinstance(key, str) and not _KEY.fullmatch(key):
            yield Problem(where, f"{_shown(key)!r} is not a key of a Secret", "Use letters, digits, '-', '_' and '.'")


def _shown(key: str) -> str:
    """Up to the colon: in {password:secret} all of it is the key."""
    name, colon, _rest = key.partition(":")
    return f"{name}:…" if colon else name


def _kind(value: t.Any) -> str:
    names = {
        type(None): "empty",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), type(value).__name__)
