# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runs that a user waits for: the lab from nothing, site.yml again, K3s on three servers.

About 20 minutes. Images, caches and the lab `test` are made anew; another lab must not be up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.timing import ROOT, RUNS, Timing, lab, playbook, timed

TITLE = "The lab and the main job"


def cold() -> Timing:
    """`make lab` in a fresh clone, nothing cached: no Go or Python packages, no images. Debian's are installed."""
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(("git", "clone", "-q", str(ROOT), str(clone)), check=True)
        empty = {"GOPATH": "", "GOCACHE": str(home / "go-build"), "GOMODCACHE": str(home / "go-mod")}
        config = str(clone / "ansible.cfg")
        done = timed("make", "lab", cwd=clone, HOME=str(home), ANSIBLE_CONFIG=config, PATH=os.environ["PATH"], **empty)
        timed("make", "lab-down", cwd=clone, HOME=str(home))
    return done


def measure() -> str:
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

    return SECTION.format(
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


SECTION = """| what | wall time | changed |
|---|---|---|
| `make lab` in a fresh clone with empty caches (Debian's packages installed) | {cold} | |
| `make lab` with warm caches, hosts made anew, to the final table | {warm} | |
| `site.yml` again, 1 server + 1 agent + router | {quiet} | {quiet_changed} |
| preflight, node_prepare, k3s on bare hosts, 3 servers + 1 agent | {converge} | |
| the same again | {quiet_three} | {quiet_three_changed} |
| the same state kept with one builtin task a file (`by_tasks.yml`), again | {by_tasks} | {by_tasks_changed} |

Keeping K3s with these roles is **{ratio:.1f} times** as fast as with builtin tasks on the same hosts.

### Where the time of the quiet run goes, 1 server + 1 agent

```text
{quiet_profile}
```

### Preflight, node_prepare and k3s again, 3 servers + 1 agent

```text
{profile_three}
```
"""
