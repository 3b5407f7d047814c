# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_answer import await_answer, describe
from fake_kubernetes import Clock, FakeKubernetes

KINDS, LEGACY = Kinds("v2"), Kinds("legacy")
SERVED = {"cilium.io/v2": KINDS.plurals}
POLICY = {
    "kind": "CiliumBGPClusterConfig",
    "metadata": {"name": "home"},
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
}
PEER_CONFIG = {
    "kind": "CiliumBGPPeerConfig",
    "metadata": {"name": "home.router"},
    "spec": {
        "authSecretRef": "home.secret",
        "families": [{"afi": "ipv4", "advertisements": {"matchLabels": {"a": "b"}}}],
    },
    "status": {
        "conditions": [
            {"type": "cilium.io/MissingAuthSecret", "status": "True", "message": "why"},
            {"type": "cilium.io/Other", "status": "False"},
        ]
    },
}
ADVERTISEMENT = {
    "kind": "CiliumBGPAdvertisement",
    "metadata": {"name": "home.services", "labels": {"a": "b"}},
    "spec": {
        "advertisements": [
            {"advertisementType": "Service", "service": {"addresses": ["LoadBalancerIP"]}, "selector": {}},
        ]
    },
}
POOL = {
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "default", "labels": {"app.kubernetes.io/managed-by": "homeops.cluster"}},
    "spec": {"blocks": [{"cidr": "198.51.100.0/26"}]},
    "status": {
        "conditions": [
            {"type": "cilium.io/IPsTotal", "status": "Unknown", "message": "62"},
            # Cilium counts the first and last address of a block as used when it gives them to nobody.
            {"type": "cilium.io/IPsUsed", "status": "Unknown", "message": "3"},
            {"type": "cilium.io/IPsAvailable", "status": "Unknown", "message": "61"},
            {"type": "cilium.io/PoolConflict", "status": "False"},
        ]
    },
}


def node(name, ready="True", **labels):
    conditions = [{"type": "Ready", "status": ready}]
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": {"conditions": conditions}}


def agent(name, ready="True"):
    return {
        "kind": "Pod",
        "metadata": {"name": f"cilium-{name}", "namespace": "kube-system", "labels": {"k8s-app": "cilium"}},
        "spec": {"nodeName": name},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def node_config(name, state="established"):
    peer = {
        "name": "router",
        "peeringState": state,
        "routeCount": [{"afi": "ipv4", "safi": "unicast", "advertised": 2}],
    }
    return {
        "kind": "CiliumBGPNodeConfig",
        "metadata": {"name": name, "ownerReferences": [{"kind": "CiliumBGPClusterConfig", "name": "home"}]},
        "status": {"bgpInstances": [{"name": "instance-65010", "localASN": 65010, "peers": [peer]}]},
    }


def service(name, *addresses, kind="LoadBalancer", **spec):
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind, **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]} if addresses else {}},
    }


WORLD = [
    node("n1"),
    agent("n1"),
    node_config("n1"),
    POLICY,
    PEER_CONFIG,
    ADVERTISEMENT,
    POOL,
    service("demo", "198.51.100.1"),
    service("elsewhere", "203.0.113.1"),
    service("internal", kind="ClusterIP"),
]


