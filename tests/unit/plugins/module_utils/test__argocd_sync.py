# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_sync import GRACE, report, watch
from fake_kubernetes import Clock, FakeKubernetes

SOURCE = {"repoURL": "https://git.example.com/x.git", "path": "kubernetes", "directory": {"recurse": True}}
NOT_PERMITTED = "application repo https://git.example.com/demo.git is not permitted in project 'apps'"
REFUSED = "rpc error: code = Unavailable desc = connection error: dial tcp 10.43.0.7:8081: connect: connection refused"


def application(name="root", sync="Synced", health="Healthy", phase="Succeeded", conditions=(), **status):
    operation = {"phase": phase, **status.pop("operation", {})} if phase else {}
    compared = {"source": {**SOURCE, "directory": {"recurse": True, "jsonnet": {}}}}
    return {
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "apps", "source": copy.deepcopy(SOURCE)},
        "status": {
            "sync": {"status": sync, "comparedTo": compared},
            "health": {"status": health},
            "operationState": operation,
            "conditions": [{"type": kind, "message": message} for kind, message in conditions],
            "resources": [{"kind": "AppProject", "name": "apps", "status": "Synced"}],
            **status,
        },
    }


def application_set(*conditions):
    status = {"conditions": [{"type": kind, "status": value, "message": text} for kind, value, text in conditions]}
    return {"kind": "ApplicationSet", "metadata": {"name": "apps", "namespace": "argocd"}, "status": status}


def state(item):
    """Of an application that the root application waits for."""
    waiting = report([application(sync="OutOfSync"), item], [], "root").waiting
    return next(found for found in waiting if found.name == item["metadata"]["name"])


def test_synced():
    answer = report(
        [application(), application("demo")], [application_set(("ResourcesUpToDate", "True", "ok"))], "root"
    )
    assert (answer.synced, answer.stuck, answer.reason) == (True, False, "")


NOTHING = (
    "There is no file that fits *.yaml below kubernetes of https://git.example.com/x.git: "
    "arrange the repository as the role gitops_repo does, or set argocd_root_directory."
)


def reading(include, **status):
    item = application(**status)
    for source in (item["spec"]["source"], item["status"]["sync"]["comparedTo"]["source"]):
        source["directory"]["include"] = include
    return item


def test_synced_with_nothing_is_synced_and_told():
    answer = report([reading("*.yaml", phase="", resources=[])], [], "root")
    assert (answer.synced, answer.stuck) == (True, False)
    assert answer.reason == f"Application root (Synced, Healthy): {NOTHING}"


def test_a_root_application_that_finds_nothing_any_more_tells_what_it_looks_for():
    wiped = "Skipping sync attempt to [abc]: auto-sync will wipe out all resources"
    answer = report([reading("*.yaml", sync="OutOfSync", conditions=[("SyncError", wiped)])], [], "root")
    assert answer.stuck is True
    assert answer.reason.endswith(f"SyncError: {wiped}. {NOTHING}")


def test_there_is_none():
    answer = report([application("demo")], [], "root")
    assert (answer.synced, answer.stuck) == (False, False)
    assert answer.reason == "Application root (no status): there is no such Application"


def test_no_controller():
    item = {key: value for key, value in application().items() if key != "status"}
    assert "no controller has looked at it yet" in report([item], [], "root").reason


@pytest.mark.parametrize(
    "changes",
    [{"sync": "OutOfSync"}, {"sync": "Unknown"}, {"phase": "Running"}, {"phase": "Failed"}, {"phase": "Error"}],
)
def test_not_synced(changes):
    assert report([application(**changes)], [], "root").synced is False


def test_synced_by_the_first_comparison_without_an_operation():
    assert report([application(phase="")], [], "root").synced is True


def test_unhealthy_is_not_unsynced():
    assert report([application(health="Progressing")], [], "root").synced is True


@pytest.mark.parametrize("change", [{"path": "elsewhere"}, {"targetRevision": "v2"}, {"directory": {"recurse": False}}])
def test_what_was_synced_before_the_source_changed_does_not_count(change):
    item = application()
    item["spec"]["source"].update(change)
    answer = report([item], [], "root")
    assert answer.synced is False
    assert answer.reason.endswith("not compared yet with what is described now.")


