# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each router gets its configuration its own way; a file is private and predicted; what nobody proved is said."""

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

    def run(entry, *arguments, status=0, tasks=(), **variables):
        description = {key: value for key, value in VALID["description"].items() if key != "cluster_unifi"}
        path = str(tmp_path / "place")
        inventory = {
            "all": {
                "vars": {**description, **VALID["secrets"], "udm_bgp_config_dir": path, **variables},
                "children": {
                    "k3s_servers": {"hosts": {"server1": {"ansible_host": "192.0.2.11"}}},
                    "elsewhere": {
                        "hosts": {
                            "far": {"ansible_host": "192.0.2.2"},
                            "twin": {"ansible_host": "203.0.113.3", "cluster_bgp_peer": "second"},
                            "named": {"ansible_host": "203.0.113.1", "cluster_bgp_peer": "router"},
                            "elsewhere": {"ansible_host": "203.0.113.2"},
                            "silent": {"ansible_host": "192.0.2.13", "cluster_bgp_enabled": False},
                            "gateway": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
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
            "tasks": [{"ansible.builtin.import_role": role}, *tasks],
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


PEERS = [
    {"name": "router", "address": "192.0.2.1", "asn": 65000},
    {
        "name": "second",
        "address": "192.0.2.2",
        "asn": 65002,
        "ebgp_multihop": 2,
        "timers": {"hold": 30},
        "graceful_restart": 0,
    },
]


def test_every_router_gets_a_file_with_its_own_settings(run, tmp_path):
    run("main", udm_bgp_peers=PEERS)
    first, second = ((tmp_path / "place" / f"{name}.conf").read_text() for name in ("router", "second"))
    assert "router bgp 65000\n bgp router-id 192.0.2.1\n" in first
    assert "router bgp 65002\n bgp router-id 192.0.2.2\n" in second
    only_second = ("ebgp-multihop 2", "timers 3 30", "graceful-restart-disable")
    assert [text in first for text in only_second] == [False] * 3
    assert [text in second for text in only_second] == [True] * 3


def test_a_host_that_does_not_speak_bgp_is_no_neighbour(run, tmp_path):
    run("main", udm_bgp_node_hosts=["server1", "silent"])
    text = (tmp_path / "place" / "router.conf").read_text()
    assert text.count(" peer-group CLUSTER-") == 1


def test_with_listen_ranges_no_node_is_named(run, tmp_path):
    run("main", udm_bgp_listen_ranges=["192.0.2.0/25", "198.18.0.0/24"])
    text = (tmp_path / "place" / "router.conf").read_text()
    assert text.count("bgp listen range") == 2
    assert "192.0.2.11" not in text


CONSOLE = {"udm_bgp_unifi_url": "https://192.0.2.2"}
WAYS = (
    ({}, "router render, second render"),
    ({"udm_bgp_router_hosts": ["far"]}, "router render, second ssh far"),
    ({"udm_bgp_router_hosts": ["far", "named"]}, "router ssh named, second ssh far"),
    (CONSOLE, "router render, second api"),
    ({"udm_bgp_unifi_url": "https://second.local"}, "router render, second api"),
    ({"udm_bgp_unifi_url": "https://unifi.local", "udm_bgp_router_hosts": ["far"]}, "router api, second ssh far"),
    ({"udm_bgp_unifi_url": "https://unifi.local", "udm_bgp_peers": PEERS[:1]}, "router api"),
    ({**CONSOLE, "udm_bgp_router_hosts": ["far", "named"]}, "router ssh named, second api far"),
    (
        {**CONSOLE, "udm_bgp_router_hosts": ["far", "named"], "udm_bgp_method": "ssh"},
        "router ssh named, second ssh far",
    ),
    ({"udm_bgp_router_hosts": ["far"], "udm_bgp_method": "render"}, "router render, second render far"),
    ({"udm_bgp_router_hosts": ["elsewhere"], "udm_bgp_peers": PEERS[:1]}, "router ssh elsewhere"),
)


def test_the_way_to_a_router_follows_from_the_description(run):
    message = "case {{ case }}: {{ __udm_bgp_peer.name }} {{ __udm_bgp_method }} {{ __udm_bgp_host }}"
    tasks = [
        {
            "ansible.builtin.debug": {"msg": message},
            "loop": "{{ udm_bgp_peers }}",
            "loop_control": {"loop_var": "__udm_bgp_peer"},
            "vars": {"case": number, **variables},
        }
        for number, (variables, _expected) in enumerate(WAYS)
    ]
    _changed, log = run("assign", tasks=tasks, udm_bgp_peers=PEERS)
    found = [re.findall(rf'"msg": "case {number}: (.*?) ?"', log) for number in range(len(WAYS))]
    assert [", ".join(ways) for ways in found] == [expected for _variables, expected in WAYS]


def test_a_router_that_is_no_peer_is_named(run):
    _changed, log = run("assign", status=2, udm_bgp_peers=PEERS, udm_bgp_router_hosts=["far", "elsewhere"])
    assert "elsewhere: in the group routers (udm_bgp_router_hosts), but none of cluster_bgp.peers" in log
    assert "Set cluster_bgp_peer to one of router, second" in log


def test_two_hosts_are_not_one_router(run):
    _changed, log = run("assign", status=2, udm_bgp_peers=PEERS, udm_bgp_router_hosts=["far", "twin"])
    assert "far: another host of the group routers is the same one of cluster_bgp.peers already" in log


def test_a_console_that_could_be_any_router_is_not_guessed(run):
    _changed, log = run("assign", status=2, udm_bgp_peers=PEERS, udm_bgp_unifi_url="https://unifi.local")
    assert "unifi.local: which of cluster_bgp.peers is it? router, second" in log


def test_one_console_is_not_two_routers(run):
    _changed, log = run("assign", status=2, udm_bgp_peers=PEERS, udm_bgp_method="api", **CONSOLE)
    assert "udm_bgp_method is api" in log


@pytest.mark.parametrize("method", ["ssh", "api"])
def test_a_method_without_what_it_needs_is_refused(run, method):
    assert f"udm_bgp_method is {method}, which needs" in run("assign", status=2, udm_bgp_method=method)[1]
