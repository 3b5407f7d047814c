# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_locations as locations
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

JINJA = Delimiters()
HASH = Delimiters("#%", "%#", "#{", "}#", "#|", "|#")


@pytest.mark.parametrize(
    ("source", "line", "needles", "place"),
    [
        ("name: {{ name }}", 1, ["name"], (1, 10)),  # not the one in the text before
        ("{{ names }} {{ name }}", 1, ["name"], (1, 16)),  # not a part of another word
        ("{{ a.name }}", 1, ["name"], (1, 6)),
        ("{# name #}{{ name }}", 1, ["name"], (1, 14)),
        ("{% raw %}{{ name }}{% endraw %}{{ name }}", 1, ["name"], (1, 35)),
        ("{% raw %}{{ name }}", 1, ["name"], (1, 4)),  # never closed: where the code begins
        ("one\n{{ f(\n  name) }}", 2, ["name"], (3, 3)),  # Jinja knows the line where it begins
        ("one\n  {{ 1 + 1 }}", 2, ["name"], (2, 6)),
        ("one\ntwo", 2, ["name"], (2, 1)),
        ("one", 7, ["name"], (7, 1)),
        ("{{ one }} {{ two }}", 1, ["absent", "two"], (1, 14)),
        ("{{ a $ }}", 1, ["$"], (1, 6)),
        ("", 1, [], (1, 1)),
        ("{{ name", 1, ["name"], (1, 4)),
    ],
)
def test_find(source, line, needles, place):
    assert locations.find(source, line, needles, JINJA) == place


def test_the_one_that_is_meant_of_several():
    assert locations.find("{{ name name }}", 1, ["name"], JINJA, skipped=1) == (1, 9)
    assert locations.find("{{ name name }}", 1, ["name"], JINJA, skipped=7) == (1, 9)


def test_other_delimiters():
    assert locations.find("{{ name }} #| name |# #{ name }#", 1, ["name"], HASH) == (1, 26)
    assert locations.find("#% raw %# #{ name }# #% endraw %# #{ name }#", 1, ["name"], HASH) == (1, 38)


@pytest.mark.parametrize("wrong", [{"variable_start": ""}, {"block_end": ""}, {"variable_start": "{%"}])
def test_delimiters_that_cannot_be_told_apart(wrong):
    with pytest.raises(ClusterError, match="are empty, or begin two things alike"):
        Delimiters(**wrong)
