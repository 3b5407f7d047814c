# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults against the verdict of bgp_verify: what was injected, what was named, and the table of both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from commands import LAB, Step
from faults import Fault

VERDICT = LAB / "verdict.json"
Named = frozenset[tuple[str, str]]  # (code, where)


def judge(playbook: Callable[..., Any], patience: int, *arguments: str) -> tuple[str, Named, str]:
    """The verdict: its status, what it names, and what was printed."""
    VERDICT.unlink(missing_ok=True)
    run = playbook("verdict", "-e", f"bgp_verify_json_path={VERDICT} bgp_verify_timeout={patience}", *arguments)
    assert VERDICT.exists(), run.output
    verdict = json.loads(VERDICT.read_text())
    assert (run.returncode == 0) == (verdict["exit_code"] < 2), run.output
    return verdict["status"], named(verdict), run.output


def named(verdict: Mapping[str, Any]) -> Named:
    """Each finding, once for everything it is about."""
    found = set()
    for finding in verdict["findings"]:
        subjects = finding["services"] or finding["prefixes"] or finding["nodes"]
        for subject in subjects or [finding["pool"] or finding["router"] or "cluster"]:
            found.add((finding["code"], subject))
    return frozenset(found)


def expected(fault: Fault) -> Named:
    return frozenset((fault.code, where) for where in fault.where)


def run_all(steps: tuple[Step, ...]) -> None:
    for step in steps:
        step.run()


def inject(fault: Fault, playbook: Callable[..., Any]) -> tuple[str, Named, str]:
    """The verdict while the fault is there, once the state has settled; afterwards the fault is repaired.

    How long that takes depends on the machine: a verdict of what is still on its way is asked for again, twice.
    """
    try:
        run_all(fault.inject)
        for _attempt in range(3):
            time.sleep(fault.settle)
            verdict = judge(playbook, 0, *fault.arguments)
            if verdict[:2] == (fault.severity, expected(fault)):
                break
        return verdict
    finally:
        run_all(fault.repair)


def when_repaired(playbook: Callable[..., Any]) -> tuple[str, Named, str]:
    """The verdict, as soon as Cilium's status has come up with what it reports on: that takes up to 5 seconds."""
    for _attempt in range(3):
        verdict = judge(playbook, 60)
        if verdict[0] == "healthy":
            break
    return verdict


def table(results: Iterable[tuple[Fault, Named]]) -> str:
    """Markdown: what was injected, and every code that was named for it, right or wrong."""
    lines = ["| injected | at | named | at |", "|---|---|---|---|"]
    for fault, found in results:
        codes = sorted({code for code, _where in found})
        shown = ", ".join(f"`{code}`" for code in codes) or "nothing"
        lines.append(f"| {fault.name} | {places(fault.where)} | {shown} | {places(sorted(w for _c, w in found))} |")
    return "\n".join(lines) + "\n"


def places(names: Any) -> str:
    return "all nodes" if sorted(names) == ["agent1", "agent2", "server1"] else ", ".join(names)
