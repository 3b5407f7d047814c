# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Git to the router: what is committed runs and is routed, what is removed is gone."""

from __future__ import annotations

import json
import time

import pytest
from argocd_world import application, measured, synced
from conftest import eventually
from working_copy import WorkingCopy

SECONDS = 60  # Argo CD asks Git every 10 s in the lab, once for the new directory and once for what is in it
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "shop"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}
APPLICATIONS = {
    "apps": [
        {
            "name": "whoami",
            "image": "registry.example.com/tools/whoami:1.10.3",
            "port": 80,
            "service": {"type": "LoadBalancer"},
        },
        {"name": "clock", "namespace": "tools", "image": "registry.example.com/tools/clock:2.0.0", "port": 80},
    ]
}


@pytest.fixture(scope="module")
def home(variables, tmp_path_factory):
    return WorkingCopy(f"{variables['lab_mirror']}/git/home.git", tmp_path_factory.mktemp("git") / "home")


def test_site_yml_ended_with_everything_synced(kubectl, exactly_routed):
    for name in ("root", "priorities", "quotas", "web", "dashboard"):
        assert eventually(lambda name=name: synced(kubectl, name)), name
    assert eventually(lambda: exactly_routed(1))


def test_a_committed_service_is_routed(home, kubectl, exactly_routed):
    start = time.monotonic()
    home.commit("Open a shop", {"kubernetes/apps/shop/service.json": json.dumps(SERVICE)})
    assert eventually(lambda: exactly_routed(2), SECONDS)
    measured("from commit to route", time.monotonic() - start)
    assert eventually(lambda: synced(kubectl, "shop"))


def test_a_removed_service_is_not(home, kubectl, exactly_routed):
    home.remove("Close the shop", "kubernetes/apps/shop")
    assert eventually(lambda: exactly_routed(1), SECONDS)
    names = [item["metadata"]["name"] for item in kubectl("get", "applications.argoproj.io", "-A")["items"]]
    assert "shop" not in names
    assert kubectl("get", "services", "-n", "shop")["items"] == []


def test_what_add_app_writes_is_routed_and_what_remove_app_takes_is_gone(home, kubectl, playbook, exactly_routed):
    """One application that the ApplicationSet finds, and one with an app.yaml of its own."""
    before = home.tree()
    options = ("-e", f"gitops_repo_path={home.folder} app_dry_run=true", "-e", json.dumps(APPLICATIONS))
    run = playbook("add_app", *options)
    assert run.returncode == 0, run.output
    home.commit("Add two applications")
    assert eventually(lambda: exactly_routed(2), SECONDS)
    assert eventually(lambda: synced(kubectl, "whoami") and synced(kubectl, "clock"), SECONDS)
    run = playbook("remove_app", *options)
    assert run.returncode == 0, run.output
    home.commit("Remove both")
    assert home.tree() == before
    assert eventually(lambda: exactly_routed(1), SECONDS)
    assert eventually(lambda: not application(kubectl, "clock"), SECONDS)
    assert kubectl("get", "deployments", "-n", "tools")["items"] == []
