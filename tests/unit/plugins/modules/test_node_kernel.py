# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import node_kernel

OPTIONS = {
    "modules": ["vxlan"],
    "sysctl": {"net.ipv4.ip_forward": 1},
    "swap": "disabled",
    "kernel_config": ["VXLAN"],
    "units": ["chrony.service"],
}
FILES = {
    "etc/fstab": "/dev/sda2 none swap sw 0 0\n",
    "etc/systemd/system/ssh.service": "",
    "proc/sys/net/ipv4/ip_forward": "0\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu cpuset memory pids\n",
    "lib/modules/6.1.0/modules.dep": "kernel/vxlan.ko:\n",
}
SHOW = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"


@pytest.fixture(name="root")
def root_(tmp_path, monkeypatch):
    """The module's own host, moved to a directory; programs only leave a trace, or answer for systemctl show."""

    class RootedHost(node_kernel.LocalHost):
        def __init__(self, module):
            super().__init__(module)
            self.kernel = "6.1.0"

        def read(self, path):
            return super().read(f"{tmp_path}{path}")

        def link(self, path):
            return super().link(f"{tmp_path}{path}")

        def exists(self, path):
            return super().exists(f"{tmp_path}{path}")

        def write(self, path, text):
            super().write(f"{tmp_path}{path}", text)

        def write_link(self, path, target):
            super().write_link(f"{tmp_path}{path}", target)

        def write_value(self, path, value):
            super().write_value(f"{tmp_path}{path}", value)

        def run(self, *command):
            if command[0] == "systemctl":
                return super().run("printf", f"{SHOW}\n{SHOW.replace('active', 'inactive')}")
            (tmp_path / "sys/module" / command[1]).mkdir(parents=True)
            return super().run("program-that-is-not-there") if command[1] == "geneve" else super().run("true")

    monkeypatch.setattr(node_kernel, "LocalHost", RootedHost)
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with gzip.open(tmp_path / "proc/config.gz", "wt") as stream:
        stream.write("CONFIG_VXLAN=m\n")
    return tmp_path


@pytest.fixture(name="run")
def run_(root, capsys):
    def run(**options):
        with (
            patch_module_args({**OPTIONS, "_ansible_remote_tmp": str(root), "_ansible_diff": True, **options}),
            pytest.raises(SystemExit),
        ):
            node_kernel.main()
        return json.loads(capsys.readouterr().out)

    return run


def tree(root):
    """Every file of the host, and every link."""
    return {
        str(path.relative_to(root)): path.readlink() if path.is_symlink() else path.read_bytes()
        for folder in ("etc", "proc", "sys")
        for path in sorted((root / folder).rglob("*"))
        if not path.is_dir()
    }


def test_check_mode_predicts_what_then_changes_and_the_second_run_changes_nothing(run, root):
    before = tree(root)
    predicted = run(_ansible_check_mode=True)
    assert predicted["changed"] is True
    assert tree(root) == before

    real = run()
    assert real["diff"] == predicted["diff"]
    assert tree(root) != before
    assert (root / "proc/sys/net/ipv4/ip_forward").read_text() == "1"
    assert str((root / "etc/systemd/system/swap.target").readlink()) == "/dev/null"

    after = tree(root)
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])
    assert tree(root) == after


def test_a_link_to_fstab_stays_a_link(run, root):
    (root / "etc/fstab").rename(root / "real")
    (root / "etc/fstab").symlink_to(root / "real")
    assert run()["changed"] is True
    assert (root / "etc/fstab").is_symlink()
    assert (root / "real").read_text().startswith("# homeops.cluster keeps swap off: /dev/sda2")


def test_it_tells_what_the_node_is(run):
    node = run()["node"]
    assert node.pop("architecture")
    assert node == {
        "cgroup_version": "2",
        "container": "",
        "firewall": "none",
        "kernel": "6.1.0",
        "missing": [],
        "units": {"chrony.service": "running"},
    }


def test_what_is_missing_fails_before_anything_changes(run, root):
    before = tree(root)
    result = run(kernel_config=["BPF_SYSCALL", "VETH"], modules=["overlay"])
    assert result["failed"] is True
    assert result["msg"].startswith("3 problems:\n- CONFIG_BPF_SYSCALL: ")
    assert result["node"]["missing"] == ["CONFIG_BPF_SYSCALL", "CONFIG_VETH"]
    assert tree(root) == before


def test_a_program_that_is_not_installed_is_told(run, root):
    (root / "lib/modules/6.1.0/modules.dep").write_text("kernel/geneve.ko:\n")
    result = run(modules=["geneve"])
    assert result["msg"] == "kernel module geneve: program-that-is-not-there is not installed. See /etc/modprobe.d"
