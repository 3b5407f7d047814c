# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes in an encrypted file when some of its values do, as Git shows it."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

SECRET = """\
# managed by hand
apiVersion: v1
kind: Secret
metadata:
  name: media
stringData:
  user: admin # who
  password: first
  port: 8080
"""
NESTED = "a:\n  one: 1\n  two: 2\n  three: three\nlist:\n  - x: old\n    y: same\n  - plain\nlast: end\n"
FIFTY = "".join(f"key{number}: value{number}\n" for number in range(50))


def git(repository, *arguments):
    return subprocess.run(
        ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments),
        cwd=repository.root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def diff(repository, name, content):
    """Names of the lines that Git shows as new after the module has run."""
    repository.done(path=name, **content[0])
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "before")
    file = repository.done(path=name, **content[1])
    lines = git(repository, "diff", "-U0", "--", name).splitlines()
    added = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    return file, [named(line) for line in added]


def named(line):
    return re.split(r"[:= ]", line.strip().lstrip('"').replace("sops_", ""))[0].strip('"')


def as_sops_writes(repository, name, plaintext):
    override = ("--filename-override", repository.root / name)
    return repository.sops(
        "decrypt", *override, content=repository.sops("encrypt", *override, content=plaintext.encode())
    )


@pytest.mark.parametrize(
    ("name", "before", "after", "shown"),
    [
        pytest.param("a.sops.yaml", FIFTY, FIFTY.replace("value7\n", "new\n"), ["key7"], id="one of fifty"),
        pytest.param(
            "a.sops.yaml",
            FIFTY,
            FIFTY.replace("value7\n", "new\n").replace("value9\n", "new\n"),
            ["key7", "key9"],
            id="two",
        ),
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("first", "second"), ["password"], id="with comments"),
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("admin", "root"), ["user"], id="before a comment"),
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("8080", "8443"), ["port"], id="number"),
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("8080", '"8080"'), ["port"], id="type"),
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("8080", "true"), ["port"], id="boolean"),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("old", "new"), ["-"], id="in a list"),
        pytest.param(
            "a.sops.yaml", NESTED, NESTED.replace("  - plain\n", "  - plain\n  - more\n"), ["-"], id="longer list"
        ),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("  - plain\n", ""), [], id="shorter list"),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("  two: 2\n", ""), [], id="removed key"),
        pytest.param(
            "a.sops.yaml", NESTED, NESTED.replace("  two", "  new: n\n  two"), ["new"], id="added key in the middle"
        ),
        pytest.param("a.sops.yaml", NESTED, NESTED + "new: n\n", ["new"], id="added key at the end"),
        pytest.param("a.sops.yaml", NESTED, "new: n\n" + NESTED, ["new"], id="added key at the top goes to the end"),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("end", '""'), ["last"], id="emptied"),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("end", "{p: q}"), ["last", "p"], id="value to mapping"),
        pytest.param("a.sops.yaml", NESTED, NESTED.replace("end", "[p]"), ["last", "-"], id="value to list"),
        pytest.param("a.sops.yaml", "a: b\n---\nc: d\n", "a: x\n---\nc: d\n", ["a"], id="first of two documents"),
        pytest.param("a.sops.yaml", 'a: "no"\nb: x\n', 'a: "yes"\nb: x\n', ["a"], id="words of old YAML"),
        pytest.param("a.sops.yaml", "a: |\n  one\n  two\nb: x\n", "a: |\n  one\n  2\nb: x\n", ["a"], id="many lines"),
        pytest.param("a.sops.json", '{"a": "x", "b": {"c": 1}}', '{"a": "x", "b": {"c": 2}}', ["c"], id="json"),
        pytest.param("a.sops.env", "# c\nA=1\nB=2\n", "# c\nA=1\nB=3\n", ["B"], id="dotenv"),
        pytest.param("a.sops.ini", "[s]\na = 1\nb = 2\n", "[s]\na = 1\nb = 3\n", ["b"], id="ini"),
    ],
)
def test_only_what_changed_gets_a_new_ciphertext(repository, name, before, after, shown):
    file, added = diff(repository, name, ({"content": before}, {"content": after}))
    assert (file["action"], file["reason"]) == ("updated", "")
    # Within a second the date stays; where only a type changes, so does the authentication of the text.
    assert sorted(set(added) - {"lastmodified", "mac"}) == sorted(shown)
    assert sorted(repository.decrypted(name).splitlines()) == sorted(
        as_sops_writes(repository, name, after).splitlines()
    )


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param("a.sops.yaml", SECRET, SECRET.replace("by hand", "by us"), id="a comment"),
        pytest.param("a.sops.yaml", "a: b\n---\nc: d\n", "a: b\n---\nc: x\n", id="second document"),
        pytest.param("a.sops.yaml", "a: b\n", "a: b\n---\nc: d\n", id="one document more"),
        pytest.param("a.sops.yaml", "a: [x]\nb: y\n", "a: []\nb: y\n", id="empty list"),
        pytest.param("a.sops.yaml", 'a: x\n"k[0]": y\n', 'a: x\n"k[0]": z\n', id="key that sops cannot name"),
        pytest.param("a.sops.yaml", "a: 1.5\nb: 12\n", "a: 1e400\nb: 12\n", id="number beyond numbers"),
        pytest.param("a.sops.env", "A=1\nB=2\n", "N=0\nA=1\nB=2\n", id="order in dotenv"),
        pytest.param("a.sops.env", "# c\nA=1\n", "# d\nA=1\n", id="comment in dotenv"),
        pytest.param("a.sops.key", "one", "two", id="binary"),
        pytest.param(
            "a.sops.yaml",
            "".join(f"k{n}: a{n}\n" for n in range(80)),
            "".join(f"k{n}: b{n}\n" for n in range(80)),
            id="80 values",
        ),
    ],
)
def test_what_sops_cannot_change_alone_is_encrypted_anew_and_said(repository, name, before, after):
    repository.done(path=name, content=before)
    file = repository.done(path=name, content=after)
    assert (file["action"], "encrypted anew" in file["reason"]) == ("updated", True)
    assert repository.decrypted(name) == as_sops_writes(repository, name, after)
    assert repository.done(path=name, content=after)["action"] == "unchanged"


