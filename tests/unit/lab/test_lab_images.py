# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.lab.command import LabError
from tests.lab.images import Source, parse_sources

DEBIAN = """\
http://mirror.example/debian/ bookworm main
http://mirror.example/debian/ bookworm-updates main
http://mirror.example/security/ bookworm-security main
http://mirror.example/debian/ bookworm contrib
http://other.example/ nodistro main
"""


def test_only_the_distributions_own_suites_are_used_its_main_suite_first():
    assert parse_sources(DEBIAN, "bookworm") == [
        Source("http://mirror.example/debian/", "bookworm", ("main",)),
        Source("http://mirror.example/security/", "bookworm-security", ("main",)),
        Source("http://mirror.example/debian/", "bookworm-updates", ("main",)),
    ]


def test_ubuntu_needs_universe_as_well():
    text = "http://m.example/u/ noble main\nhttp://m.example/u/ noble universe\nhttp://m.example/u/ noble main\n"
    assert [entry.line for entry in parse_sources(text, "noble")] == ["deb http://m.example/u/ noble main universe\n"]


def test_a_machine_without_its_own_suite_is_told_so():
    with pytest.raises(LabError, match="no source for trixie main"):
        parse_sources(DEBIAN, "trixie")
