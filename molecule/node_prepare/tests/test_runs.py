# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runs of this scenario changed: check on clean hosts, real, real, check."""

from __future__ import annotations


def test_check_mode_on_clean_hosts_predicts_what_the_first_run_changes(changed_tasks):
    real = changed_tasks("01-real")
    assert {host for host, _task in real} == {"server1", "agent1", "rocky1"}
    assert changed_tasks("00-check") == real


def test_the_second_run_changes_nothing(changed_tasks):
    assert changed_tasks("02-real") == set()


def test_check_mode_after_it_predicts_nothing(changed_tasks):
    assert changed_tasks("03-check") == set()
