# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the machine must offer for the lab: found before anything is touched, and said all at once.

Runs on the system's own Python, before there is a virtual environment.
"""

from __future__ import annotations

import ipaddress
import json
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab.command import LabError, run, succeeds
from tests.lab.settings import Lab

COLD_DISK = 20.0
WARM_DISK = 4.0
MEMORY = 5.5  # a machine sold with 6 GB shows a little less


@dataclass(frozen=True)
class Machine:
    """What was found; sizes in GB."""

    root: bool
    system: str
    architecture: str
    python: tuple[int, int]
    go: tuple[int, int] | None
    apt: bool
    cgroups: bool
    overlay: bool
    disk_free: float
    disk_needed: float
    memory: float
    conflict: str | None

    def problems(self) -> list[str]:
        """Everything that is in the way, each with the way out."""
        checks = (
            (self.root, "not root: the lab makes containers and a network. Run it with sudo, or as root."),
            (
                self.system == "Linux" and self.architecture in ("x86_64", "amd64"),
                f"{self.system} on {self.architecture}: the lab needs Linux on amd64 (a virtual machine will do).",
            ),
            (self.python >= (3, 11), f"Python {_version(self.python)}: 3.11 or newer is needed. Install python3.11."),
            (
                self.go is not None,
                "Go is not in PATH: the lab compiles its programs. Install Go 1.26 or newer, and put its bin/ there.",
            ),
            (
                self.go is None or self.go >= (1, 26),
                f"Go {_version(self.go)}: 1.26 or newer is needed. Update Go.",
            ),
            (self.apt, "apt-get is missing: the lab builds its hosts from Debian packages. Use Debian or Ubuntu."),
            (
                self.cgroups,
                "/sys/fs/cgroup is not mounted: runc cannot start containers. Mount it; do not be in a container.",
            ),
            (
                self.overlay,
                "the kernel has no overlay file system: podman cannot make containers. Run `modprobe overlay`.",
            ),
            (
                self.disk_free >= self.disk_needed,
                f"{self.disk_free:.1f} GB of disk are free, {self.disk_needed:.0f} GB are needed. Make room.",
            ),
            (self.memory >= MEMORY, f"{self.memory:.1f} GB of memory: the lab needs 6 GB. Give the machine more."),
            (self.conflict is None, self.conflict or ""),
        )
        return [text for good, text in checks if not good]


def check(lab: Lab) -> None:
    problems = inspect(lab).problems()
    if problems:
        raise LabError("this machine cannot run the lab:\n" + "\n".join(f"- {problem}" for problem in problems), "")


def inspect(lab: Lab) -> Machine:
    lab.shared.mkdir(exist_ok=True)
    podman = Path("/var/lib/containers")
    disks = [lab.shared, podman if podman.exists() else Path("/var")]
    return Machine(
        root=os.geteuid() == 0,
        system=platform.system(),
        architecture=platform.machine(),
        python=sys.version_info[:2],
        go=_go(),
        apt=shutil.which("apt-get") is not None,
        cgroups=os.path.ismount("/sys/fs/cgroup"),
        overlay=succeeds("modprobe", "overlay") or succeeds("grep", "-qw", "overlay", "/proc/filesystems"),
        disk_free=min(shutil.disk_usage(disk).free for disk in disks) / 1e9,
        disk_needed=WARM_DISK if any(lab.binaries.glob("k3s-*")) else COLD_DISK,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        conflict=_conflict(lab) if os.geteuid() == 0 else None,
    )


def overlapping(subnet: str, routes: list[dict[str, str]], own: str | None) -> str | None:
    """Which route, other than the lab's own bridge, already leads into the subnet."""
    wanted = ipaddress.IPv4Network(subnet)
    for route in routes:
        destination, device = route["dst"], route.get("dev", "")
        if destination == "default" or (own and device == own):
            continue
        if ipaddress.IPv4Network(destination, strict=False).overlaps(wanted):
            return f"{destination} dev {device}"
    return None


def _conflict(lab: Lab) -> str | None:
    if not shutil.which("ip"):
        return None
    routes = json.loads(run("ip", "-j", "-4", "route", "show") or "[]")
    taken = overlapping(lab.settings.subnet, routes, _bridge(lab))
    if taken is None:
        return None
    return (
        f"the subnet {lab.settings.subnet} is in use ({taken}). Take down the other lab, or set LAB_SUBNET to a"
        " free /24."
    )


def _bridge(lab: Lab) -> str | None:
    if not shutil.which("podman") or not succeeds("podman", "network", "exists", lab.network):
        return None
    return run("podman", "network", "inspect", lab.network, "--format", "{{.NetworkInterface}}").strip()


def _go() -> tuple[int, int] | None:
    if not shutil.which("go"):
        return None
    found = re.search(r"go(\d+)\.(\d+)", run("go", "version"))
    return (int(found[1]), int(found[2])) if found else None


def _version(numbers: tuple[int, int] | None) -> str:
    return ".".join(map(str, numbers or ()))
