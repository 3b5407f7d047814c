# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _keyed_digest as keyed
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def no_git(arguments):
    raise AssertionError(f"git must not be asked: {arguments}")


def test_digest_depends_on_key_purpose_and_every_part():
    key = keyed.Key(b"one")
    digests = {
        key.digest("a", b"secret"),
        key.digest("b", b"secret"),
        key.digest("a", b"other"),
        key.digest("a", b"sec", b"ret"),
        key.digest("as", b"ecret"),
        key.digest("a", b"secret", b""),
        keyed.Key(b"two").digest("a", b"secret"),
    }
    assert len(digests) == 7
    assert key.digest("a", b"secret") == keyed.Key(b"one").digest("a", b"secret")


def test_digest_is_no_bare_hash_and_the_key_does_not_show_itself():
    key = keyed.Key(b"one")
    assert key.digest("a", b"secret") != hashlib.sha256(b"secret").hexdigest()
    assert str(key) == f"Key({key.id})"
    assert key.id not in (b"one".hex(), hashlib.sha256(b"one").hexdigest()[:16])
    assert (keyed.same("a", "a"), keyed.same("a", "b"), keyed.same("a", "ä")) == (True, False, False)


@pytest.mark.parametrize("text", ["", "   ", "k" * 31, " " + "k" * 31 + "\n"])
def test_key_that_could_be_guessed(text):
    with pytest.raises(ClusterError, match="is too short for a key"):
        keyed.Key.from_text(text, "checksum_key")


def test_key_file_is_made_once_and_gives_the_same_key(tmp_path):
    path = tmp_path / "deep" / "key"
    first = keyed.KeyFile(str(path), no_git).load(create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().strip()) == 64
    assert keyed.KeyFile(str(path), no_git).load(create=True).id == first.id
    assert keyed.load(path.read_text(), "/nonexistent", no_git, create=False).id == first.id
    assert keyed.load(None, str(path), no_git, create=False).id == first.id
    assert os.listdir(path.parent) == ["key"]


def test_key_file_is_not_made_in_check_mode(tmp_path):
    path = tmp_path / "key"
    one, two = (keyed.KeyFile(str(path), no_git).load(create=False) for _number in range(2))
    assert not path.exists()
    assert one.id != two.id


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("k" * 64, 0o640, r"can be read by others \(mode 0640\)"),
        ("", 0o600, "is too short"),
        (b"\xff" * 64, 0o600, "is not a text"),
    ],
)
def test_key_file_that_is_not_fit(tmp_path, content, mode, message):
    path = tmp_path / "key"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    with pytest.raises(ClusterError, match=message):
        keyed.KeyFile(str(path), no_git).load(create=True)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("answer", [0, 1, FileNotFoundError])
def test_key_file_in_a_git_work_tree_must_be_ignored(tmp_path, exists, answer):
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")  # as in a linked work tree
    path = tmp_path / "deep" / "key"
    path.parent.mkdir()
    if exists:
        path.write_text("k" * 64)
        path.chmod(0o600)
    asked = []

    def git(arguments):
        asked.append(arguments)
        if answer is FileNotFoundError:
            raise FileNotFoundError
        return answer, "", ""

    file = keyed.KeyFile(str(path), git)
    if answer == 0:
        file.load(create=True)
    else:
        with pytest.raises(ClusterError, match="which does not ignore it"):
            file.load(create=True)
        assert path.exists() is exists
    assert asked[0] == ["git", "-C", str(tmp_path), "check-ignore", "-q", str(path)]
