# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios' tests ask the lab with: kubectl, vtysh, ansible-playbook, and its hosts by podman.

Not by the SSH that Ansible uses: what it does to a host must not blind the tests.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import time
from typing import Any, Callable

import pytest
import testinfra
import yaml
from commands import LAB, ROOT, playbook_command, playbook_environment

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


@pytest.fixture(scope="session")
def routes(machine: Callable[[str], Any]) -> Callable[[], dict[str, list[str]]]:
    """What BGP brought into the router's kernel: the nodes by which each destination is reached."""

    def ask() -> dict[str, list[str]]:
        found = json.loads(machine("router").check_output("ip -j route show proto bgp") or "[]")
        return {
            route["dst"]: sorted(hop["gateway"] for hop in route.get("nexthops", [route]) if "gateway" in hop)
            for route in found
        }

    return ask


@pytest.fixture(scope="session")
def addresses(kubectl: Callable[..., Any]) -> Callable[[], set[str]]:
    """The addresses of all Services."""

    def ask() -> set[str]:
        services = kubectl("get", "services", "-A")["items"]
        return {entry["ip"] for item in services for entry in item["status"]["loadBalancer"].get("ingress", [])}

    return ask


@pytest.fixture(scope="session")
def exactly_routed(
    routes: Callable[[], dict[str, list[str]]], addresses: Callable[[], set[str]], node_addresses: list[str]
) -> Callable[..., bool]:
    """Whether the router has the addresses of the Services, no other, each by way of every node."""

    def compare(count: int) -> bool:
        there = addresses()
        return len(there) == count and routes() == {address: sorted(node_addresses) for address in there}

    return compare


@pytest.fixture(scope="session")
def node_addresses() -> list[str]:
    groups = yaml.safe_load((LAB / "inventory" / "hosts.yml").read_text())["all"]["children"]
    hosts = {**groups["k3s_servers"]["hosts"], **groups["k3s_agents"]["hosts"]}
    return [host["ansible_host"] for host in hosts.values()]


def eventually(true: Callable[[], Any], seconds: float = 30) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.25)
    return True


@dataclasses.dataclass
class Run:
    """One finished run of ansible-playbook."""

    returncode: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        lines = re.findall(r"^(\S+)\s*: (ok=\d+ .*)$", self.output.rpartition("PLAY RECAP")[2], re.MULTILINE)
        return {host: {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", line)} for host, line in lines}

    @property
    def changed(self) -> dict[str, int]:
        return {host: counts["changed"] for host, counts in self.recap.items()}


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
