# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lab.check import Machine, overlapping

FIT = Machine(
    root=True,
    system="Linux",
    architecture="x86_64",
    python=(3, 11),
    go=(1, 26),
    apt=True,
    cgroups=True,
    overlay=True,
    disk_free=40.0,
    disk_needed=20.0,
    memory=8.3,
    conflict=None,
)


def test_nothing_is_wrong_with_a_fit_machine():
    assert FIT.problems() == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"root": False}, "not root"),
        ({"system": "Darwin"}, "Darwin on x86_64"),
        ({"architecture": "aarch64"}, "Linux on aarch64"),
        ({"python": (3, 10)}, "Python 3.10"),
        ({"go": None}, "Go is not in PATH"),
        ({"go": (1, 25)}, "Go 1.25"),
        ({"apt": False}, "apt-get is missing"),
        ({"cgroups": False}, "/sys/fs/cgroup"),
        ({"overlay": False}, "overlay"),
        ({"disk_free": 3.21}, "3.2 GB of disk are free, 20 GB"),
        ({"memory": 4.1}, "4.1 GB of memory"),
        ({"conflict": "the subnet is in use"}, "the subnet is in use"),
    ],
)
def test_each_lack_is_said(found, said):
    problems = replace(FIT, **found).problems()
    assert len(problems) == 1
    assert said in problems[0]


def test_all_lacks_are_said_at_once():
    assert len(replace(FIT, root=False, go=None, memory=1.0, disk_free=1.0).problems()) == 4


@pytest.mark.parametrize(
    ("routes", "own", "taken"),
    [
        ([{"dst": "default", "dev": "eth0"}], None, None),
        ([{"dst": "10.89.17.0/24", "dev": "podman1"}], "podman1", None),
        ([{"dst": "10.89.17.0/24", "dev": "podman1"}], None, "10.89.17.0/24 dev podman1"),
        ([{"dst": "10.0.0.0/8", "dev": "wg0"}], "podman1", "10.0.0.0/8 dev wg0"),
        ([{"dst": "10.89.17.9", "dev": "tun0"}], None, "10.89.17.9 dev tun0"),
        ([{"dst": "10.89.18.0/24", "dev": "podman2"}], None, None),
    ],
)
def test_a_subnet_is_taken_by_any_route_but_the_labs_own(routes, own, taken):
    assert overlapping("10.89.17.0/24", routes, own) == taken
