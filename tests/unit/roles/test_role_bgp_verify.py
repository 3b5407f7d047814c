# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role makes of the inventory, and that the playbook goes by its verdict."""

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
PLAYS = [
    play
    for play in yaml.safe_load((ROOT / "playbooks" / "verify.yml").read_text())
    if any("bgp_verify" in str(task) for task in play["tasks"])
]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@pytest.fixture
def run(tmp_path):
    """Runs the playbook's own plays about BGP against hosts that are this one; a cluster is nowhere."""

    def run(**hosts):
        description = {key: value for key, value in VALID["description"].items() if key != "cluster_gitops"}
        paths = {"bgp_verify_json_path": str(tmp_path / "bgp.json"), "cluster_kubeconfig": str(tmp_path / "none")}
        groups = {group: {"hosts": hosts.get(group, {})} for group in ("k3s_servers", "k3s_agents", "routers")}
        settings = {"bgp_verify_timeout": 0, **paths, "ansible_become": False}
        inventory = {"all": {"vars": {**description, **VALID["secrets"], **settings}, "children": groups}}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        plays = [
            {
                **play,
                "tasks": [task for task in play["tasks"] if "bgp_verify" in str(task["ansible.builtin.import_role"])],
            }
            for play in PLAYS[:-1]
        ]
        judged = {"name": "homeops.cluster.bgp_verify", "tasks_from": "verify"}
        plays.append({**PLAYS[-1], "tasks": [{"ansible.builtin.import_role": judged}]})
        (tmp_path / "play.json").write_text(json.dumps(plays))
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections")}
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [program, "-i", "hosts.json", "play.json", "-vvv"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
        log = done.stdout + done.stderr
        assert not [secret for secret in VALID["secrets"].values() if secret in log]
        verdict = tmp_path / "bgp.json"
        return done.returncode, log, json.loads(verdict.read_text()) if verdict.exists() else None

    return run


def test_a_cluster_that_does_not_answer_fails_with_a_verdict(run):
    status, log, verdict = run(k3s_servers={"server1": {**LOCAL, "ansible_host": "127.0.0.1"}})
    assert status == 2
    assert verdict["status"] == "error"
    assert "BGP is error (cluster_not_answering)" in log


def test_plays_ask_in_the_order_of_the_evidence():
    entries = [
        task["ansible.builtin.import_role"]["tasks_from"]
        for play in PLAYS
        for task in play["tasks"]
        if task.get("ansible.builtin.import_role", {}).get("name") == "homeops.cluster.bgp_verify"
    ]
    assert entries == ["ask", "probe", "verify"]


HOSTS = {
    "near": {"ansible_host": "192.0.2.1"},
    "named": {"ansible_host": "203.0.113.9", "cluster_bgp_peer": "far"},
    "odd": {"ansible_host": "203.0.113.7"},
    "a": {"ansible_host": "192.0.2.11"},
    "b": {"ansible_host": "198.18.0.1", "cluster_node_address": "192.0.2.12"},
    "c": {"cluster_bgp_enabled": "no"},
}
PEERS = [
    {"name": "router", "address": "192.0.2.1", "asn": 65000, "timers": {"hold": 30}},
    {"name": "far", "address": "203.0.113.1", "asn": 65001},
]
SHOW = """
- hosts: localhost
  gather_facts: false
  vars_files: [{vars}]
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ found | to_json }}}}"
      vars:
        found:
          nodes: "{{{{ __bgp_verify_nodes }}}}"
          routers: "{{{{ __bgp_verify_routers }}}}"
          expected: "{{{{ __bgp_verify_expected }}}}"
"""


def test_nodes_and_routers_follow_from_the_inventory(tmp_path):
    (tmp_path / "play.yml").write_text(SHOW.format(vars=ROOT / "roles" / "bgp_verify" / "vars" / "main.yml"))
    variables = {
        "bgp_verify_node_hosts": ["a", "b", "c"],
        "bgp_verify_router_hosts": ["near", "named", "odd"],
        "bgp_verify_bgp": {"local_asn": 65010, "peers": PEERS},
        "bgp_verify_password": "",
        "bgp_verify_policy_name": "home",
        "bgp_verify_pools": [],
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": HOSTS}}))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.yml"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    found = json.loads(json.loads(re.search(r'"msg": (".*")', done.stdout)[1]))
    assert found["nodes"] == [{"name": "a", "address": "192.0.2.11"}, {"name": "b", "address": "192.0.2.12"}]
    assert [(router["host"], router["peer"]) for router in found["routers"]] == [
        ("near", "router"),
        ("named", "far"),
        ("odd", "router"),
    ]
    assert found["expected"]["peers"] == [{key: peer[key] for key in ("name", "address", "asn")} for peer in PEERS]
    assert found["expected"]["password"] is False
