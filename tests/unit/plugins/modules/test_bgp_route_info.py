# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import bgp_route_info

WITHOUT_BGP = """echo '% BGP instance not found'; echo '{}{}{}{}{"warning": "none"}{"warning": "none"}'"""
NOTHING = {"asn": 0, "router_id": "", "listen_ranges": [], "peers": [], "routes": [], "received": []}
UNEXPLAINED = {"filtered": {}, "instead": {}}


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
@pytest.mark.parametrize(
    ("options", "complete"),
    [({}, True), ({"nodes": ["192.0.2.11"], "addresses": ["198.51.100.1"]}, False)],
)
def test_the_answer_tells_whether_it_is_what_was_waited_for(run, check, options, complete):
    result = run(WITHOUT_BGP, _ansible_check_mode=check, **options)
    assert set(result.pop("signature_failures")) == {"missing", "unexpected", "wrong"}
    assert "127.0.0.1" in result.pop("addresses")
    assert result == {"changed": False, "complete": complete, **NOTHING, **UNEXPLAINED}


def test_failure(run):
    assert "systemctl restart frr" in run("echo 'failed to connect to any daemons' >&2; exit 1")["msg"]
