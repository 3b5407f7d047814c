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
    def change(self) -> Change:
        name = "/".join(filter(None, [self.metadata.get("namespace", ""), self.metadata["name"]]))
        return Change(
            header=f"{self.resource.kind} {name}",
            before=_shown(self.before),
            after=_shown(self.after),
            hidden=(self.before or {}).get("data") != (self.after or {}).get("data"),
        )

    def summary(self) -> t.Dict[str, str]:
        return {
            "kind": self.resource.kind,
            "name": self.metadata["name"],
            "namespace": self.metadata.get("namespace", ""),
            "action": self.action,
        }


def plan(
    cluster: Kubernetes, kinds: t.Sequence[Resource], label_selector: str, wanted: t.Sequence[Wanted]
) -> t.Tuple[Step, ...]:
    """What it takes to have exactly C(wanted) among the objects of C(label_selector).

    C(kinds) are the kinds that the server has; objects of any other kind are taken to be absent. Everything
    that would be written is tried by the server first, and all complaints are raised together.
    """
    live = {_key(kind, item): item for kind in kinds for item in cluster.list(kind, label_selector)}
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
    if problems:
        raise ClusterError(*problems)
    order = {kind.kind: index for index, kind in enumerate(kinds)}
    leftovers = sorted(live.items(), key=lambda entry: (-order[entry[0][0]], entry[0]))
    by_kind = {kind.kind: kind for kind in kinds}
    return (*steps, *(Step(by_kind[key[0]], item, None) for key, item in leftovers))


def apply(cluster: Kubernetes, steps: t.Sequence[Step]) -> None:
    """Write what C(plan) found to differ, in its order: what others refer to comes first and goes last."""
    for step in steps:
        if step.action == "unchanged":
            continue
        if step.definition is not None:
            cluster.apply(step.resource, step.definition, force=step.before is not None, dry_run=False)
        else:
            cluster.delete(step.resource, step.metadata["name"], step.metadata.get("namespace", ""))


def _taken(resource: Resource, answer: Object) -> t.Iterator[Problem]:
    """A namesake that does not contradict us is merged with, without a conflict: two owners, one object."""
    entries = answer["metadata"].get("managedFields", [])
    owners = {entry["manager"] for entry in entries if not entry.get("subresource")} - {FIELD_MANAGER}
    if owners:
        where = f"{resource.kind} {answer['metadata']['name']}"
        what = f"it exists already and belongs to {', '.join(sorted(owners))}"
        yield Problem(where, what, "Delete it, or choose another name")


def settled(live: Object, definition: Object) -> bool:
    """Whether applying would do nothing: every value is there, and none of ours is there that is no longer wanted.

    It saves the request that would ask the server; where this says no, the server has the last word.
    """
    owned = [
        entry.get("fieldsV1", {})
        for entry in live["metadata"].get("managedFields", [])
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    return len(owned) == 1 and _contains(live, definition) and _still_wanted(owned[0], definition)


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


def _key(resource: Resource, item: Object) -> t.Tuple[str, str, str]:
    return resource.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _shown(item: t.Optional[Object]) -> t.Dict[str, t.Any]:
    """Without what the server adds on its own, and without what a Secret holds."""
    if item is None:
        return {}
    shown = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "status")}
    shown["metadata"] = {key: value for key, value in item["metadata"].items() if key not in SERVER_OWNED}
    if "data" in shown:
        shown["data"] = dict.fromkeys(shown["data"], "(hidden)")
    return shown
