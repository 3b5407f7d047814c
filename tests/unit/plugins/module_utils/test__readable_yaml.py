# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import dump, dump_all
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1, {"c": None}]}, "b: 1\na:\n  - 1\n  - c: null\n"),
        ({"t": "one\ntwo\n"}, "t: |\n  one\n  two\n"),
        ({"v": "3.13.0", "w": "1.10", "x": "1e3", "y": "0o17", "z": "12:30"}, None),
        (
            {"port": "80", "flag": "true", "none": "null", "empty": ""},
            'port: "80"\nflag: "true"\nnone: "null"\nempty: ""\n',
        ),
        ({"y": "n"}, '"y": "n"\n'),
        ({"glob": "*", "deny": "!argocd", "braces": "{{ x }}"}, 'glob: "*"\ndeny: "!argocd"\nbraces: "{{ x }}"\n'),
        ({"a": "0X1F", "b": "-0o17", "c": "+0B1"}, 'a: "0X1F"\nb: "-0o17"\nc: "+0B1"\n'),
        ({"lines": "a\x85b\n\u2028c\n"}, 'lines: "a\\Nb\\n\\Lc\\n"\n'),
        ({"long": "x " * 100}, None),
    ],
)
def test_as_people_write_it(value, text):
    assert yaml.safe_load(dump(value)) == value
    assert text is None or dump(value) == text


def test_versions_need_no_quotes_but_numbers_do():
    assert (
        dump({"v": "3.13.0", "w": "1.10", "x": "1e3", "t": "12:30"}) == 'v: 3.13.0\nw: "1.10"\nx: "1e3"\nt: "12:30"\n'
    )


def test_the_same_object_twice_is_no_alias():
    shared = {"a": 1}
    assert dump_all([{"x": shared, "z": shared}, {}]) == "---\nx:\n  a: 1\nz:\n  a: 1\n---\n{}\n"


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none())))
def test_whatever_is_written_reads_as_it_was_meant(value):
    assert yaml.safe_load(dump(value)) == value
