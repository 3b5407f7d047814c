# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_objects import objects
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
SPARE = {"name": "spare", "address": "2001:db8::1", "asn": 65000}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
LABELS = {"app.kubernetes.io/managed-by": "homeops.cluster", "homeops.cluster/bgp-policy": "home"}
EVERYTHING = {"matchExpressions": [{"key": "homeops.cluster/bgp", "operator": "NotIn", "values": ["never"]}]}
PUBLIC = {"name": "public", "selector": {"matchLabels": {"exposure": "public"}}}
PODS = {"name": "pods", "type": "pod_cidr"}


def rendered(version="v2", **options):
    found = objects(Policy.from_options({**OPTIONS, **options}), Kinds(version))
    return {(item.resource.kind, item.definition["metadata"]["name"]): item.definition for item in found}


@pytest.mark.parametrize("version", ["v2", "v2alpha1"])
def test_a_policy_becomes_these_objects(version):
    head = {"apiVersion": f"cilium.io/{version}"}
    assert rendered(version) == {
        ("CiliumBGPPeerConfig", "home.router"): {
            **head,
            "kind": "CiliumBGPPeerConfig",
            "metadata": {"name": "home.router", "labels": LABELS},
            "spec": {
                "timers": {"holdTimeSeconds": 9, "keepAliveTimeSeconds": 3, "connectRetryTimeSeconds": 5},
                "gracefulRestart": {"enabled": True, "restartTimeSeconds": 120},
                "ebgpMultihop": 1,
                "families": [
                    {
                        "afi": "ipv4",
                        "safi": "unicast",
                        "advertisements": {"matchLabels": {"homeops.cluster/bgp-policy": "home"}},
                    }
                ],
            },
        },
        ("CiliumBGPAdvertisement", "home.services"): {
            **head,
            "kind": "CiliumBGPAdvertisement",
            "metadata": {
                "name": "home.services",
                "labels": {**LABELS, "homeops.cluster/bgp-advertisement": "services"},
            },
            "spec": {
                "advertisements": [
                    {
                        "advertisementType": "Service",
                        "service": {"addresses": ["LoadBalancerIP"]},
                        "selector": EVERYTHING,
                    }
                ]
            },
        },
        ("CiliumBGPClusterConfig", "home"): {
            **head,
            "kind": "CiliumBGPClusterConfig",
            "metadata": {"name": "home", "labels": LABELS},
            "spec": {
                "bgpInstances": [
                    {
                        "name": "instance-65010",
                        "localASN": 65010,
                        "peers": [
                            {
                                "name": "router",
                                "peerAddress": "192.0.2.1",
                                "peerASN": 65000,
                                "peerConfigRef": {"name": "home.router"},
                            }
                        ],
                    }
                ]
            },
        },
    }


def test_before_1_16_it_becomes_one_object():
    assert rendered("legacy") == {
        ("CiliumBGPPeeringPolicy", "home"): {
            "apiVersion": "cilium.io/v2alpha1",
            "kind": "CiliumBGPPeeringPolicy",
            "metadata": {"name": "home", "labels": LABELS},
            "spec": {
                "virtualRouters": [
                    {
                        "localASN": 65010,
                        "exportPodCIDR": False,
                        "serviceSelector": EVERYTHING,
                        "neighbors": [
                            {
                                "peerAddress": "192.0.2.1/32",
                                "peerASN": 65000,
                                "holdTimeSeconds": 9,
                                "keepAliveTimeSeconds": 3,
                                "connectRetryTimeSeconds": 5,
                                "eBGPMultihopTTL": 1,
                                "gracefulRestart": {"enabled": True, "restartTimeSeconds": 120},
                                "families": [{"afi": "ipv4", "safi": "unicast"}],
                            }
                        ],
                    }
                ]
            },
        }
    }


@pytest.mark.parametrize(
    ("version", "order"),
    [
        (
            "v2",
            [
                "Secret",
                "CiliumBGPPeerConfig",
                "CiliumBGPPeerConfig",
                "CiliumBGPAdvertisement",
                "CiliumBGPNodeConfigOverride",
                "CiliumBGPClusterConfig",
            ],
        ),
        ("legacy", ["Secret", "CiliumBGPPeeringPolicy"]),
    ],
)
def test_nothing_refers_to_what_is_written_later(version, order):
    peers = [{**ROUTER, "password": "secret"}, SPARE]
    found = rendered(version, peers=peers, node_overrides=[{"node": "a", "local_port": 179}])
    assert [kind for kind, _name in found] == order
    assert set(order) == {kind.kind for kind in Kinds(version).written}


