# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.lab import command, containers, inventory
from tests.lab.settings import Lab, Settings

LAB = Lab(Settings(rocky=True), Path("/checkout"))


def test_hosts_stand_in_their_groups_and_the_mirror_in_none():
    children = inventory.inventory(LAB, {})["all"]["children"]
    assert {group: list(content["hosts"]) for group, content in children.items()} == {
        "k3s_servers": ["server1"],
        "k3s_agents": ["agent1"],
        "routers": ["router"],
        "rocky": ["rocky1"],
    }


def test_a_lab_without_agents_still_has_the_group():
    children = inventory.inventory(Lab(Settings(agents=0)), {})["all"]["children"]
    assert children["k3s_agents"] == {"hosts": {}}


def test_host_keys_stay_checked():
    variables = inventory.inventory(LAB, {})["all"]["vars"]
    assert variables["ansible_ssh_common_args"].startswith("-o UserKnownHostsFile='/checkout/.lab/lab/ssh/known_hosts'")
    assert "ansible_python_interpreter" not in variables  # it would hold for localhost as well


def test_secrets_are_made_once_and_kept(tmp_path):
    file = tmp_path / "secrets.json"
    first = inventory._secrets(file)
    assert inventory._secrets(file) == first
    assert len(set(first.values())) == len(inventory.SECRETS)
    assert len(first["cluster_k3s_token"]) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_private_file_is_private_however_open_it_was(tmp_path):
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    file.write_text("old")
    file.chmod(0o644)
    inventory.write_private(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("server1", "--volume=/checkout/.lab/bin:/usr/local/lib/lab:ro"),
        ("server1", "--volume=/checkout/.lab/lab/ssh/id_ed25519.pub:/etc/ssh/authorized_keys:ro"),
        ("router", "--volume=/checkout/tests/lab/unifi:/usr/local/lib/unifi-network:ro"),
        ("router", "--sysctl=net.ipv4.ip_forward=1"),
        ("mirror", "--volume=/checkout/.lab/lab/mirror:/srv/mirror"),
        ("server1", "--add-host=mirror:10.89.17.2"),
    ],
)
def test_each_host_sees_what_it_needs(name, seen):
    assert seen in containers.arguments(LAB, LAB.host(name), "image")


def test_a_real_k3s_gets_disks_for_its_containers():
    real = Lab(Settings(k3s_binary="/k3s"), Path("/checkout"))
    assert "--volume=/var/lib/rancher" in containers.arguments(real, real.host("agent1"), "image")
    assert "--volume=/var/lib/rancher" not in containers.arguments(LAB, LAB.host("agent1"), "image")


def test_a_digest_sees_every_byte_and_name(tmp_path):
    (tmp_path / "a").write_text("x")
    first = command.digest(tmp_path)
    assert command.digest(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    second = command.digest(tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({first, second, command.digest(tmp_path)}) == 3
    assert command.digest("ab", "c") != command.digest("a", "bc")


def test_a_failed_command_shows_its_last_lines_and_the_way_out():
    with pytest.raises(command.LabError) as error:
        command.run("sh", "-c", "seq 100; exit 3", remedy="Count less.")
    assert error.value.what.splitlines() == ["`sh -c seq 100; exit 3` failed (3):", *map(str, range(86, 101))]
    assert error.value.remedy == "Count less."


def test_a_missing_program_is_said_plainly():
    with pytest.raises(command.LabError, match="no-such-program: no such program"):
        command.run("no-such-program")


def test_waiting_ends_with_what_was_waited_for():
    with pytest.raises(command.LabError, match="router does not answer after 0 s"):
        command.wait("router does not answer", lambda: False, 0, "Look at it.")
