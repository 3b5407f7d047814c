# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of Cilium on a node goes, and nothing else does. The system's tools are stand-ins that keep a log."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/cilium/files/clean-node.sh"

LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
5: cilium_net@cilium_host: <BROADCAST,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500
6: cilium_host@cilium_net: <BROADCAST,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500
7: cilium_vxlan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
9: lxc12ab@if8: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
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
PATHS = ["etc/cni/net.d/05-cilium.conflist", "sys/fs/bpf/cilium/a", "sys/fs/bpf/tc/globals/b", "var/run/cilium/c"]
FOREIGN = ["etc/cni/net.d/10-other.conflist", "sys/fs/bpf/tc/other"]


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
    "link lxc12ab",
    "mount /run/cilium/cgroupv2",
    "path /etc/cni/net.d/05-cilium.conflist",
    "path /sys/fs/bpf/cilium",
    "path /sys/fs/bpf/tc/globals",
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
        "ip link delete lxc12ab",
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
