# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the chart of Argo CD 3.0 to that of 3.5 with the role: what Argo CD has been given stays.

The scenario has the later one. Going back to 3.0 first tells whether a rollback works; of 3.0 only the definitions are
real, no controller runs.
"""

from __future__ import annotations

import pytest

OLD = ("-e", "argocd_chart_version=8.2.0")
KINDS = ("applications", "applicationsets", "appprojects", "secrets")


@pytest.fixture(scope="module")
def given(kubectl):
    """The identity of every object, and the passwords."""

    def read():
        items = kubectl("get", ",".join(KINDS), "-n", "argocd")["items"]
        kept = [item for item in items if item.get("type") != "helm.sh/release.v1"]
        password = next(item["data"] for item in kept if item["metadata"]["name"] == "argocd-secret")
        return {(item["kind"], item["metadata"]["name"]): item["metadata"]["uid"] for item in kept}, password

    return read


@pytest.fixture(scope="module")
def root(kubectl):
    return lambda: kubectl("get", "application", "root", "-n", "argocd")


@pytest.fixture(scope="module")
def before(given):
    return given()


def test_back_to_3_0_nothing_is_lost(playbook, given, root, before):
    run = playbook("argocd", *OLD)
    assert run.returncode == 0, run.output
    assert given() == before
    assert root()["spec"]["syncPolicy"]["retry"]["limit"] == 5


def test_3_0_is_at_rest(playbook):
    run = playbook("argocd", *OLD)
    assert run.changed == {"localhost": 0}, run.output


def test_the_upgrade_is_predicted(playbook, root):
    run = playbook("argocd", "--check")
    assert run.returncode == 0, run.output
    assert run.changed["localhost"] > 0
    assert root()["spec"]["syncPolicy"]["retry"]["limit"] == 5


def test_up_to_3_5_nothing_is_lost(playbook, given, root, before):
    run = playbook("argocd")
    assert run.returncode == 0, run.output
    assert given() == before
    assert root()["status"]["sync"]["status"] == "Synced"
    assert root()["spec"]["syncPolicy"]["retry"] == {
        "limit": -1,
        "refresh": True,
        "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"},
    }


def test_3_5_is_at_rest(playbook):
    run = playbook("argocd")
    assert run.changed == {"localhost": 0}, run.output
