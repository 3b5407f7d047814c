# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every field of a CiliumBGPPeeringPolicy becomes; the fixtures are as API servers of 1.15 to 1.18 store them."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_legacy import translate
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy

EVERYTHING = {"matchExpressions": [{"key": "somekey", "operator": "NotIn", "values": ["never-used-value"]}]}
PUBLIC = {"matchLabels": {"exposure": "public"}}
# What the server fills in.
NEIGHBOR = {
    "peerAddress": "192.0.2.1/32",
    "peerASN": 65000,
    "peerPort": 179,
    "eBGPMultihopTTL": 1,
    "connectRetryTimeSeconds": 120,
    "holdTimeSeconds": 90,
    "keepAliveTimeSeconds": 30,
}
PEER = {
    "name": "peer-192-0-2-1",
    "address": "192.0.2.1",
    "asn": 65000,
    "timers": {"hold": 90, "keepalive": 30, "connect_retry": 120},
    "graceful_restart": 0,
    "families": ["ipv4", "ipv6"],
}
SERVICES = {"name": "services", "type": "service", "selector": EVERYTHING, "addresses": ["LoadBalancerIP"]}
NODES = [
    {"metadata": {"name": "n1", "labels": {"rack": "0"}}},
    {"metadata": {"name": "n2", "labels": {"rack": "1"}}},
]


def router(*neighbors, **changes):
    """A virtual router; without serviceAdvertisements it is as 1.15 has it."""
    return {
        "localASN": 65010,
        "exportPodCIDR": False,
        "serviceSelector": EVERYTHING,
        "neighbors": [{**NEIGHBOR, **neighbor} for neighbor in neighbors or ({},)],
        **changes,
    }


def legacy(*routers, **changes):
    return {
        "kind": "CiliumBGPPeeringPolicy",
        "metadata": {"name": "old"},
        "spec": {"virtualRouters": [*routers], **changes},
    }


def options(*routers, nodes=(), **changes):
    translation = translate(legacy(*routers, **changes), nodes or NODES)
    assert [str(problem) for problem in (*translation.losses, *translation.idle)] == []
    # Whatever comes out is a policy that the module takes.
    Policy.from_options({"name": "home", **translation.options})
    return translation.options


@pytest.mark.parametrize(
    "extra",
    [{}, {"serviceAdvertisements": ["LoadBalancerIP"]}],
    ids=["1.15 knows no serviceAdvertisements", "1.16 to 1.18"],
)
def test_the_smallest_policy(extra):
    assert options(router(**extra)) == {
        "local_asn": 65010,
        "peers": [PEER],
        "advertisements": [SERVICES],
        "node_selector": {},
        "node_overrides": [],
    }


def test_what_a_server_without_defaults_would_have_left_out():
    bare = {key: NEIGHBOR[key] for key in ("peerAddress", "peerASN")}
    found = translate(legacy({**router(), "neighbors": [bare]}), NODES)
    assert found.options["peers"] == [PEER]


@pytest.mark.parametrize(
    ("neighbor", "peer"),
    [
        ({"peerAddress": "192.0.2.1/24"}, {}),
        ({"peerAddress": "2001:db8::1/128"}, {"name": "peer-2001-db8-1", "address": "2001:db8::1"}),
        (
            {"holdTimeSeconds": 9, "keepAliveTimeSeconds": 3},
            {"timers": {"hold": 9, "keepalive": 3, "connect_retry": 120}},
        ),
        ({"connectRetryTimeSeconds": 5}, {"timers": {"hold": 90, "keepalive": 30, "connect_retry": 5}}),
        ({"eBGPMultihopTTL": 4}, {"ebgp_multihop": 4}),
        ({"authSecretRef": "bgp-password"}, {"password_secret": "bgp-password"}),
        ({"gracefulRestart": {"enabled": True, "restartTimeSeconds": 60}}, {"graceful_restart": 60}),
        ({"gracefulRestart": {"enabled": True}}, {"graceful_restart": 120}),
        ({"gracefulRestart": {"enabled": False, "restartTimeSeconds": 60}}, {}),
        ({"families": [{"afi": "ipv4", "safi": "unicast"}]}, {"families": ["ipv4"]}),
        # 1.15 shows a field here that means nothing in this kind.
        ({"families": [{"afi": "ipv6", "safi": "unicast", "advertisements": {}}]}, {"families": ["ipv6"]}),
    ],
)
def test_a_neighbor(neighbor, peer):
    assert options(router(neighbor))["peers"] == [{**PEER, **peer}]


