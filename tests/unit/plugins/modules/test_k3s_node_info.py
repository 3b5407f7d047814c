# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import k3s_node_info


@pytest.fixture
def run(capsys, monkeypatch):
    def run(observe, **options):
        monkeypatch.setattr(k3s_node_info.Node, "here", lambda *_args, **_options: SimpleNamespace(observe=observe))
        with patch_module_args({"host": "server1", **options}), pytest.raises(SystemExit):
            k3s_node_info.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("check_mode", [False, True])
def test_it_tells_and_changes_nothing(run, check_mode):
    result = run(lambda address: {"address": address}, address="192.0.2.11", _ansible_check_mode=check_mode)
    assert result["k3s"] == {"address": "192.0.2.11"}
    assert result["changed"] is False


def test_failure(run):
    def observe(address):
        raise ClusterError(Problem("server1", "K3s cannot be seen or changed without root", "Set become: true"))

    assert run(observe)["msg"] == "server1: K3s cannot be seen or changed without root. Set become: true"
