# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong is said, all at once and without quoting the secret; and what was there is there afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_engine

from tests.tools.build import BINARIES

PLAIN = "user: admin\npassword: first\n"
MARKER = "planted-marker-7301"


def unharmed(repository, before):
    """Nothing was written, no checksums, no temporary file."""
    assert repository.all_files() == before
    assert not any(name.endswith(".new") for name in os.listdir(repository.root))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.sops.yaml", f"a: [{MARKER}\nb: x\n", "is not valid yaml (line 2)", id="yaml that is none"),
        pytest.param("a.sops.yaml", f"- {MARKER}\n", "is a list at the top", id="list"),
        pytest.param("a.sops.yaml", MARKER, "is a single value at the top", id="text"),
        pytest.param("a.sops.yaml", "", "is empty", id="empty"),
        pytest.param("a.sops.yaml", "# nothing but this\n", "is empty", id="comment"),
        pytest.param("a.sops.yaml", "a: b\n---\n- c\n", "(document 2): is a list", id="list in another document"),
        pytest.param("a.sops.yaml", f"1: {MARKER}\n", "1 is not a text", id="number as a key"),
        pytest.param("a.sops.yaml", f"a: !vault {MARKER}\n", "is not valid yaml (line 1)", id="tag"),
        pytest.param("a.sops.yaml", f"a: {MARKER}\na: x\n", "sops encrypt refuses it (status 2, line 2)", id="twice"),
        pytest.param("a.sops.yaml", f"a: {MARKER}\nsops: x\n", "a key that belongs to sops", id="key of sops"),
        pytest.param("a.sops.json", "", "is empty", id="empty json"),
        pytest.param("a.sops.json", f'{{"a": {MARKER}', "is not valid json (line 1, column 7)", id="json that is none"),
        pytest.param("a.sops.json", f'["{MARKER}"]', "is a list at the top", id="json list"),
        pytest.param("a.sops.json", f"a: {MARKER}\n", "is not valid json", id="yaml in json"),
        pytest.param("a.sops.json", f'{{"a": {"1" * 5000}}}', "it cannot be read", id="json beyond Python"),
        pytest.param("a.sops.json", f'{{"a": {"[" * 99999}', "it cannot be read", id="json too deep"),
        pytest.param("a.sops.json", f'{{"a": {2**63}}}', "a is a number too large for sops", id="json number"),
        pytest.param("a.sops.yaml", f"a: [b, -{2**64}]\n", "a[1] is a number too large for sops", id="yaml number"),
        pytest.param("a.sops.env", MARKER, "is not valid dotenv (line 1 has no =)", id="dotenv that is none"),
        pytest.param("a.sops.env", f"sops_mac={MARKER}\n", "a key that belongs to sops", id="dotenv of sops"),
        pytest.param(
            "a.sops.ini", f"[{MARKER}\na = b\n", "opens a section and does not close it", id="ini that is none"
        ),
        # All of these sops encrypts without a word, and gives back less, or nothing.
        *(
            pytest.param("a.sops.ini", f"[s]\n{line}\nb = x\n", f"line {number}: sops {message}", id=f"ini {message}")
            for line, number, message in (
                (f"a = {MARKER};x", 2, "takes what follows ; or #"),
                (f"a = # {MARKER}", 2, "takes what follows ; or # for a comment"),
                (f"a: '{MARKER}'", 2, "takes the quotes away"),
                (f"a = {MARKER}\\", 2, "appends the next line"),
                (f"- = {MARKER}", 2, "numbers the key -, and cannot decrypt it"),
                (f"a = {MARKER}\na = x", 3, "keeps one of two values"),
            )
        ),
    ],
)
def test_input_that_sops_cannot_encrypt(repository, name, content, message):
    before = repository.all_files()
    said = repository.refused(path=name, content=content)
    assert message in said
    assert MARKER not in said
    unharmed(repository, before)