@pytest.mark.parametrize(
    ("changes", "advertisements"),
    [
        ({"serviceSelector": {}}, [{**SERVICES, "selector": {}}]),
        ({"serviceSelector": PUBLIC}, [{**SERVICES, "selector": PUBLIC}]),
        (
            {"serviceAdvertisements": ["ClusterIP", "ExternalIP"]},
            [{**SERVICES, "addresses": ["ClusterIP", "ExternalIP"]}],
        ),
        ({"exportPodCIDR": True}, [SERVICES, {"name": "pod-cidr", "type": "pod_cidr"}]),
        (
            {"serviceSelector": None, "podIPPoolSelector": PUBLIC},
            [{"name": "pod-ip-pool", "type": "pod_ip_pool", "selector": PUBLIC}],
        ),
        ({"serviceSelector": None, "exportPodCIDR": True}, [{"name": "pod-cidr", "type": "pod_cidr"}]),
    ],
    ids=["empty selects all", "some", "other addresses", "pods too", "pools of pods", "no selector, no services"],
)
def test_what_is_announced(changes, advertisements):
    assert options(router(**changes))["advertisements"] == advertisements


TAGGED = {"standard": ["65010:100", "4259840100"], "wellKnown": ["no-export"], "large": ["65010:1:2"]}
TAGS = ["65010:100", "65000:100", "no-export", "65010:1:2"]


@pytest.mark.parametrize(
    ("attributes", "changes", "advertisements"),
    [
        ({"selectorType": "CiliumLoadBalancerIPPool"}, {}, [{**SERVICES, "communities": TAGS}]),
        (
            {"selectorType": "CiliumLoadBalancerIPPool"},
            {"serviceAdvertisements": ["ClusterIP", "LoadBalancerIP"]},
            [
                {**SERVICES, "communities": TAGS},
                {**SERVICES, "name": "services-2", "addresses": ["ClusterIP"]},
            ],
        ),
        (
            {"selectorType": "PodCIDR", "selector": {}},
            {"exportPodCIDR": True},
            [SERVICES, {"name": "pod-cidr", "type": "pod_cidr", "communities": TAGS}],
        ),
        (
            {"selectorType": "CiliumPodIPPool", "selector": PUBLIC},
            {"podIPPoolSelector": PUBLIC},
            [SERVICES, {"name": "pod-ip-pool", "type": "pod_ip_pool", "selector": PUBLIC, "communities": TAGS}],
        ),
    ],
)
def test_path_attributes_move_to_the_advertisement(attributes, changes, advertisements):
    neighbor = {"advertisedPathAttributes": [{**attributes, "communities": TAGGED}]}
    assert options(router(neighbor, **changes))["advertisements"] == advertisements


def test_a_local_preference_inside_the_as():
    neighbor = {
        "peerASN": 65010,
        "advertisedPathAttributes": [{"selectorType": "CiliumLoadBalancerIPPool", "localPreference": 200}],
    }
    assert options(router(neighbor))["advertisements"] == [{**SERVICES, "local_preference": 200}]


def test_neighbors_that_are_told_different_things_select_their_advertisements():
    tagged = {"advertisedPathAttributes": [{"selectorType": "CiliumLoadBalancerIPPool", "communities": TAGGED}]}
    found = options(router({}, {"peerAddress": "192.0.2.2/32", **tagged}))
    assert [entry["name"] for entry in found["advertisements"]] == ["services", "services-2"]
    assert [(peer["address"], peer["advertise"]) for peer in found["peers"]] == [
        ("192.0.2.1", ["services"]),
        ("192.0.2.2", ["services-2"]),
    ]


def test_virtual_routers_of_one_as_are_merged_and_keep_their_announcements_apart():
    """Cilium takes no two of them; whoever has them has had no sessions."""
    found = options(router(), router({"peerAddress": "192.0.2.2/32"}, serviceSelector=PUBLIC))
    assert found["local_asn"] == 65010
    assert [(peer["address"], peer["advertise"]) for peer in found["peers"]] == [
        ("192.0.2.1", ["services"]),
        ("192.0.2.2", ["services-2"]),
    ]


def test_a_neighbor_in_two_virtual_routers_of_one_as_gets_what_both_announce():
    found = options(router(), router(serviceSelector=None, exportPodCIDR=True))
    assert found["peers"] == [PEER]
    assert [entry["name"] for entry in found["advertisements"]] == ["services", "pod-cidr"]


def annotated(said, asn=65010, name="n1"):
    annotations = {f"cilium.io/bgp-virtual-router.{asn}": said}
    return {"metadata": {"name": name, "labels": {"rack": "0"}, "annotations": annotations}}


