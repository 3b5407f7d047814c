# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab consists of: its name, its subnet, its hosts and where their files lie. No side effects but load/save."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.lab.command import LabError

PROJECT = Path(__file__).resolve().parents[2]
RESERVED = ("bin", "cache", "lock", "tmp")
SUBNETS = {"lab": "10.89.17.0/24", "test": "10.89.18.0/24"}
CILIUM_VERSIONS = ("1.18.6", "1.19.0")  # oldest first; each has its program in tests/lab/programs


@dataclass(frozen=True)
class Host:
    name: str
    address: str
    image: str
    group: str | None = None


@dataclass(frozen=True)
class Settings:
    """What the user chose, as read from LAB_* variables."""

    name: str = "lab"
    subnet: str = SUBNETS["lab"]
    servers: int = 1
    agents: int = 1
    rocky: bool = False
    applications: bool = True
    cilium_version: str = CILIUM_VERSIONS[-1]
    k3s_binary: str = ""
    cilium_chart: str = ""
    argocd_chart: str = ""


@dataclass(frozen=True)
class Lab:
    settings: Settings
    project: Path = PROJECT

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def shared(self) -> Path:
        """What every lab of this checkout uses: programs and caches."""
        return self.project / ".lab"

    @property
    def directory(self) -> Path:
        return self.shared / self.name

    @property
    def binaries(self) -> Path:
        return self.shared / "bin"

    @property
    def cache(self) -> Path:
        return self.shared / "cache"

    @property
    def saved(self) -> Path:
        """Where `up` keeps the settings for the other commands."""
        return self.directory / "lab.json"

    @property
    def scratch(self) -> Path:
        """For files that are worth nothing once the program has ended, however it ended."""
        return self.shared / "tmp"

    @property
    def sources(self) -> Path:
        return self.project / "tests" / "lab"

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory"

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def network(self) -> str:
        return f"homeops-{self.name}"

    @property
    def gateway(self) -> str:
        return f"{self.prefix}.254"

    @property
    def prefix(self) -> str:
        return self.settings.subnet.rsplit(".", 1)[0]

    @property
    def pool_prefix(self) -> str:
        """LoadBalancer addresses come from 10.99.x.0/24, x being the third number of the subnet."""
        return f"10.99.{self.settings.subnet.split('.')[2]}"

    @property
    def cilium_versions(self) -> tuple[str, ...]:
        """What `up` installs, then what that can be upgraded to."""
        return CILIUM_VERSIONS[CILIUM_VERSIONS.index(self.settings.cilium_version) :]

    @property
    def router(self) -> Host:
        return Host("router", f"{self.prefix}.1", "router", "routers")

    @property
    def mirror(self) -> Host:
        return Host("mirror", f"{self.prefix}.2", "mirror")

    @property
    def nodes(self) -> list[Host]:
        chosen = self.settings
        servers = [Host(f"server{n}", f"{self.prefix}.{10 + n}", "node", "k3s_servers") for n in _count(chosen.servers)]
        agents = [Host(f"agent{n}", f"{self.prefix}.{20 + n}", "node", "k3s_agents") for n in _count(chosen.agents)]
        rocky = [Host("rocky1", f"{self.prefix}.31", "rocky", "rocky")] if chosen.rocky else []
        return servers + agents + rocky

    @property
    def hosts(self) -> list[Host]:
        return [self.router, self.mirror, *self.nodes]

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"there is no host {name!r} in lab {self.name}", f"Give one of {self.host_names}.")

    @property
    def host_names(self) -> str:
        return ", ".join(host.name for host in self.hosts)

    def container(self, host: Host) -> str:
        return f"homeops-{self.name}-{host.name}"

    def save(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.saved.write_text(json.dumps(asdict(self.settings), indent=2) + "\n")


def read(environment: Mapping[str, str]) -> Settings:
    """The settings LAB_* variables ask for; every wrong one is reported."""
    problems: list[str] = []

    def number(variable: str, default: int, allowed: range | tuple[int, ...]) -> int:
        text = environment.get(variable, "") or str(default)
        if not text.isdecimal() or int(text) not in allowed:
            problems.append(f"{variable}={text}: must be one of {', '.join(map(str, allowed))}")
            return default
        return int(text)

    def file(variable: str) -> str:
        path = environment.get(variable, "")
        if path and not Path(path).is_file():
            problems.append(f"{variable}={path}: there is no such file")
        return str(Path(path).resolve()) if path else ""

    cilium_version = environment.get("LAB_CILIUM_VERSION", "") or CILIUM_VERSIONS[-1]
    if cilium_version not in CILIUM_VERSIONS:
        problems.append(f"LAB_CILIUM_VERSION={cilium_version}: must be one of {', '.join(CILIUM_VERSIONS)}")
    name = environment.get("LAB_NAME", "") or "lab"
    if not re.fullmatch(r"[a-z][a-z0-9]{0,14}", name) or name in RESERVED:
        problems.append(f"LAB_NAME={name}: must be up to 15 small letters and digits, and not {', '.join(RESERVED)}")
    subnet = environment.get("LAB_SUBNET", "") or SUBNETS.get(name, "")
    if not subnet:
        problems.append(f"LAB_SUBNET is not set: lab {name!r} needs a /24 of its own, such as 10.89.19.0/24")
    elif not _is_slash_24(subnet):
        problems.append(f"LAB_SUBNET={subnet}: must be an IPv4 network with prefix length 24, such as 10.89.19.0/24")
    chosen = Settings(
        name=name,
        subnet=subnet,
        servers=number("LAB_SERVERS", 1, (1, 3, 5)),
        agents=number("LAB_AGENTS", 1, range(10)),
        rocky=bool(number("LAB_ROCKY", 0, (0, 1))),
        applications=bool(number("LAB_APPLICATIONS", 1, (0, 1))),
        cilium_version=cilium_version,
        k3s_binary=file("LAB_K3S_BINARY"),
        cilium_chart=file("LAB_CILIUM_CHART"),
        argocd_chart=file("LAB_ARGOCD_CHART"),
    )
    if problems:
        raise LabError("the lab's variables are wrong:\n" + "\n".join(problems), "Correct them and run it again.")
    return chosen


def load(environment: Mapping[str, str]) -> Lab:
    """The lab that exists under LAB_NAME, as `up` made it; the lab the variables describe where none exists."""
    lab = Lab(read(environment))
    if not lab.saved.exists():
        return lab
    settings: dict[str, Any] = json.loads(lab.saved.read_text())
    return Lab(Settings(**settings))


def _count(total: int) -> range:
    return range(1, total + 1)


def _is_slash_24(text: str) -> bool:
    try:
        return ipaddress.IPv4Network(text).prefixlen == 24
    except ValueError:
        return False
