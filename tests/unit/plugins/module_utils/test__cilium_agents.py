# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents that are stopped do not stay so. How they are stopped belongs to the migration, and is tested there."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_agents as agents
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from fake_kubernetes import Clock, FakeKubernetes


def pod(name, finalizers=(agents.FINALIZER,)):
    metadata = {"name": f"cilium-{name}", "namespace": "kube-system", "uid": name, "labels": {"k8s-app": "cilium"}}
    return {"kind": "Pod", "metadata": {**metadata, "finalizers": list(finalizers)}, "spec": {"nodeName": name}}


@pytest.fixture(name="cluster")
def cluster_():
    return FakeKubernetes(objects=[pod("n1"), pod("n2"), pod("n3", [])])


def test_those_that_are_stopped_are_started_and_no_others(cluster):
    assert agents.stopped(cluster) == ("n1", "n2")
    assert agents.start(cluster) == ["n1", "n2"]
    assert [request[2] for request in cluster.writes] == ["cilium-n1", "cilium-n2"]
    assert agents.stopped(cluster) == ()


def test_one_that_cannot_be_started_keeps_no_other_from_it_and_is_told_with_the_command(cluster):
    cluster.refuse = {"cilium-n1": "the webhook says no"}
    clock = Clock()
    with pytest.raises(ClusterError) as caught:
        agents.start(cluster, **clock.arguments)
    (problem,) = caught.value.problems
    assert (problem.where, "the webhook says no" in problem.what) == ("node n1", True)
    assert "kubectl -n kube-system patch pod cilium-n1 --type merge" in problem.remedy
    assert agents.stopped(cluster) == ("n1",)
    assert clock.time <= agents.INSISTENCE


@pytest.mark.parametrize("call", ["list", "apply"])
def test_an_api_server_that_is_away_for_a_moment_is_asked_again(cluster, monkeypatch, call):
    real = getattr(cluster, call)

    def away(*arguments, **more):
        raise ClusterError(Problem("api", "no answer", "Start it"))

    monkeypatch.setattr(cluster, call, away)
    assert agents.start(cluster, **Clock(lambda: monkeypatch.setattr(cluster, call, real)).arguments) == ["n1", "n2"]


@pytest.mark.parametrize("cause", [ClusterError(Problem("here", "no", "Try again")), KeyError("a"), SystemExit(143)])
def test_however_a_run_ends_they_are_started(cluster, cause):
    with pytest.raises(type(cause)), agents.started_afterwards(cluster):
        raise cause
    assert agents.stopped(cluster) == ()


def test_the_signal_with_which_ansible_ends_a_module_starts_them_too(cluster):
    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), agents.ended_in_order(), agents.started_afterwards(cluster):
        os.kill(os.getpid(), signal.SIGTERM)
    assert agents.stopped(cluster) == ()
    assert signal.getsignal(signal.SIGTERM) is former
