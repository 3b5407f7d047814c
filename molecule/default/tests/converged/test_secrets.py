# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planted secrets, searched for everywhere they must not be.

All runs of this scenario were made with -vvv and --diff.
"""

from __future__ import annotations

import base64
import subprocess
import threading
from pathlib import Path

from conftest import LAB, playbook_command, playbook_environment


def spellings(secret: str) -> list[str]:
    return [secret, base64.b64encode(secret.encode()).decode().rstrip("=")]


def test_no_log_holds_a_secret(secrets):
    log = (LAB / "ansible.log").read_text()
    assert "TASK [homeops.cluster.k3s" in log
    leaked = [name for name, secret in secrets.items() if any(spelling in log for spelling in spellings(secret))]
    assert leaked == []


def test_no_file_of_a_host_that_others_can_read_holds_a_secret(machine, nodes, secrets):
    for name in [*nodes, "router"]:
        for secret_name, secret in secrets.items():
            found = machine(name).check_output(
                "find / -xdev -type f -perm /077 -size -1M -print0 | xargs -0 grep -lF %s || true",
                secret,
            )
            allowed = {"/etc/frr/frr.conf"} if name == "router" else set()  # 0640 frr:frr, as FRR itself keeps it
            assert set(found.split()) <= allowed, f"{secret_name} on {name}"


def test_no_file_of_the_controller_that_others_can_read_holds_a_secret(secrets):
    for secret_name, secret in secrets.items():
        found = subprocess.run(
            ["grep", "-rlF", "--exclude-dir=mirror", secret, str(LAB), "/tmp"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        wide = [
            path
            for path in found
            if subprocess.check_output(["stat", "-c", "%a", path], text=True).strip()[-2:] != "00"
        ]
        assert wide == [], secret_name


def test_no_process_has_a_secret_among_its_arguments(secrets, machine, nodes):
    """A run with something to do, watched from outside: the processes of the lab's hosts are visible here."""
    machine(nodes[-1]).check_output("rm /etc/rancher/k3s/token")
    watched, leaked, done = 0, set(), threading.Event()

    def watch() -> None:
        nonlocal watched
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue
                watched += 1
                leaked.update(name for name, secret in secrets.items() if secret.encode() in line)
            done.wait(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = subprocess.run(
        playbook_command("site", "-vvv", "--diff"),
        env=playbook_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    done.set()
    watcher.join()
    assert run.returncode == 0, run.stdout[-4000:]
    assert watched > 1000
    assert leaked == set()
    assert not [name for name, secret in secrets.items() if secret in run.stdout + run.stderr]
