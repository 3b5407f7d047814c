# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Without a UniFi gateway the role writes a private file, predicts it in check mode, and says what nobody proved."""

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


@pytest.fixture
def run(tmp_path):
    """Runs an entry point of the role; gives how many tasks changed something, and everything printed."""

    def run(entry, *arguments, status=0, **variables):
        description = {key: value for key, value in VALID["description"].items() if key != "cluster_unifi"}
        path = str(tmp_path / "place" / "router.conf")
        inventory = {
            "all": {
                "vars": {**description, **VALID["secrets"], "udm_bgp_config_path": path, **variables},
                "children": {
                    "k3s_servers": {"hosts": {"server1": {"ansible_host": "192.0.2.11"}}},
                    "elsewhere": {
                        "hosts": {
                            "gateway": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
                        }
                    },
                },
            }
        }
        role = {"name": "homeops.cluster.udm_bgp", "tasks_from": entry}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.import_role": role}],
        }
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        (tmp_path / "play.json").write_text(json.dumps([play]))
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections")}
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [program, "-i", "hosts.json", "play.json", "-vvv", "--diff", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
        log = done.stdout + done.stderr
        assert done.returncode == status, log
        assert not [secret for secret in VALID["secrets"].values() if secret in log]
        return int(re.search(r"changed=(\d+)", log)[1]), log

    return run


@pytest.mark.parametrize("exists", [False, True])
def test_the_file_is_private_and_its_directory_stays_as_it_is(run, tmp_path, exists):
    place = tmp_path / "place"
    if exists:
        place.mkdir(mode=0o755)
    predicted, _log = run("main", "--check")
    assert not (place / "router.conf").exists()
    changed, _log = run("main")
    assert predicted == changed == (1 if exists else 2)
    assert (place / "router.conf").stat().st_mode & 0o777 == 0o600
    assert place.stat().st_mode & 0o777 == (0o755 if exists else 0o700)
    assert run("main")[0] == 0


def test_verify_says_that_no_router_was_asked(run):
    assert "NOT proven" in run("verify")[1]


def answer(*prefixes):
    """What FRR says about these prefixes from the one node, in the order of the questions."""
    peer = {"remoteAs": 65010, "state": "Established", "peerUptimeMsec": 1000, "pfxRcd": len(prefixes)}
    route = {"installed": True, "nexthops": [{"ip": "192.0.2.11", "fib": True}]}
    return [
        {"ipv4Unicast": {"as": 65000, "routerId": "192.0.2.1", "peers": {"192.0.2.11": peer}}},
        {prefix: [route] for prefix in prefixes},
        {},
        {"routes": {prefix: [{"valid": True, "peerId": "192.0.2.11"}] for prefix in prefixes}},
        {},
    ]


PROOF = next(
    task["vars"]["udm_bgp_expected_addresses"]
    for play in yaml.safe_load((ROOT / "playbooks" / "verify.yml").read_text())
    for task in play["tasks"]
    if "udm_bgp_expected_addresses" in task.get("vars", {})
)
SERVICES = [
    {"name": "demo", "announced": True, "addresses": ["198.51.100.1"]},
    {"name": "hidden", "announced": False, "addresses": ["198.51.100.2"]},
]


@pytest.mark.parametrize(
    ("prefixes", "status", "said"),
    [
        (["198.51.100.1/32"], 0, ""),
        ([], 2, "198.51.100.1/32: no node announces this address"),
        (["198.51.100.1/32", "198.51.100.2/32"], 2, "198.51.100.2/32: a node announces this address, which no service"),
    ],
    ids=["exactly", "missing", "one too many"],
)
def test_the_playbook_proves_exactly_the_addresses_of_the_services(run, tmp_path, prefixes, status, said):
    vtysh = tmp_path / "vtysh"
    vtysh.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(map(json.dumps, answer(*prefixes))) + "\nEND\n")
    vtysh.chmod(0o755)
    _changed, log = run(
        "verify",
        status=status,
        udm_bgp_router_hosts=["gateway"],
        udm_bgp_vtysh=str(vtysh),
        udm_bgp_wait_timeout=0,
        udm_bgp_expected_addresses=PROOF,
        cilium_bgp_state={"services": SERVICES},
    )
    assert said in log
    assert "NOT proven" not in log