def test_what_was_synced_with_a_setting_that_is_gone_does_not_count():
    item = application()
    del item["spec"]["source"]["directory"]
    assert report([item], [], "root").synced is False


def test_what_go_leaves_out_is_no_difference():
    item = application()
    item["spec"]["source"]["directory"]["exclude"] = ""
    assert report([item], [], "root").synced is True


@pytest.mark.parametrize(
    ("item", "stuck", "reason"),
    [
        pytest.param(
            application("demo", "Unknown", "Unknown", "", [("InvalidSpecError", NOT_PERMITTED)]),
            True,
            f"InvalidSpecError: {NOT_PERMITTED}.",
            id="not permitted",
        ),
        pytest.param(
            application("demo", "Unknown", "Unknown", "", [("ComparisonError", "app path does not exist")]),
            True,
            "ComparisonError: app path does not exist.",
            id="no such path",
        ),
        pytest.param(
            application("demo", "Unknown", "Unknown", "", [("ComparisonError", REFUSED)]),
            False,
            f"ComparisonError: {REFUSED}.",
            id="the repo-server is still starting",
        ),
        pytest.param(
            application("demo", conditions=[("SharedResourceWarning", "shared")], health="Degraded"),
            False,
            "",
            id="a warning is no error",
        ),
        pytest.param(
            application(
                "demo",
                "OutOfSync",
                "Missing",
                "Running",
                operation={
                    "message": "one or more objects failed to apply. Retrying attempt #1.",
                    "retryCount": 1,
                    "syncResult": {
                        "resources": [
                            {
                                "kind": "Deployment",
                                "namespace": "demo",
                                "name": "web",
                                "status": "SyncFailed",
                                "message": "Invalid value",
                            }
                        ]
                    },
                },
            ),
            False,
            "Deployment/demo/web: Invalid value. one or more objects failed to apply. Retrying attempt #1.",
            id="refused by the server, once",
        ),
        pytest.param(
            application(
                "demo",
                "OutOfSync",
                "Missing",
                "Running",
                operation={
                    "retryCount": 3,
                    "syncResult": {
                        "resources": [{"kind": "Pod", "name": "p", "status": "SyncFailed", "message": "no"}]
                    },
                },
            ),
            True,
            "Pod/p: no.",
            id="refused by the server, again and again",
        ),
        pytest.param(
            application("demo", "OutOfSync", "Missing", "Failed", operation={"message": "failed (retried 5 times)."}),
            True,
            "failed (retried 5 times).",
            id="given up",
        ),
        pytest.param(
            application(
                "demo",
                "OutOfSync",
                "Progressing",
                "Running",
                operation={"message": "waiting for healthy state of apps/Deployment/web"},
                resources=[
                    {"kind": "Service", "namespace": "demo", "name": f"s{n}", "status": "OutOfSync"} for n in range(7)
                ],
            ),
            False,
            "waiting for healthy state of apps/Deployment/web. Not synced: Service/demo/s0, Service/demo/s1, "
            "Service/demo/s2, Service/demo/s3, Service/demo/s4 and 2 more.",
            id="on its way",
        ),
    ],
)
def test_what_is_told_of_an_application(item, stuck, reason):
    found = state(item)
    assert (found.stuck, found.reason) == (stuck, reason)


@pytest.mark.parametrize(
    ("conditions", "stuck", "reason"),
    [
        ([], False, "no controller has looked at it yet."),
        ([("ErrorOccurred", "True", "template: missing key")], True, "template: missing key."),
        ([("ErrorOccurred", "True", REFUSED)], False, f"{REFUSED}."),
    ],
)
def test_what_is_told_of_an_application_set(conditions, stuck, reason):
    found = report([application(sync="OutOfSync")], [application_set(*conditions)], "root").waiting[1]
    assert (found.kind, found.stuck, found.reason) == ("ApplicationSet", stuck, reason)


