# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: `python -m tests.gate` runs every stage in order, cheapest first, and says how long each took.

`python -m tests.gate lint unit` runs just those. A stage that fails does not hide the ones after it, except
that nothing is driven in the lab while lint or units fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import ansible_collections

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "home"  # where ansible-lint and ansible-test install things, instead of the user's own
SCENARIOS = ("default", "node_prepare", "interrupted", "high_availability")


class StageError(Exception):
    """A stage failed; its own output has told why."""


PATH = f"{ROOT / '.lab' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    print(f"  $ {' '.join(command)}", flush=True)
    if subprocess.run(command, cwd=cwd, env={**os.environ, "PATH": PATH, **(env or {})}, check=False).returncode:
        raise StageError(" ".join(command))


def lint() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("mypy", "-p", "ansible_collections.homeops.cluster.plugins.module_utils")
    run("mypy", "tests/lab", "tests/gate.py")
    run("yamllint", "--strict", ".")
    run("ansible-lint", "--offline", env={"HOME": str(HOME)})
    run("reuse", "lint", "--quiet")
    run("antsibull-changelog", "lint")
    run("gofmt", "-l", "tests/lab/programs")
    run("python", "docs/generate_description.py", "--check")


def unit() -> None:
    run("pytest", "tests/unit")


def programs() -> None:
    """The lab's own programs are built and their unit tests run: the first stage that needs Go."""
    run("python", "-m", "tests.lab", "prepare")
    run("go", "vet", "./...", cwd=ROOT / "tests" / "lab" / "programs")
    run("go", "test", "./...", cwd=ROOT / "tests" / "lab" / "programs")


def sanity() -> None:
    """ansible-test wants .../ansible_collections/homeops/cluster to be a real folder and a git repository."""
    tree = ROOT / ".cache" / "ansible_collections" / "homeops" / "cluster"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    names = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.split(b"\0")
    for name in (os.fsdecode(n) for n in names if n):
        if (ROOT / name).exists() and not name.startswith("tests/lab/programs/"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for command in (("git", "init", "-q"), ("git", "add", "-A")):
        subprocess.run(command, cwd=tree, check=True)
    for name in ("kubernetes", "ansible"):  # what the documentation of our modules extends
        (tree.parents[1] / name).unlink(missing_ok=True)
        (tree.parents[1] / name).symlink_to(Path(ansible_collections.__file__).parent / name)
    pip_script = HOME / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
    pip_script.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "tests" / "get_pip.py", pip_script)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    config = os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config"))  # where pip finds the user's settings
    run(
        "ansible-test",
        "sanity",
        "--venv",
        "--python",
        python,
        cwd=tree,
        env={"HOME": str(HOME), "XDG_CONFIG_HOME": config},
    )


def scenario(name: str) -> Callable[[], None]:
    def stage() -> None:
        run("molecule", "test", "--scenario-name", name, cwd=ROOT)

    return stage


STAGES: dict[str, Callable[[], None]] = {
    "lint": lint,
    "unit": unit,
    "sanity": sanity,
    "programs": programs,
    **{f"molecule-{name}": scenario(name) for name in SCENARIOS},
}
CHEAP = ("lint", "unit")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], metavar="stage", help=", ".join(STAGES))
    parser.add_argument("--all", action="store_true", help="the long runs, too")
    arguments = parser.parse_args()
    results: dict[str, tuple[bool, float]] = {}
    for name in arguments.stages or STAGES:
        if name not in CHEAP and any(not results[cheap][0] for cheap in CHEAP if cheap in results):
            break
        print(f"\n=== {name}", flush=True)
        start = time.monotonic()
        try:
            STAGES[name]()
            passed = True
        except StageError as error:
            print(f"  FAILED: {error}", flush=True)
            passed = False
        results[name] = (passed, time.monotonic() - start)
    print()
    for name, (passed, seconds) in results.items():
        print(f"{'ok    ' if passed else 'FAILED'} {name:28} {int(seconds // 60):3} min {int(seconds % 60):2} s")
    good = sum(passed for passed, _seconds in results.values())
    skipped = (len(arguments.stages) or len(STAGES)) - len(results)
    print(f"{good} passed, {len(results) - good} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if good == len(results) and not skipped else 1


if __name__ == "__main__":
    sys.exit(main())
