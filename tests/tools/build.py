# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""sops, age and kubeseal for the tests: `python -m tests.tools.build` compiles them into .lab/bin.

Each has its own go.mod and go.sum beside this file, so that its version and every hash are pinned.
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
        _compile(SOURCES / tool, programs)
        stamp.write_text(wanted)


def _compile(sources: Path, programs: tuple[str, ...]) -> None:
    BINARIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BINARIES) as folder:
        run(
            *("go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", folder + "/", "tool"),
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
