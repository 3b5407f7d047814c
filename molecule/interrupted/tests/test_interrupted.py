# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook is killed while it works, and simply run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest
from conftest import LAB, ROOT, playbook_command, playbook_environment

# Where the run is killed: as soon as this is printed, in this order on the same hosts, and that many seconds later.
POINTS = (
    ("TASK [homeops.cluster.node_prepare", 2),
    ("TASK [homeops.cluster.k3s : run | ", 3),
    ("TASK [homeops.cluster.cilium", 3),
    ("TASK [homeops.cluster.argocd", 2),
)
if os.environ.get("TEST_ALL"):  # every few seconds through the whole run
    POINTS = (*POINTS, *(("TASK [homeops.cluster.preflight", seconds) for seconds in range(1, 14)))


def run_until(text: str, seconds: float) -> bool:
    """True if the run was still at work when it was killed."""
    process = subprocess.Popen(
        playbook_command("site"),
        cwd=ROOT,
        env=playbook_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if line.startswith(text):
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return True
    process.wait()
    return False


@pytest.mark.parametrize(("text", "seconds"), POINTS)
def test_killed(text, seconds):
    assert run_until(text, seconds), f"the run never came to {text}"


def test_the_next_run_brings_the_same_end_state(playbook):
    run = playbook("site")
    assert run.returncode == 0, run.output
    proof = playbook("verify")
    assert proof.returncode == 0, proof.output


def test_and_the_one_after_it_changes_nothing(playbook):
    run = playbook("site")
    assert (run.returncode, set(run.changed.values())) == (0, {0}), run.output


def helm(*arguments: str) -> list[str]:
    return [
        str(ROOT / ".lab" / "bin" / "helm"),
        "--kubeconfig",
        str(LAB / "kubeconfig"),
        "-n",
        "kube-system",
        *arguments,
    ]


def release_status() -> str:
    history = subprocess.check_output(helm("history", "cilium", "--max=1", "-o", "json"))
    return json.loads(history)[-1]["status"]


def test_an_upgrade_of_cilium_that_was_killed_is_taken_back(playbook, kubectl, variables):
    """Helm dies when it has changed the cluster, with its record pending; the description is what it was."""
    upgrade = subprocess.Popen(
        helm(
            *("upgrade", "cilium", "cilium", "--repo", f"{variables['lab_mirror']}/charts", "--version", "1.19.0"),
            *("--reuse-values", "--set", "l2announcements.enabled=true,operator.replicas=3", "--wait"),
        )
    )
    setting = ("get", "configmap", "cilium-config", "-n", "kube-system")
    for _attempt in range(100):
        if kubectl(*setting)["data"]["enable-l2-announcements"] == "true":
            break
        time.sleep(0.1)
    upgrade.kill()
    upgrade.wait()
    assert release_status() == "pending-upgrade"
    run = playbook("site")
    assert run.returncode == 0, run.output
    assert release_status() == "deployed"
    assert kubectl(*setting)["data"]["enable-l2-announcements"] == "false"
    again = playbook("site")
    assert (again.returncode, set(again.changed.values())) == (0, {0}), again.output
