# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line is what github.com/gobwas/glob v0.2.3 answers, its mistakes included."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob import GlobError, compile_glob
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob_matchers import GlobPanicError


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("a*c", "abbc", True),
        ("a*c", "a/c", True),
        ("a?c", "ac", False),
        ("?", "", True),  # nothing is read as the character that Go has for it
        ("{?,x}", "", True),
        ("[!a]", "", True),
        ("[a-c]x", "bx", True),
        ("[ab]]", "a]", True),
        ("{a,b}", "b", True),
        ("{a,b", "b", True),  # the brace need not be closed
        ("a}", "a}", True),
        ("a,b", "a,b", True),
        ("\\*", "*", True),
        ("\\", "", True),
        ("ab*ba", "aba", True),
        ("a{x,y}b", "axb", True),
        ("{,a}b", "b", True),
        ("{a*,}", "", True),
        ("*\u00e9", "\u00e9", True),
        ("\u00e9?", "\u00e9a", False),
        ("?\u00e9", "a\u00e9", False),
        ("[a\u00e9]b", "\u00e9b", False),
        ("{a\u00e9,b}c", "a\u00e9c", True),
        ("*[!/]*", "a/b", True),
        ("a*?b", "ab", False),
        ("??", "\u00e9", False),
        ("a\u0000b", "a", False),
        ("*\u0000b", "a", True),
        ("{a,{b,c}}d", "cd", True),
        ("*a*b*", "xaxbx", True),
        ("{*a,b*}c", "bxc", True),
        ("a**b", "a/b", True),
        ("a***b", "ab", True),
    ],
)
def test_the_verdict_without_separators(pattern, text, matches):
    assert compile_glob(pattern).match(text) is matches


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("https://h/*", "https://h/a", True),
        ("https://h/*", "https://h/a/b", False),
        ("https://h/**", "https://h/a/b", True),
        ("https://h/**", "https://h/../evil", True),
        ("*/a", "b/a", True),
        ("*/a", "b/c/a", False),
        ("*a*", "xax", True),
        ("*a*", "x/ax", False),
        ("?", "/", False),
        ("a?c", "a/c", False),
        ("[/]", "/", True),
        ("**", "a/b", True),
    ],
)
def test_a_star_stops_at_a_separator_and_two_do_not(pattern, text, matches):
    assert compile_glob(pattern, "/").match(text) is matches


@pytest.mark.parametrize("pattern", ["[", "[]", "[!]", "[a", "[c-a]", "[a-]", "[a-bc]", "*\ufffd", "[a\u0000"])
def test_what_the_library_does_not_compile(pattern):
    with pytest.raises(GlobError):
        compile_glob(pattern)


def test_what_ends_the_program():
    with pytest.raises(GlobPanicError, match=r"^slice bounds out of range \[:2\] with length 1$"):
        compile_glob("a{,}").match("a")


def test_a_pattern_may_nest_as_deep_as_it_likes():
    assert compile_glob("{" * 300 + "a?" + "}" * 300).match("ab")
