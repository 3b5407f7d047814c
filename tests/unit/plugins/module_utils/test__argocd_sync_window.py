# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_sync_window import (
    is_duration,
    schedule_problem,
    window_problem,
)


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "0 22 * * mon-fri",
        "*/5 0-6,12 1 JAN ?",
        "TZ=Europe/Berlin 0 0 * * *",
        "5/10 * * * 0",
        "1,,2 * * * *",
    ],
)
def test_a_schedule(schedule):
    assert not schedule_problem(schedule)


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("", "empty spec string"),
        ("@daily", "parser does not accept descriptors: @daily"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* 5-1 * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/1/2 * * * *", "too many slashes: */1/2"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_a_schedule_that_is_refused(schedule, problem):
    assert schedule_problem(schedule) == problem


def test_durations_of_go():
    assert all(map(is_duration, ["1h", "1h30m", "0", "-1.5h", ".5s", "1\u00b5s", "2562047h47m16s"]))
    assert not any(map(is_duration, ["", "1", "1d", "1 h", "1H", ".s", "1..5h", "2562048h"]))


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"kind": "allow", "schedule": "* * * * *", "duration": "1h"}, ""),
        ({"kind": "Allow", "schedule": "* * * * *", "duration": "1h"}, ".kind"),
        ({"kind": "allow", "schedule": "*", "duration": "1h"}, ".schedule"),
        ({"kind": "deny", "schedule": "* * * * *"}, ".duration"),
        ({"kind": "deny", "schedule": "* * * * *", "duration": "1h", "description": "x" * 256}, ".description"),
    ],
)
def test_the_field_that_is_wrong(window, field):
    assert window_problem(window)[0] == field
