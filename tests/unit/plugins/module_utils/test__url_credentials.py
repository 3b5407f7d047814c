# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked, masked_url, secrets

TOKEN = "ghp_0123456789abcdefghij"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:hunter2@host/a", "https://***@host/a"),
        ("HTTPS://user:hunter2@host/a", "HTTPS://***@host/a"),
        ("!https://user:hunter2@host/a", "!https://***@host/a"),
        ("https://user:1234@host/a", "https://***@host/a"),
        ("https://user:hun/ter2@host/a", "https://***@host/a"),
        ("https://user:hun'ter2@host/a", "https://***@host/a"),
        (f"https://{TOKEN}@host/a", "https://***@host/a"),
        (f"http://{TOKEN}@host", "http://***@host"),
        ("ssh://git:hunter2@host:22/a", "ssh://***@host:22/a"),
        ("oci://user:hunter2@host/a", "oci://***@host/a"),
        ("https://:hunter2@host/a", "https://***@host/a"),
        ("https://user@mail.example:hunter2@host/a", "https://***@host/a"),
        ("https://user:hun@ter2@host/a", "https://***@host/a"),
        ("https://user:hun@ter2@host", "https://***@host"),
    ],
)
def test_credentials_are_not_shown(url, expected):
    assert masked_url(url) == masked(url) == expected
    assert masked(f"  - '{url}'  # why, {url}") == f"  - '{expected}'  # why, {expected}"


@pytest.mark.parametrize(
    "url",
    [
        "https://host/a",
        "https://organisation@host/a",
        "ssh://git@host/a",
        f"ssh://{TOKEN}@host/a",
        "ssh://git@host:22/a",
        "git@host:a",
        "https://host:8443/a@v1",
        "https://organisation@host:8443/a@v1",
        "https://host/a@v1",
        "*",
        "",
    ],
)
def test_what_is_no_secret_is_shown(url):
    assert masked_url(url) == masked(url) == url
    assert secrets([url]) == set()


def test_a_url_that_stands_alone_may_have_spaces():
    assert masked_url("https://user:hun ter2@host/a") == "https://***@host/a"


@pytest.mark.parametrize("url", ["https://{{ user }}:hunter2@host/a", "https://user:hunter2{{ more }}@host/a"])
def test_a_template_may_write_a_part_of_it(url):
    assert masked(f"  - {url}  # why") == "  - https://***@host/a  # why"


def test_of_many_urls_in_a_line_each_is_its_own():
    text = '["https://host:8443","git@host:a"] https://a:b@c https://host/d'
    assert masked(text) == '["https://host:8443","git@host:a"] https://***@c https://host/d'


def test_secrets_are_passwords_and_tokens():
    urls = ["https://user:hunter2@host", "https://organisation@host", f"https://{TOKEN}@host"]
    assert secrets(urls) == {"hunter2", TOKEN}
    assert secrets([f"https://{TOKEN}:x-oauth@host"]) == {"x-oauth", TOKEN}
