# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import (
    ClusterNode,
    Join,
    Server,
    check_evict,
    check_one_cluster,
    check_restart,
    decide_join,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def empty(host, **more):
    return Server(host, reachable=True, address=f"192.0.2.{host[1:]}", **more)


def member(host, cluster="A", **more):
    return empty(host, member=True, cluster_id=cluster, **{"active": True, "ready": True, **more})


LOST = Server("s3")

INIT_OF_MANY = Join("init", other="https://192.0.2.2:6443")
KEEP_OF_MANY = Join("keep", other="https://192.0.2.2:6443")


@pytest.mark.parametrize(
    ("host", "servers", "expected"),
    [
        pytest.param("s1", [empty("s1")], Join("init"), id="the only server starts the cluster"),
        pytest.param("s1", [empty("s1"), empty("s2"), empty("s3")], INIT_OF_MANY, id="the first of three starts it"),
        pytest.param(
            "s3",
            [empty("s1"), empty("s2"), empty("s3")],
            Join("join", "https://192.0.2.1:6443"),
            id="others join the first",
        ),
        pytest.param("s1", [member("s1"), LOST, empty("s2")], KEEP_OF_MANY, id="a member keeps what it has"),
        pytest.param("s1", [member("s1", active=False, ready=False)], Join("keep"), id="also if it does not run"),
        pytest.param(
            "s1",
            [empty("s1"), member("s2"), member("s3")],
            Join("join", "https://192.0.2.2:6443"),
            id="an emptied first server joins the living cluster",
        ),
        pytest.param(
            "s1",
            [empty("s1"), member("s2", ready=False), member("s3")],
            Join("join", "https://192.0.2.3:6443"),
            id="a ready server is preferred",
        ),
        pytest.param(
            "s1",
            [empty("s1"), member("s2", ready=False)],
            Join("join", "https://192.0.2.2:6443"),
            id="one that is about to be ready will do",
        ),
        pytest.param(
            "s1",
            [empty("s1"), member("s2"), LOST],
            Join("join", "https://192.0.2.2:6443"),
            id="a known cluster can be joined while another server is unreachable",
        ),
        pytest.param(
            "s2",
            [Server("s1", reachable=True, address="2001:db8::1"), empty("s2")],
            Join("join", "https://[2001:db8::1]:6443"),
            id="IPv6",
        ),
    ],
)
def test_how_a_server_gets_into_the_cluster(host, servers, expected):
    assert decide_join(host, servers) == expected


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ([member("s1"), member("s2", "B")], ["2 clusters", "A on s1", "B on s2"]),
        ([empty("s1"), empty("s2"), LOST], ["cannot know whether a cluster lives on s3"]),
        ([empty("s1"), member("s2", active=False, ready=False)], ["exists on s2", "not running", "Start it first"]),
        ([empty("s2")], ["does not list the server s1"]),
    ],
)
def test_rather_an_error_than_a_second_cluster(servers, words):
    with pytest.raises(ClusterError) as error:
        decide_join("s1", servers)
    for word in words:
        assert word in str(error.value)


def test_an_agent_needs_to_know_no_server():
    check_one_cluster([])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, Server("s1")),
        ({}, Server("s1")),
        ({"unreachable": True, "msg": "no route"}, Server("s1")),
        ({"failed": True, "msg": "no sudo"}, Server("s1")),
        (
            {"changed": False, "k3s": {"host": "other", "address": "192.0.2.1", "member": True, "nodes": {}}},
            Server("s1", reachable=True, address="192.0.2.1", member=True),
        ),
    ],
)
def test_what_counts_as_an_answer(answer, expected):
    assert Server.from_answer("s1", answer) == expected


@pytest.mark.parametrize(
    ("host", "ready", "refused"),
    [
        ("s1", {"s2": True, "s3": True}, None),
        (
            "s2",
            {"s1": False, "s3": True},
            "s1 is not ready; restarting s2 now would leave 1 of 3 servers ready, quorum is 2",
        ),
        ("s2", {}, "s1, s3 is not ready"),
    ],
)
def test_one_failed_server_stops_the_restart_of_the_rest(host, ready, refused):
    servers = [member("s1"), member("s2"), member("s3")]
    if refused is None:
        check_restart(host, servers, ready)
        return
    with pytest.raises(ClusterError, match=refused):
        check_restart(host, servers, ready)


def test_a_single_server_may_restart():
    check_restart("s1", [member("s1")], {})


@pytest.mark.parametrize(
    ("node", "allowed"),
    [
        (ClusterNode("192.0.2.1", ready=True), True),
        (ClusterNode("192.0.2.1", ready=False), True),
        (ClusterNode("192.0.2.9", ready=False), True),
        (ClusterNode("192.0.2.9", ready=True), False),
    ],
)
def test_the_node_of_another_living_machine_stays(node, allowed):
    if allowed:
        check_evict("s1", "192.0.2.1", node)
        return
    with pytest.raises(ClusterError, match=r"living machine at 192\.0\.2\.9, not to 192\.0\.2\.1"):
        check_evict("s1", "192.0.2.1", node)


def test_a_node_is_read_from_its_object():
    status = {
        "addresses": [
            {"type": "InternalIP", "address": "192.0.2.1"},
            {"type": "InternalIP", "address": "2001:db8::1"},
            {"type": "Hostname", "address": "s1"},
        ],
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "EtcdIsVoter", "status": "False"}],
    }
    assert ClusterNode.from_object({"status": status}) == ClusterNode("192.0.2.1", ready=True, voter=False)
    assert ClusterNode.from_object({}) == ClusterNode()
