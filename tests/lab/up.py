# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the commands do, from the machine up to the finished cluster. Each stage does nothing when nothing changed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import check, containers, images, inventory, mirror, packages, programs, table
from tests.lab.command import LabError, Stages, run
from tests.lab.settings import Lab, load, read

SETTLE = 90.0  # seconds until sessions, addresses and routes must be there after site.yml


def prepare() -> None:
    """What the lab needs on the machine, without any host."""
    lab = Lab(read(os.environ))
    _prepare(lab, Stages(4))


def up(site: bool) -> None:
    lab = Lab(read(os.environ))
    stages = Stages(9 if site else 7)
    _prepare(lab, stages)
    lab.save()
    with _alone(lab):
        with stages.stage("images of the hosts"):
            tags = images.build(lab, {host.image for host in lab.hosts})
        with stages.stage("content of the mirror"):
            mirror.fill(lab, tags["node"])
    with stages.stage(f"hosts: {lab.host_names}"):
        _hosts(lab, tags)
    if not site:
        return
    with stages.stage("playbooks/site.yml"):
        playbook(lab, "site")
    with stages.stage("demo Service"):
        run(lab.binaries / "kubectl", "--kubeconfig", lab.kubeconfig, "apply", "-f", lab.sources / "demo.yml")
        lines = settle(lab)
    finish(lab, lines)


def status() -> None:
    lab = _existing()
    finish(lab, table.ask(lab))


def reset() -> None:
    """Empty hosts again, as after `up --no-site`; the mirror stays as it is."""
    lab = _existing()
    containers.remove(lab, [host for host in lab.hosts if host.group])
    lab.kubeconfig.unlink(missing_ok=True)
    _hosts(lab, images.tags(lab))


def wipe(name: str) -> None:
    """One host again with an empty disk."""
    lab = _existing()
    containers.remove(lab, [lab.host(name)])
    _hosts(lab, images.tags(lab))


def playbook(lab: Lab, name: str) -> None:
    tools = Path(sys.executable).parent
    env = {
        **os.environ,
        "PATH": f"{lab.binaries}:{tools}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(lab.project / "ansible.cfg"),
    }
    command = (tools / "ansible-playbook", "-i", lab.inventory, lab.project / "playbooks" / f"{name}.yml")
    if subprocess.run(command, cwd=lab.project, env=env, check=False).returncode:
        raise LabError(f"playbooks/{name}.yml failed")


def settle(lab: Lab) -> list[table.Line]:
    """The table, as soon as every line of it is good; as it is when that takes too long."""
    end = time.monotonic() + SETTLE
    while True:
        lines = table.ask(lab)
        if all(line.good for line in lines) or time.monotonic() > end:
            return lines
        time.sleep(1)


def finish(lab: Lab, lines: list[table.Line]) -> None:
    print(f"\nLab {lab.name}\n{table.show(lines)}\n")
    if not all(line.good for line in lines):
        raise LabError(
            "the lab is not as it should be: see the lines marked NO", "Run it again, or `make lab-down` first."
        )
    paths = {"lab": _relative(lab.directory), "kubeconfig": _relative(lab.kubeconfig)}
    print(NEXT.format(name=lab.name, mirror=lab.mirror.address, **paths))


NEXT = """What to try next
  .lab/bin/kubectl --kubeconfig {kubeconfig} get nodes,services -A
  podman exec homeops-{name}-router vtysh -c 'show bgp summary' -c 'show ip route bgp'
  .lab/bin/kubectl --kubeconfig {kubeconfig} create service loadbalancer hello --tcp=80:80  # a route more
  git clone http://{mirror}/git/home.git                     # what Argo CD follows: commit, push, and see
  source .venv/bin/activate; PATH=$PWD/.lab/bin:$PATH
  ansible-playbook -i {lab}/inventory playbooks/site.yml     # changes nothing
  ansible-playbook -i {lab}/inventory playbooks/verify.yml   # asks every layer
  make lab-down                                              # removes what make lab made
  docs/getting-started.md                                    # your own hosts and router
"""


def _existing() -> Lab:
    lab = load(os.environ)
    if not lab.saved.exists():
        raise LabError(f"there is no lab {lab.name}", "Make it first: `make lab`, or set LAB_NAME to the one you mean.")
    return lab


def _prepare(lab: Lab, stages: Stages) -> None:
    with stages.stage("is this machine fit?"):
        check.check(lab)
    with _alone(lab):
        with stages.stage("packages"):
            packages.install()
        with stages.stage("helm and kubectl"):
            programs.install_tools(lab)
        with stages.stage("stand-ins for K3s, Cilium and Argo CD"):
            programs.build(lab)


def _hosts(lab: Lab, tags: dict[str, str]) -> None:
    values = inventory.prepare(lab)
    containers.ensure(lab, tags)
    inventory.publish(lab, values)


def _relative(path: Path) -> str:
    return os.path.relpath(path)


@contextmanager
def _alone(lab: Lab) -> Iterator[None]:
    """Two labs of one checkout share caches and images: only one of them makes them at a time."""
    with (lab.shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(lab.scratch, ignore_errors=True)
        lab.scratch.mkdir()
        yield
