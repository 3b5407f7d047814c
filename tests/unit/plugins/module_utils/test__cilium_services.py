# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_services
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import Session

NOT_NEVER = {"matchExpressions": [{"key": "homeops.cluster/bgp", "operator": "NotIn", "values": ["never"]}]}
SESSION = Session("n1", "home", "router", "192.0.2.1", 65000, 65010, configuration="home.router")


def advertisement(*entries, **labels):
    return {"metadata": {"name": "home.services", "labels": labels}, "spec": {"advertisements": list(entries)}}


def entry(selector, *addresses):
    return {"advertisementType": "Service", "service": {"addresses": list(addresses)}, "selector": selector}


def peer_config(selector, name="home.router"):
    families = [{"afi": "ipv4", "safi": "unicast", "advertisements": selector}]
    return {"metadata": {"name": name}, "spec": {"families": families}}


@pytest.mark.parametrize(
    ("selector", "labels", "peers"),
    [
        pytest.param({"matchLabels": {"a": "b"}}, {"a": "b"}, {"192.0.2.1"}, id="selected by its label"),
        pytest.param({"matchLabels": {"a": "b"}}, {}, set(), id="the label is gone"),
        pytest.param({}, {}, {"192.0.2.1"}, id="empty selects all"),
        pytest.param(None, {}, set(), id="a family without a selector announces nothing"),
    ],
)
def test_an_advertisement_is_for_the_peers_whose_configuration_selects_it(selector, labels, peers):
    found = _cilium_services.offers(
        [advertisement(entry(NOT_NEVER, "LoadBalancerIP"), **labels)],
        [peer_config(selector), peer_config({}, "of-nobody")],
        [SESSION],
    )
    assert [offer.peers for offer in found] == [peers]


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
    offers = _cilium_services.offers(
        [advertisement({"advertisementType": "PodCIDR"}, entry(selector, *addresses))], [peer_config({})], [SESSION]
    )
    [found] = _cilium_services.services([service(labels, loadBalancerClass=service_class)], offers, [], {})
    assert (found["announced"], found["peers"]) == (announced, ["192.0.2.1"] if announced else [])


def service(labels=None, annotations=None, conditions=(), **spec):
    return {
        "metadata": {"name": "demo", "namespace": "default", "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"conditions": list(conditions), "loadBalancer": {}},
    }


def only(item, pools=()):
    [found] = _cilium_services.services([item], [], list(pools), {})
    return found


@pytest.mark.parametrize(
    ("annotations", "spec", "requested"),
    [
        ({}, {}, []),
        ({"lbipam.cilium.io/ips": "198.51.100.1, 198.51.100.2"}, {}, ["198.51.100.1", "198.51.100.2"]),
        ({"io.cilium/lb-ipam-ips": "198.51.100.3"}, {"loadBalancerIP": "198.51.100.4"}, ["198.51.100.3"]),
        ({}, {"loadBalancerIP": "198.51.100.4"}, ["198.51.100.4"]),
    ],
)
def test_a_service_may_ask_for_addresses(annotations, spec, requested):
    assert only(service(annotations=annotations, **spec))["requested"] == requested


@pytest.mark.parametrize("name", ["cilium.io/IPAMRequestSatisfied", "io.cilium/lb-ipam-request-satisfied"])
@pytest.mark.parametrize(("status", "expected"), [("False", ("out_of_ips", "none left")), ("True", ("", ""))])
def test_cilium_says_why_a_service_has_no_address(name, status, expected):
    condition = {"type": name, "status": status, "reason": "out_of_ips", "message": "none left"}
    found = only(service(conditions=[condition]))
    assert (found["reason"], found["message"]) == expected


def test_the_pools_of_a_service_are_those_that_select_it():
    pools = [
        {"metadata": {"name": "any"}, "spec": {}},
        {"metadata": {"name": "its"}, "spec": {"serviceSelector": {"matchLabels": {"pool": "its"}}}},
        {"metadata": {"name": "other"}, "spec": {"serviceSelector": {"matchLabels": {"pool": "other"}}}},
    ]
    assert only(service({"pool": "its"}), pools)["pools"] == ["any", "its"]


def test_a_virtual_router_of_old_tells_all_its_neighbours_the_same():
    policy = {
        "metadata": {"name": "old"},
        "spec": {"virtualRouters": [{"neighbors": [{"peerAddress": "192.0.2.1/32"}, {"peerAddress": "192.0.2.2/32"}]}]},
    }
    [offer] = _cilium_services.legacy_offers([policy])
    assert offer.peers == {"192.0.2.1", "192.0.2.2"}
    assert offer.addresses == ("LoadBalancerIP",)
    assert not offer.announces({}), "without a serviceSelector nothing is announced"


@pytest.mark.parametrize(
    ("entries", "nodes"),
    [
        ([{"nodeName": "a", "conditions": {"ready": True}}], {"a"}),
        ([{"nodeName": "a", "conditions": {"ready": False}}, {"nodeName": "b"}], {"b"}),
        ([{"conditions": {"ready": True}}], set()),
    ],
)
def test_which_nodes_have_a_ready_endpoint(entries, nodes):
    labels = {"kubernetes.io/service-name": "demo"}
    slices = [
        {"metadata": {"namespace": "default", "labels": labels}, "endpoints": entries},
        {"metadata": {"namespace": "default", "labels": labels}, "endpoints": None},
    ]
    assert _cilium_services.endpoint_nodes(slices).get(("default", "demo"), set()) == nodes


@pytest.mark.parametrize(
    ("block", "used"),
    [
        ({"cidr": "198.51.100.0/29"}, 1),
        ({"start": "198.51.100.8"}, 1),
        ({"start": "198.51.100.1", "stop": "198.51.100.8"}, 2),
        ({"cidr": "2001:db8::/64"}, 1),
        ({"start": "203.0.113.1", "stop": "203.0.113.9"}, 0),
    ],
)
def test_a_pool_is_used_by_services_with_addresses_from_it(block, used):
    pool = {"metadata": {"name": "p"}, "spec": {"blocks": [block]}}
    [found] = _cilium_services.pool_answers([pool], {"198.51.100.1", "198.51.100.8", "2001:db8::1"})
    assert found["used"] == used


def test_a_pool_that_is_not_used_says_why():
    conditions = [{"type": "cilium.io/PoolConflict", "status": "True", "message": "overlaps"}]
    pool = {"metadata": {"name": "p"}, "spec": {"disabled": True}, "status": {"conditions": conditions}}
    [found] = _cilium_services.pool_answers([pool], set())
    assert (found["conflict"], found["disabled"], found["managed"]) == ("overlaps", True, False)


POOL = {"metadata": {"name": "p"}, "spec": {"blocks": [{"cidr": "198.51.100.0/26"}]}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, {"192.0.2.1": ["198.51.100.1"]}),
        ({"addresses": ["203.0.113.1"]}, {}),
        ({"local": True, "endpoints": ["n1"]}, {"192.0.2.1": ["198.51.100.1"]}),
        ({"local": True}, {}),
        ({"peers": []}, {}),
    ],
    ids=["announced", "somebody else's address", "with an endpoint", "without an endpoint", "not announced"],
)
def test_the_routes_that_a_router_should_have(found, expected):
    quiet = {"addresses": ["198.51.100.1"], "peers": ["192.0.2.1"], "local": False, "endpoints": []}
    assert _cilium_services.routes([{**quiet, **found}], [POOL]) == expected
