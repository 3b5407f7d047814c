# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios' tests ask the lab with: kubectl, vtysh, ansible-playbook, and its hosts by podman.

Not by the SSH that Ansible uses: what it does to a host must not blind the tests.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
import testinfra
import yaml

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / ".lab" / os.environ.get("LAB_NAME", "test")
SECRETS = ("cluster_k3s_token", "cluster_bgp_password", "cluster_argocd_admin_password", "cluster_unifi_api_key")


@pytest.fixture(scope="session")
def variables() -> dict[str, Any]:
    """What the lab wrote into its inventory: addresses and secrets."""
    return yaml.safe_load((LAB / "inventory" / "hosts.yml").read_text())["all"]["vars"]


@pytest.fixture(scope="session")
def secrets(variables: dict[str, Any]) -> dict[str, str]:
    return {name: variables[name] for name in SECRETS}


@pytest.fixture(scope="session")
def machine() -> Callable[[str], Any]:
    return lambda name: testinfra.get_host(f"podman://homeops-{LAB.name}-{name}")


@pytest.fixture(scope="session")
def nodes() -> list[str]:
    """Names of the cluster's nodes, servers first."""
    groups = yaml.safe_load((LAB / "inventory" / "hosts.yml").read_text())["all"]["children"]
    return [*groups["k3s_servers"]["hosts"], *groups["k3s_agents"]["hosts"]]


@pytest.fixture(scope="session")
def servers(nodes: list[str]) -> list[str]:
    return [name for name in nodes if name.startswith("server")]


@pytest.fixture(scope="session")
def kubectl() -> Callable[..., Any]:
    def ask(*arguments: str) -> Any:
        command = [
            str(ROOT / ".lab" / "bin" / "kubectl"),
            "--kubeconfig",
            str(LAB / "kubeconfig"),
            *arguments,
            "-o",
            "json",
        ]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return ask


@pytest.fixture(scope="session")
def vtysh(machine: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda command: json.loads(machine("router").check_output("vtysh -c %s", command))


@dataclasses.dataclass
class Run:
    """One finished run of ansible-playbook."""

    returncode: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        lines = self.output.rpartition("PLAY RECAP")[2].splitlines()
        pairs = [(line.partition(":")[0].strip(), re.findall(r"(\w+)=(\d+)", line)) for line in lines if "ok=" in line]
        return {host: {key: int(value) for key, value in counts} for host, counts in pairs}

    @property
    def changed(self) -> dict[str, int]:
        return {host: counts["changed"] for host, counts in self.recap.items()}


def playbook_command(name: str, *arguments: str) -> list[str]:
    return ["ansible-playbook", "-i", str(LAB / "inventory"), str(ROOT / "playbooks" / f"{name}.yml"), *arguments]


def playbook_environment() -> dict[str, str]:
    bins = f"{ROOT / '.lab' / 'bin'}:{ROOT / '.venv' / 'bin'}"
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{bins}:{os.environ['PATH']}",
    }


@pytest.fixture(scope="session")
def playbook() -> Callable[..., Run]:
    def run(name: str, *arguments: str) -> Run:
        done = subprocess.run(
            playbook_command(name, *arguments),
            cwd=ROOT,
            env=playbook_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    return run


@pytest.fixture(scope="session")
def changed_tasks() -> Callable[[str], set[tuple[str, str]]]:
    """What a recorded run of this scenario changed, as (host, task); by the name that recorder.py gave it."""

    def read(name: str) -> set[tuple[str, str]]:
        record = json.loads((LAB / "records" / f"{name}.json").read_text())
        assert record["tasks"], f"{name} recorded no task"
        return {(entry["host"], entry["task"]) for entry in record["tasks"] if entry["changed"]}

    return read
