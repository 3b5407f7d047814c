# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A set of objects with one owner, reconciled as a whole: created, corrected, pruned; all of it or nothing."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    FIELD_MANAGER,
    Kubernetes,
    Object,
    Resource,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

MANAGED_BY = "app.kubernetes.io/managed-by"
SERVER_OWNED = frozenset(["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"])


@dataclasses.dataclass(frozen=True)
class Wanted:
    """An object as it should be; of C(definition), apiVersion and kind are those of C(resource)."""

    resource: Resource
    definition: Object

    @property
    def key(self) -> t.Tuple[str, str, str]:
        return _key(self.resource, self.definition)


@dataclasses.dataclass(frozen=True)
class Step:
    """What happens to one object. C(before) and C(after) are as the server stores them, None for absent."""

    resource: Resource
    before: t.Optional[Object]
    after: t.Optional[Object]
    definition: t.Optional[Object] = None

    @property
    def action(self) -> str:
        if not self.change.needed:
            return "unchanged"
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "updated"

    @property
    def metadata(self) -> Object:
        return t.cast(Object, (self.after or self.before or {})["metadata"])

    @property
    def name(self) -> str:
        return t.cast(str, self.metadata["name"])

    @property
    def namespace(self) -> str:
        return t.cast(str, self.metadata.get("namespace", ""))

    @property
    def change(self) -> Change:
        return Change(
            header=f"{self.resource.kind} {'/'.join(filter(None, [self.namespace, self.name]))}",
            before=_shown(self.before),
            after=_shown(self.after),
            hidden=(self.before or {}).get("data") != (self.after or {}).get("data"),
        )

    def summary(self) -> t.Dict[str, str]:
        return {
            "kind": self.resource.kind,
            "name": self.name,
            "namespace": self.namespace,
            "action": self.action,
        }


def plan(
    cluster: Kubernetes,
    kinds: t.Sequence[Resource],
    label_selector: str,
    wanted: t.Sequence[Wanted],
    known: t.Optional[t.Mapping[Resource, t.Sequence[Object]]] = None,
) -> t.Tuple[Step, ...]:
    """What it takes to have exactly C(wanted) among the objects of C(label_selector).

    C(kinds) are the kinds that the server has; objects of any other kind are taken to be absent. C(known) are all
    objects of some kinds, where they were read already. Everything that would be written or deleted is tried by the
    server first, and all complaints are raised together.
    """
    found = {
        kind: _labelled(known[kind], label_selector) if known and kind in known else cluster.list(kind, label_selector)
        for kind in kinds
    }
    live = {_key(kind, item): item for kind, items in found.items() for item in items}
    steps: t.List[Step] = []
    problems: t.List[Problem] = []
    for item in wanted:
        current = live.pop(item.key, None)
        after: Object = item.definition
        if current is not None and settled(current, item.definition):
            after = current
        elif item.resource in kinds:
            try:
                after = cluster.apply(item.resource, item.definition, force=current is not None, dry_run=True)
            except ClusterError as error:
                problems.extend(error.problems)
            else:
                problems.extend(_taken(item.resource, after) if current is None else ())
        steps.append(Step(item.resource, current, after, item.definition))
    order = {kind.kind: index for index, kind in enumerate(kinds)}
    leftovers = sorted(live.items(), key=lambda entry: (-order[entry[0][0]], entry[0]))
    by_kind = {kind.kind: kind for kind in kinds}
    steps.extend(Step(by_kind[key[0]], item, None) for key, item in leftovers)
    for step in steps:
        if step.action == "deleted":
            try:
                cluster.delete(step.resource, step.name, step.namespace, dry_run=True)
            except ClusterError as error:
                problems.extend(error.problems)
    if problems:
        raise ClusterError(*problems)
    return tuple(steps)


def apply(cluster: Kubernetes, steps: t.Sequence[Step]) -> None:
    """Write what C(plan) found to differ, in its order: what others refer to comes first and goes last.

    If a write fails, those before it are undone.
    """
    done: t.List[Step] = []
    for step in steps:
        if step.action == "unchanged":
            continue
        try:
            if step.definition is not None:
                cluster.apply(step.resource, step.definition, force=step.before is not None, dry_run=False)
            else:
                cluster.delete(step.resource, step.name, step.namespace)
        except ClusterError as error:
            raise ClusterError(*error.problems, *undo(cluster, done)) from error
        done.append(step)


def undo(cluster: Kubernetes, done: t.Sequence[Step]) -> t.Iterator[Problem]:
    """Put back what was there before C(done), the last one first, and tell what became of it."""
    restored: t.List[str] = []
    for step in reversed(done):
        where = step.change.header
        try:
            if step.before is None:
                cluster.delete(step.resource, step.name, step.namespace)
            else:
                definition = _former(step.resource, step.before, step.after)
                cluster.apply(step.resource, definition, force=True, dry_run=False)
        except ClusterError as error:
            yield Problem(
                where,
                f"it was {step.action}, and cannot be put back ({error.problems[0].what})",
                "Run this again as soon as the cause is removed",
            )
        else:
            restored.append(where)
    if restored:
        what = f"what was written before the failure is undone: {', '.join(restored)}"
        yield Problem("the cluster", what, "Run this again as soon as the cause is removed")


