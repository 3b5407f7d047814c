# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _file_set as file_set
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files


class Stubborn(Files):
    """In which one file can be neither written nor removed."""

    def publish(self, path):
        self._refuse(path)
        super().publish(path)

    def remove(self, path):
        self._refuse(path)
        super().remove(path)

    @staticmethod
    def _refuse(path):
        if path.endswith("stubborn"):
            raise ClusterError(Problem(path, "is stubborn", "Wait"))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "old").write_text("old")
    (tmp_path / "kept" / "old").chmod(0o600)
    return tmp_path


def found(root):
    return {str(path.relative_to(root)): path.read_text() if path.is_file() else "" for path in root.rglob("*")}


def test_files_come_change_and_go(root):
    file_set.apply(str(root), Files(), {"new/deep/file": b"1", "kept/old": b"2"}, {"first": b"0"})
    assert found(root) == {"new": "", "new/deep": "", "new/deep/file": "1", "kept": "", "kept/old": "2", "first": "0"}
    assert (root / "kept/old").stat().st_mode & 0o777 == 0o600
    assert (root / "new/deep/file").stat().st_mode & 0o777 == 0o644
    file_set.apply(str(root), Files(), {"new/deep/file": None, "first": None})
    assert found(root) == {"kept": "", "kept/old": "2"}


@pytest.mark.parametrize(
    "contents",
    [
        {"kept/old": b"2", "new/deep/file": b"1", "stubborn": b"3"},
        {"kept/old": None, "stubborn": None},
        {"a/stubborn": b"1", "kept/old": b"2"},
    ],
)
def test_all_or_nothing(root, contents):
    before = found(root)
    with pytest.raises(ClusterError, match="is stubborn"):
        file_set.apply(str(root), Stubborn(), contents, {"first": b"0", "kept/old": b"1"})
    assert found(root) == before
    assert (root / "kept/old").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_run_left_is_taken_away(root):
    Files().stage(str(root / "gone/deep/file"), b"1", 0o644)
    file_set.clean(str(root), Files(), ["gone/deep/file", "kept/old"])
    assert found(root) == {"kept": "", "kept/old": "old"}
