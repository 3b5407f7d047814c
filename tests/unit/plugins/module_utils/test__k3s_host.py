# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import os
import signal

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import Api, Files, Processes, Systemd, Unit
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def test_a_file_is_written_whole_with_its_permissions(files):
    files.write("/etc/a/b", "one", 0o600)
    files.write("/etc/a/b", "two", 0o644)
    assert (files.read("/etc/a/b"), files.mode("/etc/a/b")) == ("two", 0o644)
    assert os.listdir(files.at("/etc/a")) == ["b"]


def test_a_write_that_fails_leaves_the_old_file_and_says_so(files):
    def broken():
        yield b"half"
        raise OSError(28, "No space left on device")

    files.write("/etc/b", "old", 0o600)
    with pytest.raises(ClusterError, match="/etc/b: cannot be written: No space left on device"):
        files.store("/etc/b", 0o600, broken())
    assert files.read("/etc/b") == "old"
    assert os.listdir(files.at("/etc")) == ["b"]


def test_the_rest_of_a_killed_write_does_not_matter(files):
    os.makedirs(files.at("/etc"))
    os.symlink("/nowhere", files.at("/etc/.b.new"))
    files.write("/etc/b", "new", 0o600)
    assert os.listdir(files.at("/etc")) == ["b"]


def test_a_link_to_a_file_stays_a_link(files):
    files.write("/real", "old", 0o600)
    os.symlink(files.at("/real"), files.at("/link"))
    files.write("/link", "new", 0o600)
    assert os.path.islink(files.at("/link"))
    assert files.read("/real") == "new"


def test_writers_of_one_directory_take_turns_and_one_may_hold_it_for_longer(files):
    files.write("/etc/b", "old", 0o600)

    def locked():
        descriptor = os.open(files.at("/etc"), os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    during = []
    with files.alone("/etc/b"):
        files.store("/etc/b", 0o600, [b"new"], lambda at: during.append(locked()))
        during.append(locked())
    assert (during, locked()) == ([True, True], False)
    with files.alone("/no/such/directory/b"):
        pass


def test_what_is_not_there(files):
    assert (files.read("/x"), files.mode("/x"), files.sha256("/x"), files.link_target("/x")) == (None, None, "", "")
    assert not files.exists("/x")
    files.remove("/x")


def answer(status=0, out="", err=""):
    def run(argv):
        run.asked = argv
        return status, out, err

    return run


def missing(argv):
    raise FileNotFoundError(argv[0])


SHOW = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=yes\nMainPID=42\n"


@pytest.mark.parametrize(
    ("run", "unit"),
    [
        (answer(out=SHOW), Unit("loaded", "active", True, True, 42)),
        (answer(out="LoadState=not-found\nActiveState=inactive\nMainPID=0\n"), Unit("not-found")),
        (answer(status=1, err="no bus"), Unit()),
        (missing, Unit()),
    ],
)
def test_a_unit_as_systemd_shows_it(run, unit):
    assert Systemd(run).unit("k3s") == unit


def test_systemctl_that_fails_is_told_with_its_words():
    run = answer()
    Systemd(run)("start", "k3s")
    assert run.asked == ["systemctl", "start", "k3s"]
    with pytest.raises(ClusterError, match="systemctl start k3s: Unit not found"):
        Systemd(answer(5, err="Unit not found\n"))("start", "k3s")
    with pytest.raises(ClusterError, match="no systemctl"):
        Systemd(missing)("start", "k3s")


@pytest.mark.parametrize(("run", "log"), [(answer(out=" a\nb\n"), "a\nb"), (answer(1), ""), (missing, "")])
def test_log(run, log):
    assert Systemd(run).log("k3s") == log


def test_nobody_answers(files):
    api = Api(files, timeout=1)
    assert not api.answers("127.0.0.1", 1)
    assert api.request("/readyz") == (0, "")
    assert not api.ready()
    assert api.nodes() == []


def test_nodes_as_the_api_lists_them(files, monkeypatch):
    api = Api(files)
    monkeypatch.setattr(api, "request", lambda path: (200, '{"items": [{"metadata": {"name": "a"}}]}'))
    assert api.nodes() == [{"metadata": {"name": "a"}}]


PROCESSES = {
    1: ("0::/init.scope", "/sbin/init"),
    50: ("0::/system.slice/sshd.service", "sshd"),
    60: ("0::/system.slice/k3s.service", "k3s server"),
    61: ("0::/kubepods/besteffort/pod1", "/pause"),
    62: ("0::/system.slice/other.service", "/var/lib/rancher/k3s/data/current/bin/containerd-shim-runc-v2"),
}


@pytest.mark.parametrize(
    ("init", "found"),
    [("0::/init.scope", [60, 61, 62]), ("0::/kubepods/burstable/pod9/init.scope", [60, 62])],
)
def test_processes_that_k3s_leaves_behind(files, init, found):
    for pid, (cgroup, command) in {**PROCESSES, 1: (init, "/sbin/init")}.items():
        files.write(f"/proc/{pid}/cgroup", cgroup, 0o644)
        files.write(f"/proc/{pid}/cmdline", command.replace(" ", "\0"), 0o644)
    killed = []
    processes = Processes(files, missing, lambda pid, number: killed.append((pid, number)))
    assert processes.leftovers() == found
    processes.kill_leftovers()
    assert killed == [(pid, signal.SIGKILL) for pid in found]


def test_no_process_is_no_error(files):
    assert Processes(files, missing).leftovers() == []


MOUNTS = "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /var/lib/rancher/k3s ext4 rw 0 0\n"
BELOW = "tmpfs /var/lib/kubelet/pods/1/my\\040volume tmpfs rw 0 0\nshm /run/k3s/containerd/shm tmpfs rw 0 0\n"


def test_mounts_below_the_data_are_unmounted_deepest_first_and_a_disk_for_the_data_is_not(files):
    files.write("/proc/self/mounts", MOUNTS + BELOW, 0o644)
    unmounted = []

    def run(argv):
        unmounted.append(argv)
        files.write("/proc/self/mounts", MOUNTS + BELOW if len(unmounted) < 2 else MOUNTS, 0o644)
        return 0, "", ""

    Processes(files, run).unmount()
    assert unmounted == [["umount", "/run/k3s/containerd/shm"], ["umount", "/var/lib/kubelet/pods/1/my volume"]]


def test_nothing_is_deleted_below_a_mount_that_stays(files):
    files.write("/proc/self/mounts", BELOW, 0o644)
    with pytest.raises(ClusterError, match="/run/k3s/containerd/shm: is still mounted"):
        Processes(files, answer(32)).unmount()


def test_an_empty_mount_point_counts_as_absent_and_a_mounted_file_does_not(files, monkeypatch):
    files.write("/disk/data", "", 0o600)
    monkeypatch.setattr(os.path, "ismount", lambda path: path in (files.at("/disk"), files.at("/disk/data")))
    assert files.exists("/disk/data")
    monkeypatch.setattr(os.path, "ismount", lambda path: path == files.at("/disk"))
    assert files.exists("/disk")
    files.remove("/disk")
    assert os.listdir(files.at("/disk")) == []
    assert not files.exists("/disk")