@pytest.mark.parametrize("name", ["a.sops.yaml", "a.sops.json", "a.sops.env", "a.sops.ini"])
def test_input_that_is_encrypted_already(repository, name):
    plain = {"yaml": "a: x\n", "json": '{"a": "x"}', "env": "A=x\n", "ini": "[s]\na = x\n"}[name.rsplit(".")[-1]]
    content = repository.sops("encrypt", "--filename-override", repository.root / name, content=plain.encode())
    before = repository.all_files()
    for target in (name, "b.sops.key") if name.endswith(("yaml", "json")) else (name,):
        said = repository.refused(path=target, content=content.decode(), force=True)
        assert "is encrypted already" in said
        unharmed(repository, before)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("a.sops.yaml", [MARKER], "value: is not a mapping"),
        ("a.sops.env", {"A": {"b": MARKER}}, "value: is not a mapping of texts"),
        ("a.sops.env", {"A": None}, "value: is not a mapping of texts"),
        ("a.sops.env", {"A": True}, "value: is not a mapping of texts"),
        ("a.sops.env", {"#A": MARKER}, "value: is not a mapping of texts"),
        ("a.sops.env", {"A=": MARKER}, "value: is not a mapping of texts"),
        ("a.sops.ini", {"s": {"a": f"{MARKER}\nb"}}, "value: is not a mapping of sections with texts of one line"),
        ("a.sops.ini", {"s": {"a": f" {MARKER}"}}, "value: is not a mapping of sections with texts of one line"),
        ("a.sops.ini", {"s": {";a": MARKER}}, "value: is not a mapping of sections with texts of one line"),
        ("a.sops.ini", {"A": MARKER}, "value: is not a mapping of sections with texts"),
        ("a.sops.key", {"A": MARKER}, "value: is not a text"),
    ],
)
def test_value_that_the_format_cannot_hold(repository, name, value, message):
    said = repository.refused(path=name, value=value)
    assert message in said
    assert MARKER not in said


def test_text_that_is_not_utf_8(repository):
    source = repository.write("source", b"a: \xff\xfe\n")
    assert "is not UTF-8" in repository.refused(path="a.sops.yaml", src=str(source))
    assert repository.done(path="a.sops.key", src=str(source))["action"] == "encrypted"
    assert repository.decrypted("a.sops.key") == source.read_bytes()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (None, "there is no .sops.yaml in its directory or above"),
        ("creation_rules: [", "is not valid yaml (line 2)"),
        ("stores: {}\n", "has no creation_rules"),
        ("creation_rules:\n  - path_regex: other\n    age: age1x\n", "no creation rule in"),
        ("creation_rules:\n  - path_regex: '(?=a)'\n    age: age1x\n", "Go has no such group"),
        ("creation_rules:\n  - path_regex: a\n", "names no recipient"),
        ("creation_rules:\n  - age: age1x\n    encrypted_regex: a\n    encrypted_suffix: b\n", "one of them only"),
        ("creation_rules:\n  - age: age1x\n    encrypted_regex: '['\n", "missing closing ]"),
        ("creation_rules:\n  - age: AGE-SECRET-KEY-1QQ\n", "is a private key"),
        ("creation_rules:\n  - age: age1notone\n", "sops encrypt refuses it"),
        ("creation_rules:\n  - age: {a: b}\n", "is neither a text nor a list of texts"),
    ],
)
def test_rules_that_are_wrong(repository, rules, message):
    (repository.root / ".sops.yaml").unlink()
    if rules is not None:
        repository.write(".sops.yaml", rules)
    before = repository.all_files()
    said = repository.refused(path="a.sops.yaml", content=f"a: {MARKER}\n")
    assert message in said
    assert MARKER not in said
    assert "SECRET-KEY-1QQ" not in said
    unharmed(repository, before)


