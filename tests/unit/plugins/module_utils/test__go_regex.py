# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._go_regex import go_regex


@pytest.mark.parametrize(
    ("regex", "matches", "not_matched"),
    [
        (r"\.sops\.ya?ml$", ["a.sops.yaml", "b.sops.yml"], ["a.sops.yaml\n", "a.sops.yaml.bak", "asopsyaml"]),
        ("^(data|stringData)$", ["data", "stringData"], ["mydata", "data\n"]),
        ("(?i)pass", ["myPASSword"], ["word"]),
        ("(?i:A)b", ["ab"], ["aB"]),
        (r"(?m)^a$", ["b\na\nc"], ["ba"]),
        (r"[[:alpha:]]+\d{2}\z", ["ab12"], ["ab1", "12", "ab12\n"]),
        (r"^[^[:space:]]$", ["x"], [" "]),
        ("(?P<n>a)(?<m>b)", ["ab"], ["ac"]),
        (r"\Qa.b\E$", ["a.b"], ["axb"]),
        (r"\Qa.b", ["a.b"], ["axb"]),
        ("x{,3}", ["x{,3}"], ["x", "xxx"]),
        ("^x{2,3}?$", ["xx", "xxx"], ["x"]),
        (r"\x{41}\x42", ["AB"], ["ab"]),
        (r"[^/]+/[]a]", ["b/]", "b/a"], ["b/c"]),
        (r"^\w$", ["a"], ["ä"]),
        ("", ["", "anything"], []),
        (r"[\]\-a]", ["]", "-"], ["b"]),
    ],
)
def test_what_go_and_python_mean_alike_or_what_is_translated(regex, matches, not_matched):
    pattern = go_regex(regex)
    assert [text for text in [*matches, *not_matched] if pattern.search(text)] == matches


@pytest.mark.parametrize(
    "regex",
    [
        *("(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P=n)", "(?>a)", "(?#c)", "(?(1)a)"),
        *("a*+", "a**", "a{2}{3}", "*a", "a(", "[a", r"\x4", r"\Z", "\\"),
        # Go knows these, this collection does not.
        *(r"\pL", "(?U)a", "[[:^alpha:]]"),
    ],
)
def test_what_is_refused(regex):
    with pytest.raises(ValueError, match=r".+"):
        go_regex(regex)
