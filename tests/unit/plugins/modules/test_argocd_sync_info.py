# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.action import argocd_sync_info as action
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import argocd_sync_info
from fake_kubernetes import FakeKubernetes


def application(name, sync):
    return {
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "root", "source": {}},
        "status": {"sync": {"status": sync}, "health": {"status": "Healthy"}, "resources": [{"kind": "AppProject"}]},
    }


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, **options):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(argocd_sync_info, "connect", connect)
        with patch_module_args(options), pytest.raises(SystemExit):
            argocd_sync_info.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_synced(run):
    answer = run(FakeKubernetes(objects=[application("root", "Synced")]))
    assert (answer["changed"], answer["synced"], answer["waiting"]) == (False, True, [])


def test_not_synced_is_told_and_is_no_failure(run):
    answer = run(
        FakeKubernetes(objects=[application("home", "Synced"), application("demo", "OutOfSync")]), application="home"
    )
    assert answer["synced"] is True
    assert [state["name"] for state in answer["waiting"]] == ["demo"]


def test_an_application_of_another_namespace_is_not_meant(run):
    answer = run(FakeKubernetes(objects=[application("root", "Synced")]), namespace="gitops")
    assert "there is no such Application" in answer["reason"]


def test_a_cluster_that_does_not_answer_is_a_failure(run):
    assert run(UnreachableError(Problem("home", "no answer", "Start it")))["msg"] == "home: no answer. Start it"


def answer(reason="", **changes):
    return {"synced": False, "stuck": False, "reason": reason, **changes}


@pytest.fixture(name="wait")
def wait_(monkeypatch):
    """The action, where every call of the module takes as long as it may."""

    def wait(timeout, *answers):
        clock = SimpleNamespace(now=0)
        asked, shown = [], []
        remaining = itertools.chain(answers, itertools.repeat(answers[-1]))

        def execute(module_args=None, **_others):
            asked.append((module_args or {"wait_timeout": 0})["wait_timeout"])
            clock.now += asked[-1]
            return next(remaining)

        monkeypatch.setattr(action.time, "monotonic", lambda: clock.now)
        monkeypatch.setattr(action.ActionBase, "run", lambda *_arguments: {})
        monkeypatch.setattr(action, "Display", lambda: SimpleNamespace(display=shown.append))
        plugin = action.ActionModule.__new__(action.ActionModule)
        plugin._task = SimpleNamespace(args={"wait_timeout": timeout, "context": "home"})
        plugin._execute_module = execute
        return plugin.run(task_vars={}), asked, shown

    return wait


def test_a_question_without_waiting_is_asked_once(wait):
    assert wait(0, answer("why")) == (answer("why"), [0], [])


def test_a_long_wait_shows_what_for_once_each(wait):
    result, asked, shown = wait(90, answer("core"), answer("core"), answer("apps"), answer(synced=True))
    assert result["synced"] is True
    assert asked == [20, 20, 20, 20]
    assert shown == ["  70 s left. core", "  30 s left. apps"]


def test_the_wait_ends_with_the_time(wait):
    result, asked, _shown = wait(50, answer("core"))
    assert (result["reason"], asked) == ("core", [20, 20, 10])


@pytest.mark.parametrize("timeout", [None, "", "90", "5m", "-1"])
def test_any_timeout_that_is_written_reaches_the_module(wait, timeout):
    result, asked, _shown = wait(timeout, answer(synced=True))
    assert (result["synced"], len(asked)) == (True, 1)


@pytest.mark.parametrize("last", [answer(stuck=True), {"failed": True, "msg": "no answer"}])
def test_the_wait_ends_early(wait, last):
    result, asked, _shown = wait(300, answer("core"), last)
    assert (result, len(asked)) == (last, 2)
