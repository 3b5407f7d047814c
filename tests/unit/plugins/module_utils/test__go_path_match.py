# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line is what Go's path/filepath.Match answers."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._go_path_match import path_match


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("", "", True),
        ("Pod", "Pod", True),
        ("Pod", "pod", False),
        ("*", "", True),
        ("*", "a/b", False),
        ("P*", "Pod", True),
        ("*d*", "Pod", True),
        ("P?d", "Pod", True),
        ("P?d", "P/d", False),
        ("[A-P]od", "Pod", True),
        ("[^A]od", "Pod", True),
        ("[^P]od", "Pod", False),
        ("[z-a]*", "a", False),
        ("\\*", "*", True),
        ("*.io", "apps.k8s.io", True),
        ("*[^b]*c", "ab/c", False),  # the first that fits is kept, even where another would lead on
        ("*[^\u00e9]", "\u00e9", True),  # the star takes the first half of the character
        ("[a-", "a", False),
        ("[]a]", "]", False),
        ("[", "[", False),
        ("a\\", "a\\", False),
        ("a[", "a", False),
        ("*[", "", False),
    ],
)
def test_a_kind_or_name_against_a_pattern(pattern, name, matches):
    assert path_match(pattern, name) is matches
