# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runs of this scenario changed: check on clean hosts, real, real, check."""

from __future__ import annotations

# Tasks that check mode cannot predict, each with its reason.
EXCEPTIONS: dict[str, str] = {}


def test_check_mode_on_clean_hosts_predicts_what_the_first_run_changes(changed_tasks):
    predicted, real = changed_tasks("00-check"), changed_tasks("01-real")
    assert len(real) > 10
    differing = {(host, task) for host, task in predicted ^ real if task not in EXCEPTIONS}
    assert not differing, f"predicted only: {predicted - real}; real only: {real - predicted}"
    assert {task for _host, task in predicted ^ real} == set(EXCEPTIONS), "an exception that is none any more"


def test_the_second_run_changes_nothing(changed_tasks):
    assert changed_tasks("02-real") == set()


def test_check_mode_after_it_predicts_nothing(changed_tasks):
    assert changed_tasks("03-check") == set()
