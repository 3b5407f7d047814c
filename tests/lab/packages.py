# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed on the machine itself: Debian packages, and the virtual environment of the checkout.

Runs on the system's own Python, before there is a virtual environment.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.lab.command import LabError, digest, note, run
from tests.lab.settings import PROJECT

PACKAGES = (
    "ca-certificates",
    "createrepo-c",
    "debootstrap",
    "dpkg-dev",
    "git",
    "iproute2",
    "iptables",
    "netavark",
    "openssh-client",
    "openssl",
    "podman",
    "rpm",
    "runc",
)
BROWSER = ("chromium",)  # for the tests that open a page, not for the lab
NETWORK = "Check the machine's network and the files /etc/apt/sources.list*, then run it again."


def install_browser() -> None:
    _install(BROWSER)


def install() -> None:
    """What the lab needs."""
    _install([*PACKAGES, *_venv_package()])
    backend = run("podman", "info", "--format", "{{.Host.NetworkBackend}}").strip()
    if backend != "netavark":
        raise LabError(
            f"podman uses the network backend {backend!r}, the lab needs netavark",
            'Write `network_backend = "netavark"` under [network] in /etc/containers/containers.conf and run'
            " `podman system reset`, which removes every container and image of podman's.",
        )


def _install(wanted: Sequence[str]) -> None:
    """Install what is missing; apt is not asked when nothing is."""
    found = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n").splitlines()
    missing = [package for package in wanted if f"{package} installed" not in found]
    if missing:
        note(f"installing {' '.join(missing)}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-q", env=env, remedy=NETWORK)
        run("apt-get", "install", "-q", "-y", "--no-install-recommends", *missing, env=env, remedy=NETWORK)


def make_environment() -> None:
    """The virtual environment .venv with what requirements/ pins, and the link that makes the checkout a collection."""
    link = PROJECT / ".ansible" / "collections" / "ansible_collections" / "homeops" / "cluster"
    if link.is_dir() and not link.is_symlink():
        raise LabError(
            f"{link.relative_to(PROJECT)} is a copy of the collection, the lab needs a link to this checkout",
            "Remove that directory; `ansible-galaxy collection install .` made it.",
        )
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../../../..")
    requirements = PROJECT / "requirements"
    environment = PROJECT / ".venv"
    stamp = environment / "requirements.digest"
    wanted = digest(requirements, sys.version)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    python = environment / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", environment)
    note("installing Ansible and the test tools into .venv (a minute or two, once)")
    run(
        *(python, "-m", "pip", "install", "-q", "-r", requirements / "test.txt"),
        remedy="Check that pip reaches its package index (pip config list), then run it again.",
    )
    stamp.write_text(wanted)


def _venv_package() -> list[str]:
    """Debian's own Python lacks what `python -m venv` needs until this package is there."""
    inside = sys.prefix != sys.base_prefix
    if inside or importlib.util.find_spec("ensurepip") or Path(PROJECT / ".venv" / "bin" / "python").exists():
        return []
    return [f"python{sys.version_info.major}.{sys.version_info.minor}-venv"]
