# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Reader
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    Advertisement,
    community_kind,
)

ALL = {"name": "a", "selector": {}}


def read(entry):
    reader = Reader()
    return Advertisement.from_entry(entry, "e", reader), [problem.where for problem in reader.problems]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ALL, Advertisement("a")),
        ({**ALL, "type": "service", "addresses": None, "communities": None, "interface": None}, Advertisement("a")),
        (
            {**ALL, "addresses": ["LoadBalancerIP", "ClusterIP"]},
            Advertisement("a", addresses=("ClusterIP", "LoadBalancerIP")),
        ),
        ({"name": "a", "type": "pod_cidr"}, Advertisement("a", "pod_cidr")),
        ({**ALL, "type": "pod_ip_pool"}, Advertisement("a", "pod_ip_pool")),
        ({"name": "a", "type": "interface", "interface": "lo"}, Advertisement("a", "interface", interface="lo")),
        ({**ALL, "aggregation": {"ipv4": 24, "ipv6": None}}, Advertisement("a", aggregation={"ipv4": 24})),
        ({**ALL, "local_preference": 0}, Advertisement("a", local_preference=0)),
    ],
)
def test_an_advertisement_is_read(entry, expected):
    assert read(entry) == (expected, [])


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({"name": "a"}, "e.selector"),
        ({"name": "a", "type": "pod_ip_pool"}, "e.selector"),
        ({**ALL, "type": "pod_cidr"}, "e.selector"),
        ({**ALL, "type": "interface", "interface": "lo"}, "e.selector"),
        ({**ALL, "selector": {"app": "web"}}, "e.selector.app"),
        ({**ALL, "addresses": []}, "e.addresses"),
        ({"name": "a", "type": "pod_cidr", "addresses": ["ClusterIP"]}, "e.addresses"),
        ({"name": "a", "type": "pod_cidr", "aggregation": {"ipv4": 16}}, "e.aggregation"),
        ({"name": "a", "type": "interface"}, "e.interface"),
        ({**ALL, "interface": "lo"}, "e.interface"),
        ({**ALL, "communities": ["no-export", "3900610"]}, "e.communities[1]"),
        ({**ALL, "local_preference": 4294967296}, "e.local_preference"),
        ({**ALL, "aggregation": {"ipv4": 32}}, "e.aggregation.ipv4"),
        ({**ALL, "aggregation": {"ipv6": 128}}, "e.aggregation.ipv6"),
    ],
)
def test_what_is_wrong_or_would_be_ignored_is_named(entry, where):
    assert read(entry)[1] == [where]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("65010:100", "standard"),
        ("0:0", "standard"),
        ("65535:65535", "standard"),
        ("65536:0", ""),
        ("no-export", "wellKnown"),
        ("no-such", ""),
        ("65010:1:2", "large"),
        ("4294967295:0:0", "large"),
        ("4294967296:0:0", ""),
        ("1:2:3:4", ""),
        ("01:2", ""),
        ("3900610", ""),
        ("", ""),
    ],
)
def test_communities_are_told_apart(text, kind):
    assert community_kind(text) == kind


def test_attributes():
    entry = Advertisement("a", communities=("1:2", "no-export", "1:2:3", "3:4"), local_preference=200)
    assert entry.attributes == {
        "communities": {"standard": ["1:2", "3:4"], "wellKnown": ["no-export"], "large": ["1:2:3"]},
        "localPreference": 200,
    }
    assert Advertisement("a").attributes == {}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, {"matchExpressions": [{"key": "homeops.cluster/bgp", "operator": "NotIn", "values": ["never"]}]}),
        ({"matchLabels": {"a": "b"}}, {"matchLabels": {"a": "b"}}),
    ],
)
def test_a_selector_is_never_empty(selector, expected):
    assert Advertisement("a", selector=selector).portable_selector == expected
