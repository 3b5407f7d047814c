# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._sops_edits import edits, is_plain
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import GONE, Edit


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [('["a"]', 2)]),
        ({"a": 1}, {"a": True}, [('["a"]', True)]),
        ({"a": 1}, {"a": 1.0}, [('["a"]', 1.0)]),
        ({"a": "x"}, {"a": None}, [('["a"]', None)]),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, [('["a"]["b"][0]["c"]', 2)]),
        ({"a": 1}, {"a": 1, "b": 2}, [('["b"]', 2)]),
        ({"a": 1, "b": 2}, {"b": 2}, [('["a"]', GONE)]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"n": 0, "x": 1, "y": 2}}, [('["a"]', {"n": 0, "x": 1, "y": 2})]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, [('["a"]', {"x": 1})]),
        ({"a": {"x": 1}}, {"a": {}}, [('["a"]', {})]),
        ({"a": {}}, {"a": {"x": 1}}, [('["a"]', {"x": 1})]),
        ({"a": [1, 2, 3]}, {"a": [1]}, [('["a"][2]', GONE), ('["a"][1]', GONE)]),
        ({"a": [1]}, {"a": [1, 2, [3]]}, [('["a"][1]', 2), ('["a"][2][0]', 3)]),
        ({"a": 1}, {"a": [1, 2]}, [('["a"][0]', 1), ('["a"][1]', 2)]),
        ({"a b": 1, 'q"': 1}, {"a b": 2, 'q"': 2}, [('["a b"]', 2), ('["q""]', 2)]),
        # What sops has no command for.
        ({"a": [1]}, {"a": []}, None),
        ({"a[0]": 1}, {"a[0]": 2}, None),
        ({"": 1}, {"": 2}, None),
    ],
)
def test_fewest_commands_from_one_document_to_another(old, new, expected):
    found = edits([old], [new], comments=False)
    assert found == (None if expected is None else [Edit(*edit) for edit in expected])


def test_comments_in_a_mapping_are_not_overwritten():
    old, new = {"a": {"x": 1, "y": 2}}, {"a": {"n": 0, "y": 3}}
    assert edits([old], [new], comments=True) == [
        Edit('["a"]["x"]', GONE),
        Edit('["a"]["n"]', 0),
        Edit('["a"]["y"]', 3),
    ]


def test_only_the_first_document_can_be_edited():
    assert edits([{"a": 1}, {"b": 1}], [{"a": 2}, {"b": 1}], comments=False) == [Edit('["a"]', 2)]
    for new in ([{"a": 1}, {"b": 2}], [{"a": 1}], []):
        assert edits([{"a": 1}, {"b": 1}], new, comments=False) is None
    assert edits([], [], comments=False) is None


def test_many_edits_are_not_worth_it():
    old, new = {f"k{n}": 0 for n in range(65)}, {f"k{n}": 1 for n in range(65)}
    assert edits([old], [new], comments=False) is None
    assert len(edits([{**old, "k0": 1}], [new], comments=False)) == 64


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        *(("secret", True), (GONE, True), ({"a": ["x"]}, True), ("yesterday", True), ("nothing", True)),
        *(("yes", False), ("No", False), ("12:30", False), ("2001-01-01", False), ("~", False), ("", False)),
        *((1, False), (None, False), (True, False), ({"a": 1}, False), ({"y": "a"}, False)),
    ],
)
def test_values_that_everybody_reads_alike(value, plain):
    assert is_plain([Edit('["a"]', "first"), Edit('["b"]', value)]) is plain


def test_edit_does_not_show_its_value():
    assert "secret" not in repr(Edit('["a"]', "secret"))
