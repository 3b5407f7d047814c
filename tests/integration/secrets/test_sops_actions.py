# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every action in four steps with the real sops: check, real, check, real. Check predicts, the second run is quiet."""

from __future__ import annotations

import json

import pytest

PLAIN = "user: admin\npassword: first\nlist:\n  - one\n  - two\n"
CHANGED = PLAIN.replace("first", "second")
NOWHERE = "/nonexistent/sops"


def nothing(repository):
    return {"path": "a.sops.yaml", "content": PLAIN}


def encrypted(repository):
    repository.done(path="a.sops.yaml", content=PLAIN)
    return nothing(repository)


def other_plaintext(repository):
    return {**encrypted(repository), "content": CHANGED}


def other_plaintext_without_key(repository):
    options = other_plaintext(repository)
    repository.as_(None)
    return options


def added_recipient(repository):
    options = encrypted(repository)
    repository.rules("ann", "bob")
    return options


def added_recipient_without_key(repository):
    options = added_recipient(repository)
    repository.as_(None)
    return options


def added_recipient_and_other_plaintext(repository):
    return {**added_recipient(repository), "content": CHANGED}


def removed_recipient(repository):
    repository.rules("ann", "bob")
    options = encrypted(repository)
    repository.rules("ann")
    return options


def removed_recipient_without_key(repository):
    options = removed_recipient(repository)
    repository.as_(None)
    return options


def other_selection(repository):
    options = encrypted(repository)
    repository.rules("ann", encrypted_regex="^password$")
    return options


def lost_checksums(repository):
    options = encrypted(repository)
    (repository.root / ".sops-checksums.json").unlink()
    return options


def damaged_checksums(repository):
    options = encrypted(repository)
    repository.write(".sops-checksums.json", '{"format": 1, "files": {"a.sops.yaml": [{"key"')
    return options


def checksums_of_another_key(repository):
    options = encrypted(repository)
    repository.checksum_key.unlink()
    return options


def checksums_of_another_file(repository):
    options = encrypted(repository)
    repository.done(path="b.sops.yaml", content=CHANGED)
    ledger = repository.root / ".sops-checksums.json"
    document = json.loads(ledger.read_text())
    document["files"]["a.sops.yaml"][0]["plaintext"] = document["files"]["b.sops.yaml"][0]["plaintext"]
    ledger.write_text(json.dumps(document))
    return options


def same_values_in_another_writing(repository):
    return {**encrypted(repository), "content": "user: 'admin'\npassword: \"first\"\nlist: [one, two]\n"}


def edited_by_hand(repository):
    """As a merge gone wrong leaves it; the checksums still know what it was made from."""
    options = encrypted(repository)
    path = repository.root / "a.sops.yaml"
    path.write_text(path.read_text().replace("user: ENC", "other: ENC"))
    return options


def half_written(repository):
    options = encrypted(repository)
    path = repository.root / "a.sops.yaml"
    path.write_bytes(path.read_bytes()[:300])
    return options


def truncated_to_nothing(repository):
    options = encrypted(repository)
    repository.write("a.sops.yaml", "")
    return options


def left_in_plain(repository):
    options = nothing(repository)
    repository.write("a.sops.yaml", PLAIN)
    return options


def tree_of_plaintext(repository):
    repository.write("one.sops.yaml", PLAIN)
    repository.write("deep/er/two.sops.env", "A=1\n")
    return {"root": str(repository.root)}


def tree_with_added_recipient(repository):
    repository.run(**tree_of_plaintext(repository))
    repository.rules("ann", "bob")
    return {"root": str(repository.root)}


def tree_with_removed_recipient(repository):
    repository.rules("ann", "bob")
    repository.run(**tree_of_plaintext(repository))
    repository.rules("ann")
    return {"root": str(repository.root)}


def tree_encrypted_by_sops(repository):
    for name, content in (("one.sops.yaml", PLAIN), ("two.sops.json", '{"a": 1}')):
        repository.write(name, content)
        repository.sops("encrypt", "--in-place", repository.root / name)
    return {"root": str(repository.root)}


def to_be_removed(repository):
    encrypted(repository)
    return {"path": "a.sops.yaml", "state": "absent"}


