# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One case for each fault: what everybody says then, and what it is called. The lower layer wins."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis import diagnose
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import by_peer
from bgp_world import NODES, ROUTER, World

BOTH = ("n1", "n2")
FAULTS = {}


def fault(code, *where, severity="critical", nodes=(), router="", services=(), prefixes=(), pool=""):
    """Registers how to break the world, and what has to come of it."""

    def register(break_):
        expected = {"nodes": nodes, "services": services, "prefixes": prefixes, "pool": pool}
        FAULTS[break_.__name__] = (break_, code, severity, {**expected, "router": router})
        return break_

    return register


@fault("node_missing", nodes=("n1",))
def a_node_never_joined(world):
    world.cluster["nodes"].remove(world.node())


@fault("node_address_missing", nodes=("n1",))
def a_node_has_another_address(world):
    world.down("n1")
    world.probes["n1"].update(has_address=False, addresses=["192.0.2.99"])


@fault("node_link_down", nodes=("n1",))
def a_link_is_down_and_the_node_therefore_not_ready(world):
    world.down("n1", tcp="unreachable", signed="unreachable")
    world.node()["ready"] = False
    world.probes["n1"]["link"]["up"] = False


@fault("node_not_ready", nodes=("n1",))
def a_node_is_not_ready(world):
    world.node()["ready"] = False


@fault("agent_not_ready", nodes=("n1",))
def ciliums_agent_is_gone(world):
    world.down("n1")
    world.node()["agent"] = False


@fault("node_not_asked", nodes=("n1",))
def a_node_that_is_down_answers_nobody(world):
    world.down("n1")
    world.node()["ready"] = False
    world.probes["n1"] = {"unreachable": True, "msg": "timed out"}


@fault("node_not_asked", nodes=("n1",), severity="warning")
def a_node_is_not_reached_by_ssh_and_nothing_else(world):
    world.probes["n1"] = {"unreachable": True}


@fault("router_unreachable", nodes=("n1",), router="udm")
def a_node_has_no_route_to_the_router(world):
    world.down("n1", tcp="unreachable", signed="unreachable")
    world.call().update(ping=False, route=False)


@fault("router_unreachable", nodes=("n1",), router="udm")
def nobody_answers_at_the_routers_address(world):
    world.down("n1", tcp="timeout", signed="timeout")
    world.call().update(ping=False, neighbor="FAILED")


@fault("bgp_port_refused", nodes=("n1",), router="udm")
def a_firewall_rejects_calls(world):
    # The reset carries no signature, so that a signed call does not hear it.
    world.down("n1", tcp="refused", signed="timeout")


@fault("bgp_port_filtered", nodes=("n1",), router="udm")
def a_firewall_swallows_calls(world):
    world.down("n1", tcp="timeout", signed="timeout")


@fault("bgp_port_filtered", nodes=("n1",), router="udm")
def a_firewall_swallows_calls_and_the_router_does_not_know_the_node(world):
    world.down("n1", tcp="timeout", signed="timeout")
    world.router["peers"].remove(world.neighbor())


@fault("bgp_port_filtered", nodes=("n1",), router="udm")
def a_firewall_swallows_calls_without_a_password(world):
    world.expected["password"] = False
    world.neighbor("n1")["password"] = world.neighbor("n2")["password"] = False
    world.down("n1", tcp="timeout", signed="")


@fault("router_bgp_missing", router="udm")
def the_router_has_no_bgp(world):
    world.down(tcp="refused", signed="timeout")
    world.router.update(asn=0, peers=[], received=[], routes=[])


@fault("router_asn_wrong", router="udm")
def the_router_has_another_asn(world):
    world.down()
    world.router["asn"] = 65001


@fault("cluster_bgp_missing")
def cilium_runs_without_bgp(world):
    world.down()
    world.cluster["api"] = ""


@fault("legacy_policy_overrides", nodes=("n1",), router="udm")
def a_legacy_policy_wins(world):
    world.down("n1")
    world.node()["legacy_policies"] = ["old"]


