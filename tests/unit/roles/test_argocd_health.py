# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health customisations of the role argocd, run by Lua 5.1 with the libraries that Argo CD opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from lupa.lua51 import LuaRuntime

FILES = Path(__file__).parents[3] / "roles" / "argocd" / "files"
MADE = {"type": "ResourcesUpToDate", "status": "True", "message": "made"}


def health(file, item):
    lua = LuaRuntime(unpack_returned_tuples=True)
    for library in ("string", "io", "debug", "math", "coroutine"):
        lua.globals()[library] = None
    lua.globals()["obj"] = lua.table_from(item, recursive=True)
    answer = lua.execute((FILES / file).read_text(encoding="utf-8"))
    assert set(answer) <= {"status", "message"}
    return answer["status"], answer["message"]


def application(sync=None, state=None, message=None, *conditions):
    status = {"sync": {"status": sync}, "health": {"status": state, "message": message}}
    return {"status": {**status, "conditions": [{"type": "X", "message": text} for text in conditions]}}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param({}, "Progressing", id="just created"),
        pytest.param({"status": {}}, "Progressing", id="empty status"),
        pytest.param({"status": {"sync": {"status": "OutOfSync"}}}, "Progressing", id="no health yet"),
        pytest.param(application("OutOfSync", "Missing"), "Missing", id="before its first sync"),
        pytest.param(application("OutOfSync", "Healthy"), "Progressing", id="a commit that is not synced"),
        pytest.param(application("Synced", "Progressing"), "Progressing", id="on its way"),
        pytest.param(application("Synced", "Healthy"), "Healthy", id="done"),
        pytest.param(application("Synced", "Degraded"), "Degraded", id="broken"),
        pytest.param(application("Synced", "Suspended"), "Suspended", id="paused"),
        pytest.param(application("Unknown", "Healthy"), "Degraded", id="not comparable any more"),
        pytest.param(application("Unknown", "Unknown"), "Degraded", id="never comparable"),
    ],
)
def test_an_application_is_healthy_when_it_is_synced_and_healthy(item, expected):
    assert health("application-health.lua", item)[0] == expected


def test_the_message_of_an_application_is_passed_on():
    assert health("application-health.lua", application("Synced", "Degraded", "crashes"))[1] == "crashes"
    refused = application("Unknown", "Unknown", None, "not permitted in project 'apps'")
    assert health("application-health.lua", refused)[1] == "not permitted in project 'apps'"


def application_set(*resources, conditions=(MADE,)):
    entries = [
        {"kind": "Application", "name": name, "status": sync, "health": {"status": state} if state else None}
        for name, sync, state in resources
    ]
    return {"status": {"conditions": list(conditions), **({"resources": entries} if entries else {})}}


def condition(kind, status, message="told"):
    return {"type": kind, "status": status, "message": message}


@pytest.mark.parametrize(
    ("item", "status", "message"),
    [
        pytest.param({}, "Progressing", "Waiting for the ApplicationSet controller", id="just created"),
        pytest.param(
            application_set(conditions=[condition("ParametersGenerated", "True")]),
            "Progressing",
            "Waiting for the ApplicationSet controller",
            id="generated, not yet made",
        ),
        pytest.param(
            application_set(("a", "Synced", "Healthy"), conditions=[condition("ResourcesUpToDate", "Unknown")]),
            "Progressing",
            "Waiting for the ApplicationSet controller",
            id="unknown whether made",
        ),
        pytest.param(application_set(), "Healthy", "", id="the generators yielded nothing"),
        pytest.param(
            application_set(("a", "Synced", "Healthy"), ("b", "Synced", "Healthy")), "Healthy", "", id="all are done"
        ),
        pytest.param(
            application_set(("a", "Synced", "Healthy"), ("b", "OutOfSync", "Missing")),
            "Progressing",
            "Waiting for Application b",
            id="one is not synced",
        ),
        pytest.param(
            application_set(("a", "OutOfSync", "Healthy")),
            "Progressing",
            "Waiting for Application a",
            id="a new commit",
        ),
        pytest.param(
            application_set(("a", "Synced", "Progressing")), "Progressing", "Waiting for Application a", id="on its way"
        ),
        pytest.param(application_set(("a", "", "")), "Progressing", "Waiting for Application a", id="just made"),
        pytest.param(application_set(("a", None, None)), "Progressing", "Waiting for Application a", id="no health"),
        pytest.param(
            application_set(("a", "OutOfSync", "Missing"), ("b", "Synced", "Degraded")),
            "Degraded",
            "Application b is Synced, Degraded",
            id="one is broken",
        ),
        pytest.param(
            application_set(("a", "Unknown", "Unknown")), "Degraded", "Application a is Unknown, Unknown", id="refused"
        ),
        pytest.param(
            application_set(("a", "Synced", "Healthy"), conditions=[MADE, condition("ErrorOccurred", "True", "bad")]),
            "Degraded",
            "bad",
            id="an error comes first",
        ),
        pytest.param(
            application_set(("a", "Synced", "Healthy"), conditions=[MADE, condition("ErrorOccurred", "False")]),
            "Healthy",
            "",
            id="an error that is over",
        ),
        pytest.param(
            application_set(conditions=[condition("ResourcesUpToDate", "False", "no")]), "Degraded", "no", id="not made"
        ),
        pytest.param(
            application_set(
                ("a", "Synced", "Healthy"), conditions=[MADE, condition("RolloutProgressing", "True", "step 1")]
            ),
            "Progressing",
            "step 1",
            id="progressive sync",
        ),
    ],
)
def test_an_application_set_is_healthy_when_its_applications_are(item, status, message):
    assert health("applicationset-health.lua", item) == (status, message)
