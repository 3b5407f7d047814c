# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the benches time a command, in the gate's environment."""

from __future__ import annotations

import dataclasses
import os
import re
import statistics
import subprocess
import sys
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


def timed(*command: str, runs: int = 1, cwd: Path = ROOT, **environment: str) -> Timing:
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
    return timed("ansible-playbook", "-i", str(ROOT / ".lab" / "test" / "inventory"), path, runs=runs)


def lab(*arguments: str, **environment: str) -> Timing:
    return timed(sys.executable, "-m", "tests.lab", *arguments, **environment)