@fault("node_label_missing", nodes=("n1",), router="udm")
def a_node_lost_its_label(world):
    world.down("n1")
    world.node().update(peers=[], policy="", policies=[])


@fault("policy_missing", nodes=BOTH, router="udm")
def the_policy_is_gone(world):
    world.down()
    world.cluster["policies"] = []
    for name in BOTH:
        world.node(name).update(peers=[], policy="", policies=[])


@fault("cluster_config_conflict", nodes=("n1",), router="udm")
def a_node_follows_somebody_elses_policy(world):
    world.down("n1", cluster="unconfigured")
    world.node().update(policy="theirs", policies=["home", "theirs"])


@fault("cluster_config_conflict", nodes=("n1",), severity="warning")
def somebody_elses_policy_is_ignored(world):
    world.node()["policies"] = ["home", "theirs"]


@fault("cluster_config_conflict", nodes=("n1",), router="udm")
def two_legacy_policies_select_a_node(world):
    world.cluster["api"] = "legacy"
    world.down("n1", cluster="unknown")
    world.node()["legacy_policies"] = ["home", "old"]


@fault("peer_missing", nodes=BOTH, router="udm")
def the_policy_does_not_name_the_router(world):
    world.down()
    world.cluster["policies"][0]["peers"] = []
    for name in BOTH:
        world.node(name)["peers"] = []


@fault("peer_config_missing", nodes=BOTH, router="udm")
def the_configuration_of_the_peer_is_gone(world):
    world.down(cluster="unconfigured")
    for name in BOTH:
        world.session(name)["configuration_missing"] = True


@fault("node_unexpected", nodes=("n3",), severity="warning")
def a_node_speaks_bgp_that_should_not(world):
    world.cluster["nodes"].append({**copy.deepcopy(world.node()), "name": "n3"})


@fault("cluster_asn_wrong", nodes=BOTH, router="udm")
def the_cluster_has_another_asn(world):
    world.down(cluster="idle")
    for name in BOTH:
        world.session(name)["local_asn"] = 65099


@fault("cluster_asn_wrong", nodes=BOTH, router="udm")
def the_cluster_expects_another_asn(world):
    world.down(cluster="idle")
    for name in BOTH:
        world.session(name)["asn"] = 65001


@fault("router_asn_wrong", nodes=BOTH, router="udm")
def the_router_expects_another_asn(world):
    world.down(cluster="idle")
    for name in BOTH:
        world.neighbor(name)["asn"] = 65011


@fault("router_asn_wrong", nodes=("n1",), router="udm")
def the_router_calls_itself_otherwise_to_one_node(world):
    world.down("n1", cluster="idle")
    world.neighbor()["local_asn"] = 64999


@fault("neighbor_missing", nodes=("n1",), router="udm")
def the_router_does_not_know_a_node(world):
    world.down("n1", signed="timeout")
    world.router["peers"].remove(world.neighbor())


@fault("neighbor_shutdown", nodes=("n1",), router="udm")
def somebody_shut_the_session_down(world):
    world.down("n1", router="Idle (Admin)", tcp="timeout")
    world.neighbor()["shutdown"] = True


@fault("password_secret_missing", nodes=BOTH, router="udm")
def the_secret_is_gone_and_the_session_is_up_without_a_password(world):
    for name in BOTH:
        world.session(name)["secret_missing"] = True
        world.neighbor(name)["password"] = False


@fault("password_secret_missing", nodes=BOTH, router="udm")
def the_secret_is_gone_and_nobody_has_said_so_yet(world):
    world.secrets["home.udm.bgp-auth"] = None


@fault("password_absent", nodes=BOTH, router="udm")
def the_cluster_has_no_password(world):
    world.down(tcp="timeout")
    for name in BOTH:
        world.session(name)["secret"] = ""


