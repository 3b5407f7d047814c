# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as Go's encoding/json reads it into the oracle's types: names without regard to case, the wrong type refused.

A repeated name goes on with what the first one left, null empties a list and leaves a text as it is.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

# The fields of each Go struct. A trailing dot: Go embeds the struct whose name follows.
STRUCTS: dict[str, dict[str, str]] = {
    "Query": {
        "id": "string",
        "project": "v1alpha1.AppProject",
        "source_repo": "*string",
        "dest": "*Dest",
        "project_clusters": "[]Cluster",
        "kind": "*Kind",
        "app_namespace": "*string",
        "same_url": "[]string",
    },
    "Dest": {"server": "string", "name": "string", "namespace": "string"},
    "Cluster": {"server": "string", "name": "string"},
    "Kind": {"group": "string", "kind": "string", "name": "string", "namespaced": "bool"},
    "v1alpha1.AppProject": {
        "kind": "string",
        "apiVersion": "string",
        "metadata": "v1.ObjectMeta",
        "spec": "v1alpha1.AppProjectSpec",
        "status": "v1alpha1.AppProjectStatus",
    },
    "v1.ObjectMeta": {
        "name": "string",
        "generateName": "string",
        "namespace": "string",
        "selfLink": "string",
        "uid": "types.UID",
        "resourceVersion": "string",
        "generation": "int64",
        "creationTimestamp": "v1.Time",
        "deletionTimestamp": "*v1.Time",
        "deletionGracePeriodSeconds": "*int64",
        "labels": "map[string]string",
        "annotations": "map[string]string",
        "ownerReferences": "[]v1.OwnerReference",
        "finalizers": "[]string",
        "managedFields": "[]v1.ManagedFieldsEntry",
    },
    "v1.OwnerReference": {
        "apiVersion": "string",
        "kind": "string",
        "name": "string",
        "uid": "types.UID",
        "controller": "*bool",
        "blockOwnerDeletion": "*bool",
    },
    "v1.ManagedFieldsEntry": {
        "manager": "string",
        "operation": "v1.ManagedFieldsOperationType",
        "apiVersion": "string",
        "time": "*v1.Time",
        "fieldsType": "string",
        "fieldsV1": "*any",
        "subresource": "string",
    },
    "v1alpha1.AppProjectSpec": {
        "sourceRepos": "[]string",
        "destinations": "[]v1alpha1.ApplicationDestination",
        "description": "string",
        "roles": "[]v1alpha1.ProjectRole",
        "clusterResourceWhitelist": "[]v1alpha1.ClusterResourceRestrictionItem",
        "namespaceResourceBlacklist": "[]v1.GroupKind",
        "orphanedResources": "*v1alpha1.OrphanedResourcesMonitorSettings",
        "syncWindows": "[]*v1alpha1.SyncWindow",
        "namespaceResourceWhitelist": "[]v1.GroupKind",
        "signatureKeys": "[]v1alpha1.SignatureKey",
        "clusterResourceBlacklist": "[]v1alpha1.ClusterResourceRestrictionItem",
        "sourceNamespaces": "[]string",
        "permitOnlyProjectScopedClusters": "bool",
        "destinationServiceAccounts": "[]v1alpha1.ApplicationDestinationServiceAccount",
        "sourceIntegrity": "*v1alpha1.SourceIntegrity",
    },
    "v1alpha1.ApplicationDestination": {"server": "string", "namespace": "string", "name": "string"},
    "v1alpha1.ProjectRole": {
        "name": "string",
        "description": "string",
        "policies": "[]string",
        "jwtTokens": "[]v1alpha1.JWTToken",
        "groups": "[]string",
    },
    "v1alpha1.JWTToken": {"iat": "int64", "exp": "int64", "id": "string"},
    "v1alpha1.ClusterResourceRestrictionItem": {"group": "string", "kind": "string", "name": "string"},
    "v1.GroupKind": {"group": "string", "kind": "string"},
    "v1alpha1.OrphanedResourcesMonitorSettings": {"warn": "*bool", "ignore": "[]v1alpha1.OrphanedResourceKey"},
    "v1alpha1.OrphanedResourceKey": {"group": "string", "kind": "string", "name": "string"},
    "v1alpha1.SyncWindow": {
        "kind": "string",
        "schedule": "string",
        "duration": "string",
        "applications": "[]string",
        "namespaces": "[]string",
        "clusters": "[]string",
        "manualSync": "bool",
        "timeZone": "string",
        "andOperator": "bool",
        "description": "string",
        "syncOverrun": "bool",
    },
    "v1alpha1.SignatureKey": {"keyID": "string"},
    "v1alpha1.ApplicationDestinationServiceAccount": {
        "server": "string",
        "namespace": "string",
        "defaultServiceAccount": "string",
    },
    "v1alpha1.SourceIntegrity": {"git": "*v1alpha1.SourceIntegrityGit"},
    "v1alpha1.SourceIntegrityGit": {"policies": "[]*v1alpha1.SourceIntegrityGitPolicy"},
    "v1alpha1.SourceIntegrityGitPolicy": {
        "repos": "[]v1alpha1.SourceIntegrityGitPolicyRepo",
        "gpg": "*v1alpha1.SourceIntegrityGitPolicyGPG",
    },
    "v1alpha1.SourceIntegrityGitPolicyRepo": {"url": "string"},
    "v1alpha1.SourceIntegrityGitPolicyGPG": {"mode": "v1alpha1.SourceIntegrityGitPolicyGPGMode", "keys": "[]string"},
    "v1alpha1.AppProjectStatus": {"jwtTokensByRole": "map[string]v1alpha1.JWTTokens"},
    "v1alpha1.JWTTokens": {"items": "[]v1alpha1.JWTToken"},
}
_TEXTS = (
    "string",
    "types.UID",
    "v1.ManagedFieldsOperationType",
    "v1alpha1.SourceIntegrityGitPolicyGPGMode",
)
_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?"
    r"(?:Z|[+-](?:[01]\d|2[0-4]):[0-5]\d)\Z",
    re.ASCII,
)