def test_all_problems_of_a_tree_are_told_at_once_and_nothing_is_encrypted(repository):
    repository.write("one.sops.yaml", "- list\n")
    repository.write("two.sops.yaml", "a: [\n")
    repository.write("good.sops.yaml", PLAIN)
    repository.rules("ann", path_regex=r"(one|two|good)\.sops")
    repository.write("three.sops.yaml", PLAIN)
    before = repository.all_files()
    said = repository.refused(root=str(repository.root), patterns=["**/*.sops.yaml"])
    assert "no creation rule" in said
    repository.rules("ann")
    said = repository.refused(root=str(repository.root))
    assert said.startswith("2 problems:")
    repository.rules("ann", path_regex=r"(one|two|good)\.sops")
    unharmed(repository, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "a.sops.yaml"}, "path: has no plaintext"),
        ({"path": "a.sops.yaml", "content": PLAIN, "value": {}}, "mutually exclusive"),
        ({"path": "a.sops.yaml", "root": "/tmp", "content": PLAIN}, "mutually exclusive"),
        ({"content": PLAIN}, "one of the following is required: path, root"),
        ({"root": "/nonexistent/tree"}, "is not a directory"),
        ({"path": "a.sops.yaml", "src": "/nonexistent/file"}, "is not there"),
        ({"path": "a.sops.yaml", "content": PLAIN, "config_path": "/nonexistent/.sops.yaml"}, "is not there"),
        ({"path": "a.sops.yaml", "content": PLAIN, "sops_binary": "/nonexistent/sops"}, "cannot be started"),
        ({"path": "a.sops.yaml", "content": PLAIN, "sops_binary": "/bin/true"}, "what it wrote is not complete"),
        ({"path": "a.sops.yaml", "content": PLAIN, "sops_binary": "/bin/false"}, "refuses it (status 1)"),
        ({"path": "a.sops.yaml", "content": PLAIN, "recipients": ["who"]}, "who is no recipient"),
        ({"path": "a.sops.yaml", "content": PLAIN, "recipients": ["AGE-SECRET-KEY-1QQ"]}, "is a private key"),
        ({"path": "a.sops.yaml", "content": PLAIN, "checksum_key": "k" * 20}, "is too short for a key"),
        ({"path": "a.sops.yaml", "content": PLAIN, "encrypted_regex": "(?=a)"}, "Go has no such group"),
        (
            {"path": "a.sops.yaml", "content": PLAIN, "encrypted_regex": "a", "encrypted_suffix": "b"},
            "mutually exclusive",
        ),
    ],
)
def test_options_that_are_wrong(repository, options, message):
    before = repository.all_files()
    said = repository.refused(**options)
    assert message in said
    assert "first" not in said
    unharmed(repository, before)


# What is there already.


@pytest.mark.parametrize(
    ("key", "prepare", "message"),
    [
        ("ann", "PLAIN: is not encrypted", "it is not encrypted and holds something else"),
        (None, "lost", "no checksums made with this checksum key are of it"),
        (None, "foreign", "no checksums made with this checksum key are of it"),
        (None, "edited", "somebody changed it, and no private key tells what it holds"),
        ("ann", "edited and lost", "sops cannot read it, it was edited by hand"),
        ("ann", "half and lost", "it holds ciphertext, but is damaged"),
    ],
)
def test_file_that_may_hold_something_else_is_refused_unless_forced(repository, key, prepare, message):
    path = repository.root / "a.sops.yaml"
    if prepare.startswith("PLAIN"):
        path.write_text(prepare)
    else:
        repository.done(path="a.sops.yaml", content=PLAIN)
    if "edited" in prepare:
        path.write_text(path.read_text().replace("user: ENC", "other: ENC"))
    if "half" in prepare:
        path.write_bytes(path.read_bytes()[:250])
    if "lost" in prepare:
        (repository.root / ".sops-checksums.json").unlink()
    if "foreign" in prepare:
        repository.checksum_key.unlink()
    repository.as_(key)
    before = repository.all_files()
    for check in (True, False):
        result = repository.run(path="a.sops.yaml", content=PLAIN, _ansible_check_mode=check)
        assert (result["failed"], result["counts"]) == (True, {"refused": 1})
        assert message in result["msg"]
    unharmed(repository, before)
    assert repository.done(path="a.sops.yaml", content=PLAIN, force=True)["action"] != "refused"
    repository.as_("ann")
    assert b"first" in repository.decrypted("a.sops.yaml")


@pytest.mark.parametrize("damage", ["half", "edited"])
def test_damaged_file_in_a_tree_is_refused_and_all_others_are_done(repository, damage):
    repository.done(path="a.sops.yaml", content=PLAIN)
    path = repository.root / "a.sops.yaml"
    text = path.read_text()
    path.write_text(text[:250] if damage == "half" else text.replace("user: ENC", "other: ENC"))
    damaged = path.read_bytes()
    repository.write("b.sops.yaml", PLAIN)
    result = repository.run(root=str(repository.root))
    assert (result["failed"], result["counts"]) == (True, {"encrypted": 1, "refused": 1})
    assert path.read_bytes() == damaged
    assert b"first" in repository.decrypted("b.sops.yaml")


