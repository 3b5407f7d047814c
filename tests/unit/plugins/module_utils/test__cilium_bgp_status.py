# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import (
    await_answer,
    await_established,
    describe,
    selects,
    sessions,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import Clock, FakeKubernetes

KINDS = Kinds("v2")
SERVED = {"cilium.io/v2": KINDS.plurals}
POLICY = {
    "kind": "CiliumBGPClusterConfig",
    "metadata": {"name": "home"},
    "spec": {
        "bgpInstances": [
            {
                "name": "instance-65010",
                "localASN": 65010,
                "peers": [{"name": "router", "peerAddress": "192.0.2.1", "peerASN": 65000}],
            }
        ]
    },
}


def node(name, ready="True", **labels):
    conditions = [{"type": "Ready", "status": ready}]
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": {"conditions": conditions}}


def node_config(name, state="established", advertised=2):
    peer = {"name": "router", "routeCount": [{"afi": "ipv4", "safi": "unicast", "advertised": advertised}]}
    if state:
        peer["peeringState"] = state
    status = {"bgpInstances": [{"name": "instance-65010", "localASN": 65010, "peers": [peer]}]}
    return {"kind": "CiliumBGPNodeConfig", "metadata": {"name": name}, "status": status}


def service(name, *addresses, kind="LoadBalancer"):
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind},
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]} if addresses else {}},
    }


def complaint(item, name):
    conditions = [
        {"type": f"cilium.io/{name}", "status": "True", "message": "why"},
        {"type": "cilium.io/Other", "status": "False"},
    ]
    return {**item, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        ([node_config("n1")], [("established", True, 2)]),
        ([node_config("n1", "active", 0)], [("active", False, 0)]),
        ([node_config("n1", "")], [("unconfigured", False, 2)]),
        ([node_config("n2")], [("unconfigured", False, 0)]),
        ([{"metadata": {"name": "n1"}}], [("unconfigured", False, 0)]),
    ],
)
def test_a_session_is_as_its_node_reports_it(configs, expected):
    found = sessions([node("n1")], [POLICY], configs)
    assert [(entry.state, entry.established, entry.advertised) for entry in found] == expected