@pytest.mark.parametrize(
    ("node", "overrides"),
    [
        (annotated("router-id=192.0.2.11"), [{"node": "n1", "router_id": "192.0.2.11"}]),
        (
            annotated("router-id=192.0.2.11,local-port=1790"),
            [{"node": "n1", "router_id": "192.0.2.11", "local_port": 1790}],
        ),
        (annotated("local-port=0"), []),
        (annotated("router-id=192.0.2.11", asn=65099), []),
        (annotated(""), []),
    ],
)
def test_annotations_of_nodes(node, overrides):
    assert options(router(), nodes=[node])["node_overrides"] == overrides


def test_only_nodes_that_are_selected_count():
    rack = {"matchLabels": {"rack": "1"}}
    found = options(router(), nodes=[annotated("router-id=192.0.2.11"), NODES[1]], nodeSelector=rack)
    assert (found["node_selector"], found["node_overrides"]) == (rack, [])


def attributed(**entry):
    return {"advertisedPathAttributes": [{"communities": TAGGED, **entry}]}


@pytest.mark.parametrize(
    ("routers", "place", "what"),
    [
        ([router(), router(localASN=65011)], "virtualRouters of AS 65011", "has one local AS"),
        ([router({"peerPort": 1790})], "virtualRouters[0].neighbors[0].peerPort", "listens on port 1790"),
        (
            [router({"families": [{"afi": "ipv4", "safi": "unicast"}, {"afi": "l2vpn", "safi": "evpn"}]})],
            "virtualRouters[0].neighbors[0].families",
            "no routes of l2vpn/evpn",
        ),
        (
            [router(attributed(selectorType="CiliumLoadBalancerIPPool", selector=PUBLIC))],
            "virtualRouters[0].neighbors[0].advertisedPathAttributes[0]",
            "it is for pools by their labels",
        ),
        (
            [router(attributed(selectorType="PodCIDR", selector=PUBLIC), exportPodCIDR=True)],
            "virtualRouters[0].neighbors[0].advertisedPathAttributes[0]",
            "it is for nodes",
        ),
        (
            [router(attributed(selectorType="CiliumPodIPPool", selector=PUBLIC), podIPPoolSelector=EVERYTHING)],
            "virtualRouters[0].neighbors[0].advertisedPathAttributes[0]",
            "it is for some of the pools",
        ),
        (
            [router(), router({"holdTimeSeconds": 180})],
            "virtualRouters[1].neighbors[0]",
            "192.0.2.1 (AS 65000) is there twice, with other settings",
        ),
        (
            [
                router(
                    {
                        "peerASN": 65010,
                        "advertisedPathAttributes": [
                            {"selectorType": "CiliumLoadBalancerIPPool", "localPreference": 1},
                            {"selectorType": "CiliumLoadBalancerIPPool", "selector": {}, "localPreference": 2},
                        ],
                    }
                )
            ],
            "virtualRouters[0].neighbors[0].advertisedPathAttributes[1].localPreference",
            "there are two",
        ),
        ([router(serviceSelector=None)], "virtualRouters", "it announces nothing"),
    ],
)
def test_what_has_no_equivalent_is_named(routers, place, what):
    (loss,) = translate(legacy(*routers), NODES).losses
    assert loss.where == f"CiliumBGPPeeringPolicy old, {place}"
    assert what in loss.what
    assert loss.remedy


@pytest.mark.parametrize(
    ("neighbor", "changes", "what"),
    [
        ({"peerASN": 65010, "eBGPMultihopTTL": 4}, {}, "sessions inside an AS ignore it"),
        (attributed(selectorType="PodCIDR"), {}, "nothing of PodCIDR is announced"),
        (attributed(selectorType="CiliumPodIPPool"), {}, "nothing of CiliumPodIPPool is announced"),
        (
            attributed(selectorType="CiliumLoadBalancerIPPool"),
            {"serviceAdvertisements": ["ClusterIP"]},
            "nothing of CiliumLoadBalancerIPPool is announced",
        ),
        (
            attributed(selectorType="CiliumLoadBalancerIPPool", localPreference=5),
            {},
            "it is never sent to another AS",
        ),
    ],
)
def test_what_never_had_an_effect_is_named_too(neighbor, changes, what):
    translation = translate(legacy(router(neighbor, **changes)), NODES)
    assert [what in problem.what for problem in translation.idle] == [True]
    assert translation.losses == ()


@pytest.mark.parametrize(
    ("said", "losses", "idle"),
    [("local-port=many", ["'many' is no port"], []), ("speed=9", [], ["Cilium knows no 'speed'"])],
)
def test_an_annotation_that_cannot_be_read(said, losses, idle):
    translation = translate(legacy(router()), [annotated(said)])
    assert [problem.what for problem in translation.losses] == losses
    assert [problem.what for problem in translation.idle] == idle
