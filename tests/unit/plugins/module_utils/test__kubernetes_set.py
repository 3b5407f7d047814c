# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Resource
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import (
    Step,
    Wanted,
    apply,
    plan,
    settled,
    undo,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
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


def test_what_would_be_deleted_is_tried_too():
    cluster = cluster_with(config("a"))
    plan(cluster, KINDS, "owner=me", [])
    assert cluster.requests[-1] == ("dry-run of delete", "Config", "a")
    cluster.refuse["a"] = "protected"
    with pytest.raises(ClusterError, match="protected"):
        plan(cluster, KINDS, "owner=me", [])


class Failing(FakeKubernetes):
    """Fails at the write of one object, and where that kills it at each one after it."""

    at = ""
    fatal = dead = False

    def apply(self, resource, definition, *, dry_run, **arguments):
        self._fail(definition["metadata"]["name"], dry_run)
        return super().apply(resource, definition, dry_run=dry_run, **arguments)

    def delete(self, resource, name, namespace, *, dry_run=False):
        self._fail(name, dry_run)
        super().delete(resource, name, namespace, dry_run=dry_run)

    def _fail(self, name, dry_run):
        if not dry_run and (name == self.at or self.dead):
            self.dead = self.fatal
            raise ClusterError(Problem(name, "the server went away", "Start it"))


BEFORE = (secret("s", "one"), config("a", x=1, y=1, **LIST), config("old", z=1))
AFTER = (secret("s", "two"), config("a", x=2, w=1), config("new"))


@pytest.mark.parametrize("at", ["s", "a", "new", "old"])
def test_if_a_write_fails_those_before_it_are_undone(at):
    cluster = Failing()
    apply(cluster, plan(cluster, KINDS, "owner=me", BEFORE))
    cluster.objects["Config", "", "a"]["spec"]["theirs"] = True
    before = copy.deepcopy(cluster.objects)
    cluster.at = at
    with pytest.raises(ClusterError) as caught:
        apply(cluster, plan(cluster, KINDS, "owner=me", AFTER))
    assert cluster.objects == before
    first, *rest = (problem.what for problem in caught.value.problems)
    assert first == "the server went away"
    undone = {
        "s": [],
        "a": ["Secret ns/s"],
        "new": ["Config a, Secret ns/s"],
        "old": ["Config new, Config a, Secret ns/s"],
    }
    assert rest == [f"what was written before the failure is undone: {names}" for names in undone[at]]

    cluster.at = ""
    assert {step.action for step in plan(cluster, KINDS, "owner=me", BEFORE)} == {"unchanged"}


def test_what_was_deleted_is_made_again():
    cluster = Failing()
    apply(cluster, plan(cluster, KINDS, "owner=me", BEFORE))
    before = copy.deepcopy(cluster.objects)
    cluster.at = "s"
    with pytest.raises(ClusterError, match="undone: Config old, Config a"):
        apply(cluster, plan(cluster, KINDS, "owner=me", []))
    assert cluster.objects == before


def test_what_was_taken_from_somebody_is_given_back():
    cluster = Failing()
    apply(cluster, plan(cluster, KINDS, "owner=me", [config("a")]))
    theirs = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:x": {}}}}
    cluster.objects["Config", "", "a"]["spec"] = {"x": 7}
    cluster.objects["Config", "", "a"]["metadata"]["managedFields"].append(theirs)
    cluster.at = "b"
    with pytest.raises(ClusterError, match="the server went away"):
        apply(cluster, plan(cluster, KINDS, "owner=me", [config("a", x=1), config("b")]))
    assert cluster.objects["Config", "", "a"]["spec"] == {"x": 7}


def test_what_cannot_be_undone_is_told():
    cluster = Failing()
    apply(cluster, plan(cluster, KINDS, "owner=me", BEFORE))
    cluster.at, cluster.fatal = "new", True
    with pytest.raises(ClusterError) as caught:
        apply(cluster, plan(cluster, KINDS, "owner=me", AFTER))
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("new", "the server went away"),
        ("Config a", "it was updated, and cannot be put back (the server went away)"),
        ("Secret ns/s", "it was updated, and cannot be put back (the server went away)"),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"l": [{"name": "a", "x": 1}, {"name": "b"}], "s": [1, 2], "m": {"k": 1, "n": 2}}),
        ({"f:m": {".": {}, "f:k": {}}}, {"m": {"k": 1}}),
        ({"f:m": {}, "f:gone": {}}, {"m": {"k": 1, "n": 2}}),
        ({"f:l": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}, {"l": [{"name": "a"}]}),
        ({"f:s": {"v:2": {}}}, {"s": [2]}),
    ],
)
def test_of_an_object_that_is_put_back_only_our_part_is_applied(fields, expected):
    metadata = {"name": "a", "uid": "1", "managedFields": [{**APPLIED, "fieldsV1": fields}]}
    before = {
        "metadata": metadata,
        "status": {"ready": True},
        "l": [{"name": "a", "x": 1}, {"name": "b"}],
        "s": [1, 2],
        "m": {"k": 1, "n": 2},
    }
    cluster = RecordingKubernetes()
    assert [problem.what for problem in undo(cluster, [Step(CONFIG, before, before)])] == [
        "what was written before the failure is undone: Config a"
    ]
    head = {"apiVersion": "example.com/v1", "kind": "Config", "metadata": {"name": "a"}}
    assert cluster.applied == [{**head, **expected}]


APPLIED = {"manager": "homeops.cluster", "operation": "Apply"}


class RecordingKubernetes:
    """Keeps what is applied, word for word."""

    def __init__(self):
        self.applied = []

    def apply(self, _resource, definition, *, force, dry_run):
        assert (force, dry_run) == (True, False)
        self.applied.append(definition)


def test_what_is_known_already_is_not_read_again():
    cluster = cluster_with(config("a", x=1))
    foreign = {"kind": "Config", "metadata": {"name": "b"}}
    known = {CONFIG: [cluster.objects["Config", "", "a"], foreign]}
    assert actions(plan(cluster, KINDS, "owner=me", [config("a", x=1)], known)) == [("a", "unchanged")]
    assert actions(plan(cluster, KINDS, "owner=me", [], known)) == [("a", "deleted")]
    assert ("list", "Config") not in cluster.requests


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