def test_an_application_set_that_recovered_is_not_told_of():
    conditions = [("ErrorOccurred", "False", "fine"), ("ResourcesUpToDate", "True", "fine")]
    assert report([application()], [application_set(*conditions)], "root").waiting == ()


def tracked(item, application):
    item["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": f"{application}:argoproj.io/X:argocd/x"}
    return item


def owned(item, name):
    item["metadata"]["ownerReferences"] = [{"kind": "ApplicationSet", "name": name}]
    return item


@pytest.mark.parametrize(
    ("demo", "stuck"),
    [
        pytest.param(lambda item: item, False, id="made by hand"),
        pytest.param(lambda item: tracked(item, "other"), False, id="from another root application"),
        pytest.param(lambda item: tracked(item, "root"), True, id="from its own file"),
        pytest.param(lambda item: owned(item, "apps"), True, id="from an ApplicationSet"),
        pytest.param(lambda item: owned(item, "theirs"), False, id="from the ApplicationSet of somebody else"),
    ],
)
def test_only_what_came_from_the_root_application_holds_it_up(demo, stuck):
    broken = demo(application("demo", "Unknown", "Unknown", "", [("InvalidSpecError", NOT_PERMITTED)]))
    answer = report([application(sync="OutOfSync"), broken], [tracked(application_set(), "root")], "root")
    assert answer.stuck is stuck
    assert answer.reason.startswith("Application demo")


def test_what_is_stuck_comes_first_because_it_explains_the_rest():
    stuck = application("demo", "Unknown", "Unknown", "", [("InvalidSpecError", NOT_PERMITTED)])
    lines = report([application(sync="OutOfSync"), stuck], [], "root").reason.splitlines()
    assert lines[0].startswith("Application demo (Unknown, Unknown): InvalidSpecError")
    assert lines[1].startswith("Application root (OutOfSync, Healthy, operation Succeeded)")


def cluster(*items):
    return FakeKubernetes(objects=items)


def test_waiting_ends_when_it_is_synced():
    world = cluster(application(sync="OutOfSync"))
    clock = Clock(lambda: None, lambda: world.add(application()))
    assert watch(world, "argocd", "root", 300, **clock.arguments).synced is True
    assert clock.time == 2
    assert len(world.requests) == 6


def test_waiting_ends_early_with_what_no_waiting_mends():
    stuck = application(sync="Unknown", conditions=[("ComparisonError", "authentication required")])
    clock = Clock()
    answer = watch(cluster(stuck), "argocd", "root", 300, **clock.arguments)
    assert (answer.synced, answer.stuck, clock.time) == (False, True, GRACE)


def test_waiting_goes_on_while_something_changes_for_the_better():
    stuck = application(sync="Unknown", conditions=[("ComparisonError", "authentication required")])
    world = cluster(stuck)
    clock = Clock(
        *[lambda: None] * 9, lambda: world.add(application(sync="OutOfSync")), lambda: world.add(application())
    )
    assert watch(world, "argocd", "root", 300, **clock.arguments).synced is True


def test_waiting_ends_with_the_time():
    clock = Clock()
    answer = watch(cluster(application(sync="OutOfSync")), "argocd", "root", 30, **clock.arguments)
    assert (answer.synced, answer.stuck, clock.time) == (False, False, 30)


def test_something_wrong_for_a_moment_is_not_stuck():
    stuck = application(sync="Unknown", conditions=[("ComparisonError", "authentication required")])
    assert watch(cluster(stuck), "argocd", "root", 5, **Clock().arguments).stuck is False


def test_asked_once_it_says_what_it_sees():
    stuck = application(sync="Unknown", conditions=[("ComparisonError", "authentication required")])
    assert watch(cluster(stuck), "argocd", "root", 0, **Clock().arguments).stuck is True


def test_a_broken_application_beside_a_synced_root_is_told_but_is_not_the_verdict():
    broken = application("demo", "Unknown", "Unknown", "", [("InvalidSpecError", NOT_PERMITTED)])
    answer = watch(cluster(application(), broken), "argocd", "root", 0, **Clock().arguments)
    assert (answer.synced, answer.stuck) == (True, False)
    assert [found.name for found in answer.waiting] == ["demo"]
