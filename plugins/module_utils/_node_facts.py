# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a node is: asked from the node, never assumed. Nothing here changes anything."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._node_host import Host

CGROUPS = "/sys/fs/cgroup"
CONTROLLERS = ("cpu", "cpuset", "memory", "pids")
# The kernel gives its first namespace of processes this number (include/linux/proc_ns.h): a machine has it.
FIRST_PID_NAMESPACE = "pid:[4026531836]"
# What shows that the kernel has something, where its configuration cannot be read; absence proves the opposite.
PROBES = {
    "BPF_SYSCALL": "/proc/sys/kernel/unprivileged_bpf_disabled",
    "IPC_NS": "/proc/self/ns/ipc",
    "KEYS": "/proc/keys",
    "NET_NS": "/proc/self/ns/net",
    "PID_NS": "/proc/self/ns/pid",
    "POSIX_MQUEUE": "/proc/sys/fs/mqueue",
    "UTS_NS": "/proc/self/ns/uts",
}


@dataclasses.dataclass(frozen=True)
class Node:
    architecture: str
    kernel: str
    cgroup_version: str
    container: str
    firewall: str
    units: t.Mapping[str, str]
    missing: t.Tuple[str, ...]

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {**dataclasses.asdict(self), "missing": list(self.missing)}


class KernelConfig:
    """The options the running kernel was built with, as far as it tells."""

    def __init__(self, host: Host) -> None:
        self._host = host
        sources = (
            "/proc/config.gz",
            f"/boot/config-{host.kernel}",
            f"/lib/modules/{host.kernel}/config",
        )
        text = next((text for text in map(host.read, sources) if text), None)
        self._options: t.Optional[t.Dict[str, str]] = (
            None if text is None else dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE))
        )

    def get(self, option: str) -> t.Optional[str]:
        """The option's value (y, m); "n" if it is off; None if nothing tells."""
        if self._options is not None:
            return self._options.get(option, "n")
        if option in PROBES:
            return "y" if self._host.exists(PROBES[option]) else "n"
        return None


def read_node(host: Host, config: KernelConfig, *, kernel_config: t.Iterable[str], units: t.Sequence[str]) -> Node:
    version = cgroup_version(host)
    wanted = sorted({option.replace("CONFIG_", "", 1) for option in kernel_config})
    states = unit_states(host, [*units, "firewalld.service"])
    return Node(
        architecture=host.architecture,
        kernel=host.kernel,
        cgroup_version=version,
        container=container(host),
        firewall=firewall(host, states.pop("firewalld.service", "absent")),
        units=states,
        missing=(
            *(f"CONFIG_{option}" for option in wanted if config.get(option) == "n"),
            *(f"cgroup controller {name}" for name in missing_controllers(host, version)),
        ),
    )


def cgroup_version(host: Host) -> str:
    """C(2), C(1), C(hybrid) (1 with 2 beside it, without controllers) or C(none)."""
    if host.exists(f"{CGROUPS}/cgroup.controllers"):
        return "2"
    if host.exists(f"{CGROUPS}/unified/cgroup.controllers"):
        return "hybrid"
    return "1" if host.exists(f"{CGROUPS}/memory") or host.exists(f"{CGROUPS}/cpu") else "none"


def missing_controllers(host: Host, version: str) -> t.List[str]:
    """The controllers the kubelet needs and the kernel does not offer, such as memory on a Raspberry Pi."""
    if version == "2":
        offered = set((host.read(f"{CGROUPS}/cgroup.controllers") or "").split())
    else:
        rows = [line.split() for line in (host.read("/proc/cgroups") or "").splitlines()]
        offered = {row[0] for row in rows if row and row[-1] == "1"}
    return [name for name in CONTROLLERS if name not in offered]


def container(host: Host) -> str:
    """The kind of container the node is; empty for a machine, virtual or not."""
    named = (host.read("/run/systemd/container") or "").strip()
    if named:
        return named
    environment = re.search(r"(?:^|\0)container=([^\0]+)", host.read("/proc/1/environ") or "")
    if environment:
        return str(environment.group(1))
    marks = {"/run/.containerenv": "podman", "/.dockerenv": "docker"}
    marked = next((name for path, name in marks.items() if host.exists(path)), "")
    if marked or host.link("/proc/self/ns/pid") in (None, FIRST_PID_NAMESPACE):
        return marked
    return "unknown"


def firewall(host: Host, firewalld: str) -> str:
    """The firewall in force. ufw's unit is active even if ufw is not: only its file tells."""
    if firewalld in ("running", "started"):
        return "firewalld"
    enabled = re.search(r"^ENABLED=[\"']?yes\b", host.read("/etc/ufw/ufw.conf") or "", re.MULTILINE | re.IGNORECASE)
    return "ufw" if enabled else "none"


def unit_states(host: Host, units: t.Sequence[str]) -> t.Dict[str, str]:
    """Of each unit: C(absent), C(masked), C(stopped), C(started) (until the next boot) or C(running) (and enabled)."""
    status, output = host.run("systemctl", "show", "--property=LoadState,ActiveState,UnitFileState", *units)
    blocks = output.strip().split("\n\n")
    if status != 0 or len(blocks) != len(units):
        return dict.fromkeys(units, "absent")
    return {unit: _unit_state(dict(re.findall(r"^(\w+)=(.*)$", block, re.M))) for unit, block in zip(units, blocks)}


def _unit_state(properties: t.Mapping[str, str]) -> str:
    if properties.get("LoadState") == "masked":
        return "masked"
    if properties.get("LoadState") != "loaded":
        return "absent"
    if properties.get("ActiveState") != "active":
        return "stopped"
    return "running" if properties.get("UnitFileState") in ("enabled", "static", "generated") else "started"