def test_rule_that_would_leave_every_value_in_clear(repository):
    repository.rules("ann", encrypted_regex="^nothing$")
    before = repository.all_files()
    assert "nothing in it would be encrypted" in repository.refused(path="a.sops.yaml", content=PLAIN)
    unharmed(repository, before)
    assert repository.done(path="a.sops.yaml", content=PLAIN, force=True)["action"] == "encrypted"


# Files and directories.


def test_symbolic_link_stays_and_its_file_is_encrypted(repository):
    repository.write("real/b.sops.yaml", "")
    (repository.root / "link.sops.yaml").symlink_to("real/b.sops.yaml")
    assert repository.done(path="link.sops.yaml", content=PLAIN)["action"] == "encrypted"
    assert (repository.root / "link.sops.yaml").is_symlink()
    assert b"first" in repository.decrypted("real/b.sops.yaml")
    assert repository.run(root=str(repository.root))["counts"] == {"unchanged": 1}


@pytest.mark.parametrize("kind", ["dangling", "directory", "fifo"])
def test_what_is_no_file_is_left_alone(repository, kind):
    path = repository.root / "a.sops.yaml"
    if kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    said = repository.refused(path="a.sops.yaml", content=PLAIN)
    assert ("is not there" if kind == "dangling" else "is not a regular file") in said


