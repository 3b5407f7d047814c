# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import FIELD_MANAGER
from ansible_collections.homeops.cluster.plugins.module_utils._node_labels import absent, apply, plan
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import FakeKubernetes

LABEL = {"homeops.cluster/bgp-node": "enabled"}


def node(name, **labels):
    return {"kind": "Node", "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels}}


def labelled(wanted, *names, owner="bgp"):
    cluster = FakeKubernetes(objects=[node(name, zone=name) for name in names])
    apply(cluster, owner, plan(cluster, owner, wanted))
    cluster.requests.clear()
    return cluster


def labels(cluster, name):
    return cluster.objects["Node", "", name]["metadata"]["labels"]


def actions(steps):
    return {step.name: step.action for step in steps}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"a": LABEL, "b": LABEL}, {"a": "updated", "b": "updated"}),
        ({"a": LABEL}, {"a": LABEL, "b": LABEL}, {"a": "unchanged", "b": "updated"}),
        ({"a": LABEL, "b": LABEL}, {"b": LABEL}, {"a": "updated", "b": "unchanged"}),
        ({"a": LABEL, "b": LABEL}, {}, {"a": "updated", "b": "updated"}),
        ({"a": {"x": "1", "y": "1"}}, {"a": {"y": "2"}}, {"a": "updated"}),
        ({"a": LABEL}, {"a": {}}, {"a": "updated"}),
        ({}, {"a": {}}, {}),
        ({}, {"ghost": LABEL}, {"ghost": "missing"}),
    ],
)
def test_labels_are_reconciled(before, after, expected):
    cluster = labelled(before, "a", "b")
    steps = plan(cluster, "bgp", after)
    assert actions(steps) == expected
    assert cluster.writes == []

    apply(cluster, "bgp", steps)
    for name in ("a", "b"):
        assert labels(cluster, name) == {"zone": name, **after.get(name, {})}
    assert set(actions(plan(cluster, "bgp", after)).values()) <= {"unchanged", "missing"}


def test_unchanged_nodes_cost_one_request():
    wanted = dict.fromkeys("abcdef", LABEL)
    cluster = labelled(wanted, *wanted)
    plan(cluster, "bgp", wanted)
    assert cluster.requests == [("list", "Node")]


def test_owners_do_not_touch_what_is_not_theirs():
    cluster = labelled({"a": LABEL}, "a")
    apply(cluster, "roles", plan(cluster, "roles", {"a": {"role": "edge"}}))
    assert labels(cluster, "a") == {"zone": "a", "role": "edge", **LABEL}
    apply(cluster, "bgp", plan(cluster, "bgp", {}))
    assert labels(cluster, "a") == {"zone": "a", "role": "edge"}


def test_what_others_applied_with_the_name_of_the_collection_is_not_ours():
    cluster = FakeKubernetes(objects=[node("a")])
    cluster.apply(NODE, {"kind": "Node", "metadata": {"name": "a", "labels": {"x": "1"}}}, force=True, dry_run=False)
    assert cluster.objects["Node", "", "a"]["metadata"]["managedFields"][0]["manager"] == FIELD_MANAGER
    assert plan(cluster, "bgp", {}) == ()


def test_nodes_that_cannot_be_labelled_are_named():
    steps = plan(FakeKubernetes(objects=[node("a")]), "bgp", {"a": LABEL, "b": LABEL, "c": LABEL})
    assert [problem.where for problem in absent(steps)] == ["node b", "node c"]


def test_a_node_that_is_gone_is_not_made():
    """The API server creates what is applied, unless the uid says which object is meant."""
    (step,) = plan(FakeKubernetes(objects=[node("a")]), "bgp", {"a": LABEL})
    assert step.definition["metadata"]["uid"] == "uid-a"


def test_a_diff_shows_the_labels_of_the_owner_only():
    cluster = labelled({"a": {"x": "1", "y": "1"}}, "a")
    (step,) = plan(cluster, "bgp", {"a": {"y": "2", "z": "3"}})
    diff = step.change.diff()
    assert diff["before_header"] == "Node a"
    assert diff["before"] == {"labels": {"x": "1", "y": "1"}}
    assert diff["after"] == {"labels": {"y": "2", "z": "3"}}
    assert step.summary() == {"name": "a", "labels": {"y": "2", "z": "3"}, "action": "updated"}


class Stubborn(FakeKubernetes):
    """As the real one where a label has a second owner: it stays."""

    def apply(self, resource, definition, **arguments):
        answer = super().apply(resource, definition, **arguments)
        answer["metadata"]["labels"] = {**LABEL, **answer["metadata"]["labels"]}
        return answer


def test_a_label_that_somebody_else_holds_too_is_told():
    cluster = Stubborn(objects=labelled({"a": LABEL}, "a").objects.values())
    with pytest.raises(ClusterError, match=r"kubectl label node a homeops.cluster/bgp-node-"):
        plan(cluster, "bgp", {})


def test_if_the_server_refuses_one_node_all_refusals_are_told():
    cluster = FakeKubernetes(objects=[node(name) for name in "abc"], refuse={"a": "bad", "c": "worse"})
    with pytest.raises(ClusterError) as caught:
        plan(cluster, "bgp", dict.fromkeys("abc", LABEL))
    assert [problem.what for problem in caught.value.problems] == ["bad", "worse"]
    assert cluster.writes == []


@pytest.mark.parametrize("owner", ["", "BGP", "a.b", "-"])
def test_an_owner_has_a_plain_name(owner):
    with pytest.raises(ClusterError, match="owner: "):
        plan(FakeKubernetes(), owner, {})
