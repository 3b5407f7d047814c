# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: `python -m tests.gate` runs every stage in order, cheapest first, and says how long each took.

`python -m tests.gate lint unit` runs just those. A stage that fails does not hide the ones after it, except
that nothing longer is run while lint or units fail.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Callable

import ansible_collections
import yaml

from tests.lab.settings import CILIUM_VERSIONS

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "home"  # where ansible-lint and ansible-test install things, instead of the user's own
SCENARIOS = ("default", "argocd", "bgp", "bgp_migration", "node_prepare", "interrupted", "high_availability")


class StageError(Exception):
    """A stage failed; its own output has told why, and this repeats the lines that matter."""


REASON = re.compile(r"^(E  |FAILED |ERROR|fatal: |.*\berror: |--- FAIL|\[ERROR\])")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"^\s*│ ?")  # molecule's, around what it runs
REASONS = 40  # lines
PATH = f"{ROOT / '.lab' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    print(f"  $ {' '.join(command)}", flush=True)
    reasons: deque[str] = deque(maxlen=REASONS)
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": PATH, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            plain = FRAME.sub("", COLOUR.sub("", line)).rstrip()
            if REASON.match(plain):
                reasons.append(f"\n    {plain}")
    if process.returncode:
        raise StageError(" ".join(command) + "".join(reasons))


def lint() -> None:
    """All linters, whatever the first of them says."""
    failed = []
    for command, environment in (
        ("ruff check .", {}),
        ("ruff format --check .", {}),
        ("mypy -p ansible_collections.homeops.cluster.plugins.module_utils", {}),
        ("mypy tests/lab tests/tools tests/gate.py", {}),
        ("yamllint --strict .", {}),
        ("ansible-lint --offline", {"HOME": str(HOME)}),
        ("reuse lint --quiet", {}),
        ("antsibull-changelog lint", {}),
        ("python docs/generate_description.py --check", {}),
    ):
        try:
            run(*command.split(), env=environment)
        except StageError as error:
            failed.append(str(error))
    if failed:
        raise StageError("; ".join(failed))


def unit() -> None:
    run("pytest", "tests/unit")


def programs() -> None:
    """The lab's own programs are built and their unit tests run: the first stage that needs Go, and more packages."""
    run("python", "-m", "tests.lab", "prepare", env={"LAB_CILIUM_VERSION": CILIUM_VERSIONS[0]})  # with all after it
    sources = ROOT / "tests" / "lab" / "programs"
    unformatted = subprocess.run(("gofmt", "-l", "."), cwd=sources, check=True, capture_output=True, text=True).stdout
    if unformatted:
        raise StageError(f"gofmt -w {unformatted}")
    for module in sorted(file.parent for file in sources.rglob("go.mod")):
        run("go", "vet", "./...", cwd=module)
        run("go", "test", "./...", cwd=module)
    run("python", "-m", "tests.lab", "browser")
    run("pytest", "tests/unit/lab", "tests/browser")  # the charts' tests skip without the helm that is there only now


def sanity() -> None:
    """Of what the collection ships. ansible-test wants a real .../ansible_collections/homeops/cluster in git."""
    tree = ROOT / ".cache" / "ansible_collections" / "homeops" / "cluster"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    names = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.split(b"\0")
    unshipped = tuple(yaml.safe_load((ROOT / "galaxy.yml").read_text())["build_ignore"])
    for name in (os.fsdecode(n) for n in names if n):
        if (ROOT / name).exists() and not name.startswith(unshipped):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for command in (("git", "init", "-q"), ("git", "add", "-A")):
        subprocess.run(command, cwd=tree, check=True)
    for name in ("kubernetes", "ansible"):  # what the documentation of our modules extends
        (tree.parents[1] / name).unlink(missing_ok=True)
        (tree.parents[1] / name).symlink_to(Path(ansible_collections.__path__[0]) / name)
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


def integration() -> None:
    """What needs no hosts, with the real sops, age, kubeseal, git and Argo CD's own verdicts."""
    run("python", "-m", "tests.tools.build")
    run("pytest", "tests/integration", "tests/differential")


def scenario(name: str) -> Callable[[], None]:
    def stage() -> None:
        run("molecule", "test", "--scenario-name", name, cwd=ROOT)

    return stage


STAGES: dict[str, Callable[[], None]] = {
    "lint": lint,
    "unit": unit,
    "sanity": sanity,
    "integration": integration,
    "programs": programs,
    **{f"molecule-{name}": scenario(name) for name in SCENARIOS},
}
CHEAP = ("lint", "unit")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], metavar="stage", help=", ".join(STAGES))
    parser.add_argument("--all", action="store_true", help="the long runs, too")
    arguments = parser.parse_args()
    if arguments.all:
        os.environ["TEST_ALL"] = "1"
    results: dict[str, tuple[bool, float]] = {}
    failures: list[str] = []
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
            failures.append(f"{name}: {error}")
            passed = False
        results[name] = (passed, time.monotonic() - start)
    print()
    for failure in failures:
        print(failure)
    for name, (passed, seconds) in results.items():
        print(f"{'ok    ' if passed else 'FAILED'} {name:28} {int(seconds // 60):3} min {int(seconds % 60):2} s")
    good = sum(passed for passed, _seconds in results.values())
    skipped = (len(arguments.stages) or len(STAGES)) - len(results)
    print(f"{good} passed, {len(results) - good} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if good == len(results) and not skipped else 1


if __name__ == "__main__":
    sys.exit(main())
