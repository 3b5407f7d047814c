# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root application is deleted: what came from Git goes in reverse order of its waves, and what stays is known."""

from __future__ import annotations

import subprocess

import pytest
from argocd_world import synced
from commands import LAB, ROOT, create, delete, service
from commands import kubectl as kubectl_step
from conftest import eventually

ORDER = ["dashboard", "web", "quotas", "priorities", "root"]  # monitoring, apps, infrastructure, core


@pytest.fixture(scope="module")
def gone(kubectl, exactly_routed):
    """Deletes root, and tells the order in which the applications disappeared."""
    create(service("other")).run()  # not Argo CD's
    assert all(eventually(lambda name=name: synced(kubectl, name)) for name in ORDER)
    assert eventually(lambda: exactly_routed(2))
    watch = [str(ROOT / ".lab/bin/kubectl"), "--kubeconfig", str(LAB / "kubeconfig"), "get", "applications.argoproj.io"]
    form = '-o=jsonpath={.type} {.object.metadata.name}{"\\n"}'
    watching = subprocess.Popen(
        [*watch, "-n", "argocd", "--watch", "--output-watch-events", form], stdout=subprocess.PIPE, text=True
    )
    try:
        kubectl_step("delete", "applications.argoproj.io", "root", "-n", "argocd", "--timeout=60s").run()
        order = []
        for line in watching.stdout:
            event, name = line.split()
            if event == "DELETED":
                order.append(name)
            if name == "root" and event == "DELETED":
                break
    finally:
        watching.kill()
    yield order
    delete("service/other").run()


def test_applications_go_in_the_reverse_order_of_their_waves(gone):
    assert gone == ORDER


def test_nothing_of_argo_cds_that_came_from_git_is_left(gone, kubectl):
    def names(kind):
        return [item["metadata"]["name"] for item in kubectl("get", kind, "-n", "argocd")["items"]]

    assert names("applications.argoproj.io") == names("applicationsets.argoproj.io") == []
    assert set(names("appprojects.argoproj.io")) <= {"default", "root"}


def test_nothing_that_the_applications_brought_is_left(gone, kubectl, exactly_routed):
    namespaces = {"dashboard", "web", "quotas", "priorities"}
    for kind in ("deployments", "replicasets", "services", "endpointslices", "resourcequotas", "configmaps"):
        found = [item["metadata"] for item in kubectl("get", kind, "-A")["items"]]
        left = {entry["name"] for entry in found if entry["namespace"] in namespaces}
        assert left <= {"kube-root-ca.crt"}, kind
    assert eventually(
        lambda: [pod for space in namespaces for pod in kubectl("get", "pods", "-n", space)["items"]] == []
    )
    assert "household" not in [item["metadata"]["name"] for item in kubectl("get", "priorityclasses")["items"]]
    assert eventually(lambda: exactly_routed(1)), "what is not Argo CD's stays"


def test_only_the_namespaces_stay_as_argo_cd_deletes_none(gone, kubectl):
    there = {item["metadata"]["name"] for item in kubectl("get", "namespaces")["items"]}
    assert {"dashboard", "web", "quotas", "priorities"} <= there


def test_the_role_brings_it_back(gone, kubectl, playbook, exactly_routed):
    run = playbook("argocd")
    assert run.returncode == 0, run.output
    assert eventually(lambda: all(synced(kubectl, name) for name in ORDER), 60)
    assert eventually(lambda: exactly_routed(2))
