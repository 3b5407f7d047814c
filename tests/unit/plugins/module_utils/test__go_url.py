# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line is what Go 1.26's net/url answers."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._go_url import GoUrlError, parse


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("https://h/r%2fx", "https://h/r%2fx"),
        ("https://h/r%65x", "https://h/r%65x"),
        ("https://h?a b#c d", "https://h?a b#c%20d"),
        ("https://h/#\u0001", "https://h/#%01"),
        ("%2a", "%2a"),
        ("*", "*"),
        ("?*", "?*"),
        ("a/b:c", "a/b:c"),
        ("./a:b", "./a:b"),
        ("%3ab", "%3ab"),
        ("mailto:a*b?x#y z", "mailto:a*b?x#y%20z"),
        ("//h/p", "//h/p"),
        ("///h/p", "///h/p"),
        ("file:///x", "file:///x"),
        ("http:/x", "http:/x"),
        ("http://", "http:"),
        ("x:?", "x:?"),
        ("https://[fe80::1%25eth0]:22/x", "https://[fe80::1%25eth0]:22/x"),
        ("git://h:1:2/x", "git://h:1:2/x"),
        ("https://%e4%b8%ad/x", "https://%E4%B8%AD/x"),
        ("https://p@ss@h/x", "https://p%40ss@h/x"),
        ("https://us%65r:p%2fw@h/x", "https://user:p%2Fw@h/x"),
        ('https://h"<>/x', 'https://h"<>/x'),
        ("https://h/\u00e9*", "https://h/%C3%A9%2A"),
        ("https://h/(a)!*", "https://h/(a)!*"),
    ],
)
def test_what_is_parsed_is_written_as_go_writes_it(raw, written):
    assert parse(raw).string() == written


@pytest.mark.parametrize(
    "raw",
    [
        ":x",
        "a:b/c:d\u0000",
        "10.0.0.5:5000/x",
        "https://h/%zz",
        "https://h/\u007f",
        "https://[1.2.3.4]/x",
        "https://[::1",
        "https://[1:2:3:4:5:6:7:8::]/x",
        "https://[::1]x/",
        "https://a[b]/x",
        "https://h:1:2/x",
        "https://h:port/x",
        "https://a%20b/x",
        "https://us%er@h/x",
        "https://\u00e9@h/x",
        "https://[::1%25%e4]/x",
        "https://h/#%",
    ],
)
def test_what_go_refuses(raw):
    with pytest.raises(GoUrlError):
        parse(raw)
