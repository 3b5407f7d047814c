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


HOSTVARS = {
    "a": {},
    "b": {"cluster_bgp_enabled": False},
    "c": {"cluster_bgp_enabled": "no"},
    "d": {"cluster_bgp_enabled": True},
}


def test_hosts_peer_unless_they_say_otherwise():
    assert list(value("cilium_bgp_hosts", cilium_hosts=["a", "b", "c", "d"], hostvars=HOSTVARS)) == ["a", "d"]
    assert list(value("cilium_bgp_hosts", cilium_hosts=[], hostvars={})) == []


def test_their_nodes_get_the_label_that_the_policy_selects():
    label = {"homeops.cluster/bgp-node": "enabled"}
    nodes = value("__cilium_bgp_nodes", cilium_hosts=["a", "b"], hostvars=HOSTVARS)
    assert nodes == [{"name": "a", "labels": label}]
    assert value("cilium_bgp_node_selector") == {"matchLabels": label}
    assert value("__cilium_bgp_nodes", cilium_bgp_hosts=[]) == []


NEAR = {"name": "near", "address": "192.0.2.1", "asn": 65000}
FAR = {"name": "far", "address": "203.0.113.1", "asn": 65000, "ebgp_multihop": 3, "timers": {"hold": 90}}


@pytest.mark.parametrize(
    ("bgp", "expected"),
    [
        ({}, [NEAR, FAR]),
        (
            {"timers": {"hold": 30, "keepalive": 10}, "graceful_restart": 0},
            [
                {**NEAR, "timers": {"hold": 30, "keepalive": 10}, "graceful_restart": 0},
                {**FAR, "timers": {"hold": 90, "keepalive": 10}, "graceful_restart": 0},
            ],
        ),
    ],
)
def test_what_a_peer_does_not_say_is_as_for_all(bgp, expected):
    described = {"local_asn": 65010, "peers": [NEAR, FAR], **bgp}
    peers = value("__cilium_bgp_peers", cilium_bgp=described, cilium_bgp_password="secret")
    assert list(peers) == [{**peer, "password": "secret"} for peer in expected]


@pytest.mark.parametrize(
    ("routers", "kept", "replaced"),
    [
        (["gw"], ["inside: this CiliumL2AnnouncementPolicy stays, as BGP"], ["lan"]),
        ([], ["inside: ", "lan: "], ["lan"]),
    ],
)
def test_l2_announcements_stay_where_nothing_proves_that_bgp_has_taken_over(routers, kept, replaced):
    found = [
        {"name": "lan", "replaced": True, "routes": ["198.51.100.1/32"], "missing": []},
        {"name": "inside", "replaced": False, "routes": ["198.51.100.2/32"], "missing": [{"name": "web"}]},
    ]
    variables = {"__cilium_policy": {"migration": {"l2": found}}, "cilium_bgp_router_hosts": routers}
    said = value("__cilium_l2_kept", **variables)
    assert [line.startswith(start) for line, start in zip(said, kept)] == [True] * len(kept) == [True] * len(said)
    assert value("__cilium_l2_replaced | map(attribute='name')", **variables) == replaced
    assert value("__cilium_l2_routes", **variables) == ["198.51.100.1/32"]
    assert value("__cilium_l2_missing", **variables) == [{"name": "web"}]


def test_an_agent_that_a_migration_left_stopped_is_told_from_one_that_is_broken():
    pod = {"metadata": {"name": "cilium-a"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}}
    stopped = {**pod, "metadata": {"name": "cilium-b", "finalizers": ["homeops.cluster/bgp-migration"]}}
    installed = {"status": "deployed", "chart": "cilium-1.18.6"}
    told = value(
        "__cilium_problems",
        __cilium_pods={"resources": [pod, stopped]},
        __cilium_installed=installed,
        cilium_version="1.18.6",
        cilium_namespace="kube-system",
    )
    assert list(told) == [
        "Pod cilium-a on n1 is not ready (Running): see kubectl -n kube-system describe pod cilium-a.",
        "Pod cilium-b on n1 is not ready (Running): a migration that was interrupted has stopped it, run site.yml.",
    ]
