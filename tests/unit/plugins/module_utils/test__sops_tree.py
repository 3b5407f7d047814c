# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_tree as tree


@pytest.mark.parametrize(
    ("pattern", "matches", "not_matched"),
    [
        (
            "**/*.sops.*",
            ["a.sops.yaml", "deep/er/b.sops.env"],
            [".sops.yaml", "a/.sops.yaml", ".x.sops.yaml.new", ".hidden/a.sops.yaml", "a.yaml", "a.sops"],
        ),
        ("*.yaml", ["a.yaml"], ["d/a.yaml", ".a.yaml", "a.yamlx"]),
        ("d/**", ["d/a", "d/e/f"], ["e/a", "d/.a", "d"]),
        ("d/?.[ab]", ["d/x.a", "d/y.b"], ["d/xx.a", "d/x.c", "d/.a"]),
        ("[!a]*", ["b"], ["a", ".b"]),
        (".hidden/*.env", [".hidden/a.env"], ["hidden/a.env"]),
        ("a[", ["a["], ["a"]),
        ("a.+b", ["a.+b"], ["aab"]),
    ],
)
def test_patterns_are_those_of_a_shell(pattern, matches, not_matched):
    expression = re.compile(tree.translate(pattern))
    assert [path for path in [*matches, *not_matched] if expression.match(path)] == matches


def test_matching_leaves_out_git_templates_and_links(tmp_path):
    for name in ("a.sops.yaml", "d/b.sops.yaml", ".git/c.sops.yaml", "t.sops.yaml.j2", ".sops.yaml", "plain.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link.sops.yaml").symlink_to("a.sops.yaml")
    found = tree.matching(str(tmp_path), ["**/*.sops.*", "**/a.*"])
    assert found == [str(tmp_path / "a.sops.yaml"), str(tmp_path / "d" / "b.sops.yaml")]
