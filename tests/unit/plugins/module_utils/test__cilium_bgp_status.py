# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import (
    Session,
    await_established,
    legacy_sessions,
    sessions,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import Clock, FakeKubernetes

KINDS = Kinds("v2")
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


PEER = {"name": "router", "peerAddress": "192.0.2.1", "peerASN": 65000, "peerConfigRef": {"name": "home.router"}}
INSTANCE = {"name": "instance-65010", "localASN": 65010, "peers": [PEER]}


def configured(*peer_configs, **instance):
    policy = {**POLICY, "spec": {"bgpInstances": [{**INSTANCE, **instance}]}}
    running = {**node_config("n1"), "spec": {"bgpInstances": [{"name": "instance-65010", "localASN": 65099}]}}
    [found] = sessions([node("n1")], [policy], [running], peer_configs)
    return found


def test_a_peer_without_its_configuration_is_known_as_such():
    assert configured().configuration_missing
    assert not configured({"metadata": {"name": "home.router"}}).configuration_missing


@pytest.mark.parametrize(("status", "missing"), [("True", True), ("False", False)])
def test_the_secret_that_a_peer_wants_may_be_missing(status, missing):
    conditions = [{"type": "cilium.io/MissingAuthSecret", "status": status}]
    found = configured(
        {"metadata": {"name": "home.router"}, "spec": {"authSecretRef": "s"}, "status": {"conditions": conditions}}
    )
    assert (found.secret, found.secret_missing) == ("s", missing)


@pytest.mark.parametrize(("local_asn", "expected"), [(65010, 65010), (None, 65099)])
def test_the_own_asn_may_come_from_an_override_of_the_node(local_asn, expected):
    assert configured(localASN=local_asn).local_asn == expected


def test_a_legacy_policy_asks_for_sessions_of_which_nobody_tells():
    neighbor = {"peerAddress": "192.0.2.1/32", "peerASN": 65000, "authSecretRef": "s"}
    policy = {
        "metadata": {"name": "old"},
        "spec": {
            "nodeSelector": {"matchLabels": {"bgp": "yes"}},
            "virtualRouters": [{"localASN": 65010, "neighbors": [neighbor]}],
        },
    }
    assert legacy_sessions([node("n1"), node("n2", bgp="yes")], [policy]) == (
        Session("n2", "old", "192.0.2.1", "192.0.2.1", 65000, 65010, "unknown", secret="s"),
    )


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