def _former(resource: Resource, before: Object, after: t.Optional[Object]) -> Object:
    """C(before) as it has to be applied: of an object that still exists only what was ours then or was taken now."""
    held = _union(_held(before), _held(after)) if after else {}
    metadata = {key: before["metadata"][key] for key in ("name", "namespace") if key in before["metadata"]}
    bare = {key: value for key, value in before.items() if key not in ("status", "metadata")}
    former = _cut({**bare, "metadata": _without_server(before["metadata"])}, held)
    head = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**former, **head, "metadata": {**former.get("metadata", {}), **metadata}}


def _held(item: t.Optional[Object]) -> t.Mapping[str, t.Any]:
    """What the server notes as ours."""
    owned = owned_fields(item, FIELD_MANAGER) if item else []
    return owned[0] if owned else {}


def _union(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def _cut(value: t.Any, fields: t.Mapping[str, t.Any]) -> t.Any:
    """The part of C(value) that C(fields) name, in the server's notation; all of it if they name nothing in it."""
    inner = {name: part for name, part in fields.items() if ":" in name}
    if not inner:
        return value
    if isinstance(value, t.Mapping):
        return {name[2:]: _cut(value[name[2:]], part) for name, part in inner.items() if name[2:] in value}
    if isinstance(value, list):
        keyed = [(json.loads(name[2:]), part) for name, part in inner.items()]
        return [
            _cut(entry, part)
            for entry in value
            for key, part in keyed
            if (_contains(entry, key) if isinstance(key, dict) else entry == key)
        ]
    return value


def _taken(resource: Resource, answer: Object) -> t.Iterator[Problem]:
    """A namesake that does not contradict us is merged with, without a conflict: two owners, one object."""
    entries = answer["metadata"].get("managedFields", [])
    owners = {entry["manager"] for entry in entries if not entry.get("subresource")} - {FIELD_MANAGER}
    if owners:
        where = f"{resource.kind} {answer['metadata']['name']}"
        what = f"it exists already and belongs to {', '.join(sorted(owners))}"
        yield Problem(where, what, "Delete it, or choose another name")


def settled(live: Object, definition: Object, manager: str = FIELD_MANAGER) -> bool:
    """Whether applying would do nothing: every value is there, and none of ours is there that is no longer wanted.

    It saves the request that would ask the server; where this says no, the server has the last word.
    """
    owned = owned_fields(live, manager)
    return len(owned) == 1 and _contains(live, definition) and _still_wanted(owned[0], definition)


def owned_fields(live: Object, manager: str) -> t.List[t.Mapping[str, t.Any]]:
    """What the server notes as applied by C(manager): one entry, or none."""
    return [
        entry.get("fieldsV1", {})
        for entry in live["metadata"].get("managedFields", [])
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]


def _contains(live: t.Any, wanted: t.Any) -> bool:
    if isinstance(wanted, t.Mapping):
        return isinstance(live, t.Mapping) and all(
            key in live and _contains(live[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_contains, live, wanted))
    return bool(live == wanted)


def _still_wanted(fields: t.Mapping[str, t.Any], wanted: t.Any) -> bool:
    """C(fields) is what the server notes as ours: f:<field>, k:<keys of a list's entry>, v:<value of a set>."""
    for name, inner in fields.items():
        form, found, key = name.partition(":")
        if not found:
            continue
        if form == "f":
            if not isinstance(wanted, t.Mapping) or key not in wanted or not _still_wanted(inner, wanted[key]):
                return False
        elif form == "k":
            entry = next((item for item in wanted if _contains(item, json.loads(key))), None)
            if entry is None or not _still_wanted(inner, entry):
                return False
        elif json.loads(key) not in wanted:
            return False
    return True


def _labelled(items: t.Sequence[Object], label_selector: str) -> t.List[Object]:
    """As the server selects by equality."""
    terms = dict(term.split("=", 1) for term in label_selector.split(",") if term)
    return [item for item in items if terms.items() <= (item["metadata"].get("labels") or {}).items()]


def _key(resource: Resource, item: Object) -> t.Tuple[str, str, str]:
    return resource.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _shown(item: t.Optional[Object]) -> t.Dict[str, t.Any]:
    """Without what the server adds on its own, and without what a Secret holds."""
    if item is None:
        return {}
    shown = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "status")}
    shown["metadata"] = _without_server(item["metadata"])
    if "data" in shown:
        shown["data"] = dict.fromkeys(shown["data"], "(hidden)")
    return shown


def _without_server(metadata: Object) -> t.Dict[str, t.Any]:
    return {key: value for key, value in metadata.items() if key not in SERVER_OWNED}
