# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_peering_policy import inexpressible, render
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
SPARE = {"name": "spare", "address": "2001:db8::1", "asn": 65000}
INSIDE = {"name": "inside", "address": "192.0.2.3", "asn": 65010}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
SERVICES = {"name": "services", "selector": {"matchLabels": {"exposure": "public"}}}
PODS = {"name": "pods", "type": "pod_cidr"}
POOLS = {"name": "pools", "type": "pod_ip_pool", "selector": {"matchLabels": {"pool": "blue"}}}


def policy(**options):
    return Policy.from_options({**OPTIONS, **options})


def router(**options):
    found = policy(**options)
    assert list(inexpressible(found)) == []
    (rendered,) = render(found)["virtualRouters"]
    return rendered


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"exportPodCIDR": False}),
        ({"advertisements": [PODS]}, {"exportPodCIDR": True}),
        ({"advertisements": [SERVICES]}, {"serviceSelector": SERVICES["selector"]}),
        ({"advertisements": [POOLS]}, {"podIPPoolSelector": POOLS["selector"]}),
        (
            {"advertisements": [{**SERVICES, "addresses": ["ExternalIP", "LoadBalancerIP"]}]},
            {"serviceAdvertisements": ["ExternalIP", "LoadBalancerIP"]},
        ),
    ],
)
def test_an_option_shows_in_the_virtual_router(options, expected):
    found = router(**options)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"advertisements": [PODS]}, "serviceSelector"),
        ({}, "podIPPoolSelector"),
        ({}, "serviceAdvertisements"),  # Cilium 1.15 does not know it
    ],
)
def test_what_is_not_wanted_is_not_there(options, key):
    assert key not in router(**options)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ({}, {"peerAddress": "192.0.2.1/32", "peerASN": 65000}),
        (SPARE, {"peerAddress": "2001:db8::1/128", "families": [{"afi": "ipv6", "safi": "unicast"}]}),
        (
            {"timers": {"hold": 90, "keepalive": 30, "connect_retry": 120}},
            {"holdTimeSeconds": 90, "keepAliveTimeSeconds": 30, "connectRetryTimeSeconds": 120},
        ),
        ({"graceful_restart": 0, "ebgp_multihop": 4}, {"gracefulRestart": {"enabled": False}, "eBGPMultihopTTL": 4}),
        ({"password": "secret"}, {"authSecretRef": "home.router.bgp-auth"}),
        ({"password_secret": "mine"}, {"authSecretRef": "mine"}),
    ],
)
def test_an_option_shows_in_the_neighbor(peer, expected):
    (neighbor,) = router(peers=[{**ROUTER, **peer}])["neighbors"]
    assert {key: neighbor[key] for key in expected} == expected


def test_attributes_are_those_of_all_routes_of_a_type():
    entries = [
        {**SERVICES, "communities": ["65010:1"]},
        {**PODS, "local_preference": 200},
        {**POOLS, "communities": ["no-export"]},
    ]
    for neighbor in router(peers=[ROUTER, INSIDE], advertisements=entries)["neighbors"]:
        assert neighbor["advertisedPathAttributes"] == [
            {"selectorType": "CiliumLoadBalancerIPPool", "communities": {"standard": ["65010:1"]}},
            {"selectorType": "PodCIDR", "localPreference": 200},
            {
                "selectorType": "CiliumPodIPPool",
                "communities": {"wellKnown": ["no-export"]},
                "selector": POOLS["selector"],
            },
        ]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (
            {"peers": [{**ROUTER, "advertise": ["services"]}, SPARE], "advertisements": [SERVICES, PODS]},
            "peers[1].advertise",
        ),
        ({"advertisements": [SERVICES, {**SERVICES, "name": "more"}]}, "advertisements[1]"),
        ({"advertisements": [{"name": "lo", "type": "interface", "interface": "lo"}]}, "advertisements[0]"),
        ({"advertisements": [{**SERVICES, "aggregation": {"ipv4": 24}}]}, "advertisements[0].aggregation"),
        (
            {"advertisements": [{**SERVICES, "addresses": ["ClusterIP"], "communities": ["1:2"]}]},
            "advertisements[0].addresses",
        ),
        ({"node_overrides": [{"node": "a", "local_address": "192.0.2.11"}]}, "node_overrides[0].local_address"),
        ({"node_overrides": [{"node": "a", "router_id": "192.0.2.11"}]}, "node_overrides[0]"),
    ],
)
def test_what_has_no_words_is_refused(options, where):
    assert [problem.where for problem in inexpressible(policy(**options))] == [where]


def test_the_annotation_of_a_node_is_spelled_out():
    override = {"node": "a", "router_id": "192.0.2.11", "local_port": 179}
    (problem,) = inexpressible(policy(node_overrides=[override]))
    command = "kubectl annotate node a cilium.io/bgp-virtual-router.65010='router-id=192.0.2.11,local-port=179'"
    assert command in problem.remedy
