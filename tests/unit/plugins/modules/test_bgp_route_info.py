# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import bgp_route_info

WITHOUT_BGP = """echo '% BGP instance not found'; echo '{}{}{}{"warning": "none"}{"warning": "none"}'"""
NOTHING = {"asn": 0, "router_id": "", "peers": [], "routes": [], "received": []}


@pytest.fixture(name="run")
def run_(tmp_path, capsys):
    def run(program, **options):
        path = tmp_path / "vtysh"
        path.write_text(f"#!/bin/sh\n{program}\n")
        path.chmod(0o755)
        with patch_module_args({"vtysh": str(path), **options}), pytest.raises(SystemExit):
            bgp_route_info.main()
        result = json.loads(capsys.readouterr().out)
        result.pop("invocation")
        return result

    return run


@pytest.mark.parametrize("check", [False, True])
def test_the_answer(run, check):
    assert run(WITHOUT_BGP, _ansible_check_mode=check) == {"changed": False, **NOTHING}


def test_what_is_not_as_it_should_be_fails_and_is_answered_all_the_same(run):
    result = run(WITHOUT_BGP, nodes=["192.0.2.11"], addresses=["198.51.100.1"])
    assert result.pop("msg").startswith("2 problems:\n- 192.0.2.11: the router does not know this node")
    assert result == {"failed": True, **NOTHING}


def test_failure(run):
    assert "systemctl status frr" in run("echo 'failed to connect to any daemons' >&2; exit 1")["msg"]
