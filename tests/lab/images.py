# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of the lab's hosts: a Debian root file system by debootstrap, and layers of packages and files on it.

An image is tagged with the digest of its recipe, so a changed recipe makes a new image and an unchanged one costs
nothing. Packages are installed from the machine's network by chroot; the containers need none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.command import LabError, digest, note, run, succeeds
from tests.lab.packages import NETWORK
from tests.lab.settings import Lab

BASE = (
    *("ca-certificates", "curl", "dbus", "iproute2", "iptables", "kmod", "openssh-server", "procps", "python3"),
    *("python3-apt", "sudo", "systemd", "systemd-sysv"),
)
# Units that would touch the kernel of the machine below, or that nobody needs in a container.
MASKED = (
    *(
        "apt-daily-upgrade.timer",
        "apt-daily.timer",
        "console-getty.service",
        "dev-hugepages.mount",
        "e2scrub_all.timer",
    ),
    *("e2scrub_reap.service", "getty.target", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
    *("systemd-binfmt.service", "systemd-logind.service", "systemd-udevd.service", "systemd-firstboot.service"),
)
PREFIX = "localhost/homeops-lab-"
BUILDER = "homeops-builder-"


@dataclass(frozen=True)
class Source:
    """Where the machine gets its Debian (or Ubuntu) packages from."""

    uri: str
    suite: str
    components: tuple[str, ...]

    @property
    def line(self) -> str:
        return f"deb {self.uri} {self.suite} {' '.join(self.components)}\n"


@dataclass(frozen=True)
class Recipe:
    name: str
    parent: str | None
    packages: tuple[str, ...]
    commands: tuple[str, ...] = ()


RECIPES = (
    Recipe("base", None, BASE),
    Recipe(
        "node",
        "base",
        ("git", "redis-server"),  # for the programs behind Argo CD's pods
        (
            "systemctl disable --quiet redis-server",
            f"systemctl mask --quiet {' '.join(MASKED)}",
            "rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id",
            "touch /etc/machine-id",
        ),
    ),
    Recipe(
        "router",
        "node",
        ("frr", "frr-pythontools"),
        (
            "sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons",
            "chown frr:frr /etc/frr/frr.conf /etc/frr/vtysh.conf",
            "systemctl enable --quiet frr unifi-network",
        ),
    ),
    Recipe(
        "mirror",
        "node",
        ("fcgiwrap", "git", "nginx-light"),
        (
            "rm -f /etc/nginx/sites-enabled/default",
            "systemctl disable --quiet ssh",
            "systemctl enable --quiet nginx fcgiwrap.socket",
        ),
    ),
    Recipe(
        "rocky",
        "node",
        ("dnf", "python3-dnf", "rpm"),
        (
            "rm -rf /etc/apt /etc/debian_version /etc/lsb-release /usr/bin/apt* /usr/bin/dpkg*",
            "ln -sf ../usr/lib/os-release /etc/os-release",
            "echo 'Rocky Linux release 9.6 (Blue Onyx)' > /etc/redhat-release",
            "mkdir -p /var/lib/rpm && rpm --initdb",
        ),
    ),
)


def sources() -> list[Source]:
    """The distribution's own entries of the machine's apt sources; its suite, updates and security."""
    codename = run("sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"').strip()
    form = ("--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    return parse_sources(run("apt-get", "indextargets", *form), codename)


def parse_sources(text: str, codename: str) -> list[Source]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        uri, suite, component = line.split()
        if (suite == codename or suite.startswith(f"{codename}-")) and component in ("main", "universe"):
            components = found.setdefault((uri, suite), [])
            if component not in components:
                components.append(component)
    entries = [Source(uri, suite, tuple(components)) for (uri, suite), components in found.items()]
    entries.sort(key=lambda entry: entry.suite)
    if not entries or entries[0].suite != codename:
        raise LabError(
            f"apt has no source for {codename} main", f"Add the distribution's own {codename} to /etc/apt/sources.list."
        )
    return entries


def tags(lab: Lab) -> dict[str, str]:
    """Image name to full tag, for the recipes as they are now."""
    found: dict[str, str] = {}
    suites = " ".join(entry.line for entry in sources())
    for recipe in RECIPES:
        parent = found.get(recipe.parent or "", suites)
        parts = (parent, repr(recipe), lab.sources / "images" / recipe.name)
        found[recipe.name] = f"{PREFIX}{recipe.name}:{digest(*parts)}"
    return found


def build(lab: Lab, wanted: set[str]) -> dict[str, str]:
    """Make the images that are missing, and say how each is called."""
    tagged = tags(lab)
    leftover = run("podman", "ps", "--all", "--quiet", "--filter", f"name=^{BUILDER}").split()
    if leftover:
        run("podman", "rm", "--force", *leftover)
    for recipe in RECIPES:
        needed = recipe.name in wanted or recipe.name in ("base", "node")
        if not needed or succeeds("podman", "image", "exists", tagged[recipe.name]):
            continue
        if recipe.parent is None:
            note("base: debootstrap (about a minute, once)")
            _debootstrap(lab, recipe, tagged[recipe.name])
        else:
            note(f"{recipe.name}: {', '.join(recipe.packages) or 'files'}")
            _layer(lab, recipe, tagged[recipe.parent], tagged[recipe.name])
            for old in _existing(f"{PREFIX}{recipe.name}"):
                if old != tagged[recipe.name]:
                    succeeds("podman", "rmi", old)  # refused, and rightly so, while a container uses it
    return tagged


def remove() -> None:
    """Remove every image of the lab."""
    listed = _existing(f"{PREFIX}*")
    if listed:
        run("podman", "rmi", "--force", *listed)


def _existing(reference: str) -> list[str]:
    form = "{{.Repository}}:{{.Tag}}"
    return run("podman", "images", "--format", form, "--filter", f"reference={reference}").split()


def _debootstrap(lab: Lab, recipe: Recipe, tag: str) -> None:
    source = sources()[0]
    with tempfile.TemporaryDirectory(dir=lab.scratch) as folder:
        root = Path(folder) / "root"
        run(
            *("debootstrap", "--variant=minbase", f"--include={','.join(recipe.packages)}"),
            *(f"--components={','.join(source.components)}", source.suite, root, source.uri),
            remedy=NETWORK,
        )
        for package in (root / "var" / "cache" / "apt" / "archives").glob("*.deb"):
            package.unlink()
        with subprocess.Popen(("tar", "-C", root, "-c", "."), stdout=subprocess.PIPE) as tar:
            done = subprocess.run(
                ("podman", "import", "-q", "-", tag), stdin=tar.stdout, capture_output=True, check=False
            )
        if done.returncode or tar.returncode:
            raise LabError(f"podman import failed:\n{done.stderr.decode()[-1000:]}")


def _layer(lab: Lab, recipe: Recipe, parent: str, tag: str) -> None:
    with root_of(parent) as (container, root):
        if recipe.packages:
            with machine_network(root) as inside:
                inside("apt-get", "update", "-q")
                inside("apt-get", "install", "-q", "-y", "--no-install-recommends", *recipe.packages)
                inside("apt-get", "clean")
            shutil.rmtree(root / "var" / "lib" / "apt" / "lists")
            (root / "var" / "lib" / "apt" / "lists" / "partial").mkdir(parents=True)
        files = lab.sources / "images" / recipe.name
        if files.exists():
            run("cp", "--recursive", "--no-preserve=ownership", f"{files}/.", root)
        for command in recipe.commands:
            run("chroot", root, "sh", "-ec", command)
        run("podman", "commit", "-q", container, tag)


@contextmanager
def root_of(image: str) -> Iterator[tuple[str, Path]]:
    """A throw-away container of the image, and where its file system lies on the machine."""
    container = f"{BUILDER}{os.getpid()}"
    run("podman", "create", "--name", container, image, "/sbin/init")
    try:
        yield container, Path(run("podman", "mount", container).strip())
    finally:
        run("podman", "rm", "--force", container)


class Chroot:
    """Runs commands inside a root file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, *command: str) -> str:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return run("chroot", self._root, *command, env=env, remedy=NETWORK)


@contextmanager
def machine_network(root: Path) -> Iterator[Chroot]:
    """Let apt inside the root use the machine's package sources and name resolution; services are not started."""
    settings = "\n".join(
        line for line in run("apt-config", "dump", "Acquire").splitlines() if not line.startswith("Acquire::Languages")
    )
    given = {
        "etc/apt/sources.list": "".join(entry.line for entry in sources()),
        "etc/apt/apt.conf.d/99machine": settings + '\nAcquire::Languages "none";\n',
        "etc/resolv.conf": Path("/etc/resolv.conf").read_text(),
        "etc/hosts": Path("/etc/hosts").read_text(),
        "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    }
    kept = {name: (root / name).read_bytes() if (root / name).exists() else None for name in given}
    for name, content in given.items():
        (root / name).unlink(missing_ok=True)
        (root / name).write_text(content)
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    try:
        yield Chroot(root)
    finally:
        for name, before in kept.items():
            (root / name).unlink(missing_ok=True)
            if before is not None:
                (root / name).write_bytes(before)
