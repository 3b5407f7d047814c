# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._node_facts import KernelConfig, read_node
from ansible_collections.homeops.cluster.plugins.module_utils._node_kernel import (
    HEADER,
    MODULES_FILE,
    SYSCTL_FILE,
    Desired,
    apply,
    plan,
    sysctl_path,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

OPTIONS = {
    "modules": [],
    "sysctl": {},
    "swap": "unmanaged",
    "kernel_config": [],
    "units": [],
    "assume_modules": False,
}
LIB = "/lib/modules/6.1.0"
MACHINE = {
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids",
    "/proc/swaps": "Filename Type Size Used Priority\n",
    f"{LIB}/modules.dep": "kernel/net/br_netfilter.ko.xz: kernel/net/bridge.ko.xz\nkernel/net/vxlan.ko:\n",
    f"{LIB}/modules.builtin": "kernel/fs/overlayfs/overlay.ko\n",
    "/proc/sys/net/ipv4/ip_forward": "0\n",
    "/proc/sys/kernel/panic": "0\n",
}
CONTAINER = {
    "/run/systemd/container": "podman\n",
    f"{LIB}/modules.dep": None,
    f"{LIB}/modules.builtin": None,
}


class FakeHost:
    """A host made of files; what is written can be read, what modprobe loads is there, and all is on record."""

    kernel = "6.1.0"
    architecture = "x86_64"

    def __init__(self, *files, refuse=()):
        merged = {path: text for layer in (MACHINE, *files) for path, text in layer.items()}
        self.files = {path: text for path, text in merged.items() if text is not None}
        self.refuse = refuse
        self.links = {}
        self.log = []

    def read(self, path):
        return self.files.get(path)

    def link(self, path):
        return self.links.get(path)

    def exists(self, path):
        return path in self.files or path in self.links or any(name.startswith(f"{path}/") for name in self.files)

    def run(self, *command):
        if command[:2] == ("systemctl", "show"):
            return 1, ""
        self.log.append(" ".join(command))
        if command[0] in self.refuse:
            return 1, f"{command[0]}: refused"
        if command[0] == "modprobe":
            self.files[f"/sys/module/{command[1].replace('-', '_')}/refcnt"] = "0"
        if command[0] == "swapoff":
            self.files["/proc/swaps"] = MACHINE["/proc/swaps"]
        return 0, ""

    def write(self, path, text):
        self.log.append(f"write {path}")
        self.files[path] = text

    def write_link(self, path, target):
        self.log.append(f"link {path}")
        self.links[path] = target

    def write_value(self, path, value):
        if path in self.refuse:
            raise OSError(errno.EINVAL, "Invalid argument")
        self.log.append(f"set {path}")
        self.files[path] = f"{value}\n"


def planned(host, **options):
    desired = Desired.from_options({**OPTIONS, **options})
    config = KernelConfig(host)
    return plan(
        host, read_node(host, config, kernel_config=desired.kernel_config, units=desired.units), config, desired
    )


def problems(host, **options):
    with pytest.raises(ClusterError) as caught:
        planned(host, **options)
    return [(problem.where, problem.what) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("files", "options", "log"),
    [
        pytest.param((), {}, [], id="nothing wanted, nothing done"),
        pytest.param(
            (),
            {"modules": ["overlay", "br_netfilter"]},
            [f"write {MODULES_FILE}", "modprobe br_netfilter"],
            id="a module that is built in is not loaded",
        ),
        pytest.param(
            ({"/sys/module/br_netfilter/refcnt": "0"},),
            {"modules": ["br-netfilter"]},
            [f"write {MODULES_FILE}"],
            id="a dash is an underscore",
        ),
        pytest.param(
            (),
            {"modules": ["nf_conntrack"], "assume_modules": True},
            [f"write {MODULES_FILE}", "modprobe nf_conntrack"],
            id="check mode: the package that has the module was not installed",
        ),
        pytest.param(
            (CONTAINER,),
            {"modules": ["vxlan"]},
            [f"write {MODULES_FILE}"],
            id="a container without modules leaves loading to its host",
        ),
        pytest.param(
            ({"/run/systemd/container": "lxc\n"},),
            {"modules": ["vxlan"]},
            [f"write {MODULES_FILE}"],
            id="a container with the modules of its host does so, too",
        ),
        pytest.param(
            (CONTAINER, {"/proc/config.gz": "CONFIG_VXLAN=y\n"}),
            {"modules": ["vxlan"]},
            [f"write {MODULES_FILE}"],
            id="the kernel's configuration shows what is built in",
        ),
        pytest.param(
            (),
            {"sysctl": {"net.ipv4.ip_forward": True, "kernel.panic": 10}},
            [f"write {SYSCTL_FILE}", "set /proc/sys/net/ipv4/ip_forward", "set /proc/sys/kernel/panic"],
            id="kernel parameters are set",
        ),
        pytest.param(
            ({"/proc/sys/net/ipv4/ip_local_port_range": "1024\t65000\n"},),
            {"sysctl": {"net.ipv4.ip_local_port_range": "1024 65000"}},
            [f"write {SYSCTL_FILE}"],
            id="white space is no difference",
        ),
        pytest.param(
            (CONTAINER,),
            {"sysctl": {"net.ipv4.ip_forward": 1, "kernel.panic": 10, "net.bridge.bridge-nf-call-iptables": 1}},
            [f"write {SYSCTL_FILE}", "set /proc/sys/net/ipv4/ip_forward"],
            id="a container sets only what is its own",
        ),
        pytest.param(
            (),
            {"modules": ["br_netfilter"], "sysctl": {"net.bridge.bridge-nf-call-iptables": 1}},
            [
                f"write {MODULES_FILE}",
                f"write {SYSCTL_FILE}",
                "modprobe br_netfilter",
                "set /proc/sys/net/bridge/bridge-nf-call-iptables",
            ],
            id="a parameter may come with a module that is about to be loaded",
        ),
        pytest.param(
            (
                {
                    "/proc/swaps": "Filename Type\n/dev/sda2 partition\n",
                    "/etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n",
                    "/usr/lib/systemd/system/zramswap.service": "",
                    "/run/systemd/system/x": "",
                },
            ),
            {"swap": "disabled"},
            [
                "write /etc/fstab",
                "link /etc/systemd/system/swap.target",
                "link /etc/systemd/system/zramswap.service",
                "swapoff --all",
                "systemctl daemon-reload",
            ],
            id="swap goes off, now and for the next boot",
        ),
        pytest.param(
            (CONTAINER, {"/proc/swaps": "Filename Type\n/dev/sda2 partition\n"}),
            {"swap": "disabled"},
            ["link /etc/systemd/system/swap.target"],
            id="a container never turns off the swap of its host",
        ),
    ],
)
def test_apply_does_what_is_planned_and_the_second_time_nothing(files, options, log):
    host = FakeHost(*files)
    first = planned(host, **options)
    apply(host, first)
    assert host.log == log
    assert first.needed is bool(log)

    host.files.setdefault("/sys/module/nf_conntrack/refcnt", "0")
    second = planned(host, **options)
    apply(host, second)
    assert not second.needed
    assert host.log == log


def test_files_are_written_whole():
    host = FakeHost({MODULES_FILE: "left over\n"})
    apply(host, planned(host, modules=["vxlan", "overlay"], sysctl={"net.ipv4.ip_forward": 1, "kernel.panic": 10}))
    assert host.files[MODULES_FILE] == f"{HEADER}\nvxlan\noverlay\n"
    assert host.files[SYSCTL_FILE] == f"{HEADER}\nkernel.panic = 10\nnet.ipv4.ip_forward = 1\n"


def test_a_list_that_became_empty_empties_its_file():
    host = FakeHost({MODULES_FILE: f"{HEADER}\nvxlan\n"})
    apply(host, planned(host))
    assert host.files[MODULES_FILE] == f"{HEADER}\n"


def test_the_diff_shows_files_and_what_runs():
    host = FakeHost({"/proc/swaps": "Filename Type\n/swap.img file\n"})
    changes = planned(host, modules=["vxlan"], sysctl={"kernel.panic": 10}, swap="disabled").changes
    assert {change.header: (change.before, change.after) for change in changes} == {
        MODULES_FILE: ("", f"{HEADER}\nvxlan\n"),
        SYSCTL_FILE: ("", f"{HEADER}\nkernel.panic = 10\n"),
        "/etc/systemd/system/swap.target": ("", "/dev/null\n"),
        "modules of the running kernel": ({"vxlan": "absent"}, {"vxlan": "loaded"}),
        "sysctl of the running kernel": ({"kernel.panic": "0"}, {"kernel.panic": "10"}),
        "swap in use": ({"/swap.img": "on"}, {"/swap.img": "off"}),
    }


def test_what_a_container_leaves_alone_is_told():
    host = FakeHost(CONTAINER, {"/proc/swaps": "Filename Type\n/dev/sda2 partition\n"})
    sysctl = {"kernel.panic": 10, "net.bridge.x": 1}
    assert planned(host, modules=["vxlan"], sysctl=sysctl, swap="disabled").notes == (
        "kernel module vxlan: it is the container's host that has to load it",
        "sysctl kernel.panic: left as it is, it belongs to the container's host",
        "sysctl net.bridge.x: the container's host does not offer it",
        "swap: left on, it belongs to the container's host",
    )


def test_everything_missing_is_reported_at_once_and_nothing_is_touched():
    host = FakeHost(
        {
            "/proc/config.gz": "# CONFIG_BPF_SYSCALL is not set\nCONFIG_VETH=m\n",
            "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu pids",
            "/etc/systemd/system/swap.target": "[Unit]\n",
        }
    )
    assert problems(
        host,
        kernel_config=["VETH", "CONFIG_BPF_SYSCALL"],
        modules=["geneve"],
        sysctl={"net.ipv4.ip_froward": 1},
        swap="disabled",
    ) == [
        ("CONFIG_BPF_SYSCALL", "the running kernel was built without it"),
        ("cgroup controller memory", "the running kernel does not offer it"),
        ("kernel module geneve", "kernel 6.1.0 lacks it"),
        ("sysctl net.ipv4.ip_froward", "the kernel does not know it"),
        ("/etc/systemd/system/swap.target", "is a file in the place of a link to /dev/null"),
    ]
    assert host.log == []


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (({f"{LIB}/modules.dep": None},), f"{LIB} is missing"),
        ((CONTAINER, {"/proc/config.gz": "CONFIG_VETH=y\n"}), "the kernel was built without it"),
    ],
)
def test_a_module_that_cannot_be_had(files, what):
    assert problems(FakeHost(*files), modules=["geneve"]) == [("kernel module geneve", what)]


def test_what_the_system_refuses_is_reported_at_once():
    host = FakeHost(
        {"/proc/swaps": "Filename Type\n/dev/sda2 partition\n"},
        refuse=("modprobe", "swapoff", "/proc/sys/kernel/panic"),
    )
    with pytest.raises(ClusterError) as caught:
        apply(host, planned(host, modules=["vxlan"], sysctl={"kernel.panic": "ten"}, swap="disabled"))
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("kernel module vxlan", "modprobe: refused"),
        ("sysctl kernel.panic", "ten is refused (Invalid argument)"),
        ("swap", "swapoff: refused"),
    ]


def test_wrong_options_are_reported_at_once():
    sysctl = {"net.*.forwarding": 1, "net/../../etc": 1, "kernel.panic": ""}
    with pytest.raises(ClusterError) as caught:
        Desired.from_options({**OPTIONS, "modules": ["../x"], "sysctl": sysctl})
    assert [problem.where for problem in caught.value.problems] == [
        "modules[0]",
        "sysctl.net.*.forwarding",
        "sysctl.net/../../etc",
        "sysctl.kernel.panic",
    ]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
    ],
)
def test_sysctl_path(key, path):
    assert sysctl_path(key) == f"/proc/sys/{path}"
