# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes API server in memory: server-side apply as the real one does it, and nothing unasked."""

from __future__ import annotations

import copy
import json

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import FIELD_MANAGER, ConflictError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

LIST_KEYS = {"bgpInstances": "name", "peers": "name"}


class FakeKubernetes:
    """Keeps objects by (kind, namespace, name), and every request in C(requests)."""

    def __init__(self, served=None, objects=(), refuse=()):
        self._served = served or {}
        self.objects = {}
        self.refuse = dict(refuse)
        self.requests = []
        for item in objects:
            self._store(item)

    @property
    def writes(self):
        return [request for request in self.requests if request[0] in ("apply", "merge", "delete")]

    def add(self, item):
        """What somebody else makes meanwhile."""
        self._store(item)

    def served(self, api_version):
        self.requests.append(("served", api_version))
        return frozenset(self._served.get(api_version, ()))

    def list(self, resource, label_selector="", *, namespace="", field_selector=""):
        """As the real one, but without regard to C(field_selector)."""
        self.requests.append(("list", resource.kind))
        wanted = dict(term.split("=", 1) for term in label_selector.split(",") if term)
        return [
            copy.deepcopy(item)
            for (kind, found_in, _name), item in sorted(self.objects.items())
            if kind == resource.kind
            and namespace in ("", found_in)
            and wanted.items() <= item["metadata"].get("labels", {}).items()
        ]

    def apply(self, resource, definition, *, force, dry_run, manager=FIELD_MANAGER):
        name = definition["metadata"]["name"]
        self.requests.append(("dry-run" if dry_run else "apply", resource.kind, name))
        if name in self.refuse:
            raise ClusterError(Problem(name, self.refuse[name], "Correct it"))
        current = self.objects.get(self._key(definition))
        if current is not None and not force and not entries(current):
            raise ClusterError(Problem(name, "conflict", "Choose another name"))
        result = merged(definition, current or {}, managed(current, manager), definition["kind"])
        result["metadata"].setdefault("uid", f"uid-{name}")
        result["metadata"]["managedFields"] = [
            {"manager": manager, "operation": "Apply", "fieldsV1": fields_of(definition, top=True)},
            *(entry for entry in entries(current) if entry["manager"] != manager),
        ]
        if not dry_run:
            self._store(result)
        return copy.deepcopy(result)

    def merge(self, resource, name, namespace, patch, *, dry_run, manager=FIELD_MANAGER):
        """RFC 7386. An object without a resourceVersion takes every patch."""
        self.requests.append(("dry-run of merge" if dry_run else "merge", resource.kind, name))
        if name in self.refuse:
            raise ClusterError(Problem(name, self.refuse[name], "Correct it"))
        current = self.objects[resource.kind, namespace, name]
        version = current["metadata"].get("resourceVersion")
        if patch.get("metadata", {}).get("resourceVersion", version) != version:
            raise ConflictError(Problem(name, "409", "Read it again"))
        result = json_merged(current, patch)
        if version and not dry_run:
            result["metadata"]["resourceVersion"] = str(int(version) + 1)
        if not dry_run:
            self._store(result)
        return copy.deepcopy(result)

    def delete(self, resource, name, namespace, *, dry_run=False):
        self.requests.append(("dry-run of delete" if dry_run else "delete", resource.kind, name))
        if name in self.refuse:
            raise ClusterError(Problem(name, self.refuse[name], "Correct it"))
        if not dry_run:
            del self.objects[resource.kind, namespace, name]

    def _store(self, item):
        self.objects[self._key(item)] = copy.deepcopy(dict(item))

    def _key(self, item):
        return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def entries(current):
    return (current or {}).get("metadata", {}).get("managedFields", [])


def managed(current, manager):
    return next((entry["fieldsV1"] for entry in entries(current) if entry["manager"] == manager), {})


def merged(wanted, current, owned, field):
    """C(wanted) over what others own in C(current); what was ours and is no longer wanted goes."""
    if isinstance(wanted, dict):
        kept = {key: value for key, value in current.items() if key in wanted or f"f:{key}" not in owned}
        return {
            **kept,
            **{key: merged(value, kept.get(key, {}), owned.get(f"f:{key}", {}), key) for key, value in wanted.items()},
        }
    return copy.deepcopy(wanted)


def json_merged(current, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    base = current if isinstance(current, dict) else {}
    changed = {key: json_merged(base.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in {**base, **changed}.items() if value is not None}


def fields_of(wanted, field="", top=False):
    if isinstance(wanted, dict):
        skipped = ("apiVersion", "kind") if top else ("name", "namespace") if field == "metadata" else ()
        return {f"f:{key}": fields_of(value, key) for key, value in wanted.items() if key not in skipped}
    if isinstance(wanted, list) and field in LIST_KEYS:
        key = LIST_KEYS[field]
        return {"k:" + json.dumps({key: entry[key]}): {".": {}, **fields_of(entry)} for entry in wanted}
    return {}


class Clock:
    """Time that passes only by sleeping, and an event after each sleep."""

    def __init__(self, *events):
        self.time = 0
        self.events = list(events)

    def sleep(self, seconds):
        self.time += seconds
        if self.events:
            self.events.pop(0)()

    @property
    def arguments(self):
        return {"sleep": self.sleep, "now": lambda: self.time}
