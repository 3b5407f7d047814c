# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values and verdicts of the role cilium, rendered from its own files; and how it cleans a node.

What is left of Cilium on a node goes, and nothing else does. The system's tools are stand-ins that keep a log.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles/cilium"
SCRIPT = ROLE / "files/clean-node.sh"

LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
5: cilium_net@cilium_host: <BROADCAST,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500
6: cilium_host@cilium_net: <BROADCAST,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500
7: cilium_vxlan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
9: lxc0123456789ab@if8: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
11: lxc_health@if10: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
12: lxcbr0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500
"""
RULES = """\
*filter
:INPUT ACCEPT [0:0]
:CILIUM_INPUT - [0:0]
-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A INPUT -p tcp --dport 22 -j ACCEPT
-A CILIUM_INPUT -j ACCEPT
COMMIT
"""
KEPT = """\
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
"""
MOUNTS = """\
cgroup2 /run/cilium/cgroupv2 cgroup2 rw 0 0
bpf /sys/fs/bpf bpf rw 0 0
"""
PATHS = [
    "etc/cni/net.d/05-cilium.conflist",
    "sys/fs/bpf/cilium/a",
    "sys/fs/bpf/tc/globals/cilium_ipcache",
    "var/run/cilium/c",
]
FOREIGN = ["etc/cni/net.d/10-other.conflist", "sys/fs/bpf/tc/globals/other"]


@pytest.fixture(name="node")
def node_(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    log = tmp_path / "log"
    for name, body in {
        "ip": f'[ "$2" = link ] && cat {tmp_path}/links || echo ip "$@" >> {log}',
        "umount": f'echo umount "$@" >> {log}',
        "iptables-save": f"cat {tmp_path}/rules",
        "iptables-restore": f"cat > {tmp_path}/restored",
        "ip6tables-save": "echo '*filter'",
        "ip6tables-restore": "exit 1",
    }.items():
        tool = tools / name
        tool.write_text(f"#!/bin/sh\n{body}\n")
        tool.chmod(0o755)
    for path in [*PATHS, *FOREIGN]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    log.touch()
    (tmp_path / "links").write_text(LINKS)
    (tmp_path / "rules").write_text(RULES)
    (tmp_path / "mounts").write_text(MOUNTS)
    return tmp_path


def clean(node, *arguments):
    environment = {"PATH": f"{node}/tools:{os.environ['PATH']}", "ROOT": str(node), "PROC_MOUNTS": f"{node}/mounts"}
    result = subprocess.run(["sh", SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=True)
    return result.stdout.replace(str(node), "").splitlines()


REMOVED = [
    "link cilium_net",
    "link cilium_host",
    "link cilium_vxlan",
    "link lxc0123456789ab",
    "link lxc_health",
    "mount /run/cilium/cgroupv2",
    "path /etc/cni/net.d/05-cilium.conflist",
    "path /sys/fs/bpf/cilium",
    "path /sys/fs/bpf/tc/globals/cilium_ipcache",
    "path /var/run/cilium",
    "rules of iptables",
]


def test_a_dry_run_only_tells(node):
    assert clean(node, "--dry-run") == REMOVED
    assert (node / "log").read_text() == ""
    assert not (node / "restored").exists()
    assert all((node / path).exists() for path in PATHS)


def test_what_cilium_left_goes_and_what_others_have_stays(node):
    assert clean(node) == REMOVED
    assert (node / "log").read_text().splitlines() == [
        "ip link delete cilium_net",
        "ip link delete cilium_host",
        "ip link delete cilium_vxlan",
        "ip link delete lxc0123456789ab",
        "ip link delete lxc_health",
        "umount /run/cilium/cgroupv2",
    ]
    assert (node / "restored").read_text() == KEPT
    assert not any((node / path).exists() for path in PATHS)
    assert all((node / path).exists() for path in FOREIGN)


def test_a_clean_node_stays_as_it_is(node):
    clean(node)
    for name in ("links", "rules", "mounts"):
        (node / name).write_text("")
    assert clean(node) == []


def value(expression, **variables):
    loader = DataLoader()
    loader.set_basedir(str(ROLE))
    files = [str(ROLE / part / "main.yml") for part in ("defaults", "vars")]
    defaults, internals = (loader.load_from_file(file, trusted_as_template=True) for file in files)
    description = {"cluster_api_endpoint": "192.0.2.11", "cluster_networks": {"pod": "10.42.0.0/16"}, "groups": {}}
    templar = Templar(loader=loader, variables={**defaults, **internals, **description, **variables})
    return templar.template(trust_as_template("{{ " + expression + " }}"))


@pytest.mark.parametrize(("hosts", "replicas"), [([], 1), (["a"], 1), (["a", "b"], 2), (["a", "b", "c"], 2)])
def test_the_operator_has_no_replica_that_cannot_be_placed(hosts, replicas):
    assert value("__cilium_values.operator.replicas", cilium_hosts=hosts) == replicas


def test_the_values_say_where_the_api_server_and_the_pods_are():
    values = value("__cilium_values", cilium_gateway_api_enabled=False)
    assert (values["k8sServiceHost"], values["k8sServicePort"]) == ("192.0.2.11", 6443)
    assert values["ipam"]["operator"] == {"clusterPoolIPv4PodCIDRList": ["10.42.0.0/16"], "clusterPoolIPv4MaskSize": 24}
    assert values["gatewayAPI"] == {"enabled": False, "enableAlpn": False, "enableAppProtocol": False}


@pytest.mark.parametrize(
    ("live", "problems", "stale"),
    [
        ([], [], []),
        ([("wanted", True, 3)], [], []),
        ([("old", True, 0)], [], ["old"]),
        ([("old", True, 2)], ["old is missing, but services have addresses from it"], ["old"]),
        ([("theirs", False, 2)], [], []),
        ([("wanted", False, 0)], ["somebody else made the pool wanted"], []),
    ],
)
def test_no_pool_in_use_is_removed_and_none_of_others_is_taken_over(live, problems, stale):
    pools = [{"name": name, "managed": managed, "used": used} for name, managed, used in live]
    variables = {"cilium_pools": [{"name": "wanted"}], "__cilium_state": {"pools": pools}}
    found = value("__cilium_pool_problems", **variables)
    assert [part in problem for part, problem in zip(problems, found)] == [True] * len(found) == [True] * len(problems)
    assert value("__cilium_stale_pools", **variables) == stale