class BadInputError(Exception):
    """What Go's json.Unmarshal says of a line; C(partial) is what it had read before."""

    def __init__(self, what: str, partial: dict[str, Any]) -> None:
        super().__init__(what)
        self.partial = partial


class _Number(str):
    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """All pairs in their order: a name can be there twice."""


class _AbortError(Exception):
    pass


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("go", _one_by_one)  # Go replaces every byte that is no UTF-8, Python every broken sequence


def _not_go(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object, parse_int=_Number, parse_float=_Number, parse_constant=_not_go, strict=True
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def query(line: bytes) -> dict[str, Any]:
    """The oracle's Query of one line. Raises BadInputError."""
    try:
        value = _DECODER.decode(line.decode("utf-8", "go"))
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"bad input: {error}", {}) from error
    reading = _Reading()
    result: dict[str, Any] = {}
    try:
        result = reading.value("Query", value, {}, "", "")
    except _AbortError:
        result = reading.top
    if reading.error:
        raise BadInputError(f"bad input: json: {reading.error}", result)
    return result


class _Reading:
    def __init__(self) -> None:
        self.error = ""
        self.top: dict[str, Any] = {}

    def value(self, kind: str, value: Any, old: Any, struct: str, path: str) -> Any:
        if kind in ("any", "v1.Time"):
            return value if kind == "any" else self._time(value)
        if value is None:
            return None if kind.startswith(("*", "[]", "map")) else old
        if kind.startswith("*"):
            return self.value(kind[1:], value, zero(kind[1:]) if old is None else old, struct, path)
        if isinstance(value, _Object) and kind in STRUCTS:
            return self._struct(kind, value, old, path)
        return self._several(kind, value, old, struct, path)

    def _several(self, kind: str, value: Any, old: Any, struct: str, path: str) -> Any:
        if isinstance(value, _Object) and kind.startswith("map"):
            return self._map(kind[len("map[string]") :], value, old, struct, path)
        if isinstance(value, list) and not isinstance(value, _Object) and kind.startswith("[]"):
            known = old or []
            return [
                self.value(kind[2:], item, known[number] if number < len(known) else zero(kind[2:]), struct, path)
                for number, item in enumerate(value)
            ]
        return self._scalar(kind, value, old, struct, path)

    def _struct(self, kind: str, value: _Object, old: Any, path: str) -> dict[str, Any]:
        result: dict[str, Any] = old if old is not None else {}
        if kind == "Query":
            self.top = result
        for key, item in value:
            name = _field(kind, _clean(key))
            if name:
                field = STRUCTS[kind][name]
                before = result.get(name, zero(field))
                result[name] = self.value(field, item, before, kind, f"{path}.{name}" if path else name)
        return result

    def _map(self, kind: str, value: _Object, old: Any, struct: str, path: str) -> dict[str, Any]:
        result: dict[str, Any] = old if old is not None else {}
        for key, item in value:
            result[_clean(key)] = self.value(kind, item, zero(kind), struct, path)
        return result

    def _scalar(self, kind: str, value: Any, old: Any, struct: str, path: str) -> Any:
        if isinstance(value, _Number):
            if kind == "int64" and re.fullmatch(r"-?\d{1,19}", value) and -(1 << 63) <= int(value) < 1 << 63:
                return int(value)
            found = f"number {value}" if kind == "int64" else "number"
        elif isinstance(value, bool):
            if kind == "bool":
                return value
            found = "bool"
        elif isinstance(value, str):
            if kind in _TEXTS:
                return _clean(value)
            found = "string"
        else:
            found = "object" if isinstance(value, _Object) else "array"
        where = f"Go struct field {struct.rpartition('.')[2]}.{path}" if struct else "Go value"
        self.error = self.error or f"cannot unmarshal {found} into {where} of type {_shown(kind)}"
        return old

    def _time(self, value: Any) -> Any:
        if value is None or (isinstance(value, str) and not isinstance(value, _Number) and _TIME.match(value)):
            return value
        self.error = self.error or "parsing time: cannot parse"
        raise _AbortError


def zero(kind: str) -> Any:
    """What Go has in a field that nothing was read into."""
    if kind in STRUCTS:
        return {}
    if kind in _TEXTS:
        return ""
    return {"bool": False, "int64": 0}.get(kind)


def _clean(text: str) -> str:
    """Half a pair of surrogates is no character for Go."""
    return _SURROGATE.sub("\ufffd", text)


def _shown(kind: str) -> str:
    return kind if "." in kind or kind not in STRUCTS else f"main.{kind}"


def _field(struct: str, key: str) -> str:
    fields = STRUCTS[struct]
    if key in fields:
        return key
    folded = _folded(key)
    return next((name for name in fields if _folded(name) == folded), "")


def _folded(name: str) -> str:
    """The Kelvin sign and the long s are the letters outside of ASCII that fold to one of it."""
    return "".join(
        character.upper() if character.isascii() else character
        for character in name.translate({0x212A: "k", 0x17F: "s"})
    )
