# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._issuer import full_name
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from hypothesis import given
from hypothesis import strategies as st

NAMES = ["letsencrypt", "ca", "letsencrypt-dns01", "internal.example.com", "product", "reproduction", "a" * 200]
SUFFIXES = ["production", "staging", "prod", "home", "x"]


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("letsencrypt", "production", "letsencrypt-production"),
        ("letsencrypt-production", "production", "letsencrypt-production"),
        ("letsencrypt-production-production", "production", "letsencrypt-production"),
        ("letsencrypt-production-production-production", "production", "letsencrypt-production"),
        ("letsencrypt", "staging", "letsencrypt-staging"),
        ("letsencrypt-staging", "staging", "letsencrypt-staging"),
        ("letsencrypt-prod", "prod", "letsencrypt-prod"),
        ("letsencryptproduction", "production", "letsencryptproduction-production"),
        ("production-ca", "production", "production-ca-production"),
        ("ca.example.com", "home", "ca.example.com-home"),
        ("ca-home-lab", "home-lab", "ca-home-lab"),
        ("ca-home-lab", "lab", "ca-home-lab"),
    ],
)
def test_the_full_name(name, suffix, expected):
    assert full_name(name, suffix=suffix) == expected


@pytest.mark.parametrize(("name", "suffix"), itertools.product(NAMES, SUFFIXES))
def test_asking_again_changes_nothing(name, suffix):
    once = full_name(name, suffix=suffix)
    assert once.endswith(f"-{suffix}")
    for doubled in (once, f"{once}-{suffix}", f"{once}-{suffix}-{suffix}"):
        assert full_name(doubled, suffix=suffix) == once


@pytest.mark.parametrize("name", ["letsencrypt", "letsencrypt-production"])
def test_nothing_to_repair(name):
    assert full_name(name, repair=False) == "letsencrypt-production"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        pytest.param(
            "ca-production-production",
            {"repair": False},
            ["name: 'ca-production-production' ends with '-production' 2 times. Write 'ca-production'."],
            id="doubled",
        ),
        pytest.param(
            "ca-staging",
            {},
            [
                "name: 'ca-staging' names the environment 'staging', but the suffix asked for is 'production'. "
                "Write 'ca', or ask for suffix='staging'."
            ],
            id="another environment",
        ),
        pytest.param("letsencrypt-staging-production", {}, ["name: 'letsencrypt-staging-production' names"], id="both"),
        pytest.param(
            "letsencrypt-prod", {}, ["name: 'letsencrypt-prod' names the environment 'prod'"], id="short form"
        ),
        pytest.param("production", {}, ["name: 'production' is only the suffix"], id="only the suffix"),
        pytest.param("production-production", {}, ["name: 'production-production' is only"], id="only suffixes"),
        pytest.param("", {}, ["name: '' is not an RFC 1123 subdomain"], id="empty"),
        pytest.param("LetsEncrypt", {}, ["name: 'LetsEncrypt' is not"], id="upper case"),
        pytest.param("lets_encrypt", {}, ["name: 'lets_encrypt' is not"], id="underscore"),
        pytest.param("-letsencrypt", {}, ["name: '-letsencrypt' is not"], id="hyphen in front"),
        pytest.param("letsencrypt-", {}, ["name: 'letsencrypt-' is not"], id="hyphen at the end"),
        pytest.param("ca..example", {}, ["name: 'ca..example' is not"], id="two dots"),
        pytest.param("letsencrypt\n", {}, ["name: 'letsencrypt\\n' is not"], id="line end"),
        pytest.param("letsencrypt ", {}, ["name: 'letsencrypt ' is not"], id="space"),
        pytest.param(
            "ca", {"suffix": "-production"}, ["suffix: '-production' is not an RFC 1123 label"], id="suffix with -"
        ),
        pytest.param("ca", {"suffix": ""}, ["suffix: '' is not"], id="no suffix"),
        pytest.param("ca", {"suffix": "a.b"}, ["suffix: 'a.b' is not"], id="dotted suffix"),
        pytest.param("C A", {"suffix": "B"}, ["name: 'C A' is not", "suffix: 'B' is not"], id="both wrong"),
        pytest.param("a" * 243, {}, [f"name: '{'a' * 243}' with its suffix has 254 characters"], id="too long"),
    ],
)
def test_what_is_refused(name, arguments, expected):
    with pytest.raises(ClusterError) as caught:
        full_name(name, **arguments)
    assert len(caught.value.problems) == len(expected)
    for problem, start in zip(caught.value.problems, expected):
        assert str(problem).startswith(start)


labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=3).map(".".join)


@given(name=names, suffix=labels, times=st.integers(0, 3))
def test_any_name_has_one_full_form_or_is_refused(name, suffix, times):
    """However often the suffix was added: the same name, with the suffix once, and asking again keeps it."""
    try:
        full = full_name(name, suffix=suffix)
    except ClusterError:
        return  # only the suffix, or another environment: the table above
    assert full_name(name + f"-{suffix}" * times, suffix=suffix) == full
    assert full.endswith(f"-{suffix}")
    assert not full.endswith(f"-{suffix}-{suffix}")
    assert full_name(full, suffix=suffix, repair=False) == full


@given(name=st.text(max_size=20), suffix=st.text(max_size=10))
def test_any_other_text_is_refused_with_a_reason(name, suffix):
    try:
        assert full_name(name, suffix=suffix).endswith(f"-{suffix}")
    except ClusterError as error:
        assert {problem.where for problem in error.problems} <= {"name", "suffix"}  # noqa: PT017
