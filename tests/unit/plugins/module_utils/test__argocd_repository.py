# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line is what Argo CD v3.5.3's own code answers; tests/differential asks many more."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import (
    go_lower,
    is_ssh_url,
    normalize_git_url,
    same_url,
)


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        ("https://GitHub.com/Org/Repo.git", "https://github.com/org/repo"),
        ("https://github.com/org/repo/", "https://github.com/org/repo/"),
        ("https://github.com/org/repo.git/", "https://github.com/org/repo.git/"),
        ("git@github.com:Org/Repo.git", "git@github.com/org/repo"),
        ("ssh://git@github.com/Org/Repo.git", "git@github.com/org/repo"),
        ("ssh://git@github.com:22/org/repo.git", "git@github.com:22/org/repo"),
        ("ssh://git@github.com:org/repo.git", ""),
        ("git@github.com:22/org/repo", "git@github.com/22/org/repo"),
        ("https://user:tok@github.com/org/repo.git", "https://user:tok@github.com/org/repo"),
        ("https://github.com/{a,b}/*", "https://github.com/%7Ba,b%7D/%2A"),
        ("https://github.com/re po/*", "https://github.com/re%20po/%2A"),
        ("10.0.0.5:5000/charts", ""),
        ("localhost:5000/charts", "localhost:5000/charts"),
        ("oci://ghcr.io/Org/Chart", "oci://ghcr.io/org/chart"),
        (" https://h/x\u3000", "https://h/x"),
        ("\u001chttps://h/x", ""),
        ("\u212aube.example/\u0130", "kube.example/i"),
        ("user@", "user@"),
        ("@host:path", "@host/path"),
        ("a b@c:d", ""),
        (".git", ""),
        ("x.git.git", "x.git"),
        ("", ""),
    ],
)
def test_the_form_in_which_repositories_are_compared(url, normalized):
    assert normalize_git_url(url) == normalized


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("git@github.com:org/repo.git", "ssh://git@github.com/Org/repo", True),
        ("https://github.com/org/repo", "http://github.com/org/repo", False),
        ("https://github.com/org/repo", "https://github.com/org/repo/", False),
        ("https://github.com/org/repo", "https://github.com:443/org/repo", False),
        ("10.0.0.5:5000/a", "10.0.0.5:5000/a", True),  # neither can be parsed
        ("10.0.0.5:5000/a", "10.0.0.5:5000/b", False),
        ("", "", False),
    ],
)
def test_two_urls_of_one_repository(one, other, same):
    assert same_url(one, other) is same
    assert same_url(other, one) is same


def test_what_argo_cd_takes_for_ssh():
    assert [
        url for url in ("git@h:p", "ssh://h/p", "ssh://u@h/p", "https://u@h/p", "a@b@c", "@x") if is_ssh_url(url)
    ] == [
        "git@h:p",
        "ssh://u@h/p",
        "a@b@c",
        "@x",
    ]


def test_go_lowers_one_character_to_one_of_unicode_15():
    assert go_lower("\u0130\u03a3\u1e9e\u212a\u01c5") == "i\u03c3\u00df\u006b\u01c6"
    assert go_lower("\u2c2f\ua7c0\U00010570") == "\u2c5f\ua7c1\U00010597"  # unknown to Python 3.9
    assert go_lower("\ua7cb\U00010d50") == "\ua7cb\U00010d50"  # unknown to Go 1.26