def test_minimal_diff_can_be_switched_off(repository):
    _file, added = diff(
        repository,
        "a.sops.yaml",
        ({"content": FIFTY}, {"content": FIFTY.replace("value7\n", "new\n"), "minimal_diff": False}),
    )
    assert {f"key{number}" for number in range(50)} <= set(added)


def test_value_is_written_in_the_format_of_the_file(repository):
    for name, value, expected in (
        ("a.sops.yaml", {"a": {"b": "text"}, "c": 1}, b"a:\n    b: text\nc: 1\n"),
        ("a.sops.env", {"A": "one\ntwo", "B": 2}, b"A=one\\ntwo\nB=2\n"),
        ("a.sops.ini", {"s": {"a": "x"}}, b"[s]\na = x\n"),
        ("a.sops.key", "text", b"text"),
    ):
        assert repository.done(path=name, value=value)["action"] == "encrypted"
        assert repository.decrypted(name) == expected
        assert repository.done(path=name, value=value)["action"] == "unchanged"
    # What is a text to PyYAML and a number to sops stays a text.
    texts = ["1e5", "0o17", "08", "-0o7", "0O17", "0X1F", "1.e5", "no", "y", "2001-01-01", "~", "\x85", "é"]
    repository.done(path="b.sops.yaml", value={"texts": texts, "numbers": [1, 1.5, 1e20]})
    found = repository.sops("decrypt", "--output-type", "json", repository.root / "b.sops.yaml")
    assert json.loads(found) == {"texts": texts, "numbers": [1, 1.5, 1e20]}
    repository.done(path="a.sops.json", value={"a": [1, "b"]})
    assert json.loads(repository.decrypted("a.sops.json")) == {"a": [1, "b"]}
