# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    EVERY_SERVICE,
    Advertisement,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_l2_announcements import announced

PUBLIC = {"matchLabels": {"exposure": "public"}}
BOTH = {"loadBalancerIPs": True, "externalIPs": True}
POOLS = [
    {"metadata": {"name": "default"}, "spec": {"blocks": [{"cidr": "198.51.100.0/26"}]}},
    {"metadata": {"name": "ingress"}, "spec": {"blocks": [{"start": "198.51.100.64", "stop": "198.51.100.79"}]}},
]


def policy(**spec):
    return {"metadata": {"name": "lan"}, "spec": {"loadBalancerIPs": True, **spec}}


def service(name="web", address="198.51.100.1", labels=None, **spec):
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": labels or {}},
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def entry(name="web", address="198.51.100.1", **more):
    return {"namespace": "shop", "name": name, "address": address, **more}


def test_pool_by_pool():
    services = [service(), service("edge", "198.51.100.64"), service("own", "203.0.113.9")]
    assert announced([policy()], services, POOLS, [EVERY_SERVICE]) == [
        {
            "name": "lan",
            "routes": ["198.51.100.1/32", "198.51.100.64/32", "203.0.113.9/32"],
            "pools": [
                {"name": "", "services": [entry("own", "203.0.113.9")]},
                {"name": "default", "services": [entry()]},
                {"name": "ingress", "services": [entry("edge", "198.51.100.64")]},
            ],
            "missing": [],
            "replaced": True,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "spec", "addresses"),
    [
        ({}, {}, ["198.51.100.1"]),
        ({}, {"loadBalancerIPs": False}, []),
        ({}, {"loadBalancerIPs": None}, []),
        ({"externalIPs": ["203.0.113.5"]}, {}, ["198.51.100.1"]),
        ({"externalIPs": ["203.0.113.5"]}, BOTH, ["203.0.113.5", "198.51.100.1"]),
        ({"loadBalancerClass": "io.cilium/l2-announcer"}, {}, ["198.51.100.1"]),
        ({"loadBalancerClass": "io.cilium/bgp-control-plane"}, {}, []),
        ({}, {"serviceSelector": PUBLIC}, []),
        ({"labels": {"exposure": "public"}}, {"serviceSelector": PUBLIC}, ["198.51.100.1"]),
        ({}, {"serviceSelector": {"matchLabels": {"io.kubernetes.service.name": "web"}}}, ["198.51.100.1"]),
        ({"type": "ClusterIP"}, {}, []),
    ],
)
def test_what_a_policy_announces(changes, spec, addresses):
    (found,) = announced([policy(**spec)], [service(**changes)], POOLS, [EVERY_SERVICE])
    assert [held["address"] for pool in found["pools"] for held in pool["services"]] == addresses


@pytest.mark.parametrize(
    ("changes", "advertisements", "reason"),
    [
        ({"loadBalancerClass": "io.cilium/l2-announcer"}, [EVERY_SERVICE], "its loadBalancerClass is for L2 only"),
        ({"labels": {"homeops.cluster/bgp": "never"}}, [EVERY_SERVICE], "no advertisement selects it"),
        ({}, [Advertisement("public", selector=PUBLIC)], "no advertisement selects it"),
        ({}, [Advertisement("pods", type="pod_cidr")], "no advertisement selects it"),
        ({}, [Advertisement("inside", addresses=("ClusterIP",))], "no advertisement announces its LoadBalancerIP"),
    ],
)
def test_what_bgp_leaves_out_is_named_and_the_policy_may_not_go(changes, advertisements, reason):
    (found,) = announced([policy()], [service(**changes)], POOLS, advertisements)
    assert [(missing["name"], missing["reason"].startswith(reason)) for missing in found["missing"]] == [("web", True)]
    assert found["replaced"] is False


def test_a_policy_that_announces_nothing_may_go():
    assert [found["replaced"] for found in announced([policy()], [], POOLS, [EVERY_SERVICE])] == [True]


def node(address):
    return {"metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": address}]}}


@pytest.mark.parametrize(
    ("nodes", "address", "replaced"),
    [
        ([node("192.0.2.11")], "192.0.2.200", False),
        ([node("192.0.2.11")], "198.51.100.1", True),
        ([node("2001:db8::11")], "2001:db8::200", False),
        ([node("2001:db8::11")], "2001:db8:1::200", True),
        ([node("192.0.2.11")], "2001:db8::200", True),
        ([{"metadata": {"name": "n1"}}], "192.0.2.200", True),
    ],
)
def test_an_address_of_the_network_of_the_nodes_is_found_by_arp_alone(nodes, address, replaced):
    """A route on the router helps nobody on that network, as nobody there asks the router."""
    (found,) = announced([policy()], [service(address=address)], POOLS, [EVERY_SERVICE], nodes)
    assert (found["replaced"], ["by ARP" in entry["reason"] for entry in found["missing"]]) == (
        replaced,
        [] if replaced else [True],
    )