@pytest.mark.parametrize(
    ("prepare", "action"),
    [
        (nothing, "encrypted"),
        (other_plaintext, "updated"),
        (other_plaintext_without_key, "updated"),
        (added_recipient, "rekeyed"),
        (added_recipient_without_key, "rotated"),
        (added_recipient_and_other_plaintext, "updated"),
        (removed_recipient, "rotated"),
        (removed_recipient_without_key, "rotated"),
        (other_selection, "rotated"),
        (lost_checksums, "restored"),
        (damaged_checksums, "restored"),
        (checksums_of_another_key, "restored"),
        (checksums_of_another_file, "restored"),
        (same_values_in_another_writing, "restored"),
        (edited_by_hand, "restored"),
        (half_written, "restored"),
        (truncated_to_nothing, "encrypted"),
        (left_in_plain, "encrypted"),
        (tree_of_plaintext, "encrypted"),
        (tree_with_added_recipient, "rekeyed"),
        (tree_with_removed_recipient, "rotated"),
        (tree_encrypted_by_sops, "restored"),
        (to_be_removed, "removed"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_action(repository, prepare, action):
    options = prepare(repository)
    before = repository.all_files()
    predicted = repository.run(**options, _ansible_check_mode=True, _ansible_diff=True)
    assert repository.all_files() == before, "check mode wrote something"
    real = repository.run(**options, _ansible_diff=True)
    assert [file["action"] for file in real["files"]] == [action] * len(real["files"])
    assert (predicted["files"], predicted["diff"]) == (real["files"], real["diff"])
    assert predicted["changed"] is real["changed"] is True
    for secret in ("first", "second"):
        assert secret not in json.dumps(real)

    after = repository.all_files()
    repository.as_(None)
    for check in (True, False):
        # No private key, and no sops: the checksums alone know.
        quiet = repository.run(**options, _ansible_check_mode=check, sops_binary=NOWHERE)
        assert (quiet["changed"], set(quiet["counts"]) - {"unchanged"}) == (False, set()), quiet
        assert repository.all_files() == after

    repository.as_("ann")
    if action != "removed" and "content" in options:
        decrypted = repository.decrypted("a.sops.yaml").decode().split()
        assert ("second" in decrypted) is ("second" in options["content"])


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (other_plaintext_without_key, "no private key at hand: all of it is encrypted anew"),
        (added_recipient_without_key, "no private key at hand to add a recipient: all of it is encrypted anew"),
        (removed_recipient, "a recipient was removed"),
        (other_selection, "other values are to be encrypted"),
    ],
)
def test_says_so_when_all_of_it_is_encrypted_anew(repository, prepare, reason):
    assert repository.done(**prepare(repository))["reason"] == reason


def test_who_was_removed_cannot_read_it_any_more_and_who_was_added_can(repository):
    repository.rules("ann", "bob")
    options = encrypted(repository)
    repository.rules("ann", "eve")
    file = repository.done(**options)
    assert (file["recipients_added"], file["recipients_removed"]) == (
        [f"age:{one}" for one in repository.public("eve")],
        [f"age:{one}" for one in repository.public("bob")],
    )
    for name, reads in (("ann", True), ("bob", False), ("eve", True)):
        repository.as_(name)
        out = repository.sops("decrypt", repository.root / "a.sops.yaml", check=False)
        assert (b"first" in out) is reads


def test_added_recipient_keeps_every_ciphertext(repository):
    options = added_recipient(repository)
    before = (repository.root / "a.sops.yaml").read_text().splitlines()
    repository.done(**options)
    after = (repository.root / "a.sops.yaml").read_text().splitlines()
    gone = [line for line in before if line not in after and ("ENC[" in line or "lastmodified" in line)]
    assert gone == []


@pytest.mark.parametrize("names", [("ann", "bob"), ("bob",)])
def test_recipients_of_a_tree_are_reported_where_no_key_can_change_them(repository, names):
    repository.run(**tree_of_plaintext(repository))
    repository.rules(*names)
    repository.as_(None)
    before = repository.all_files()
    result = repository.run(root=str(repository.root), _ansible_diff=True)
    assert result["failed"] is True
    assert result["counts"] == {"refused": 2}
    assert result["files"][0]["recipients_added"] == [f"age:{one}" for one in repository.public("bob")]
    assert len(result["diff"]) == 2
    assert "no private key at hand" in result["msg"]
    assert repository.all_files() == before
    quiet = repository.run(root=str(repository.root), reconcile_recipients=False)
    assert (quiet["changed"], quiet["counts"]) == (False, {"unchanged": 2})
    assert "reconcile_recipients is off" in quiet["files"][0]["reason"]
