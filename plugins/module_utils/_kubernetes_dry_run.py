# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Objects tried by the API server as it would take them, without any of them coming to be."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

# Of a namespace that is yet to be made, the server refuses all objects. They are tried where there is one.
ELSEWHERE = "default"
# A field manager that nobody else is, so that whoever owns the object now does not matter.
MANAGER = "homeops.cluster.dry-run"

Tried = t.Dict[str, t.Any]


def attempt(cluster: Kubernetes, objects: t.Sequence[Object], namespace: str = ELSEWHERE) -> t.List[Tried]:
    """What was tried, with why not where it was not. Raises ClusterError with everything the server complains about."""
    kinds: t.Dict[str, t.Mapping[str, t.Tuple[Resource, bool]]] = {}
    spaces = {item["metadata"]["name"] for item in cluster.list(Resource("v1", "Namespace", "namespaces"))}
    tried: t.List[Tried] = []
    problems: t.List[Problem] = []
    for item in objects:
        version, kind, metadata = item["apiVersion"], item["kind"], item["metadata"]
        known = kinds.setdefault(version, {}) or cluster.kinds(version)
        kinds[version] = known
        told: Tried = {"kind": kind, "name": metadata["name"], "namespace": "", "skipped": ""}
        tried.append(told)
        if kind not in known:
            told["skipped"] = f"the server has no {kind} of {version} yet"
            continue
        resource, namespaced = known[kind]
        definition = dict(item)
        if namespaced:
            wanted = metadata.get("namespace") or namespace
            told["namespace"] = wanted if wanted in spaces else ELSEWHERE
            definition["metadata"] = {**metadata, "namespace": told["namespace"]}
        try:
            cluster.apply(resource, definition, force=True, dry_run=True, manager=MANAGER)
        except ClusterError as error:
            where = f"{kind} {metadata['name']}"
            problems += [Problem(where, problem.what, problem.remedy) for problem in error.problems]
    if problems:
        raise ClusterError(*problems)
    return tried
