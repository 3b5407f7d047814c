# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The router's kernel, asked once or ten times a second: which addresses does BGP lead to the nodes?"""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
from types import TracebackType

# Runs on the router until its standard input ends: one line per look, with the time and what is there.
WATCH = """
import json, select, subprocess, sys, time
look = ("ip", "-j", "route", "show", "proto", "bgp")
due = time.monotonic()
while not select.select([sys.stdin], [], [], max(0, due - time.monotonic()))[0]:
    routes = json.loads(subprocess.run(look, capture_output=True, check=True).stdout or "[]")
    print(json.dumps([time.monotonic(), sorted(route["dst"] for route in routes)]), flush=True)
    due += PERIOD
"""
PERIOD = 0.1


@dataclasses.dataclass
class Watched:
    """What was seen: (seconds, the addresses that had a route) at every look."""

    looks: list[tuple[float, frozenset[str]]]

    def missed(self, address: str) -> int:
        """At how many looks there was no route to the address."""
        return sum(address not in present for _time, present in self.looks)

    def away(self, address: str) -> float:
        """The longest time in seconds from one look at which the address had a route to the next such look."""
        there = [time for time, present in self.looks if address in present]
        times = [self.looks[0][0], *there, self.looks[-1][0]]
        return max(later - earlier for earlier, later in itertools.pairwise(times))


class Watch:
    """Looks every 100 ms from entering to leaving; C(watched) is there afterwards."""

    watched: Watched

    def __init__(self, router: str) -> None:
        self._command = ("podman", "exec", "-i", router, "python3", "-c", WATCH.replace("PERIOD", str(PERIOD)))

    def __enter__(self) -> Watch:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._first = self._process.stdout.readline()  # it looks already
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        rest, _nothing = self._process.communicate()
        looks = [json.loads(line) for line in (self._first + rest).splitlines()]
        self.watched = Watched([(time, frozenset(present)) for time, present in looks])
