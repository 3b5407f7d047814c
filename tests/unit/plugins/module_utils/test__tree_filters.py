# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_filters as filters
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_base64_there_and_back(text):
    assert filters.b64decode(filters.b64encode(text)) == text


def test_bcrypt_keeps_a_hash_that_verifies():
    first = filters.bcrypt_password("secret", rounds=4)
    assert filters.bcrypt_password("secret", current=first, rounds=4) == first
    assert filters.bcrypt_password("other", current=first, rounds=4) != first


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("issuer_name", ("letsencrypt",), "letsencrypt-production"),
        ("to_json", ({"a": "<&>ä"},), '{"a": "<&>ä"}'),
        ("to_yaml", ({"b": [1], "a": "ä"},), "b:\n- 1\na: ä\n"),
    ],
)
def test_filters(name, arguments, result):
    assert filters.FILTERS[name](*arguments) == result


@pytest.mark.parametrize("value", ["no: bool", "yes", "1", "2026-01-01", "|", "null", ""])
def test_to_yaml_quotes_what_needs_it(value):
    assert yaml.safe_load(filters.to_yaml({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("b64decode", ("?",)),
        ("b64decode", ("/w==",)),
        ("b64decode", (1,)),
        ("b64encode", (None,)),
        ("bcrypt_password", (1,)),
        ("bcrypt_password", ("planted", 1)),
        ("bcrypt_password", ("planted" * 20,)),
        ("issuer_name", (["planted"],)),
    ],
)
def test_what_they_refuse_is_not_quoted(name, arguments):
    with pytest.raises(ClusterError) as error:
        filters.FILTERS[name](*arguments)
    assert "planted" not in str(error.value)
