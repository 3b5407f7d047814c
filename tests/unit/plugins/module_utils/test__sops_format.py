# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_format as formats
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ENC = "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]"
BLOCK = f"""\
sops:
    age:
        - enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            QUJD

            -----END AGE ENCRYPTED FILE-----
          recipient: age1ann
    lastmodified: "2026-01-01T00:00:00Z"
    mac: {ENC}
    version: 3.13.3
"""
YAML = f"a: {ENC}\n{BLOCK}"
JSON = json.dumps({"a": ENC, "sops": {"age": [{"recipient": "age1ann"}], "lastmodified": "x", "mac": "y"}})
DOTENV = f"A={ENC}\nsops_age__list_0__map_recipient=age1ann\nsops_lastmodified=x\nsops_mac=y\n"
INI = f"[s]\na = {ENC}\n\n[sops]\nage__list_0__map_recipient = age1ann\nlastmodified = x\nmac = y\n"


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("a.yaml", "yaml"),
        ("a.sops.yml", "yaml"),
        ("a.json", "json"),
        ("/d/.env", "dotenv"),
        ("a.ini", "ini"),
        ("a.yaml.bak", "binary"),
        ("a.YAML", "binary"),
        ("yaml", "binary"),
    ],
)
def test_format_is_told_by_the_end_of_the_name(path, format):
    assert formats.format_of(path) == format


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("yaml", YAML),
        ("yaml", BLOCK + f"a: {ENC}\n"),
        ("yaml", YAML.replace("\n", "\r\n")),
        ("yaml", f"a: {ENC}\n{BLOCK}---\nb: {ENC}\n{BLOCK}"),
        ("yaml", '{"a": "b", "sops": {"age": [{"recipient": "age1ann"}], "lastmodified": "x", "mac": "y"}}'),
        ("json", JSON),
        ("binary", JSON),
        ("dotenv", DOTENV),
        ("ini", INI),
    ],
)
def test_block_of_sops_is_found(format, content):
    block = formats.metadata(format, content.encode())
    assert block["age"][0]["recipient"] == "age1ann"
    assert formats.is_encrypted(format, content.encode()) is True


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("yaml", f"a: {ENC}\n"),
        ("yaml", YAML[: YAML.index("    mac:")]),
        ("yaml", YAML[: YAML.index("BEGIN")]),
        ("yaml", "sops: text\n"),
        ("yaml", "a: sops\n"),
        ("yaml", "sops:\n    mac: [\n"),
        ("yaml", "- sops\n"),
        ("yaml", ""),
        ("json", JSON[:-10]),
        ("json", '["sops"]'),
        ("json", '{"sops": 1}'),
        ("binary", "\0\1"),
        ("dotenv", DOTENV[: DOTENV.index("sops_mac")]),
        ("dotenv", "text"),
        ("ini", INI[: INI.index("mac")]),
        ("ini", "[s\n"),
    ],
)
def test_what_is_not_completely_encrypted(format, content):
    assert formats.is_encrypted(format, content.encode()) is False
    assert formats.looks_encrypted(content.encode()) is (ENC in content)


def test_whether_anything_is_encrypted():
    assert formats.encrypts_nothing(BLOCK.encode()) is True
    assert formats.encrypts_nothing(YAML.encode()) is False