def test_only_selected_nodes_should_peer():
    policy = {**POLICY, "spec": {**POLICY["spec"], "nodeSelector": {"matchLabels": {"bgp": "yes"}}}}
    found = sessions([node("n1"), node("n2", bgp="yes")], [policy], [])
    assert [entry.node for entry in found] == ["n2"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchLabels": {"b": "1"}}, False),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "In", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)
def test_selectors(selector, expected):
    assert selects(selector, {"a": "1"}) is expected


def test_established_sessions_are_waited_for():
    cluster = FakeKubernetes(objects=[node("n1"), node_config("n1", "active")])
    clock = Clock(lambda: cluster._store(node_config("n1")))
    found = await_established(cluster, KINDS, [POLICY], 10, **clock.arguments)
    assert [entry.established for entry in found] == [True]
    assert clock.time == 2


def test_every_session_that_does_not_come_up_is_named():
    cluster = FakeKubernetes(objects=[node("n1"), node("n2"), node("n3"), node_config("n1"), node_config("n2", "idle")])
    with pytest.raises(ClusterError) as caught:
        await_established(cluster, KINDS, [POLICY], 4, **Clock().arguments)
    assert [problem.where for problem in caught.value.problems] == [
        "node n2, peer router (192.0.2.1, AS 65000)",
        "node n3, peer router (192.0.2.1, AS 65000)",
    ]
    assert "is idle after 4 s" in str(caught.value)


def test_no_node_to_peer_is_an_error():
    with pytest.raises(ClusterError, match="selects no node"):
        await_established(FakeKubernetes(), KINDS, [POLICY], 0, **Clock().arguments)


def test_the_whole_answer():
    pool_status = [
        {"type": "cilium.io/IPsTotal", "status": "Unknown", "message": "62"},
        # Cilium counts the first and last address of a block as used when it gives them to nobody.
        {"type": "cilium.io/IPsUsed", "status": "Unknown", "message": "3"},
        {"type": "cilium.io/IPsAvailable", "status": "Unknown", "message": "61"},
        {"type": "cilium.io/PoolConflict", "status": "False"},
    ]
    pool = {
        "kind": "CiliumLoadBalancerIPPool",
        "metadata": {"name": "default", "labels": {"app.kubernetes.io/managed-by": "homeops.cluster"}},
        "spec": {"blocks": [{"cidr": "198.51.100.0/26"}]},
        "status": {"conditions": pool_status},
    }
    clash = {
        "kind": "CiliumLoadBalancerIPPool",
        "metadata": {"name": "theirs"},
        "spec": {"disabled": True, "blocks": [{"start": "198.51.100.7"}]},
        "status": {"conditions": [{"type": "cilium.io/PoolConflict", "status": "True", "message": "overlaps"}]},
    }
    peer_config = complaint({"kind": "CiliumBGPPeerConfig", "metadata": {"name": "home.router"}}, "MissingAuthSecret")
    cluster = FakeKubernetes(
        SERVED,
        [
            node("n1"),
            node("n2", "False"),
            node_config("n1"),
            complaint(POLICY, "NoMatchingNode"),
            peer_config,
            service("demo", "198.51.100.1"),
            service("pending"),
            service("internal", kind="ClusterIP"),
            pool,
            clash,
        ],
    )
    router = {
        "policy": "home",
        "name": "router",
        "address": "192.0.2.1",
        "asn": 65000,
        "local_asn": 65010,
        "received": 0,
    }
    assert describe(cluster) == {
        "api": "v2",
        "nodes": [
            {
                "name": "n1",
                "ready": True,
                "established": True,
                "peers": [{**router, "state": "established", "established": True, "advertised": 2}],
            },
            {
                "name": "n2",
                "ready": False,
                "established": False,
                "peers": [{**router, "state": "unconfigured", "established": False, "advertised": 0}],
            },
        ],
        "conditions": [
            {"kind": "CiliumBGPClusterConfig", "name": "home", "type": "NoMatchingNode", "message": "why"},
            {"kind": "CiliumBGPPeerConfig", "name": "home.router", "type": "MissingAuthSecret", "message": "why"},
        ],
        "services": [
            {"name": "demo", "namespace": "default", "class": "", "addresses": ["198.51.100.1"], "announced": False},
            {"name": "pending", "namespace": "default", "class": "", "addresses": [], "announced": False},
        ],
        "pools": [
            {
                "name": "default",
                "managed": True,
                "blocks": [{"cidr": "198.51.100.0/26"}],
                "disabled": False,
                "total": 62,
                "used": 1,
                "available": 61,
                "conflict": "",
            },
            {
                "name": "theirs",
                "managed": False,
                "blocks": [{"start": "198.51.100.7"}],
                "disabled": True,
                "total": 0,
                "used": 0,
                "available": 0,
                "conflict": "overlaps",
            },
        ],
    }
    assert len(cluster.requests) == 8


NOT_NEVER = {"matchExpressions": [{"key": "homeops.cluster/bgp", "operator": "NotIn", "values": ["never"]}]}


@pytest.mark.parametrize(
    ("selector", "addresses", "labels", "service_class", "announced"),
    [
        pytest.param(NOT_NEVER, ["LoadBalancerIP"], {}, "", True, id="as this collection writes it"),
        pytest.param(NOT_NEVER, ["LoadBalancerIP"], {"homeops.cluster/bgp": "never"}, "", False, id="opted out"),
        pytest.param(NOT_NEVER, ["ClusterIP"], {}, "", False, id="other addresses"),
        pytest.param(None, ["LoadBalancerIP"], {}, "", False, id="no selector selects nothing"),
        pytest.param({}, ["LoadBalancerIP"], {}, "", True, id="an empty selector selects all"),
        pytest.param({"matchLabels": {"a": "b"}}, ["LoadBalancerIP"], {"a": "b"}, "", True, id="selected by a label"),
        pytest.param({"matchLabels": {"a": "b"}}, ["LoadBalancerIP"], {}, "", False, id="not selected"),
        pytest.param(
            {"matchLabels": {"io.kubernetes.service.name": "demo"}}, ["LoadBalancerIP"], {}, "", True, id="by its name"
        ),
        pytest.param(NOT_NEVER, ["LoadBalancerIP"], {}, "io.cilium/bgp-control-plane", True, id="class of BGP"),
        pytest.param(NOT_NEVER, ["LoadBalancerIP"], {}, "example.com/other", False, id="somebody else's class"),
    ],
)
def test_which_services_are_announced(selector, addresses, labels, service_class, announced):
    entry = {"advertisementType": "Service", "service": {"addresses": addresses}, "selector": selector}
    advertisement = {
        "kind": "CiliumBGPAdvertisement",
        "metadata": {"name": "home.services"},
        "spec": {"advertisements": [{"advertisementType": "PodCIDR"}, entry]},
    }
    demo = service("demo", "198.51.100.1")
    demo["metadata"]["labels"] = labels
    if service_class:
        demo["spec"]["loadBalancerClass"] = service_class
    [found] = describe(FakeKubernetes(SERVED, [advertisement, demo]))["services"]
    assert found["announced"] is announced


def test_a_cluster_without_cilium_has_nodes():
    answer = describe(FakeKubernetes(objects=[node("n1", "False")]))
    assert answer["api"] == ""
    assert answer["nodes"] == [{"name": "n1", "ready": False, "established": True, "peers": []}]
    assert answer["conditions"] == answer["services"] == answer["pools"] == []


@pytest.mark.parametrize(
    ("wait_for", "objects", "seconds"),
    [
        ("nodes", [node("n1")], 0),
        ("nodes", [node("n1"), node("n2", "Unknown")], 4),
        ("nodes", [], 4),
        ("nodes", [node("n1"), POLICY, node_config("n1", "idle")], 0),
        ("sessions", [node("n1"), POLICY, node_config("n1")], 0),
        ("sessions", [node("n1"), POLICY, node_config("n1", "idle")], 4),
        ("sessions", [node("n1")], 4),
    ],
)
def test_the_answer_comes_as_soon_as_it_is_fine_or_when_the_time_is_over(wait_for, objects, seconds):
    clock = Clock()
    answer = await_answer(FakeKubernetes(SERVED, objects), wait_for, 4, **clock.arguments)
    assert len(answer["nodes"]) == len([item for item in objects if item["kind"] == "Node"])
    assert clock.time == seconds


@pytest.mark.parametrize(
    ("block", "held"),
    [
        ({"cidr": "198.51.100.0/29"}, ["198.51.100.1"]),
        ({"start": "198.51.100.8"}, ["198.51.100.8"]),
        ({"start": "198.51.100.1", "stop": "198.51.100.8"}, ["198.51.100.1", "198.51.100.8"]),
        ({"cidr": "2001:db8::/64"}, ["2001:db8::1"]),
        ({"start": "203.0.113.1", "stop": "203.0.113.9"}, []),
    ],
)
def test_a_pool_is_used_by_services_with_addresses_from_it(block, held):
    addresses = ["198.51.100.1", "198.51.100.8", "2001:db8::1"]
    pool = {"kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "p"}, "spec": {"blocks": [block]}}
    services = [service(f"s{number}", address) for number, address in enumerate([*addresses, addresses[0]])]
    assert describe(FakeKubernetes(SERVED, [pool, *services]))["pools"][0]["used"] == len(held)
