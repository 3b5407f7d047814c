# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Peer, Sessions, Timers
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
OPTIONS = {"local_asn": 65010, "peers": [ROUTER]}


def test_what_is_not_said_has_a_default():
    sessions = Sessions.from_options(OPTIONS)
    assert sessions == Sessions(65010, (Peer("router", "192.0.2.1", 65000),), Timers(9, 3, 5), 120)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"timers": {"hold": 30, "keepalive": None}}, {"timers": Timers(30, 3, 5)}),
        ({"timers": {"hold": "30"}}, {"timers": Timers(30, 3, 5)}),
        ({"timers": None}, {"timers": Timers(9, 3, 5)}),
        ({"graceful_restart": 0}, {"graceful_restart": 0}),
        ({"graceful_restart": None}, {"graceful_restart": 120}),
        ({"local_asn": "4294967295"}, {"local_asn": 4294967295}),
        ({"peers": [{**ROUTER, "address": "2001:DB8::0:1"}]}, {"peers": (Peer("router", "2001:db8::1", 65000),)}),
    ],
)
def test_options_are_normalised(options, expected):
    sessions = Sessions.from_options({**OPTIONS, **options})
    assert {key: getattr(sessions, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"local_asn": 0}, "cluster_bgp.local_asn"),
        ({"local_asn": 4294967296}, "cluster_bgp.local_asn"),
        ({"local_asn": True}, "cluster_bgp.local_asn"),
        ({"local_asn": "65 010"}, "cluster_bgp.local_asn"),
        ({"peers": [{**ROUTER, "asn": None}]}, "cluster_bgp.peers[0].asn"),
        ({"peers": [{**ROUTER, "address": "192.0.2.1/32"}]}, "cluster_bgp.peers[0].address"),
        ({"peers": [ROUTER, {**ROUTER, "name": "other"}]}, "cluster_bgp.peers[1].address"),
        ({"peers": [ROUTER, {**ROUTER, "address": "192.0.2.2"}]}, "cluster_bgp.peers[1].name"),
        ({"timers": {"hold": 2, "keepalive": 1}}, "cluster_bgp.timers.hold"),
        ({"timers": {"keepalive": 9}}, "cluster_bgp.timers.keepalive"),
        ({"timers": {"connect_retry": 0}}, "cluster_bgp.timers.connect_retry"),
        ({"timers": {"holdtime": 9}}, "cluster_bgp.timers.holdtime"),
        ({"graceful_restart": 4096}, "cluster_bgp.graceful_restart"),
        ({"peers": [{**ROUTER, "timers": {"hold": 3}}]}, "cluster_bgp.peers[0].timers.keepalive"),
        ({"peers": [{**ROUTER, "graceful_restart": -1}]}, "cluster_bgp.peers[0].graceful_restart"),
        ({"peers": [{**ROUTER, "ebgp_multihop": 256}]}, "cluster_bgp.peers[0].ebgp_multihop"),
        ({"peers": [{**ROUTER, "ebgp_multihop": 0}]}, "cluster_bgp.peers[0].ebgp_multihop"),
    ],
)
def test_a_wrong_value_is_named(options, where):
    with pytest.raises(ClusterError) as caught:
        Sessions.from_options({**OPTIONS, **options}, "cluster_bgp")
    assert [problem.where for problem in caught.value.problems] == [where]


def test_everything_wrong_is_named_at_once():
    with pytest.raises(ClusterError) as caught:
        Sessions.from_options({"local_asn": 0, "peers": [{"name": "router"}], "graceful_restart": -1})
    assert [problem.where for problem in caught.value.problems] == [
        "local_asn",
        "graceful_restart",
        "peers[0].address",
        "peers[0].asn",
    ]


@pytest.mark.parametrize(
    ("common", "own", "expected"),
    [
        ({}, {}, (Timers(9, 3, 5), 120, 1)),
        ({"timers": {"hold": 30}, "graceful_restart": 0}, {}, (Timers(30, 3, 5), 0, 1)),
        ({"timers": {"hold": 30}}, {"timers": {"keepalive": 10, "hold": None}}, (Timers(30, 10, 5), 120, 1)),
        ({"timers": {"hold": 30}}, {"timers": {"hold": 60}}, (Timers(60, 3, 5), 120, 1)),
        ({"graceful_restart": 60}, {"graceful_restart": 0, "ebgp_multihop": "3"}, (Timers(9, 3, 5), 0, 3)),
    ],
)
def test_what_a_peer_says_itself_wins(common, own, expected):
    (peer,) = Sessions.from_options({**OPTIONS, **common, "peers": [{**ROUTER, **own}]}).peers
    assert (peer.timers, peer.graceful_restart, peer.ebgp_multihop) == expected


def test_wrong_timers_that_are_common_are_named_once():
    with pytest.raises(ClusterError) as caught:
        Sessions.from_options({**OPTIONS, "timers": {"hold": 3}})
    assert [problem.where for problem in caught.value.problems] == ["timers.keepalive"]


@pytest.mark.parametrize(("address", "family"), [("192.0.2.1", "ipv4"), ("2001:db8::1", "ipv6")])
def test_family(address, family):
    assert Peer("router", address, 65000).family == family
