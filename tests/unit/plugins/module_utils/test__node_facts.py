# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._node_facts import (
    KernelConfig,
    cgroup_version,
    container,
    firewall,
    missing_controllers,
    read_node,
    unit_states,
)

V1 = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\ncpuset\t2\t1\t1\nmemory\t3\t1\t{}\npids\t4\t1\t1\n"


class FakeHost:
    kernel = "6.1.0"
    architecture = "aarch64"

    def __init__(self, files=None, show=(1, ""), links=None):
        self.files = files or {}
        self.links = links or {}
        self.show = show
        self.asked = ()

    def read(self, path):
        return self.files.get(path)

    def link(self, path):
        return self.links.get(path)

    def exists(self, path):
        return path in self.files

    def run(self, *command):
        self.asked = command
        return self.show


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/sys/fs/cgroup/cgroup.controllers", "2"),
        ("/sys/fs/cgroup/unified/cgroup.controllers", "hybrid"),
        ("/sys/fs/cgroup/memory", "1"),
        ("/sys/fs", "none"),
    ],
)
def test_cgroup_version(path, version):
    assert cgroup_version(FakeHost({path: ""})) == version


@pytest.mark.parametrize(
    ("files", "version", "missing"),
    [
        ({"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"}, "2", []),
        ({"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n"}, "2", ["memory"]),
        ({"/proc/cgroups": V1.format(1)}, "hybrid", []),
        ({"/proc/cgroups": V1.format(0)}, "1", ["memory"]),
    ],
)
def test_missing_controllers(files, version, missing):
    assert missing_controllers(FakeHost(files), version) == missing


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({}, ""),
        ({"/run/systemd/container": "lxc\n"}, "lxc"),
        ({"/proc/1/environ": "PATH=/bin\0container=podman\0TERM=x\0"}, "podman"),
        ({"/proc/1/environ": "PATH=/bin\0my_container=no\0", "/.dockerenv": ""}, "docker"),
    ],
)
def test_container(files, kind):
    assert container(FakeHost(files)) == kind


@pytest.mark.parametrize(("number", "kind"), [("4026531836", ""), ("4026532310", "unknown")])
def test_a_container_that_does_not_say_so_is_known_by_its_processes(number, kind):
    assert container(FakeHost(links={"/proc/self/ns/pid": f"pid:[{number}]"})) == kind


@pytest.mark.parametrize(
    ("files", "firewalld", "name"),
    [
        ({}, "running", "firewalld"),
        ({}, "started", "firewalld"),
        ({}, "stopped", "none"),
        ({"/etc/ufw/ufw.conf": "# x\nENABLED=yes\n"}, "absent", "ufw"),
        ({"/etc/ufw/ufw.conf": "ENABLED=no\n"}, "absent", "none"),
    ],
)
def test_firewall(files, firewalld, name):
    assert firewall(FakeHost(files), firewalld) == name


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        (("not-found", "inactive", ""), "absent"),
        (("masked", "inactive", "masked"), "masked"),
        (("loaded", "inactive", "enabled"), "stopped"),
        (("loaded", "active", "disabled"), "started"),
        (("loaded", "active", "enabled"), "running"),
    ],
)
def test_unit_states(properties, state):
    block = "LoadState={}\nActiveState={}\nUnitFileState={}\n".format(*properties)
    host = FakeHost(show=(0, f"{block}\n{block}"))
    assert unit_states(host, ["a.service", "b.service"]) == {"a.service": state, "b.service": state}
    assert host.asked[-2:] == ("a.service", "b.service")


def test_units_of_a_host_without_systemd_are_absent():
    assert unit_states(FakeHost(), ["a.service"]) == {"a.service": "absent"}


@pytest.mark.parametrize("path", ["/proc/config.gz", "/boot/config-6.1.0", "/lib/modules/6.1.0/config"])
def test_the_kernel_tells_its_configuration(path):
    config = KernelConfig(FakeHost({path: "CONFIG_BPF=y\nCONFIG_VXLAN=m\n# CONFIG_GENEVE is not set\n"}))
    assert [config.get(option) for option in ("BPF", "VXLAN", "GENEVE")] == ["y", "m", "n"]


def test_a_kernel_that_does_not_tell_is_probed_and_unknown_is_not_missing():
    host = FakeHost({"/proc/keys": "", "/sys/fs/cgroup/cgroup.controllers": "cpu cpuset memory pids"})
    node = read_node(host, KernelConfig(host), kernel_config=["KEYS", "BPF_SYSCALL", "GENEVE"], units=[])
    assert node.as_dict() == {
        "architecture": "aarch64",
        "kernel": "6.1.0",
        "cgroup_version": "2",
        "container": "",
        "firewall": "none",
        "units": {},
        "missing": ["CONFIG_BPF_SYSCALL"],
    }
