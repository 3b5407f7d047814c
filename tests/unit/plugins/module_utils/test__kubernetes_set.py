# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Resource
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import Wanted, apply, plan, settled
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import FakeKubernetes

SECRET = Resource("v1", "Secret", "secrets")
CONFIG = Resource("example.com/v1", "Config", "configs")
KINDS = (SECRET, CONFIG)
LABELS = {"owner": "me"}


def config(name, **spec):
    metadata = {"name": name, "labels": LABELS}
    return Wanted(CONFIG, {"apiVersion": "example.com/v1", "kind": "Config", "metadata": metadata, "spec": spec})


def secret(name, password):
    metadata = {"name": name, "namespace": "ns", "labels": LABELS}
    data = {"password": password}
    return Wanted(SECRET, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def cluster_with(*wanted):
    cluster = FakeKubernetes()
    apply(cluster, plan(cluster, KINDS, "owner=me", wanted))
    cluster.requests.clear()
    return cluster


def actions(steps):
    return [(step.summary()["name"], step.action) for step in steps]


LIST = {"bgpInstances": [{"name": "one", "peers": [{"name": "a", "asn": 1}]}]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [config("a", x=1)], [("a", "created")]),
        ([config("a", x=1)], [config("a", x=1)], [("a", "unchanged")]),
        ([config("a", x=1)], [config("a", x=2)], [("a", "updated")]),
        ([config("a", x=1, y=2)], [config("a", x=1)], [("a", "updated")]),
        ([config("a", x=1)], [config("a", x=1, y={"z": []})], [("a", "updated")]),
        ([config("a", x=[1, 2])], [config("a", x=[1])], [("a", "updated")]),
        ([config("a", **LIST)], [config("a", **LIST)], [("a", "unchanged")]),
        (
            [config("a", **LIST)],
            [config("a", bgpInstances=[{"name": "one", "peers": [{"name": "b", "asn": 1}]}])],
            [("a", "updated")],
        ),
        ([config("a")], [], [("a", "deleted")]),
        ([], [], []),
        (
            [config("a"), config("b")],
            [config("b"), config("c")],
            [("b", "unchanged"), ("c", "created"), ("a", "deleted")],
        ),
        ([secret("s", "one")], [secret("s", "two")], [("s", "updated")]),
        ([secret("s", "one")], [secret("s", "one")], [("s", "unchanged")]),
    ],
)
def test_a_set_is_reconciled(before, after, expected):
    cluster = cluster_with(*before)
    steps = plan(cluster, KINDS, "owner=me", after)
    assert actions(steps) == expected
    assert cluster.writes == []

    apply(cluster, steps)
    assert len(cluster.writes) == len([action for _name, action in expected if action != "unchanged"])
    assert {action for _name, action in actions(plan(cluster, KINDS, "owner=me", after))} <= {"unchanged"}


def test_an_unchanged_set_costs_one_request_per_kind():
    wanted = (secret("s", "one"), *(config(f"c{number}", x=number) for number in range(20)))
    cluster = cluster_with(*wanted)
    plan(cluster, KINDS, "owner=me", wanted)
    assert cluster.requests == [("list", "Secret"), ("list", "Config")]


def test_what_someone_else_changed_is_put_back():
    cluster = cluster_with(config("a", x=1))
    cluster.objects["Config", "", "a"]["spec"] = {"x": 2, "theirs": True}
    steps = plan(cluster, KINDS, "owner=me", [config("a", x=1)])
    assert actions(steps) == [("a", "updated")]
    apply(cluster, steps)
    assert cluster.objects["Config", "", "a"]["spec"] == {"x": 1, "theirs": True}


def test_what_someone_else_added_stays_and_is_no_change():
    cluster = cluster_with(config("a", x=1))
    cluster.objects["Config", "", "a"]["spec"]["theirs"] = True
    cluster.objects["Config", "", "a"]["status"] = {"ready": True}
    assert actions(plan(cluster, KINDS, "owner=me", [config("a", x=1)])) == [("a", "unchanged")]


def test_a_namesake_of_someone_else_is_not_taken_over():
    cluster = FakeKubernetes(objects=[{"kind": "Config", "metadata": {"name": "a"}, "spec": {"x": 2}}])
    with pytest.raises(ClusterError, match="a: conflict"):
        plan(cluster, KINDS, "owner=me", [config("a", x=1)])


