# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_values as values
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from hypothesis import given
from hypothesis import strategies as st


def parse(text, name="config.yaml", **options):
    return values.parse(name, text, **options)


def problems(text, name="config.yaml", **options):
    with pytest.raises(ClusterError) as error:
        parse(text, name, **options)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", {}),
        ("---\n# nothing\n", {}),
        ("a: 1\nb: {c: [x, y]}\n", {"a": 1, "b": {"c": ["x", "y"]}}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("base: &x {b: 1}\nc: {<<: *x, d: 2}\n", {"base": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_parse(text, data):
    assert parse(text).data == data


def test_json():
    assert parse('{\n\t"a": 1\n}', "config.json").data == {"a": 1}
    assert problems('{\n"a": }', "config.json") == ["config.json:2: is not valid JSON. Repair it"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: b\n c: d\n",
            ["config.yaml:2:3: is not valid YAML: mapping values are not allowed in this context"],
        ),
        ("- a\n", ["config.yaml: is not a mapping of names to values. Write lines like 'domain: home.arpa'"]),
        ("1: a\n", ["config.yaml: 1 cannot name a value. Quote it"]),
        ("a: 1\n---\nb: 2\n", ["config.yaml:2:1: holds a second YAML document. Keep all values in one"]),
        (
            "a: 1\nb:\n  c: 1\n  c: 2\na: 2\n",
            [
                "config.yaml:4: b.c is there twice. Keep one of them",
                "config.yaml:5: a is there twice. Keep one of them",
            ],
        ),
        ("a: !!python/object:x {}\n", ["config.yaml:1:4: is not valid YAML: could not determine a constructor"]),
        ("when: 2026-99-99\n", ["config.yaml: is not valid YAML"]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, said):
    found = problems(text)
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said))


def test_of_a_secret_file_nothing_is_quoted():
    assert problems("a: [planted\nb: *planted\n", secret=True) == ["config.yaml:2:2: is not valid YAML. Repair it"]


def test_lines_are_those_of_the_encrypted_file():
    document = parse("a: x\nb: {c: y}\n", secret=True, lines_of="# one\n\na: ENC\nb:\n  c: ENC\nsops: {}\n")
    assert [document.where(path) for path in (("a",), ("b", "c"), ("b", "d"), ("z",))] == [
        "config.yaml:3",
        "config.yaml:5",
        "config.yaml:4",
        "config.yaml",
    ]


def test_merge():
    merged = values.merge(
        [parse("a: {b: 1}\nlist: [1]\n"), parse("a: {c: planted-one}\nd: 12345678\n", "s.yaml", secret=True)]
    )
    assert merged.data == {"a": {"b": 1, "c": "planted-one"}, "list": [1], "d": 12345678}
    assert list(merged.secrets) == [(("a", "c"), "planted-one"), (("d",), "12345678")]
    assert [merged.is_secret(path) for path in (("a",), ("a", "b"), ("a", "c"), ("list", 0))] == [
        True,
        False,
        True,
        False,
    ]
    assert [merged.where(path) for path in (("a", "b"), ("a", "c"), ("list", 0), ("d",), ())] == [
        "config.yaml:1",
        "s.yaml:1",
        "config.yaml:2",
        "s.yaml:2",
        "config.yaml",
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("a: 1\n", "a: 1\n", "a is also set in one.yaml:1"),
        ("a: {b: 1}\n", "a: 2\n", "a is also set in one.yaml:1"),
        ("a: 2\n", "a: {b: 1}\n", "a is also set in one.yaml:1"),
        ("a: {b: {c: 1}}\n", "x: 1\na:\n  b:\n    c: 1\n", "a.b.c is also set in one.yaml:1"),
        ("a: []\n", "a: [1]\n", "a is also set in one.yaml:1"),
    ],
)
def test_no_value_is_in_two_files(one, other, said):
    with pytest.raises(ClusterError) as error:
        values.merge([parse(one, "one.yaml"), parse(other, "two.yaml")])
    assert [problem.what for problem in error.value.problems] == [said]
    assert error.value.problems[0].where.startswith("two.yaml:")


@pytest.mark.parametrize(
    ("path", "text"), [((), ""), (("a",), "a"), (("a", 0, "b"), "a[0].b"), (("a", "b.c"), "a.b.c"), ((0,), "[0]")]
)
def test_dotted(path, text):
    assert values.dotted(path) == text


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ("a: {b: c}", ("a", "b"), "c"),
        ("a: 1\n---\nb: 2\n", (1, "b"), 2),
        ("a: {b: c}", ("a", "x"), None),
        ("a: {b: c}", ("a", "b", "c"), None),
        ("a: [", ("a",), None),
        ("", ("a",), None),
    ],
)
def test_pick(text, path, found):
    assert values.pick(text, path) == found


@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_is_shown_in_any_of_its_forms(secret, before, after):
    show = values.Redaction([secret])
    for form in (secret, base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode(), repr(secret)):
        shown = show(f"{before}{form}{after}")
        assert secret not in shown.replace(values.HIDDEN, "\0")
    assert show.problem(Problem("here", secret, secret)) == Problem("here", values.HIDDEN, values.HIDDEN)


def test_leaks_are_found_plainly_and_in_base64():
    secrets = [(("a",), "planted-one"), (("b",), "planted-two"), (("c",), "planted-three")]
    text = f"x: planted-one\ny: {base64.b64encode(b'planted-two').decode()}\n"
    assert list(values.leaked(text, secrets)) == [("a",), ("b",)]


def test_lines_of_a_long_secret_are_secret_too():
    secret = "first line of a private key\nsecond line of a private key\nend\n"
    assert list(values.leaked("| second line of a private key |", [(("key",), secret)])) == [("key",)]
    assert list(values.leaked("the end", [(("key",), secret)])) == []


def test_short_values_are_in_every_text():
    merged = values.merge([parse("a: x\nb: true\nc: null\nd: 8080\ne: ''\nf: 'true'\n", secret=True)])
    text = "x: true\nport: 8080\ny: ''\nz: 'true'\n"
    assert list(values.leaked(text, merged.secrets)) == []
    assert values.Redaction(value for _path, value in merged.secrets)(text) == text


def test_but_a_message_that_quotes_one_is_about_it():
    show = values.Redaction(["9173"])
    problem = show.problem(Problem("here", "there is no '9173' in a mapping", "Use 9173 or 19173"))
    assert problem == Problem("here", "there is no (hidden) in a mapping", "Use 9173 or 19173")


@pytest.mark.parametrize(
    ("secret", "text"),
    [("planted-one\n", "'planted-one'"), ("planted/o ne", "planted/o%20ne@"), ("planted/o ne", "planted%2Fo%20ne@")],
)
def test_leaks_are_found_without_white_space_around_and_in_urls(secret, text):
    assert list(values.leaked(text, [(("a",), secret)])) == [("a",)]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {b: [1, *a]}\n"])
def test_a_value_that_is_a_part_of_itself(text):
    with pytest.raises(ClusterError) as error:
        values.merge([parse(text)])
    assert [problem.where for problem in error.value.problems] == ["config.yaml"]
    assert error.value.problems[0].what == "is nested without end, or too deeply"
