# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._tree_manifest import HEAD, Manifest
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO = "1" * 64, "2" * 64
PATHS = st.from_regex(r"[a-z. -]{1,9}(/[a-z. -]{1,9})?", fullmatch=True).filter(
    lambda path: path == path.strip("/") and not {"", ".", "..", ".git"} & set(path.split("/"))
)
MANIFESTS = st.builds(
    Manifest,
    st.dictionaries(PATHS, st.frozensets(st.sampled_from([ONE, TWO]), min_size=1)),
    st.frozensets(PATHS),
)


@given(MANIFESTS)
def test_what_is_written_is_read_again(manifest):
    assert Manifest.from_text(manifest.text()) == manifest


def test_text():
    manifest = Manifest({"b": frozenset({ONE}), "a": frozenset({TWO, ONE})}, frozenset({"c"}))
    assert manifest.text() == f"{HEAD}# unfinished: c\n{ONE}  a\n{TWO}  a\n{ONE}  b\n"


@pytest.mark.parametrize(
    ("text", "digests"),
    [
        ("", {}),
        (f"<<<<<<< ours\n{ONE}  a\n=======\n{TWO}  a\n>>>>>>> theirs\n", {"a": {ONE, TWO}}),
        (f"{ONE} a\nnonsense\n{ONE[1:]}  b\n", {}),
        (f"{ONE}  ../a\n{ONE}  /a\n{ONE}  a/../b\n{ONE}  .git/a\n{ONE}  a//b\n", {}),
        (f"# unfinished: ../a\n{ONE}  a b\n", {"a b": {ONE}}),
    ],
)
def test_lines_that_are_none_of_ours_do_not_count(text, digests):
    manifest = Manifest.from_text(text)
    assert manifest.digests == digests
    assert manifest.unfinished == frozenset()


def test_of_an_unfinished_run_both_sides_are_ours():
    manifest = Manifest({"a": frozenset({ONE}), "gone": frozenset({ONE})}).before({"a": TWO, "secret": "", "gone": ""})
    assert [manifest.wrote("a", digest) for digest in (ONE, TWO)] == [True, True]
    assert (manifest.wrote("secret", "anything"), manifest.owns("secret"), manifest.owns("other")) == (
        True,
        True,
        False,
    )
    assert manifest.unfinished == {"a", "secret", "gone"}
