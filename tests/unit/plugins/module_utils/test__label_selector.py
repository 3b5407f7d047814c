# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import problems, selects

LABELS = {"role": "edge", "zone": "a"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"role": "edge", "zone": "a"}}, True),
        ({"matchLabels": {"role": "edge", "zone": "b"}}, False),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}, True),
        ({"matchExpressions": [{"key": "rack", "operator": "In", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"role": "edge"}, "matchExpressions": [{"key": "rack", "operator": "Exists"}]}, False),
    ],
)
def test_what_a_selector_selects(selector, expected):
    assert selects(selector, LABELS) is expected


@pytest.mark.parametrize(
    ("selector", "where"),
    [
        ({}, []),
        ({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}, []),
        ({"matchlabels": {"a": "b"}}, ["s.matchlabels"]),
        ({"app": "web"}, ["s.app"]),
        ({"matchLabels": {"a": True}}, ["s.matchLabels"]),
        ({"matchLabels": ["a"]}, ["s.matchLabels"]),
        ({"matchExpressions": [{"operator": "Exists"}]}, ["s.matchExpressions[0].key"]),
        ({"matchExpressions": [{"key": "a", "operator": "is"}]}, ["s.matchExpressions[0].operator"]),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, ["s.matchExpressions[0].values"]),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            ["s.matchExpressions[0].values"],
        ),
    ],
)
def test_a_malformed_selector_is_named(selector, where):
    assert [problem.where for problem in problems(selector, "s")] == where
