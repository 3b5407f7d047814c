# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import cilium_bgp_info
from fake_kubernetes import FakeKubernetes

READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(connect, **options):
        monkeypatch.setattr(cilium_bgp_info, "connect", connect)
        with patch_module_args(options), pytest.raises(SystemExit):
            cilium_bgp_info.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("options", [{}, {"wait_for": "nodes"}, {"wait_for": "sessions", "wait_timeout": 0}])
def test_the_answer(run, options):
    cluster = FakeKubernetes(objects=[{"kind": "Node", "metadata": {"name": "n1"}, **READY}])
    result = run(lambda _options: cluster, **options)
    assert result["changed"] is False
    assert [(node["name"], node["ready"], node["peers"]) for node in result["nodes"]] == [("n1", True, [])]


def test_failure(run):
    def connect(_options):
        raise ClusterError(Problem("api", "no answer", "Start it"))

    result = run(connect)
    assert result["failed"] is True
    assert result["msg"] == "api: no answer. Start it"


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(cilium_bgp_info, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(None)["msg"]
