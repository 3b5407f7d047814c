# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line is what github.com/dlclark/regexp2 v1.12.0 answers."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._regexp2 import regexp2_matches

REGULAR = [
    # pattern, what it finds, what not
    ("team", ["team", "my-team-a"], ["tea"]),
    ("^team-[ab]$", ["team-a", "team-b\n"], ["team-c", "my-team-a"]),
    ("^((?!kube-).)*$", ["team"], ["kube-system"]),
    ("(?i)TEAM", ["team"], ["tea"]),
    ("(?i:T)EAM", ["tEAM"], ["team"]),
    ("^(?<x>t).*-\\k<x>", ["ta-t"], ["ta-a"]),
    ("(a)(b)?\\1", ["aa", "aba"], ["ab"]),
    ("^[a-z-[aeiou]]+$", ["xyz"], ["abc"]),
    ("[\\D\\w]", ["-"], ["5"]),  # the first class in which a character is decides
    ("[a-]", ["-"], ["b"]),
    ("[]a]", ["]"], ["b"]),
    ("\\p{L}+", ["\u00e9"], ["-"]),
    ("\\x61\\u0062\\143", ["abc"], ["ab"]),
    ("x{,3}", ["x{,3}"], ["xxx"]),
    ("^x{2,3}?$", ["xx"], ["x"]),
    ("(?<=team-)a", ["team-a"], ["a"]),
    ("(?<=a|bt)c", ["btc"], ["tc"]),
    ("(?<!team-)a$", ["-a"], ["team-a"]),
    ("(?>a*)a", [], ["aaa"]),
    ("(?x) te am # a comment", ["team"], ["te am"]),
    ("a(?#note)b", ["ab"], ["a"]),
    ("^(a)?(?(1)b|c)$", ["ab", "c"], ["b", "ac"]),
    ("^(?(?=t)te|k)$", ["te", "k"], ["t"]),
    ("^(?<n>a)+(?<-n>b)+(?(n)x|)$", ["ab", "aabb", "aabx"], ["abb", "aab"]),
    ("(?n)(t)(?<m>e)\\1", ["tee"], ["tet"]),
    ("a|", ["", "b"], []),
    ("\\Ateam\\z", ["team"], ["team\n"]),
    ("\\bteam\\b", ["a-team-b"], ["steam"]),
    ("", ["", "a"], []),
]


@pytest.mark.parametrize(("pattern", "found", "not_found"), REGULAR)
def test_what_a_pattern_finds(pattern, found, not_found):
    assert [text for text in [*found, *not_found] if regexp2_matches(pattern, text)] == found


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a", "a)", "*", "a**", "a++", "[", "[]", "[z-a]", "a{2,1}", "\\", "\\q", "\\1", "\\k<x>", "(?P<n>a)"),
        *("\\p{Nope}", "\\x6", "\\c1", "(?<n", "(?<0>a)", "(?<-x>a)", "(?(2)a)", "(?(a)b|c|d)", "[a-\\d]", "(?#a"),
    ],
)
def test_a_malformed_pattern_finds_nothing(pattern):
    assert not regexp2_matches(pattern, "a")
    assert not regexp2_matches(pattern, "")
