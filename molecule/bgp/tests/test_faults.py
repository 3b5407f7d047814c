# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault is named, at the right place, and nothing else is; without it nothing is named."""

from __future__ import annotations

import os

import pytest
import verdict
from commands import LAB, ROOT, create, service
from conftest import eventually
from faults import FAULTS

SERVICES = 2
HEALTHY = ("healthy", frozenset())
UNREPAIRED: list = []
RESULTS: list = []
CHOSEN = [fault for fault in FAULTS if os.environ.get("TEST_ALL") or not fault.long]


@pytest.fixture(scope="module", autouse=True)
def services(exactly_routed):
    create(service("demo"), service("web")).run()
    assert eventually(lambda: exactly_routed(SERVICES))


def test_nothing_is_named_without_a_fault(playbook):
    status, named, output = verdict.when_repaired(playbook)
    assert (status, named) == HEALTHY, output


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name)
def test_fault(fault, playbook, exactly_routed):
    assert not UNREPAIRED, "an earlier fault is still there"
    UNREPAIRED.append(fault)
    status, named, output = verdict.inject(fault, playbook)
    RESULTS.append((fault, named))
    after, still_named, output_after = verdict.when_repaired(playbook)
    if (after, still_named) == HEALTHY:
        UNREPAIRED.clear()
    assert named == verdict.expected(fault), output
    assert status == fault.severity, output
    assert (after, still_named) == HEALTHY, output_after
    assert eventually(lambda: exactly_routed(SERVICES))


def test_the_documentation_has_what_was_seen():
    """Line by line, as some of the faults are for the long runs."""
    table = verdict.table(RESULTS)
    (LAB / "confusion.md").write_text(table)
    assert len(RESULTS) == len(CHOSEN)
    assert set(table.splitlines()) <= set((ROOT / "docs" / "bgp.md").read_text().splitlines())


def test_another_run_changes_nothing(playbook):
    run = playbook("site")
    assert (run.returncode, set(run.changed.values())) == (0, {0}), run.output