def test_a_namesake_is_not_taken_over_even_if_it_takes_what_we_add():
    """The server merges lists with keys without a conflict: our instance of BGP would join someone else's."""
    theirs = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:y": {}}}}
    metadata = {"name": "a", "managedFields": [theirs, {"manager": "operator", "subresource": "status"}]}
    cluster = FakeKubernetes(objects=[{"kind": "Config", "metadata": metadata, "spec": {"y": 2}}])
    with pytest.raises(ClusterError, match="Config a: it exists already and belongs to kubectl"):
        plan(cluster, KINDS, "owner=me", [config("a", x=1)])
    assert cluster.writes == []


def test_the_status_that_a_controller_writes_makes_nobody_the_owner():
    metadata = {"name": "a", "managedFields": [{"manager": "operator", "subresource": "status"}]}
    cluster = FakeKubernetes(objects=[{"kind": "Config", "metadata": metadata, "spec": {}}])
    assert actions(plan(cluster, KINDS, "owner=me", [config("a", x=1)])) == [("a", "created")]


def test_if_the_server_refuses_one_object_nothing_is_written_and_all_refusals_are_told():
    cluster = FakeKubernetes(refuse={"b": "bad", "c": "worse"})
    with pytest.raises(ClusterError) as caught:
        plan(cluster, KINDS, "owner=me", [config("a"), config("b"), config("c")])
    assert [problem.what for problem in caught.value.problems] == ["bad", "worse"]
    assert cluster.writes == []
    assert cluster.objects == {}


def test_what_others_refer_to_is_written_first_and_deleted_last():
    cluster = cluster_with(secret("s", "one"), config("a"))
    apply(cluster, plan(cluster, KINDS, "owner=me", []))
    assert cluster.writes == [("delete", "Config", "a"), ("delete", "Secret", "s")]


def test_kinds_that_the_server_does_not_have_are_taken_as_absent():
    cluster = FakeKubernetes()
    assert actions(plan(cluster, (SECRET,), "owner=me", [config("a", x=1)])) == [("a", "created")]
    assert cluster.requests == [("list", "Secret")]


def test_a_diff_shows_neither_secrets_nor_what_the_server_adds():
    cluster = cluster_with(secret("s", "b25l"))
    (step,) = plan(cluster, KINDS, "owner=me", [secret("s", "dHdv")])
    assert step.change.diff() == {
        "before_header": "Secret ns/s",
        "after_header": "Secret ns/s",
        "before": {"metadata": {"name": "s", "namespace": "ns", "labels": LABELS}, "data": {"password": "(hidden)"}},
        "after": {"metadata": {"name": "s", "namespace": "ns", "labels": LABELS}, "data": {"password": "(hidden)"}},
    }


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], False),
        ([{"manager": "kubectl", "operation": "Apply", "fieldsV1": {}}], False),
        ([{"manager": "homeops.cluster", "operation": "Update", "fieldsV1": {}}], False),
        ([{"manager": "homeops.cluster", "operation": "Apply", "subresource": "status", "fieldsV1": {}}], False),
        ([{"manager": "homeops.cluster", "operation": "Apply", "fieldsV1": {".": {}, "f:spec": {"f:x": {}}}}], True),
        ([{"manager": "homeops.cluster", "operation": "Apply", "fieldsV1": {"f:spec": {"f:y": {}}}}], False),
        ([{"manager": "homeops.cluster", "operation": "Apply", "fieldsV1": {"f:spec": {"f:l": {"v:1": {}}}}}], True),
        ([{"manager": "homeops.cluster", "operation": "Apply", "fieldsV1": {"f:spec": {"f:l": {"v:2": {}}}}}], False),
    ],
)
def test_an_object_is_settled_only_if_we_own_what_we_want_and_no_more(entries, expected):
    live = {"metadata": {"name": "a", "managedFields": entries}, "spec": {"x": 1, "y": 2, "l": [1]}}
    assert settled(live, {"metadata": {"name": "a"}, "spec": {"x": 1, "l": [1]}}) is expected
