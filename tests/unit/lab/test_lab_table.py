# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of `up`, fed with answers of the shape kubectl, vtysh and ip give."""

from __future__ import annotations

import pytest

from tests.lab import table

NAMES = {"server1", "agent1"}


def node(name, ready="True"):
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def node_config(name, state="established"):
    peer = {"peerAddress": "10.89.17.1", "peeringState": state}
    return {"metadata": {"name": name}, "status": {"bgpInstances": [{"peers": [peer]}]}}


def summary(*states):
    return {"ipv4Unicast": {"peers": {f"10.89.17.{11 + n}": {"state": state} for n, state in enumerate(states)}}}


def route(dst, *gateways):
    hops = [{"gateway": gateway} for gateway in gateways]
    return {"dst": dst, **(hops[0] if len(hops) == 1 else {"nexthops": hops})}


@pytest.mark.parametrize(
    ("items", "good"),
    [
        ([node("server1"), node("agent1")], True),
        ([node("server1")], False),
        ([node("server1"), node("agent1", "False")], False),
        ([node("server1"), {"metadata": {"name": "agent1"}}], False),
        ([node("server1"), node("agent1"), node("stranger")], False),
        ([], False),
    ],
)
def test_every_node_and_no_other_is_ready(items, good):
    assert table.nodes(items, NAMES).good is good


@pytest.mark.parametrize(
    ("items", "good"),
    [
        ([node_config("server1"), node_config("agent1")], True),
        ([node_config("server1")], False),
        ([node_config("server1"), node_config("agent1", "active")], False),
        ([node_config("server1"), {"metadata": {"name": "agent1"}}], False),
        ([], False),
    ],
)
def test_the_cluster_sees_a_session_on_every_node(items, good):
    assert table.sessions(items, NAMES).good is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (summary("Established", "Established"), True),
        (summary("Established", "Active"), False),
        (summary("Established"), False),
        ({}, False),
        ([], False),
    ],
)
def test_the_router_sees_as_many_sessions_as_there_are_nodes(answer, good):
    assert table.peers(answer or {}, 2).good is good


@pytest.mark.parametrize(("given", "good"), [("10.99.17.0", True), ("10.98.0.1", False), ("", False)])
def test_the_address_comes_from_the_pool(given, good):
    service = {"status": {"loadBalancer": {"ingress": [{"ip": given}] if given else []}}}
    line = table.address("the demo Service", service, "10.99.17.0/24")
    assert (line.what, line.good) == ("address of the demo Service", good)


@pytest.mark.parametrize(
    ("kernel", "good"),
    [
        ([route("10.99.17.1", "10.89.17.11", "10.89.17.21")], True),
        ([route("10.99.17.1", "10.89.17.11")], False),
        ([], False),
        ([route("10.99.17.1", "10.89.17.11", "10.89.17.21"), route("10.42.0.0/24", "10.89.17.11")], False),
        ([route("10.99.17.2", "10.89.17.11", "10.89.17.21")], False),
    ],
)
def test_the_service_is_the_only_route_and_leads_to_every_node(kernel, good):
    assert table.routes(kernel, {"10.99.17.1"}, 2).good is good


def test_every_service_has_its_route_and_none_is_no_proof():
    both = [route(f"10.99.17.{number}", "10.89.17.11", "10.89.17.21") for number in (1, 2)]
    assert table.routes(both, {"10.99.17.1", "10.99.17.2"}, 2).good
    assert not table.routes(both[:1], {"10.99.17.1", "10.99.17.2"}, 2).good
    assert not table.routes([], set(), 2).good


def test_a_route_is_shown_with_its_length_and_gateways():
    line = table.routes([route("10.99.17.1", "10.89.17.21", "10.89.17.11")], {"10.99.17.1"}, 2)
    assert line.found == "10.99.17.1/32 via 10.89.17.11, 10.89.17.21"


def test_missing_projects_are_named():
    line = table.projects([{"metadata": {"name": name}} for name in ("default", "core", "apps")])
    assert not line.good
    assert line.found.endswith("missing: infrastructure, monitoring")


def application(name, sync="Synced", health="Healthy", *conditions):
    status = {
        "sync": {"status": sync},
        "health": {"status": health},
        "conditions": [{"type": kind} for kind in conditions],
    }
    return {"metadata": {"name": name}, "status": status}


@pytest.mark.parametrize(
    ("items", "good", "found"),
    [
        ([application("web"), application("root")], True, "root, web: Synced, Healthy"),
        ([application("root")], False, "root: Synced, Healthy"),
        ([application("web"), application("quotas")], False, "quotas, web: Synced, Healthy"),
        ([application("root"), application("web", "OutOfSync")], False, "web OutOfSync, Healthy"),
        ([application("root"), application("web", "Synced", "Progressing")], False, "web Synced, Progressing"),
        (
            [application("root"), application("web", "Unknown", "Healthy", "InvalidSpecError")],
            False,
            "web Unknown, Healthy (InvalidSpecError)",
        ),
        ([application("root"), {"metadata": {"name": "web"}}], False, "web Unknown, Unknown"),
        ([], False, "none"),
    ],
)
def test_root_and_what_it_brought_are_as_git_has_it(items, good, found):
    assert table.applications(items, brought=True) == table.Line("Argo CD applications", good, found)


@pytest.mark.parametrize(("names", "good"), [(["root"], True), (["root", "web"], False)])
def test_in_a_lab_without_applications_there_is_only_root(names, good):
    assert table.applications([application(name) for name in names], brought=False).good is good


def test_a_bad_line_catches_the_eye():
    shown = table.show([table.Line("nodes Ready", True, "server1"), table.Line("Argo CD projects", False, "none")])
    assert shown == "  ok nodes Ready       server1\n  NO Argo CD projects  none"
