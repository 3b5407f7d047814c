# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Timers
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import (
    NodeOverride,
    Policy,
    PolicyPeer,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
SPARE = {"name": "spare", "address": "192.0.2.2", "asn": 65000}
INSIDE = {"name": "inside", "address": "192.0.2.3", "asn": 65010}
SIX = {"name": "six", "address": "2001:db8::1", "asn": 65000}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
PUBLIC = {"name": "public", "selector": {"matchLabels": {"exposure": "public"}}}
PODS = {"name": "pods", "type": "pod_cidr"}


def policy(**options):
    return Policy.from_options({**OPTIONS, **options})


def test_what_is_not_said_has_a_default():
    found = policy()
    assert found.peers == (
        PolicyPeer("router", "192.0.2.1", 65000, Timers(9, 3, 5), 120, 1, ("ipv4",), ("services",), "", ""),
    )
    assert [entry.name for entry in found.advertisements] == ["services"]
    assert found.secrets_namespace == "kube-system"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ROUTER, {"families": ("ipv4",), "advertise": ("public", "pods")}),
        (SIX, {"families": ("ipv6",)}),
        ({**SIX, "families": ["ipv4", "ipv6"]}, {"families": ("ipv4", "ipv6")}),
        ({**ROUTER, "advertise": ["pods", "public"]}, {"advertise": ("public", "pods")}),
        ({**ROUTER, "timers": {"hold": 30}, "graceful_restart": 0}, {"timers": Timers(30, 3, 5)}),
        ({**ROUTER, "password": ""}, {"password": ""}),
        ({**ROUTER, "password_secret": "mine"}, {"password_secret": "mine"}),
    ],
)
def test_a_peer_is_read(entry, expected):
    (peer,) = policy(peers=[entry], advertisements=[PUBLIC, PODS]).peers
    assert {key: getattr(peer, key) for key in expected} == expected


def test_a_peer_may_get_nothing():
    router, spare = policy(peers=[ROUTER, {**SPARE, "advertise": []}]).peers
    assert (router.advertise, spare.advertise) == (("services",), ())


@pytest.mark.parametrize(
    ("entry", "secret"),
    [
        (ROUTER, ""),
        ({**ROUTER, "password": "secret"}, "home.router.bgp-auth"),
        ({**ROUTER, "password_secret": "mine"}, "mine"),
    ],
)
def test_the_secret_of_a_peer(entry, secret):
    found = policy(peers=[entry])
    assert found.secret_name(found.peers[0]) == secret


def test_a_password_is_not_shown_with_its_policy():
    assert "hunter2" not in repr(policy(peers=[{**ROUTER, "password": "hunter2"}]))


def test_overrides_are_read():
    entries = [
        {"node": "a", "router_id": "192.0.2.11", "local_port": None, "local_address": None},
        {"node": "b", "local_port": "179", "local_address": "192.0.2.12"},
    ]
    assert policy(node_overrides=entries).node_overrides == (
        NodeOverride("a", "192.0.2.11"),
        NodeOverride("b", "", 179, "192.0.2.12"),
    )


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"name": "Home"}, "name"),
        ({"name": "a.b"}, "name"),
        ({"name": "a" * 64}, "name"),
        ({"local_asn": 0}, "local_asn"),
        ({"peers": []}, "peers"),
        ({"peers": [{**ROUTER, "name": "my_router"}]}, "peers[0].name"),
        ({"peers": [ROUTER, {**SPARE, "address": "192.0.2.1"}]}, "peers[1].address"),
        ({"peers": [ROUTER, {**SPARE, "name": "router"}]}, "peers[1].name"),
        # Cilium's own defaults (keepalive 30) and ours (3) alike would be refused by the server, or by nobody.
        ({"peers": [{**ROUTER, "timers": {"hold": 3}}]}, "peers[0].timers.keepalive"),
        ({"peers": [{**ROUTER, "timers": {"keepalive": 30}}]}, "peers[0].timers.keepalive"),
        ({"peers": [{**ROUTER, "graceful_restart": 4096}]}, "peers[0].graceful_restart"),
        ({"peers": [{**ROUTER, "password": "a", "password_secret": "b"}]}, "peers[0].password_secret"),
        ({"peers": [{**ROUTER, "password": "ä" * 41}]}, "peers[0].password"),
        ({"peers": [{**ROUTER, "advertise": ["services", "other"]}]}, "peers[0].advertise[1]"),
        ({"peers": [{**INSIDE, "ebgp_multihop": 2}]}, "peers[0].ebgp_multihop"),
        ({"advertisements": [{**PODS, "name": "-"}]}, "advertisements[0].name"),
        ({"advertisements": [PODS, {**PUBLIC, "name": "pods"}]}, "advertisements[1].name"),
        ({"peers": [{**ROUTER, "advertise": []}]}, "advertisements[0]"),
        ({"peers": [{**ROUTER, "advertise": ["pods"]}], "advertisements": [PODS, PUBLIC]}, "advertisements[1]"),
        ({"advertisements": [{**PODS, "local_preference": 200}]}, "advertisements[0].local_preference"),
        ({"node_selector": {"role": "edge"}}, "node_selector.role"),
        ({"node_overrides": [{"node": "a"}]}, "node_overrides[0]"),
        ({"node_overrides": [{"node": "a", "router_id": "2001:db8::1"}]}, "node_overrides[0].router_id"),
        ({"node_overrides": [{"node": "a", "router_id": "first"}]}, "node_overrides[0].router_id"),
        ({"node_overrides": [{"node": "a", "local_port": 0}]}, "node_overrides[0].local_port"),
        ({"node_overrides": [{"node": "a", "local_address": "2001:db8::2"}]}, "node_overrides[0].local_address"),
        ({"node_overrides": [{"node": "a", "local_port": 179}] * 2}, "node_overrides[1].node"),
    ],
)
def test_what_is_wrong_or_would_be_ignored_is_refused(options, where):
    with pytest.raises(ClusterError) as caught:
        policy(**options)
    assert [problem.where for problem in caught.value.problems] == [where]


def test_a_local_preference_needs_one_peer_inside():
    entry = {**PODS, "local_preference": 200}
    assert policy(peers=[ROUTER, INSIDE], advertisements=[entry]).advertisements[0].local_preference == 200


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ClusterError) as caught:
        policy(
            local_asn=0, peers=[{**ROUTER, "advertise": ["x"]}], advertisements=[{"name": "y"}], node_selector={"z": 1}
        )
    assert [problem.where for problem in caught.value.problems] == [
        "local_asn",
        "advertisements[0].selector",
        "peers[0].advertise[0]",
        "node_selector.z",
        "advertisements[0]",
    ]
