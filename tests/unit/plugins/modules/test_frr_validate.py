# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import frr_validate

CONFIG = "router bgp 65000\n neighbour CLUSTER\n neighbor CLUSTER password hunter2 x\n"
REFUSES = r"""
[ "$1 $2" = "-C -f" ] && [ "$(stat -c %a "$3")" = 600 ] && [ "$(wc -l < "$3")" = 3 ] || exit 9
echo "line 2: % Unknown command[4]:  neighbour CLUSTER" >&2
echo "line 3: % Unknown command[4]:  neighbor CLUSTER password hunter2 x" >&2
exit 2
"""


@pytest.fixture(name="run")
def run_(tmp_path, capsys):
    def run(program=None, **options):
        path = tmp_path / "vtysh"
        if program:
            path.write_text(f"#!/bin/sh\n{program}\n")
            path.chmod(0o755)
        arguments = {"config": CONFIG, "vtysh": str(path), "_ansible_remote_tmp": str(tmp_path), **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            frr_validate.main()
        output = capsys.readouterr().out
        assert "hunter2" not in output
        result = json.loads(output)
        result.pop("invocation")
        return result

    return run


@pytest.mark.parametrize("check", [False, True])
def test_a_good_configuration(run, check):
    assert run("exit 0", _ansible_check_mode=check) == {"changed": False, "checked": True}


def test_a_bad_configuration_fails_with_every_line_that_is_refused(run):
    result = run(REFUSES)
    assert result["failed"] is True
    assert result["msg"].startswith("FRR refuses the configuration: 2 problems:\n- line 2: Unknown command")
    assert [error["where"] for error in result["errors"]] == ["line 2", "line 3"]


def test_a_host_without_vtysh_fails_unless_that_is_allowed(run):
    assert "Install FRR" in run()["msg"]
    assert run(required=False) == {"changed": False, "checked": False}