@fault("password_absent", nodes=BOTH, router="udm")
def the_router_has_no_password(world):
    world.down(signed="timeout")
    for name in BOTH:
        world.neighbor(name)["password"] = False


@fault("password_differs", nodes=BOTH, router="udm")
def the_secret_holds_another_password(world):
    world.down(tcp="timeout")
    world.secrets["home.udm.bgp-auth"] = False


@fault("password_differs", nodes=("n1",), router="udm")
def the_router_has_another_password_for_a_node(world):
    world.down("n1", tcp="timeout", signed="timeout")
    world.router["signature_failures"]["wrong"] = 2


@fault("password_differs", nodes=("n1",), router="udm")
def the_ends_differ_and_the_secret_could_not_be_read(world):
    world.secrets = {}
    world.down("n1", tcp="timeout")
    world.router["signature_failures"]["wrong"] = 2


@fault("password_differs", nodes=("n1",), router="udm")
def the_router_wants_a_password_that_the_description_does_not_have(world):
    world.expected["password"] = False
    world.neighbor("n2")["password"] = False
    world.down("n1", tcp="timeout", signed="")


@fault("status_stale", nodes=("n1",), router="udm")
def cilium_has_not_noticed_that_the_session_is_gone(world):
    world.down("n1", cluster="established", tcp="timeout")


@fault("status_stale", nodes=("n1",), router="udm", severity="warning")
def cilium_has_not_noticed_that_the_session_is_back(world):
    world.session()["state"] = "active"


@fault("session_down", nodes=("n1",), router="udm")
def nothing_tells_why(world):
    world.down("n1", tcp="timeout")


@fault("router_policy_missing", nodes=BOTH, router="udm")
def the_router_has_no_policy(world):
    world.router.update(received=[], routes=[])
    for name in BOTH:
        world.neighbor(name).update(policy=False, prefixes_received=0)


@fault("maximum_prefix_reached", nodes=("n1",), router="udm")
def a_node_announced_too_much(world):
    world.down("n1", router="Idle (PfxCt)", tcp="timeout")
    world.neighbor()["maximum_prefix_reached"] = True


@fault("maximum_prefix_reached", nodes=BOTH, router="udm")
def the_limit_was_lowered_and_the_router_has_not_hung_up_yet(world):
    world.serve("web", "198.51.100.2")
    for part in (*world.router["received"], *world.router["routes"]):
        part["prefixes"].append("198.51.100.2/32")
    for name in BOTH:
        world.neighbor(name).update(maximum_prefix=1, prefixes_received=2)


@fault("advertisement_selects_nothing")
def the_advertisement_is_gone(world):
    world.cluster["advertisements"] = []
    world.service.update(announced=False, peers=[])
    world.router.update(received=[], routes=[])


@fault("advertisement_selects_nothing")
def the_advertisement_has_no_selector(world):
    world.cluster["advertisements"][0]["selects"] = False
    world.service.update(announced=False, peers=[])
    world.router.update(received=[], routes=[])


@fault("advertisement_selects_nothing", severity="warning")
def the_advertisement_matches_no_service(world):
    world.service.update(announced=False, peers=[])
    world.router.update(received=[], routes=[])


@fault("pool_missing", pool="default")
def a_described_pool_is_gone_and_nobody_needs_it_yet(world):
    world.cluster.update(pools=[], services=[])
    world.router.update(received=[], routes=[])


@fault("pool_differs", pool="default")
def a_pool_has_other_addresses(world):
    world.pool["blocks"] = [{"cidr": "198.51.100.0/27"}]


@fault("pool_conflict", pool="theirs")
def somebodys_pool_overlaps(world):
    world.cluster["pools"].append({**copy.deepcopy(world.pool), "name": "theirs", "conflict": "overlaps default"})


def waiting(world, **more):
    world.serve("late", **more)


@fault("service_class_foreign", services=("default/late",), severity="warning")
def a_service_has_a_class_of_nobody(world):
    waiting(world, **{"class": "example.com/nobody", "announced": False, "peers": []})


