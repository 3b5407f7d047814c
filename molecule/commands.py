# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios call: the lab's hosts by podman, kubectl, FRR's vtysh, and playbooks."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / ".lab" / os.environ.get("LAB_NAME", "test")


def playbook_command(name: str, *arguments: str) -> list[str]:
    """Of a playbook of the collection, or of one of the scenarios' own, which lie in molecule/shared."""
    files = [folder / f"{name}.yml" for folder in (ROOT / "playbooks", ROOT / "molecule" / "shared")]
    file = next(file for file in files if file.exists())
    return ["ansible-playbook", "-i", str(LAB / "inventory"), str(file), *arguments]


def playbook_environment() -> dict[str, str]:
    bins = f"{ROOT / '.lab' / 'bin'}:{ROOT / '.venv' / 'bin'}"
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "false",  # molecule sets it
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{bins}:{os.environ['PATH']}",
    }


@dataclasses.dataclass(frozen=True)
class Step:
    """One command, and what it reads."""

    argv: tuple[str, ...]
    stdin: str | None = None

    def run(self) -> str:
        environment = playbook_environment()
        done = subprocess.run(
            self.argv, input=self.stdin, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(self.argv)}: {done.stdout}{done.stderr}")
        return done.stdout


def on(host: str, command: str) -> Step:
    return Step(("podman", "exec", f"homeops-{LAB.name}-{host}", "sh", "-ec", command))


def frr(*lines: str) -> Step:
    """Lines typed into the configuration of the running router; its file stays as it is."""
    commands = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
    return Step(("podman", "exec", f"homeops-{LAB.name}-router", "vtysh", *commands))


def play(name: str, *arguments: str) -> Step:
    return Step(tuple(playbook_command(name, *arguments)))


def kubectl(*arguments: str, stdin: str | None = None) -> Step:
    return Step((str(ROOT / ".lab/bin/kubectl"), "--kubeconfig", str(LAB / "kubeconfig"), *arguments), stdin)


def create(*objects: dict[str, Any]) -> Step:
    return kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def delete(*names: str) -> Step:
    return kubectl("delete", "--ignore-not-found", *names)


def patch(name: str, *operations: dict[str, Any]) -> Step:
    return kubectl("patch", name, "--type=json", f"--patch={json.dumps(operations)}")


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def replace(path: str, value: object) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def service(
    name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: object
) -> dict[str, Any]:
    """A Service of type LoadBalancer, unless C(spec) says otherwise."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
    }


def cilium(
    kind: str, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None, version: str = "v2"
) -> dict[str, Any]:
    metadata = {"name": name, "labels": labels or {}}
    return {"apiVersion": f"cilium.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}
