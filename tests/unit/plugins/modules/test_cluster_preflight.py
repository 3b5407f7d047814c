# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import cluster_preflight

VALID = yaml.safe_load((Path(__file__).parents[3] / "fixtures" / "descriptions" / "valid.yml").read_text())


@pytest.fixture
def run(capsys):
    """Runs the module; gives its result."""

    def run(**options):
        with patch_module_args({**VALID, **options}), pytest.raises(SystemExit):
            cluster_preflight.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("check_mode", [False, True])
def test_valid_description_is_summed_up_and_changes_nothing(run, check_mode):
    result = run(_ansible_check_mode=check_mode, controller_programs=["sh"], controller_libraries=["json"])
    assert result["changed"] is False
    assert result["summary"]["cluster"] == "home, API at https://192.0.2.10:6443"
    assert result["advice"] == []


def test_description_inventory_and_controller_are_reported_together(run):
    result = run(
        description={**VALID["description"], "cluster_name": "Home"},
        nodes=[],
        controller_programs=["no-such-program"],
        controller_libraries=["no_such_library"],
    )
    assert result["failed"] is True
    assert result["msg"].splitlines() == [
        "4 problems:",
        "- controller: the program no-such-program is not in PATH. Install no-such-program, or add its folder to PATH",
        f"- controller: the Python library no_such_library is missing for {sys.executable}. "
        f"Run {sys.executable} -m pip install no_such_library, or let ansible_python_interpreter of localhost point "
        "to the Python that Ansible runs with",
        "- inventory group k3s_servers: has no host. "
        "Put one host into it, or three for a cluster that survives the loss of one",
        "- cluster_name: Home is not a valid name (RFC 1123 label). "
        "Use lower-case letters, digits and '-' only, at most 63, for example home",
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secrets": {**VALID["secrets"], "cluster_k3s_token": "hunter2"}},
        {"description": {**VALID["description"], "cluster_k3s_tokn": "hunter2"}},
        {"description": {**VALID["description"], "cluster_unifi": {"url": "https://a:hunter2@192.0.2.1"}}},
        {"description": {**VALID["description"], "cluster_bgp": {"password": "hunter2"}}},
    ],
)
def test_no_secret_is_in_a_result(run, options):
    printed = json.dumps(run(**options))
    assert not [secret for secret in (*VALID["secrets"].values(), "hunter2") if secret in printed]
