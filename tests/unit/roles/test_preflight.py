# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role hands every cluster_* variable and every node to the module, and no secret to the log."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
VALID = yaml.safe_load((ROOT / "tests" / "fixtures" / "descriptions" / "valid.yml").read_text())
PLAY = [{"hosts": "localhost", "gather_facts": False, "roles": ["homeops.cluster.preflight"]}]


@pytest.fixture
def run(tmp_path):
    """Runs the role for one server and one agent, with more variables; gives exit status and everything printed."""

    def run(**variables):
        inventory = {
            "all": {
                "vars": {
                    **VALID["description"],
                    **VALID["secrets"],
                    "preflight_controller_programs": [],
                    "preflight_controller_libraries": [],
                    **variables,
                },
                "children": {
                    "k3s_servers": {"hosts": {"server1": {"ansible_host": "192.0.2.11"}}},
                    "k3s_agents": {
                        "hosts": {"agent1": {"ansible_host": "203.0.113.1", "cluster_node_address": "192.0.2.21"}}
                    },
                },
            }
        }
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        (tmp_path / "play.json").write_text(json.dumps(PLAY))
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            "hosts.json",
            "play.json",
            "-vvv",
            "--diff",
        ]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        }
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_role_finds_description_and_nodes(run):
    status, log = run()
    assert status == 0, log
    assert "server1 192.0.2.11" in log
    assert "agent1 192.0.2.21" in log
    assert not [secret for secret in VALID["secrets"].values() if secret in log]


def test_role_reports_everything_and_no_secret(run):
    status, log = run(
        cluster_name="Home", cluster_colour="blue", cluster_k3s_token="hunter2", cluster_bgp_passwd="hunter3"
    )
    assert status != 0
    assert "4 problems:" in log
    for expected in (
        "cluster_colour: unknown variable",
        "cluster_bgp_passwd: unknown variable. Did you mean cluster_bgp_password?",
        "cluster_name: Home is not a valid name",
        "cluster_k3s_token: is shorter than 16 characters",
    ):
        assert expected in log
    assert "hunter" not in log


WRONG = yaml.safe_load((ROOT / "tests" / "fixtures" / "descriptions" / "wrong" / "everything_at_once.yml").read_text())


def test_role_prints_each_of_many_problems_on_a_line_of_its_own_and_changes_nothing(run):
    change = WRONG["change"]
    status, log = run(
        **{**change["description"], "cluster_versions": {**VALID["description"]["cluster_versions"], "k3s": "1.35"}},
        cluster_k3s_token="hunter2",
        cluster_bgp_password="hunter2 hunter3",
        cluster_my_secret="hunter4",
    )
    listed = [line.strip() for line in log.splitlines() if re.match(r" +- (cluster_|inventory )", line)]
    assert status != 0
    assert len(set(listed)) >= 10, log
    assert f"{len(set(listed))} problems:" in log
    assert "- cluster_lbpool: unknown variable. Did you mean cluster_lb_pools?" in listed
    assert re.search(r"localhost +: ok=\d+ +changed=0 +unreachable=0 +failed=1", log)
    assert "hunter" not in log


def test_role_hands_over_what_each_host_says(run):
    status, log = run(cluster_bgp_enabled=False)
    assert status != 0
    assert "cluster_bgp_enabled: is false on every host" in log
    assert "unknown variable" not in log