def test_a_password_goes_into_a_secret_of_its_peer():
    found = rendered(peers=[{**ROUTER, "password": "secret"}, SPARE], secrets_namespace="cilium")
    secret = found["Secret", "home.router.bgp-auth"]
    assert secret["metadata"] == {"name": "home.router.bgp-auth", "labels": LABELS, "namespace": "cilium"}
    assert base64.b64decode(secret["data"]["password"]) == b"secret"
    assert found["CiliumBGPPeerConfig", "home.router"]["spec"]["authSecretRef"] == "home.router.bgp-auth"
    assert "authSecretRef" not in found["CiliumBGPPeerConfig", "home.spare"]["spec"]


def test_an_existing_secret_is_referred_to_and_not_made():
    found = rendered(peers=[{**ROUTER, "password_secret": "mine"}])
    assert "Secret" not in {kind for kind, _name in found}
    assert found["CiliumBGPPeerConfig", "home.router"]["spec"]["authSecretRef"] == "mine"


@pytest.mark.parametrize(
    ("peer", "key", "expected"),
    [
        ({"graceful_restart": 0}, "gracefulRestart", {"enabled": False}),
        ({"ebgp_multihop": 3}, "ebgpMultihop", 3),
        (
            {"timers": {"hold": 90, "keepalive": 30, "connect_retry": None}},
            "timers",
            {"holdTimeSeconds": 90, "keepAliveTimeSeconds": 30, "connectRetryTimeSeconds": 5},
        ),
        (
            {"families": ["ipv4", "ipv6"], "advertise": ["public"]},
            "families",
            [
                {
                    "afi": family,
                    "safi": "unicast",
                    "advertisements": {
                        "matchLabels": {"homeops.cluster/bgp-policy": "home"},
                        "matchExpressions": [
                            {"key": "homeops.cluster/bgp-advertisement", "operator": "In", "values": ["public"]}
                        ],
                    },
                }
                for family in ("ipv4", "ipv6")
            ],
        ),
        ({"advertise": []}, "families", [{"afi": "ipv4", "safi": "unicast"}]),
    ],
)
def test_what_a_peer_says_shows_in_its_configuration(peer, key, expected):
    found = rendered(peers=[SPARE, {**ROUTER, **peer}], advertisements=[PUBLIC, PODS])
    assert found["CiliumBGPPeerConfig", "home.router"]["spec"][key] == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            {**PUBLIC, "addresses": ["ClusterIP"], "aggregation": {"ipv4": 24, "ipv6": 64}},
            {
                "advertisementType": "Service",
                "service": {"addresses": ["ClusterIP"], "aggregationLengthIPv4": 24, "aggregationLengthIPv6": 64},
                "selector": PUBLIC["selector"],
            },
        ),
        (PODS, {"advertisementType": "PodCIDR"}),
        (
            {"name": "pods", "type": "pod_ip_pool", "selector": {}},
            {"advertisementType": "CiliumPodIPPool", "selector": EVERYTHING},
        ),
        (
            {"name": "lo", "type": "interface", "interface": "lo"},
            {"advertisementType": "Interface", "interface": {"name": "lo"}},
        ),
        (
            {**PODS, "communities": ["65010:100", "no-export"]},
            {
                "advertisementType": "PodCIDR",
                "attributes": {"communities": {"standard": ["65010:100"], "wellKnown": ["no-export"]}},
            },
        ),
    ],
)
def test_an_advertisement_of_each_type(entry, expected):
    found = rendered(advertisements=[entry])
    assert found["CiliumBGPAdvertisement", f"home.{entry['name']}"]["spec"] == {"advertisements": [expected]}


@pytest.mark.parametrize("version", ["v2", "legacy"])
def test_nodes_are_selected(version):
    kind = {"v2": "CiliumBGPClusterConfig", "legacy": "CiliumBGPPeeringPolicy"}[version]
    selector = {"matchLabels": {"bgp": "yes"}}
    assert rendered(version, node_selector=selector)[kind, "home"]["spec"]["nodeSelector"] == selector


def test_an_override_has_the_name_of_its_node_and_calls_only_peers_that_its_address_can_reach():
    override = {
        "node": "node1.example.com",
        "router_id": "192.0.2.11",
        "local_port": 179,
        "local_address": "192.0.2.11",
    }
    found = rendered(peers=[ROUTER, SPARE], node_overrides=[override])
    assert found["CiliumBGPNodeConfigOverride", "node1.example.com"]["spec"] == {
        "bgpInstances": [
            {
                "name": "instance-65010",
                "routerID": "192.0.2.11",
                "localPort": 179,
                "peers": [{"name": "router", "localAddress": "192.0.2.11"}],
            }
        ]
    }
