# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures the runs that a user waits for, and writes RESULTS.md.

About 20 minutes. Images, caches and the lab `test` are made anew; another lab must not be up.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3


@dataclasses.dataclass
class Timing:
    """Wall seconds of the runs of one command."""

    seconds: list[float]
    output: str

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        if len(self.seconds) == 1:
            return f"{self.median:.1f} s"
        return f"{self.median:.1f} s ({min(self.seconds):.1f} to {max(self.seconds):.1f})"

    @property
    def changed(self) -> int:
        return sum(int(count) for count in re.findall(r"changed=(\d+)", self.output))

    @property
    def profile(self) -> str:
        """The tasks that took longest, as ansible.posix.profile_tasks prints them."""
        return "\n".join(re.findall(r"^.* -+ +[\d.]+s$", self.output, re.MULTILINE)[:12])


def measure(*command: str, runs: int = 1, cwd: Path = ROOT, **environment: str) -> Timing:
    bins = f"{ROOT / '.lab' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "LAB_NAME": "test", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PATH": bins, **environment}
    seconds = []
    for number in range(runs):
        print(f"  {' '.join(command)} ({number + 1}/{runs})", flush=True)
        start = time.monotonic()
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        seconds.append(time.monotonic() - start)
        if done.returncode:
            sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    return Timing(seconds, done.stdout)


def playbook(path: str, runs: int = 1) -> Timing:
    return measure("ansible-playbook", "-i", str(ROOT / ".lab" / "test" / "inventory"), path, runs=runs)


def lab(*arguments: str, **environment: str) -> Timing:
    return measure(sys.executable, "-m", "tests.lab", *arguments, **environment)


def cold() -> Timing:
    """`make lab` in a fresh clone, nothing cached: no Go or Python packages, no images. Debian's are installed."""
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(("git", "clone", "-q", str(ROOT), str(clone)), check=True)
        empty = {"GOPATH": "", "GOCACHE": str(home / "go-build"), "GOMODCACHE": str(home / "go-mod")}
        config = str(clone / "ansible.cfg")
        done = measure(
            "make", "lab", cwd=clone, HOME=str(home), ANSIBLE_CONFIG=config, PATH=os.environ["PATH"], **empty
        )
        measure("make", "lab-down", cwd=clone, HOME=str(home))
    return done


def main() -> None:
    others = [path.parent.name for path in ROOT.glob(".lab/*/lab.json") if path.parent.name != "test"]
    if others:
        sys.exit(f"The bench starts from nothing: first take down the labs {', '.join(others)} (make lab-down).")
    lab("down", "--all")
    from_nothing = cold()
    lab("prepare")
    lab("up", "--no-site")
    lab("down")
    warm = lab("up")
    quiet = playbook("playbooks/site.yml", runs=RUNS)
    lab("down")

    lab("up", "--no-site", LAB_SERVERS="3")
    converge = playbook("tests/bench/k3s.yml")
    quiet_three = playbook("tests/bench/k3s.yml", runs=RUNS)
    playbook("tests/bench/by_tasks.yml")
    by_tasks = playbook("tests/bench/by_tasks.yml", runs=RUNS)
    lab("down")

    (ROOT / "tests" / "bench" / "RESULTS.md").write_text(
        RESULTS.format(
            date=datetime.date.today().isoformat(),
            machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {platform.release()}",
            runs=RUNS,
            cold=from_nothing,
            warm=warm,
            quiet=quiet,
            quiet_changed=quiet.changed,
            quiet_profile=quiet.profile,
            converge=converge,
            quiet_three=quiet_three,
            quiet_three_changed=quiet_three.changed,
            by_tasks=by_tasks,
            by_tasks_changed=by_tasks.changed,
            ratio=by_tasks.median / quiet_three.median,
            profile_three=quiet_three.profile,
        )
    )


RESULTS = """# Measurements

Written by `make bench` on {date}; {machine}. Medians of {runs} runs where a range is given. Times are of one machine
and drift with it: compare within this page.

| what | wall time | changed |
|---|---|---|
| `make lab` in a fresh clone with empty caches (Debian's packages installed) | {cold} | |
| `make lab` with warm caches, hosts made anew, to the final table | {warm} | |
| `site.yml` again, 1 server + 1 agent + router | {quiet} | {quiet_changed} |
| preflight, node_prepare, k3s on bare hosts, 3 servers + 1 agent | {converge} | |
| the same again | {quiet_three} | {quiet_three_changed} |
| the same state kept with one builtin task a file (`by_tasks.yml`), again | {by_tasks} | {by_tasks_changed} |

Keeping K3s with these roles is **{ratio:.1f} times** as fast as with builtin tasks on the same hosts.

## Where the time of the quiet run goes, 1 server + 1 agent

```text
{quiet_profile}
```

## Preflight, node_prepare and k3s again, 3 servers + 1 agent

```text
{profile_three}
```
"""

if __name__ == "__main__":
    main()