@contextlib.contextmanager
def mounted(directory, options):
    subprocess.run(("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory), check=True)
    try:
        yield
    finally:
        subprocess.run(("umount", directory), check=True)


def test_directory_that_cannot_be_written(repository):
    with mounted(repository.root, "size=1m"):
        repository.rules("ann")
        repository.write("a.sops.yaml", PLAIN)
        subprocess.run(("mount", "-o", "remount,ro", repository.root), check=True)
        before = repository.all_files()
        said = repository.refused(root=str(repository.root))
        assert "cannot be written: Read-only file system; it is as it was" in said
        unharmed(repository, before)


@pytest.mark.parametrize("left", range(0, 20, 2))
def test_full_disk_leaves_everything_as_it_was(repository, left):
    """With room for some of what is written, but not for all of it."""
    with mounted(repository.root, "size=128k"):
        repository.rules("ann")
        for number in range(4):
            repository.write(f"{number}.sops.yaml", f"a: {MARKER}{number}\n")
        with open(repository.root / "filler", "wb") as stream, contextlib.suppress(OSError):
            stream.write(b"x" * 4096 * (32 - 6 - left))
        before = repository.all_files()
        result = repository.run(root=str(repository.root))
        if result.get("failed"):
            assert "No space left on device" in result["msg"]
            assert "first" not in result["msg"]
            for name, content in before.items():
                assert repository.all_files()[name] == content
            assert not [name for name in repository.all_files() if name.endswith(".new")]
        (repository.root / "filler").unlink()
        repository.run(root=str(repository.root))
        for number in range(4):
            assert f"{MARKER}{number}".encode() in repository.decrypted(f"{number}.sops.yaml")
        assert repository.run(root=str(repository.root), sops_binary="/nonexistent")["counts"] == {"unchanged": 4}


def test_file_of_five_megabytes(repository):
    content = "".join(f"key{number}: {'v' * 5000}{number}\n" for number in range(1000))
    assert len(content) > 5_000_000
    assert repository.done(path="a.sops.key", content=content)["action"] == "encrypted"
    assert repository.decrypted("a.sops.key").decode() == content
    assert repository.done(path="a.sops.key", content=content, sops_binary="/nonexistent")["action"] == "unchanged"
    assert repository.done(path="a.sops.yaml", content=content)["action"] == "encrypted"
    changed = content.replace("v999\n", "w\n")
    assert repository.done(path="a.sops.yaml", content=changed)["keys_changed"] == ["key999"]


# Two at once.


def test_file_that_somebody_changes_while_we_work_is_kept(repository, monkeypatch):
    repository.write("a.sops.yaml", PLAIN)
    plan = _sops_engine.Engine.plan

    def plan_and_be_overtaken(engine, items):
        steps = plan(engine, items)
        repository.write("a.sops.yaml", "theirs: x\n")
        return steps

    monkeypatch.setattr(_sops_engine.Engine, "plan", plan_and_be_overtaken)
    assert "was changed by somebody else meanwhile" in repository.refused(root=str(repository.root))
    assert (repository.root / "a.sops.yaml").read_text() == "theirs: x\n"


@pytest.mark.parametrize(
    ("locked", "waits"), [("repository", True), ("repository/deep", True), ("", True), ("neighbour", False)]
)
def test_runs_on_the_same_files_wait_for_each_other(repository, locked, waits):
    repository.done(path="a.sops.yaml", content=PLAIN)  # the key of the checksums is there
    repository.write("deep/a.sops.yaml", PLAIN)
    (repository.root.parent / "neighbour").mkdir()
    command = (
        "from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files\n"
        f"with Files().alone([{str(repository.root.parent / locked)!r}]):\n    print('locked', flush=True); input()\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", f"import tests.conftest\n{command}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=BINARIES.parents[1],
        text=True,
    ) as other:
        other.stdout.readline()
        ended = threading.Event()
        outcome = []

        def run():
            outcome.append(repository.run(root=str(repository.root / "deep"))["counts"])
            ended.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert ended.wait(3) is not waits
        other.communicate("\n")
        thread.join()
    assert outcome == [{"encrypted": 1}]


def test_two_runs_at_once_encrypt_each_file_once(repository):
    for number in range(6):
        repository.write(f"{number}.sops.yaml", f"a: {number}\n")
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "homeops.cluster.sops_checksum_encrypt": {
                        "root": str(repository.root),
                        "checksum_key_file": str(repository.checksum_key),
                        "sops_binary": str(BINARIES / "sops"),
                    }
                }
            ],
        }
    ]
    (repository.root.parent / "play.yml").write_text(yaml.safe_dump(play))
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    runs = [
        subprocess.Popen(
            (
                os.path.join(os.path.dirname(sys.executable), "ansible-playbook"),
                "-v",
                repository.root.parent / "play.yml",
            ),
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _number in range(2)
    ]
    said = sorted(run.communicate()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert sorted("encrypted: 6" in text for text in said) == [False, True]
    assert sorted("unchanged: 6" in text for text in said) == [False, True]


# The key of the checksums.


def test_key_file_is_made_once_for_its_owner_only(repository):
    assert not repository.checksum_key.exists()
    repository.run(path="a.sops.yaml", content=PLAIN, _ansible_check_mode=True)
    assert not repository.checksum_key.exists()
    repository.done(path="a.sops.yaml", content=PLAIN)
    assert repository.checksum_key.stat().st_mode & 0o777 == 0o600
    key = repository.checksum_key.read_text()
    # Given as a text, it is the same key.
    options = {"path": "a.sops.yaml", "content": PLAIN, "checksum_key_file": "/nonexistent/key"}
    assert repository.done(**options, checksum_key=key)["action"] == "unchanged"
    repository.monkeypatch.setenv("HOMEOPS_CHECKSUM_KEY", key)
    assert repository.done(**options)["action"] == "unchanged"


def test_key_file_that_others_can_read(repository):
    repository.checksum_key.write_text("k" * 64)
    repository.checksum_key.chmod(0o644)
    assert "can be read by others (mode 0644)" in repository.refused(path="a.sops.yaml", content=PLAIN)


def test_key_file_in_a_git_work_tree(repository):
    subprocess.run(("git", "init", "-q"), cwd=repository.root, check=True)
    options = {"path": "a.sops.yaml", "content": PLAIN, "checksum_key_file": str(repository.root / "the.key")}
    assert "which does not ignore it" in repository.refused(**options)
    assert not (repository.root / "the.key").exists()
    repository.write(".gitignore", "the.key\n")
    assert repository.done(**options)["action"] == "encrypted"


def test_checksums_can_be_kept_elsewhere(repository):
    options = {"path": "deep/a.sops.yaml", "content": PLAIN, "checksum_dir": str(repository.root / "sums")}
    repository.done(**options)
    assert sorted(repository.all_files()) == [".sops.yaml", "deep/a.sops.yaml", "sums/.sops-checksums.json"]
    assert repository.done(**options)["action"] == "unchanged"


def test_rules_of_the_directory_where_the_run_starts_do_not_matter(repository, monkeypatch):
    elsewhere = repository.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".sops.yaml").write_text("creation_rules: [")
    monkeypatch.chdir(elsewhere)
    repository.write("deep/er/.sops.yaml", (repository.root / ".sops.yaml").read_text())
    (repository.root / ".sops.yaml").write_text("creation_rules: [")
    options = {"path": "deep/er/still/a.sops.yaml", "content": PLAIN}
    assert repository.done(**options)["action"] == "encrypted"
    assert repository.done(**{**options, "content": PLAIN.replace("first", "x")})["keys_changed"] == ["password"]


def test_rules_found_by_a_symbolic_link_are_those_of_the_files_below_it(repository):
    """path_regex is of the path below .sops.yaml, by whatever name somebody came there."""
    alias = repository.root.parent / "alias"
    alias.symlink_to(repository.root)
    document = [
        {"path_regex": r"^a\.sops\.yaml$", "age": repository.public("ann")},
        {"age": repository.public("eve")},
    ]
    repository.write(".sops.yaml", yaml.safe_dump({"creation_rules": document}))
    repository.done(path="a.sops.yaml", content=PLAIN, config_path=str(alias / ".sops.yaml"))
    assert b"first" in repository.decrypted("a.sops.yaml")


def test_file_in_place_is_kept_if_what_sops_made_of_it_cannot_be_read(repository):
    """It is the only copy."""
    program = repository.write(
        "../sops",
        f'#!/bin/bash\nset -o pipefail\n{BINARIES / "sops"} "$@" | sed "s/tag:[^,]*,type:str/tag:,type:str/"\n',
    )
    program.chmod(0o755)
    repository.write("a.sops.yaml", PLAIN)
    before = repository.all_files()
    assert "cannot read what it encrypted" in repository.refused(root=str(repository.root), sops_binary=str(program))
    unharmed(repository, before)


def test_pattern_that_nothing_matches_is_told(repository):
    repository.write("a.sops.yaml", PLAIN)
    (warning,) = repository.run(root=str(repository.root), patterns=["./*.sops.yaml"])["warnings"]
    assert "matches ./*.sops.yaml" in str(warning)


def test_rules_and_checksums_are_never_encrypted(repository):
    repository.rules("ann", path_regex=".")
    repository.write("a.sops.yaml", PLAIN)
    assert repository.run(root=str(repository.root), patterns=["**/*", "**/.*"])["counts"] == {"encrypted": 1}
    assert repository.run(root=str(repository.root), patterns=["**/*", "**/.*"])["counts"] == {"unchanged": 1}


@pytest.mark.parametrize("concurrency", [-1, 3])
def test_concurrency(repository, concurrency):
    assert repository.done(path="a.sops.yaml", content=PLAIN, concurrency=concurrency)["action"] == "encrypted"


def test_recipients_in_the_environment_do_not_matter(repository, monkeypatch):
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", repository.public("eve")[0])
    repository.done(path="a.sops.yaml", content=PLAIN)
    assert b"first" in repository.decrypted("a.sops.yaml")


def test_recipients_and_selection_given_as_options(repository):
    (repository.root / ".sops.yaml").unlink()
    options = {
        "path": "a.sops.yaml",
        "content": PLAIN,
        "recipients": repository.public("ann", "bob"),
        "encrypted_regex": "^password$",
    }
    repository.done(**options)
    text = (repository.root / "a.sops.yaml").read_text()
    assert "user: admin" in text
    assert "first" not in text
    assert repository.done(**options)["action"] == "unchanged"
    assert repository.done(**{**options, "recipients": repository.public("ann")})["action"] == "rotated"
    assert (
        repository.done(**{**options, "recipients": repository.public("ann"), "mac_only_encrypted": True})["action"]
        == "rotated"
    )
