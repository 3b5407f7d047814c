# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_ledger as ledger
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

KEY, OTHER = Key(b"one"), Key(b"two")
RULE = Rule((("age:age1ann",),))
ENTRY = ledger.Entry.of(KEY, RULE, b"ciphertext", b"plaintext")


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_entry_knows_its_file_and_its_plaintext_by_its_key_only(key):
    mine = key is KEY
    assert ENTRY.is_of(key) is mine
    assert ENTRY.is_file(key, b"ciphertext") is mine
    assert ENTRY.is_plaintext(key, b"plaintext") is mine
    assert ENTRY.is_rule(key, RULE) is mine
    assert not ENTRY.is_file(key, b"other")
    assert not ENTRY.is_plaintext(key, b"other")
    for other in (
        Rule((("age:age1bob",),)),
        Rule((("age:age1ann",),), ("encrypted_regex", "a")),
        Rule((("age:age1ann",),), mac_only_encrypted=True),
        Rule((("age:age1ann",),), threshold=2),
    ):
        assert not ENTRY.is_rule(key, other)


def test_digests_of_two_entries_cannot_be_mixed():
    """As a merge of two branches could: what was made from what must not come from two places."""
    other = ledger.Entry.of(KEY, RULE, b"their ciphertext", b"their plaintext")
    mixed = dataclasses.replace(other, plaintext=ENTRY.plaintext)
    assert mixed.is_file(KEY, b"their ciphertext")
    assert not mixed.is_plaintext(KEY, b"plaintext")
    moved = dataclasses.replace(ENTRY, rule=ledger.rule_digest(KEY, Rule((("age:age1bob",),))))
    assert not moved.is_file(KEY, b"ciphertext")


def test_equal_secrets_have_different_digests():
    other = ledger.Entry.of(KEY, RULE, b"another ciphertext", b"plaintext")
    assert other.plaintext != ENTRY.plaintext


def test_entry_of_what_nobody_knows():
    unknown = ledger.Entry.of_unknown(KEY, RULE, b"ciphertext")
    assert unknown.is_file(KEY, b"ciphertext")
    assert not any(unknown.is_plaintext(KEY, text) for text in (b"", b"plaintext"))


def test_what_is_written_is_read_and_each_file_has_a_line():
    entries = {"b.yaml": (ENTRY,), 'a "quoted".yaml': (ENTRY, dataclasses.replace(ENTRY, key="x")), "gone": ()}
    content = ledger.render(entries)
    assert ledger.parse(content) == {name: found for name, found in entries.items() if found}
    lines = content.decode().splitlines()
    assert len(lines) == 7
    assert [line.split(":")[0].strip() for line in lines[3:5]] == ['"a \\"quoted\\".yaml"', '"b.yaml"']


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        (None, {}),
        (b"", {}),
        (b"<<<<<<< ours\n{}", {}),
        (b"\xff", {}),
        (b"[]", {}),
        (b"{}", {}),
        (b'{"format": 2, "files": {"a": []}}', {}),
        (b'{"format": 1, "files": []}', {}),
        (b'{"format": 1, "files": {"a": [{"key": "x"}], "b": 3, "c": []}}', {"c": ()}),
    ],
)
def test_damaged_file_is_worth_what_is_left_of_it(content, entries):
    assert ledger.parse(content) == entries
