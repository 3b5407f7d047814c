# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a prepared node is like, asked from the node."""

from __future__ import annotations

import pytest

PACKAGES = {
    "debian": ("nfs-common", "open-iscsi", "chrony"),
    "rocky": ("nfs-utils", "iscsi-initiator-utils", "chrony"),
}
SOCKETS = {"debian": "iscsid.socket", "rocky": "iscsid.service"}
CLOCKS = {"debian": "chrony.service", "rocky": "chronyd.service"}


@pytest.fixture(name="node", params=["server1", "agent1", "rocky1"], scope="module")
def node_(request, machine):
    return machine(request.param)


@pytest.fixture(name="platform", scope="module")
def platform_(node):
    return "rocky" if 'ID="rocky"' in node.file("/etc/os-release").content_string else "debian"


def test_packages_are_installed(node, platform):
    assert [name for name in PACKAGES[platform] if not node.package(name).is_installed] == []


@pytest.mark.parametrize("name", ["server1", "agent1"])  # the look-alike's packages are stubs, without programs
def test_the_nfs_helper_is_there(name, machine):
    assert machine(name).exists("mount.nfs")


def test_modules_are_loaded_at_boot(node):
    lines = node.file("/etc/modules-load.d/90-homeops.conf").content_string.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["overlay", "br_netfilter", "vxlan"]


def test_parameters_hold_now_and_after_a_boot(node):
    file = node.file("/etc/sysctl.d/90-homeops.conf")
    assert (file.user, file.mode) == ("root", 0o644)
    settings = dict(line.split(" = ") for line in file.content_string.splitlines() if not line.startswith("#"))
    assert settings["net.ipv4.ip_forward"] == "1"
    # The others belong to the machine below the container.
    for key in ("net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter"):
        assert str(node.sysctl(key)) == settings[key]


def test_swap_stays_off(node):
    assert node.file("/etc/systemd/system/swap.target").linked_to == "/dev/null"
    fields = [line.split() for line in node.file("/etc/fstab").content_string.splitlines() if line[:1] != "#"]
    assert not [field for field in fields if field[2:3] == ["swap"]]


def test_iscsi_is_running_and_enabled(node, platform):
    service = node.service(SOCKETS[platform])
    assert service.is_running
    assert service.is_enabled


def test_the_clock_of_the_machine_below_is_left_alone(node, platform):
    clock = node.service(CLOCKS[platform])
    assert clock.is_masked
    assert not clock.is_running