def test_yaml_is_read_as_sops_reads_it():
    (found,) = formats.documents(
        "yaml", b"a: no\nb: 12:30:45\nc: =\nd: 1\ne: 1.5\nf: True\ng: ~\nh:\nj: 1e3\nk: 0x1f\nl: .inf\n", ""
    )
    assert found == {
        **{"a": "no", "b": "12:30:45", "c": "=", "d": 1, "e": 1.5, "f": True, "g": None, "h": None},
        **{"j": 1000.0, "k": 31, "l": float("inf")},
    }


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("a: x\n", "a: 'x'\n", True),
        ("a: x\nb: y\n", "b: y\na: x\n", True),
        ("a: [x, y]\n", "a: [y, x]\n", False),
        ("a: 1\n", "a: 1.0\n", False),
        ("a: 1\n", "a: true\n", False),
        ("a: 1\n", "a: '1'\n", False),
        ("a: 2001-01-01\n", "a: '2001-01-01'\n", False),
        ("a: 0o14\n", "a: '0o14'\n", False),
        ("a: x # c\n", "a: x\n", False),
        ("a: x # c\n", "# c\na: x\n", True),
        ("a: x\n", "a: x\n---\nb: y\n", False),
        ("a: [\n", "a: x\n", False),
        ("a: [\n", "a: [\n", True),
    ],
)
def test_texts_that_say_the_same(one, other, alike):
    assert formats.same("yaml", one.encode(), other.encode()) is alike


def test_order_and_layout_count_where_they_may_mean_something():
    assert formats.same("json", b'{"a": 1, "b": 2}', b'{"b":2,"a":1}') is True
    for format in ("dotenv", "ini", "binary"):
        assert formats.same(format, b"A=1\nB=2\n", b"B=2\nA=1\n") is False
        assert formats.same(format, b"A=1\n", b"A=1\n") is True


@pytest.mark.parametrize(
    ("format", "value", "text"),
    [
        ("yaml", {"b": "ä", "a": [1, None], "c": "1e5"}, "b: \"\\xE4\"\na:\n- 1\n- null\nc: '1e5'\n"),
        ("json", {"b": "ä"}, '{\n  "b": "ä"\n}\n'),
        ("dotenv", {"A": "x\ny", "B": 1}, "A=x\\ny\nB=1\n"),
        ("ini", {"s": {"a": "x"}, "t": {}}, "[s]\na = x\n\n[t]\n"),
        ("binary", "text", "text"),
    ],
)
def test_structure_as_a_text(format, value, text):
    assert formats.dump(format, value, "value") == text.encode()


@pytest.mark.parametrize(
    ("format", "value"),
    [("yaml", []), ("json", "a"), ("dotenv", {"A": {}}), ("dotenv", "A=b"), ("ini", {"s": 1}), ("binary", {})],
)
def test_structure_that_the_format_cannot_hold(format, value):
    with pytest.raises(ClusterError, match="value: is not a"):
        formats.dump(format, value, "value")


def test_places_are_named_and_values_are_not():
    found = formats.leaves([{"a": {"b": ["x", {"c": 1}]}, "d": {}, "e": []}, {"f": None}])
    assert [formats.shown(path) for path in found] == ["a.b[0]", "a.b[1].c", "d", "e", "f (document 2)"]


@pytest.mark.parametrize(
    ("format", "content", "there"),
    [
        ("yaml", "a: x # c\n", True),
        ("yaml", "a: x#c\n", False),
        ("ini", "; c\n[s]\n", True),
        ("ini", "[s]\n", False),
        ("dotenv", "# c\n", False),  # there, comments stand alone and are never touched
        ("json", "# c", False),
    ],
)
def test_comments_that_an_edit_could_lose(format, content, there):
    assert formats.has_comments(format, content.encode()) is there


def test_layout_is_kept_where_only_values_differ():
    old = f"# top\na: {ENC} # c\n{BLOCK}".encode()
    new = old.replace(b" # c", b"").replace(b"a: ENC[AES256_GCM,data:Q", b"# c\na: ENC[AES256_GCM,data:X")
    new = new.replace(b"2026-01-01", b"2026-02-02").replace(b"3.13.3", b"3.14.0")
    kept = formats.in_layout_of(old, new)
    assert kept == old.replace(b"data:QQ", b"data:XQ", 1).replace(b"2026-01-01", b"2026-02-02").replace(
        b"3.13.3", b"3.14.0"
    )
    more = new.replace(b"a: ENC", b"b: " + ENC.encode() + b"\na: ENC")
    assert formats.in_layout_of(old, more) == more