@fault("address_unavailable", services=("default/late",))
def a_service_asks_for_what_it_cannot_have(world):
    waiting(world, requested=["203.0.113.1"], reason="no_pool")


@fault("pool_selects_not", services=("default/late",))
def no_pool_is_for_a_service(world):
    waiting(world, pools=[], reason="no_pool")


@fault("pool_disabled", services=("default/late",), pool="default")
def the_pool_is_disabled(world):
    world.pool["disabled"] = True
    waiting(world, reason="no_pool")


@fault("pool_exhausted", services=("default/late",), pool="default")
def the_pool_has_none_left(world):
    waiting(world, reason="out_of_ips")


@fault("pool_exhausted", services=("default/late",), pool="default")
def the_pool_has_none_left_and_an_old_cilium_does_not_say_so(world):
    world.pool["available"] = 0
    waiting(world)


@fault("address_pending", services=("default/late",), pool="default")
def a_service_has_no_address_for_no_known_reason(world):
    waiting(world)


@fault("endpoints_missing", services=("default/local",), severity="warning")
def a_local_service_has_no_endpoint(world):
    world.serve("local", "198.51.100.2", local=True)


@fault("prefix_filtered", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm")
def the_router_lets_a_prefix_not_in(world):
    world.router.update(received=[], routes=[], filtered={address: ["198.51.100.1/32"] for address in NODES.values()})


@fault("prefix_filtered", services=("default/odd",), prefixes=("203.0.113.1/32",), router="udm")
def a_pool_is_not_described_so_that_the_router_cannot_know_it(world):
    world.cluster["pools"].append({**copy.deepcopy(world.pool), "name": "odd", "blocks": [{"start": "203.0.113.1"}]})
    world.serve("odd", "203.0.113.1", pools=["odd"])


@fault("route_missing", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm", nodes=("n1",))
def one_node_does_not_announce_a_service(world):
    world.router["received"][0]["peers"] = [NODES["n2"]]


@fault("route_not_installed", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm")
def the_kernel_has_a_better_route(world):
    world.router["routes"][0].update(installed=False, next_hops=[])
    world.router["instead"] = {"198.51.100.1/32": {"protocol": "kernel", "next_hops": []}}


@fault("route_not_installed", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm")
def the_route_did_not_get_to_zebra(world):
    world.router["routes"] = []


@fault("route_elsewhere", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm")
def a_static_route_leads_elsewhere(world):
    world.router["routes"][0].update(installed=False, next_hops=[])
    world.router["instead"] = {"198.51.100.1/32": {"protocol": "static", "next_hops": ["192.0.2.99"]}}


@fault("route_elsewhere", services=("default/demo",), prefixes=("198.51.100.1/32",), router="udm")
def another_router_announces_it_better(world):
    world.router["routes"][0]["next_hops"] = ["192.0.2.99"]


@fault("route_unexpected", prefixes=("198.51.100.50/32",), router="udm", nodes=("n1",))
def a_node_announces_what_no_service_has(world):
    world.router["received"].append({"peers": [NODES["n1"]], "prefixes": ["198.51.100.50/32"]})


@fault("router_not_asked", router="udm", severity="warning")
def no_router_is_in_the_inventory(world):
    world.routers = {}


@fault("router_not_answering", router="udm", severity="error")
def the_router_is_not_reached(world):
    world.routers = {"udm": {"unreachable": True, "msg": "timed out"}}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_nothing_else(name):
    break_, code, severity, where = FAULTS[name]
    world = World()
    break_(world)
    found = diagnose(world.evidence)
    assert [(finding.code, finding.severity) for finding in found] == [(code, severity)]
    [finding] = found
    assert {key: getattr(finding, key) for key in where} == where
    assert finding.what
    assert finding.remedy


# Each with the one below it: what is lower is the answer.
RUNGS = [
    a_node_has_another_address,
    a_link_is_down_and_the_node_therefore_not_ready,
    ciliums_agent_is_gone,
    a_node_has_no_route_to_the_router,
    a_legacy_policy_wins,
    a_node_follows_somebody_elses_policy,
    the_configuration_of_the_peer_is_gone,
    the_cluster_has_another_asn,
    the_secret_is_gone_and_nobody_has_said_so_yet,
    somebody_shut_the_session_down,
    the_router_expects_another_asn,
    a_node_announced_too_much,
    the_router_has_no_policy,
    the_kernel_has_a_better_route,
]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [(lower, higher) for index, lower in enumerate(RUNGS) for higher in RUNGS[index + 1 :]],
    ids=lambda break_: break_.__name__,
)
def test_of_two_faults_of_a_node_the_lower_is_named(lower, higher):
    world = World()
    higher(world)
    lower(world)
    expected = FAULTS[lower.__name__][1]
    assert expected in {finding.code for finding in diagnose(world.evidence) if "n1" in finding.nodes}
    named = [finding.code for finding in diagnose(world.evidence) if "n1" in finding.nodes]
    assert named == [expected]


def nothing(_world):
    """As it is."""


def no_services(world):
    world.cluster.update(services=[], routes={})
    world.router.update(received=[], routes=[])


def no_advertisement_matters_without_services(world):
    no_services(world)
    world.pool.update(used=0, available=64)


def a_local_service_with_an_endpoint_on_one_node(world):
    world.serve("local", "198.51.100.2", local=True, endpoints=["n2"])
    world.router["received"].append({"peers": [NODES["n2"]], "prefixes": ["198.51.100.2/32"]})
    world.router["routes"].append({"installed": True, "next_hops": [NODES["n2"]], "prefixes": ["198.51.100.2/32"]})


def a_foreign_service_that_somebody_serves(world):
    world.serve("theirs", "203.0.113.9", **{"class": "example.com/other", "announced": False, "peers": [], "pools": []})


def a_service_without_a_class_that_somebody_else_serves(world):
    world.serve("theirs", "203.0.113.9", pools=[])


def a_service_that_is_kept_out(world):
    world.serve("private", "198.51.100.3", announced=False, kept_out=True, peers=[])


def all_services_are_kept_out(world):
    no_services(world)
    a_service_that_is_kept_out(world)


def fewer_ways_than_nodes(world):
    world.router["routes"][0]["next_hops"] = [NODES["n2"]]


def routes_of_others_on_the_same_router(world):
    world.router["received"].append({"peers": ["192.0.2.200"], "prefixes": ["203.0.113.0/24"]})
    world.router["routes"].append({"installed": True, "next_hops": ["192.0.2.200"], "prefixes": ["203.0.113.0/24"]})


def pod_networks_are_announced_too(world):
    world.cluster["advertisements"].append(
        {"name": "pods", "type": "PodCIDR", "addresses": [], "peers": [ROUTER], "selects": True}
    )
    world.router["received"].append({"peers": [NODES["n1"]], "prefixes": ["10.42.0.0/24"]})


def the_peers_asn_is_left_to_the_peer(world):
    for name in BOTH:
        world.session(name)["asn"] = 0


def no_password_anywhere(world):
    world.expected["password"] = False
    world.secrets = {}
    for name in BOTH:
        world.session(name)["secret"] = ""
        world.neighbor(name)["password"] = False


def nodes_that_are_known_by_a_range(world):
    world.router["listen_ranges"] = ["192.0.2.0/24"]


def an_old_cilium_that_tells_no_state(world):
    world.cluster["api"] = "legacy"
    for name in BOTH:
        world.node(name).update(policy="", policies=[], legacy_policies=["home"])
        world.session(name).update(state="unknown", established=False, configuration="")


def a_node_that_takes_no_part(world):
    world.expected["nodes"] = world.expected["nodes"][1:]
    world.node().update(peers=[], policy="", policies=[])
    world.router["peers"].remove(world.neighbor())
    world.router["received"][0]["peers"] = world.router["routes"][0]["next_hops"] = [NODES["n2"]]


def nobody_asked_the_nodes(world):
    world.probes = {}


def ipv6(world):
    world.expected["pools"].append({"name": "six", "start": "2001:db8::1", "stop": "2001:db8::ff"})
    world.cluster["pools"].append(
        {**copy.deepcopy(world.pool), "name": "six", "blocks": [{"start": "2001:db8::1", "stop": "2001:db8::ff"}]}
    )
    world.serve("six", "2001:db8::1", pools=["six"])
    world.router["received"].append({"peers": list(NODES.values()), "prefixes": ["2001:db8::1/128"]})
    world.router["routes"].append({"installed": True, "next_hops": ["fe80::1"], "prefixes": ["2001:db8::1/128"]})


@pytest.mark.parametrize(
    "variant",
    [
        nothing,
        no_services,
        no_advertisement_matters_without_services,
        a_local_service_with_an_endpoint_on_one_node,
        a_foreign_service_that_somebody_serves,
        a_service_without_a_class_that_somebody_else_serves,
        a_service_that_is_kept_out,
        all_services_are_kept_out,
        fewer_ways_than_nodes,
        routes_of_others_on_the_same_router,
        pod_networks_are_announced_too,
        the_peers_asn_is_left_to_the_peer,
        no_password_anywhere,
        nodes_that_are_known_by_a_range,
        an_old_cilium_that_tells_no_state,
        a_node_that_takes_no_part,
        nobody_asked_the_nodes,
        ipv6,
    ],
    ids=lambda variant: variant.__name__,
)
def test_nothing_is_wrong_with_a_healthy_cluster(variant):
    world = World()
    variant(world)
    assert diagnose(world.evidence) == []


def test_services_that_lack_an_address_for_one_reason_are_one_finding():
    world = World()
    for number in range(20):
        world.serve(f"late{number:02}", reason="out_of_ips")
    [finding] = diagnose(world.evidence)
    assert len(finding.services) == 20
    assert (
        finding.where
        == "default/late00, default/late01, default/late02, default/late03, default/late04, default/late05 and 14 more"
    )


def test_nodes_with_the_same_fault_are_one_finding_with_the_command_for_one_of_them():
    world = World()
    for name in BOTH:
        world.node(name)["ready"] = False
    [finding] = diagnose(world.evidence)
    assert finding.nodes == BOTH
    assert finding.remedy == "kubectl describe node n1 (this is for n1; do so for each)"


def test_each_router_has_its_own_trouble():
    world = World()
    world.expected["peers"].append({"name": "second", "address": "192.0.2.2", "asn": 65000})
    world.cluster["policies"][0]["peers"].append("192.0.2.2")
    world.cluster["advertisements"][0]["peers"].append("192.0.2.2")
    world.service["peers"].append("192.0.2.2")
    second = copy.deepcopy(world.router)
    second["peers"][1]["shutdown"] = True
    second["peers"][1].update(established=False, state="Idle (Admin)")
    second["received"][0]["peers"] = [NODES["n1"]]
    world.routers = {"udm": world.router, "second": second}
    for node in world.cluster["nodes"]:
        node["peers"].append({**node["peers"][0], "name": "second", "address": "192.0.2.2"})
    found = diagnose(world.evidence)
    assert [(finding.code, finding.nodes, finding.router) for finding in found] == [
        ("neighbor_shutdown", ("n2",), "second")
    ]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"gateway": {"addresses": [ROUTER]}}, ["udm"]),
        ({"udm": {"unreachable": True}}, ["udm"]),
        ({ROUTER: {"unreachable": True}}, ["udm"]),
        ({"gateway": {"unreachable": True}}, ["udm"]),
        ({}, []),
    ],
    ids=["by its address", "by its name", "named by its address", "the only one", "none"],
)
def test_whose_answer_it_is(answers, found):
    assert list(by_peer(World().evidence.expected.peers, answers)) == found
