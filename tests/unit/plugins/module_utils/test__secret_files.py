# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files


class Failing:
    """The module os, with one call that fails."""

    def __init__(self, name, error):
        self.name, self.error = name, error

    def __getattr__(self, name):
        def fail(*arguments, **options):
            raise self.error

        return fail if name == self.name else getattr(os, name)


def test_new_file_gets_the_mode_and_an_old_one_keeps_its_own(tmp_path):
    files, path = Files(), tmp_path / "deep" / "file"
    files.replace(str(path), b"one", 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    path.chmod(0o640)
    files.replace(str(path), b"two", 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o640)
    assert os.listdir(path.parent) == ["file"]


def test_what_is_staged_is_beside_the_file_until_it_is_published(tmp_path):
    files, path = Files(), tmp_path / "file"
    path.write_text("old")
    files.stage(str(path), b"new", 0o600)
    assert (path.read_text(), (tmp_path / ".file.new").read_text()) == ("old", "new")
    files.discard(str(path))
    files.discard(str(path))
    assert os.listdir(tmp_path) == ["file"]
    files.stage(str(path), b"new", 0o600)
    files.stage(str(path), b"newer", 0o600)  # what a killed run has left
    files.publish(str(path))
    assert (os.listdir(tmp_path), path.read_text()) == (["file"], "newer")


def test_symbolic_link_stays(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/file")
    Files().replace(str(tmp_path / "link"), b"content", 0o600)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file").read_bytes() == b"content"


@pytest.mark.parametrize("name", ["open", "write", "fsync", "fchmod", "replace", "makedirs"])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, name):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ClusterError, match="cannot be written: No space left on device; it is as it was"):
        Files(Failing(name, OSError(28, "No space left on device"))).replace(str(path), b"new", 0o600)
    Files().discard(str(path))
    assert (os.listdir(tmp_path), path.read_text()) == (["file"], "old")


def test_file_that_cannot_be_read(tmp_path):
    assert Files().read(str(tmp_path / "absent")) is None
    with pytest.raises(ClusterError, match="cannot be read"):
        Files().read(str(tmp_path))
    with pytest.raises(ClusterError, match="cannot be read: Permission denied"):
        Files(Failing("open", PermissionError(13, "Permission denied"))).read("/file")


def test_create_leaves_what_somebody_else_has_created(tmp_path):
    path = str(tmp_path / "file")
    assert Files().create(path, b"one", 0o600) is True
    assert Files().create(path, b"two", 0o600) is False
    assert Files().read(path) == b"one"


def test_remove(tmp_path):
    (tmp_path / "file").write_text("")
    Files().remove(str(tmp_path / "file"))
    Files().remove(str(tmp_path / "file"))
    with pytest.raises(ClusterError, match="cannot be written"):
        Files().remove(str(tmp_path))


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (["a"], ["a"], False),
        (["a"], ["a/b"], False),
        (["a/b"], ["a"], False),
        (["a/b", "b"], ["b"], False),
        (["a", "a/b", "b"], ["a/c"], False),
        (["a/b", "b"], ["a/c"], True),
        ([*("a/b",) * 9, *(f"a/many/{number}" for number in range(9))], ["a/many/x"], False),
        (["a/b"], ["a/c"], True),
        (["a"], ["b"], True),
        (["absent/x"], ["absent/y"], True),
    ],
)
def test_directories_above_each_other_exclude_each_other(tmp_path, first, second, together):
    for name in ("a/b", "a/c", "b", "absent", *(f"a/many/{number}" for number in range(9))):
        (tmp_path / name).mkdir(parents=True)
    entered = threading.Event()

    def other():
        with Files().alone([str(tmp_path / name) for name in second]):
            entered.set()

    thread = threading.Thread(target=other)
    with Files().alone([str(tmp_path / name) for name in first]):
        thread.start()
        assert entered.wait(0.3) is (together and "absent" not in first[0])
    thread.join(5)
    assert entered.is_set()
