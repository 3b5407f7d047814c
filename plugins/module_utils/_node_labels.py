# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Labels of nodes that one owner sets: on many nodes at once, and taken away again where they are no longer wanted.

The API server keeps who set which label, under the owner's name as the field manager, so that nothing else records it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import FIELD_MANAGER, Kubernetes, Object
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import owned_fields, settled
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Labels = t.Mapping[str, str]
OWNER = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclasses.dataclass(frozen=True)
class Step:
    """What becomes of the owner's labels of one node. C(node) is None for one that is not in the cluster."""

    name: str
    node: t.Optional[Object]
    before: Labels
    after: Labels
    definition: Object

    @property
    def change(self) -> Change:
        return Change(header=f"Node {self.name}", before={"labels": self.before}, after={"labels": self.after})

    @property
    def action(self) -> str:
        if self.node is None:
            return "missing"
        return "updated" if self.change.needed else "unchanged"

    def summary(self) -> t.Dict[str, t.Any]:
        return {"name": self.name, "labels": dict(self.after), "action": self.action}


def texts(labels: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """The values as Kubernetes wants them; YAML makes a boolean of true and a number of 1."""
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in labels.items()}


def manager(owner: str) -> str:
    """The field manager of an owner."""
    if not OWNER.fullmatch(owner):
        remedy = "Write at most 63 lower-case letters, digits and hyphens, with no hyphen at either end"
        raise ClusterError(Problem("owner", f"{owner!r} is no name", remedy))
    return f"{FIELD_MANAGER}.{owner}"


def plan(cluster: Kubernetes, owner: str, wanted: t.Mapping[str, Labels]) -> t.Tuple[Step, ...]:
    """What it takes until the nodes carry the labels of C(wanted), by name, and no other labels of this owner.

    The server tries each change first, and all complaints are raised together.
    """
    setter = manager(owner)
    nodes = {node["metadata"]["name"]: node for node in cluster.list(NODE)}
    steps: t.List[Step] = []
    problems: t.List[Problem] = []
    for name in sorted({*nodes, *wanted}):
        labels, node = wanted.get(name, {}), nodes.get(name)
        if node is None:
            steps.append(Step(name, None, {}, labels, {}))
            continue
        live = node["metadata"].get("labels") or {}
        mine = _set_by(node, setter)
        if not labels and not mine:
            continue
        definition = _definition(node, labels)
        before = {key: live[key] for key in sorted({*mine, *labels}) if key in live}
        after: Labels = before
        if not settled(node, definition, setter):
            try:
                answer = cluster.apply(NODE, definition, force=True, dry_run=True, manager=setter)
            except ClusterError as error:
                problems.extend(error.problems)
                continue
            found = answer["metadata"].get("labels") or {}
            after = {key: found[key] for key in sorted({*mine, *labels}) if key in found}
            problems.extend(_shared(name, key) for key in sorted(set(after) - set(labels)))
        steps.append(Step(name, node, before, after, definition))
    if problems:
        raise ClusterError(*problems)
    return tuple(steps)


def absent(steps: t.Sequence[Step]) -> t.Iterator[Problem]:
    """The nodes that should carry labels and cannot."""
    for step in steps:
        if step.node is None:
            remedy = "Let it join, or take it out of the description; kubectl get nodes shows those that have joined"
            yield Problem(f"node {step.name}", "it is not in the cluster and cannot be labelled", remedy)


def apply(cluster: Kubernetes, owner: str, steps: t.Sequence[Step]) -> None:
    for step in steps:
        if step.action == "updated":
            cluster.apply(NODE, step.definition, force=True, dry_run=False, manager=manager(owner))


def _definition(node: Object, labels: Labels) -> Object:
    # With the uid, a node that is gone in the meantime is not made anew.
    metadata = {"name": node["metadata"]["name"], "uid": node["metadata"]["uid"], "labels": dict(labels)}
    return {"apiVersion": NODE.api_version, "kind": NODE.kind, "metadata": metadata}


def _set_by(node: Object, setter: str) -> t.Set[str]:
    fields = [entry.get("f:metadata", {}).get("f:labels", {}) for entry in owned_fields(node, setter)]
    return {key[2:] for entry in fields for key in entry if key.startswith("f:")}


def _shared(name: str, key: str) -> Problem:
    what = f"the label {key} is no longer wanted, but somebody else has set it too"
    return Problem(f"node {name}", what, f"Run kubectl label node {name} {key}- if it should go")
