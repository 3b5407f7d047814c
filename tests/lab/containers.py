# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's hosts as podman containers that run systemd, on a bridge network of their own."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.command import LabError, digest, note, run, succeeds, together, wait
from tests.lab.settings import Host, Lab

PORTS = {"node": (22,), "rocky": (22,), "router": (22, 443), "mirror": (80,)}
SERVICES = ("argocd-redis", "argocd-repo-server")  # nothing leads to a Service: Argo CD's pods are together on one node
HAS_RUN = ("running", "exited", "stopped")  # in any other state a start was interrupted: nothing to lose
PACKAGE_LISTS = {
    "node": ("/var/lib/apt/lists/*Packages", "apt-get update -q"),
    "rocky": ("/var/cache/dnf/lab-*", "dnf -q makecache"),
}
KERNEL_MODULES = Path("/lib/modules")


@dataclass(frozen=True)
class Found:
    """A container that exists."""

    name: str
    state: str
    recipe: str
    checkout: str


def arguments(lab: Lab, host: Host, image: str) -> list[str]:
    """What `podman run` is told, but for the name and the label."""
    mounts = {lab.directory / "ssh" / "id_ed25519.pub": "/etc/ssh/authorized_keys:ro"}
    if host.image in ("node", "rocky"):
        mounts |= {lab.binaries: "/usr/local/lib/lab:ro", lab.directory / "node": "/etc/lab:ro"}
        if KERNEL_MODULES.exists():
            mounts[KERNEL_MODULES] = f"{KERNEL_MODULES}:ro"
    if host.image == "router":
        mounts[lab.sources / "unifi"] = "/usr/local/lib/unifi-network:ro"
        mounts[lab.directory / "router"] = "/etc/unifi-network"
    if host.image == "mirror":
        mounts = {lab.directory / "mirror": "/srv/mirror"}
    volumes = [f"--volume={source}:{target}" for source, target in mounts.items()]
    if lab.settings.k3s_binary and host.image == "node":  # containerd cannot keep its layers on an overlay file system
        volumes += ["--volume=/var/lib/rancher", "--volume=/var/lib/kubelet"]
    return [
        f"--hostname={host.name}",
        f"--network={lab.network}",
        f"--ip={host.address}",
        *(f"--add-host={other.name}:{other.address}" for other in (lab.router, lab.mirror) if other != host),
        *(f"--add-host={service}:127.0.0.1" for service in SERVICES if host.image == "node"),
        "--systemd=always",
        "--privileged",
        "--ulimit=nofile=20000:20000",
        "--ulimit=nproc=10000:10000",
        *(["--sysctl=net.ipv4.ip_forward=1"] if host.image == "router" else []),
        *volumes,
        image,
        "/sbin/init",
    ]


def ensure(lab: Lab, images: Mapping[str, str]) -> None:
    """Bring the containers to what the settings say, and return when they answer."""
    _ensure_network(lab)
    existing = {container.name: container for container in find(lab)}
    _refuse_others(lab, existing.values())
    wanted = {lab.container(host): host for host in lab.hosts}
    superfluous = [name for name in existing if name not in wanted]
    starting: list[list[str]] = []
    for name, host in wanted.items():
        told = arguments(lab, host, images[host.image])
        recipe = digest(*told)
        found = existing.get(name)
        if found and found.recipe == recipe and found.state in HAS_RUN:
            if found.state != "running":
                starting.append(["start", name])
            continue
        if found:
            if found.state in HAS_RUN:
                note(f"{host.name} is made again, empty: its image or its settings have changed")
            superfluous.append(name)
        labels = {"lab": lab.name, "recipe": recipe, "checkout": lab.project}
        named = [f"--name={name}", *(f"--label=homeops.{key}={value}" for key, value in labels.items())]
        starting.append(["--runtime", shutil.which("runc") or "runc", "run", "-d", *named, *told])
    _remove(superfluous)
    together(lambda command: run("podman", *command), starting)
    together(lambda host: _wait(lab, host), lab.hosts)
    together(lambda host: _know_packages(lab, host), [host for host in lab.hosts if host.image in PACKAGE_LISTS])


def find(lab: Lab) -> list[Found]:
    listed = json.loads(run("podman", "ps", "--all", "--format", "json", "--filter", f"label=homeops.lab={lab.name}"))
    return [
        Found(entry["Names"][0], entry["State"], labels["homeops.recipe"], labels["homeops.checkout"])
        for entry in listed or []
        if (labels := entry["Labels"])
    ]


def remove(lab: Lab, hosts: Iterable[Host] | None = None) -> None:
    """Remove these hosts with their disks; without a list every host and the network."""
    existing = [container.name for container in find(lab)]
    if hosts is None:
        _remove(existing)
        if succeeds("podman", "network", "exists", lab.network):
            run("podman", "network", "rm", lab.network)
    else:
        chosen = {lab.container(host) for host in hosts}
        _remove([name for name in existing if name in chosen])


def execute(lab: Lab, host: Host, *command: str) -> str:
    return run("podman", "exec", lab.container(host), *command)


def _refuse_others(lab: Lab, existing: Iterable[Found]) -> None:
    for container in existing:
        if container.checkout != str(lab.project):
            raise LabError(
                f"lab {lab.name} was made by another checkout, {container.checkout}",
                "Set LAB_NAME and LAB_SUBNET to others, or remove that lab: `make lab-down` here or there.",
            )


def _remove(names: Iterable[str]) -> None:
    together(lambda name: run("podman", "rm", "--force", "--time", "0", "--volumes", name), names)


def _ensure_network(lab: Lab) -> None:
    if succeeds("podman", "network", "exists", lab.network):
        form = "{{range .Subnets}}{{.Subnet}}{{end}}"
        subnet = run("podman", "network", "inspect", lab.network, "--format", form).strip()
        if subnet != lab.settings.subnet:
            raise LabError(
                f"the lab {lab.name} exists with the subnet {subnet}, not {lab.settings.subnet}",
                "Take it down first: LAB_NAME=" + lab.name + " make lab-down.",
            )
        return
    run(
        *("podman", "network", "create", "--disable-dns", "--subnet", lab.settings.subnet),
        *("--gateway", lab.gateway, lab.network),
        remedy="Is the subnet used by another network of podman's (podman network ls)? Set LAB_SUBNET to a free /24.",
    )


def _wait(lab: Lab, host: Host) -> None:
    remedy = f"Look at it with `podman exec -it {lab.container(host)} journalctl -b`."
    try:
        for port in PORTS[host.image]:
            wait(f"{host.name} does not answer on port {port}", partial(_listens, host.address, port), 60, remedy)
    except LabError as error:
        failed = execute(lab, host, "systemctl", "--failed", "--plain", "--no-legend")
        raise LabError(f"{error.what}; failed units:\n{failed}", error.remedy) from error


def _listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def _know_packages(lab: Lab, host: Host) -> None:
    """A host just installed knows the package lists of its mirror."""
    known, learn = PACKAGE_LISTS[host.image]
    execute(lab, host, "sh", "-c", f"ls {known} >/dev/null 2>&1 || {learn}")
