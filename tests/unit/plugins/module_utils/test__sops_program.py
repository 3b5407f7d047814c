# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_program as program
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

RULE = Rule.from_document({"path_regex": "x", "age": "age1ann"}, "rule")
SECRET = b"a: planted\n"


class Script:
    """Answers the expected calls in their order, and no others; may do what the program would do to a file."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def __call__(self, arguments, content):
        self.calls.append((arguments, content))
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer(arguments)
        return (*answer, b"", b"")[:3] if len(answer) < 3 else answer


@pytest.fixture
def sops(tmp_path):
    def sops(*answers):
        return program.Sops(Script(*answers), str(tmp_path), "/opt/sops")

    return sops


def config_of(arguments):
    with open(arguments[arguments.index("--config") + 1], encoding="utf-8") as stream:
        return json.load(stream)


def test_encrypt_gives_the_plaintext_by_standard_input_and_the_rule_by_a_file(sops):
    tool = sops((0, b"ciphertext"))
    assert tool.encrypt(RULE, "yaml", "/r/a.yaml", SECRET) == b"ciphertext"
    ((arguments, content),) = tool.run.calls
    assert content == SECRET
    assert "planted" not in " ".join(arguments)
    assert arguments[3:] == [
        *("encrypt", "--filename-override", "/r/a.yaml", "--input-type", "yaml", "--output-type", "yaml"),
    ]
    assert config_of(arguments) == {"creation_rules": [{"age": "age1ann"}]}


@pytest.mark.parametrize("verb", ["encrypt", "updatekeys"])
def test_what_sops_says_is_not_told_but_for_the_line(sops, verb):
    tool = sops((2, b"", b"invalid line: planted\nError: line 7: planted"))
    with pytest.raises(ClusterError, match=rf"sops {verb} refuses it \(status 2, line 7\)") as caught:
        tool.encrypt(RULE, "yaml", "/a", SECRET) if verb == "encrypt" else tool.update_keys(RULE, "yaml", "/a", SECRET)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [(128, program.NoKeyError), (51, program.BrokenError), (1, program.BrokenError), (-9, program.BrokenError)],
)
def test_decrypt_that_fails(sops, status, error):
    with pytest.raises(error):
        sops((status, b"planted")).decrypt("yaml", b"ciphertext")


def test_decrypt_does_not_read_the_rules_of_the_current_directory(sops):
    tool = sops((0, SECRET))
    assert tool.decrypt("json", b"ciphertext") == SECRET
    ((arguments, content),) = tool.run.calls
    assert content == b"ciphertext"
    assert arguments[3:] == ["decrypt", "--input-type", "json", "--output-type", "json"]
    assert config_of(arguments) == {}


def test_edits_are_made_in_a_copy_and_their_values_given_by_standard_input(sops, tmp_path):
    def change(arguments):
        copy = arguments[-2]
        with open(copy, encoding="utf-8") as stream:
            text = stream.read()
        with open(copy, "w", encoding="utf-8") as stream:
            stream.write(text + "+")
        return 0, b""

    tool = sops(change, change)
    edits = [program.Edit('["a"]', {"b": "planted"}), program.Edit('["c"]', program.GONE)]
    assert tool.edit(RULE, "yaml", b"ciphertext", edits) == b"ciphertext++"
    (first, value), (second, nothing) = tool.run.calls
    assert (first[3:5], first[-1], json.loads(value)) == (["set", "--value-stdin"], '["a"]', {"b": "planted"})
    assert (second[3], second[-1], nothing) == ("unset", '["c"]', b"")
    assert [name for name in os.listdir(tmp_path) if name.startswith("copy")] == []


def test_edit_that_sops_cannot_do_ends_it(sops, tmp_path):
    tool = sops((1, b""))
    assert tool.edit(RULE, "yaml", b"x", [program.Edit('["a"]', 1), program.Edit('["b"]', 1)]) is None
    assert [name for name in os.listdir(tmp_path) if name.startswith("copy")] == []


def test_update_keys_without_a_key(sops):
    with pytest.raises(program.NoKeyError):
        sops((128, b"")).update_keys(RULE, "yaml", "/a", b"x")


def test_sops_that_is_not_there(tmp_path):
    tool = program.Sops(program.runner({}), str(tmp_path), "/nonexistent/sops")
    with pytest.raises(ClusterError, match="sops_binary: /nonexistent/sops cannot be started: No such file"):
        tool.decrypt("yaml", b"")


def test_recipients_of_the_environment_are_kept_away_and_private_keys_are_not():
    environment = {
        "SOPS_AGE_KEY": "k",
        "PATH": os.environ["PATH"],
        "SOPS_AGE_RECIPIENTS": "age1eve",
        "SOPS_PGP_FP": "x",
        "SOPS_CONFIG": "/elsewhere",
    }
    status, out, _err = program.runner(environment)(["env"], b"")
    assert status == 0
    names = {line.split("=")[0] for line in out.decode().splitlines()}
    assert {"SOPS_AGE_KEY", "PATH"} <= names
    assert not names & {"SOPS_AGE_RECIPIENTS", "SOPS_PGP_FP", "SOPS_CONFIG"}
