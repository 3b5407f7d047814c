# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of any mapping; the many styles are in test__argocd_project_file.py."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._jinja_yaml import JINJA
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_lines import add, remove
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_source import Place, Source

TEXT = """\
first: {}
---
outer:
  inner:
    list:
      - a  # why
      # others
      - b
"""
PLACE = Place(1, ("outer", "inner"))


def source(text):
    return Source(text, "f", JINJA)


def test_the_number_that_the_first_new_entry_has():
    assert add(source(TEXT), PLACE, "list", ["c", "d"]) == (TEXT + "      - c\n      - d\n", 2)
    assert add(source(TEXT), PLACE, "other", ["c"]) == (TEXT + "    other:\n      - c\n", 0)
    code = TEXT.replace("      # others\n", "      # others\n      {{ lines }}\n").replace("      - b\n", "")
    expected = code.replace("# why\n", "# why\n      - c\n")
    assert add(source(code), PLACE, "list", ["c"]) == (expected, 1)


def test_entries_go_by_their_numbers():
    assert remove(source(TEXT), PLACE, "list", [0]) == TEXT.replace("      - a  # why\n", "")
    assert remove(source(TEXT), PLACE, "list", [1]) == TEXT.replace("      - b\n", "")
    emptied = TEXT.replace("list:", "list: []").replace("      - a  # why\n", "").replace("      - b\n", "")
    assert remove(source(TEXT), PLACE, "list", {1, 0}) == emptied
    assert add(source(emptied), PLACE, "list", ["c"])[0] == emptied.replace("list: []\n", "list:\n      - c\n")


@pytest.mark.parametrize("path", [("outer", "missing"), ("outer", "inner", "list")])
def test_a_place_that_is_no_mapping_is_refused(path):
    with pytest.raises(ClusterError, match=f"there is no {path[-1]} with something in it"):
        add(source(TEXT), Place(1, path), "list", ["c"])