def test_the_whole_answer_takes_one_request_for_each_kind():
    cluster = FakeKubernetes(SERVED, WORLD)
    quiet = {"class": "", "announced": True, "kept_out": False, "peers": ["192.0.2.1"], "local": False}
    quiet.update({"endpoints": [], "pools": ["default"], "requested": [], "reason": "", "message": ""})
    assert describe(cluster) == {
        "api": "v2",
        "nodes": [
            {
                "name": "n1",
                "ready": True,
                "agent": True,
                "established": True,
                "policy": "home",
                "policies": ["home"],
                "legacy_policies": [],
                "peers": [
                    {
                        "policy": "home",
                        "name": "router",
                        "address": "192.0.2.1",
                        "asn": 65000,
                        "local_asn": 65010,
                        "state": "established",
                        "established": True,
                        "received": 0,
                        "advertised": 2,
                        "configuration": "home.router",
                        "configuration_missing": False,
                        "secret": "home.secret",
                        "secret_missing": True,
                    }
                ],
            }
        ],
        "policies": [{"name": "home", "node_selector": {}, "peers": ["192.0.2.1"]}],
        "conditions": [
            {"kind": "CiliumBGPPeerConfig", "name": "home.router", "type": "MissingAuthSecret", "message": "why"}
        ],
        "advertisements": [
            {
                "name": "home.services",
                "type": "Service",
                "addresses": ["LoadBalancerIP"],
                "peers": ["192.0.2.1"],
                "selects": True,
            }
        ],
        "services": [
            {"name": "demo", "namespace": "default", "addresses": ["198.51.100.1"], **quiet},
            {"name": "elsewhere", "namespace": "default", "addresses": ["203.0.113.1"], **quiet},
        ],
        "pools": [
            {
                "name": "default",
                "managed": True,
                "blocks": [{"cidr": "198.51.100.0/26"}],
                "selector": {},
                "disabled": False,
                "total": 62,
                "used": 1,
                "available": 61,
                "conflict": "",
            }
        ],
        "routes": {"192.0.2.1": ["198.51.100.1"]},
    }
    assert len(cluster.requests) == len(set(cluster.requests)) == 10


def test_endpoints_are_asked_for_only_if_a_service_needs_them_on_a_node():
    slice_ = {
        "kind": "EndpointSlice",
        "metadata": {"name": "s", "namespace": "default", "labels": {"kubernetes.io/service-name": "local"}},
        "endpoints": [{"nodeName": "n1"}, {"nodeName": "n2", "conditions": {"ready": False}}],
    }
    cluster = FakeKubernetes(SERVED, [*WORLD, slice_, service("local", "198.51.100.2", externalTrafficPolicy="Local")])
    found = {entry["name"]: entry for entry in describe(cluster)["services"]}
    assert (found["local"]["local"], found["local"]["endpoints"]) == (True, ["n1"])
    assert ("list", "EndpointSlice") in cluster.requests


def test_legacy_policies_are_the_sessions_of_an_old_cilium():
    policy = {
        "kind": "CiliumBGPPeeringPolicy",
        "metadata": {"name": "old"},
        "spec": {
            "virtualRouters": [
                {
                    "localASN": 65010,
                    "serviceSelector": {},
                    "neighbors": [{"peerAddress": "192.0.2.1/32", "peerASN": 65000}],
                }
            ]
        },
    }
    served = {"cilium.io/v2alpha1": {*LEGACY.plurals, "ciliumbgpnodeconfigs"}}
    answer = describe(FakeKubernetes(served, [node("n1"), agent("n1"), policy, POOL, service("demo", "198.51.100.1")]))
    assert answer["api"] == "legacy"
    assert answer["policies"] == [{"name": "old", "node_selector": {}, "peers": ["192.0.2.1"]}]
    assert answer["nodes"][0]["legacy_policies"] == ["old"]
    assert [peer["state"] for peer in answer["nodes"][0]["peers"]] == ["unknown"]
    assert answer["routes"] == {"192.0.2.1": ["198.51.100.1"]}


def test_a_legacy_policy_beside_the_others_is_seen():
    policy = {"kind": "CiliumBGPPeeringPolicy", "metadata": {"name": "old"}, "spec": {"virtualRouters": []}}
    answer = describe(FakeKubernetes(SERVED, [*WORLD, policy]))
    assert (answer["api"], answer["nodes"][0]["legacy_policies"]) == ("v2", ["old"])


def test_a_cluster_without_cilium_has_nodes():
    answer = describe(FakeKubernetes(objects=[node("n1", "False")]))
    assert answer["api"] == ""
    assert [(entry["name"], entry["ready"], entry["agent"], entry["peers"]) for entry in answer["nodes"]] == [
        ("n1", False, False, [])
    ]
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
