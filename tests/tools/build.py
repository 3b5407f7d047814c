# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""sops, age, kubeseal and Argo CD's oracle for the tests: `python -m tests.tools.build` compiles them into .lab/bin.

The first three have a go.mod and go.sum each beside this file, so that their version and every hash are pinned; the
oracle belongs to the lab's module with Argo CD (tests/lab/programs/argocd).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.lab.command import LabError, digest, note, run
from tests.lab.settings import PROJECT

SOURCES = PROJECT / "tests" / "tools"
BINARIES = PROJECT / ".lab" / "bin"
ARGO_CD = PROJECT / "tests" / "lab" / "programs" / "argocd"
ORACLE = "argocd-oracle"
PROGRAMS = {"age": ("age", "age-keygen"), "kubeseal": ("kubeseal",), "sops": ("sops",)}


def build() -> None:
    """Compile what is not there yet, or not of exactly these versions and this compiler."""
    compiler = run("go", "version")
    for tool, programs in PROGRAMS.items():
        stamp = BINARIES / f".{tool}"
        wanted = digest(compiler, SOURCES / tool / "go.mod", SOURCES / tool / "go.sum")
        if stamp.exists() and stamp.read_text() == wanted and all((BINARIES / name).exists() for name in programs):
            continue
        note(f"compiling {' and '.join(programs)} (up to a minute and a half, once)")
        _compile(SOURCES / tool, "tool", programs, "-trimpath")
        stamp.write_text(wanted)
    build_oracle(compiler)


def build_oracle(compiler: str = "") -> Path:
    """What asks Argo CD's own code for its verdicts (tests/differential)."""
    sources = (ARGO_CD / "go.mod", ARGO_CD / "go.sum", ARGO_CD / "oracle" / "main.go")
    wanted = digest(compiler or run("go", "version"), *sources)
    stamp, binary = BINARIES / f".{ORACLE}", BINARIES / ORACLE
    if not (stamp.exists() and stamp.read_text() == wanted and binary.exists()):
        note("compiling Argo CD's oracle (3 minutes without the lab's Argo CD, else seconds, once)")
        _compile(ARGO_CD, "./oracle", ("oracle",))  # with the lab's flags, to find what that has compiled
        os.replace(BINARIES / "oracle", binary)
        stamp.write_text(wanted)
    return binary


def _compile(sources: Path, package: str, programs: tuple[str, ...], *flags: str) -> None:
    BINARIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BINARIES) as folder:
        run(
            *("go", "build", "-mod=readonly", *flags, "-ldflags", "-s -w", "-o", folder + "/", package),
            cwd=sources,
            remedy="A module that could not be fetched: check GOPROXY and the network, then run it again.",
        )
        for name in programs:
            os.replace(Path(folder) / name, BINARIES / name)


if __name__ == "__main__":
    try:
        build()
    except LabError as error:
        sys.exit(f"{error.what}\n{error.remedy}")
