# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection's verdicts in the form of Argo CD's oracle (tests/lab/programs/argocd/oracle): lines in, lines out.

`.venv/bin/python tests/differential/argocd_permissions.py < cases` from anywhere; needs nothing but Python.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[2]

try:
    importlib.import_module("ansible_collections.homeops.cluster")
except ImportError:  # without Ansible: the collection is the checkout itself
    for package, folders in (
        ("ansible_collections", []),
        ("ansible_collections.homeops", []),
        ("ansible_collections.homeops.cluster", [str(ROOT)]),
    ):
        module = types.ModuleType(package)
        module.__path__ = folders
        sys.modules[package] = module
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission  # noqa: E402
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import (  # noqa: E402
    Destination,
    Project,
    Verdict,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_validation import (  # noqa: E402
    refusals,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import (  # noqa: E402
    normalize_git_url,
    same_url,
)

from tests.differential.go_json import BadInputError, query  # noqa: E402

LONGEST = 16 << 20
# The order in which Go writes them.
FIELDS = (
    "id",
    "error",
    "source_permitted",
    "normalized_source",
    "normalized_source_repos",
    "dest_permitted",
    "kind_permitted",
    "resource_permitted",
    "app_namespace_permitted",
    "same_url",
    "project_invalid",
)


class _PanicError(Exception):
    pass


def answer(line: bytes) -> dict[str, Any]:
    """The result of one line: only what was asked, and C(error) where Go would have one."""
    result: dict[str, Any] = {}
    try:
        asked = query(line)
    except BadInputError as error:
        result = {"id": error.partial.get("id") or "", "error": str(error)}
    else:
        result["id"] = asked.get("id") or ""
        try:
            _answer(asked, result)
        except _PanicError as error:
            result["error"] = f"panic: runtime error: {error}"
    return {field: result[field] for field in FIELDS if result.get(field) not in ("", None, [])}


def _answer(asked: dict[str, Any], result: dict[str, Any]) -> None:
    object_ = asked.get("project") or {}
    project = Project.of(object_)
    result["project_invalid"] = next((refused for refused in map(_refused, refusals(object_))), "")
    repository = asked.get("source_repo")
    if repository is not None:
        result["source_permitted"] = _verdict(permission.source(project, repository))
        result["normalized_source"] = _Text(normalize_git_url(repository))
        result["normalized_source_repos"] = [permission.normalized_entry(entry) for entry in project.source_repos]
    wanted = asked.get("dest")
    clusters = [_destination(cluster) for cluster in asked.get("project_clusters") or ()]
    if wanted is not None:
        result["dest_permitted"] = _verdict(permission.destination(project, _destination(wanted), clusters))
    kind = asked.get("kind")
    if kind is not None:
        group, name, resource = kind.get("group", ""), kind.get("kind", ""), kind.get("name", "")
        namespaced = kind.get("namespaced", False)
        result["kind_permitted"] = permission.kind(project, group, name, resource, namespaced).permitted
        if wanted is not None:
            target = _destination(wanted if namespaced else {**wanted, "namespace": ""})
            verdict = permission.resource(project, group, name, resource, target, clusters)
            result["resource_permitted"] = _verdict(verdict)
    namespace = asked.get("app_namespace")
    if namespace is not None:
        result["app_namespace_permitted"] = _verdict(permission.app_namespace(project, namespace))
    urls = asked.get("same_url") or ()
    if len(urls) == 2:
        result["same_url"] = same_url(*urls)


class _Text(str):
    """An answer that is also given where it is empty."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = str.__hash__


def _verdict(verdict: Verdict) -> bool:
    if verdict.failure:
        raise _PanicError(verdict.failure)
    return verdict.permitted


def _destination(cluster: dict[str, Any]) -> Destination:
    return Destination(*(cluster.get(key) or "" for key in ("server", "name", "namespace")))


def _refused(refusal: Any) -> str:
    code, problem = refusal
    return f"rpc error: code = {code} desc = {problem.what}" if code else str(problem.what)


def lines(stream: BinaryIO) -> Any:
    for raw in stream:
        line = raw[:-1] if raw.endswith(b"\n") else raw
        line = line[:-1] if line.endswith(b"\r") else line
        if len(line) >= LONGEST:
            sys.exit("bufio.Scanner: token too long")
        if line:
            yield line


def written(result: dict[str, Any]) -> str:
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def main() -> None:
    output = sys.stdout.buffer
    for line in lines(sys.stdin.buffer):
        output.write(written(answer(line)).encode("utf-8", "replace") + b"\n")
    output.flush()


if __name__ == "__main__":
    main()
