# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import cilium_bgp_policy
from fake_kubernetes import FakeKubernetes

SERVED = {"cilium.io/v2": Kinds("v2").plurals}
PASSWORD = "correct horse battery staple"
ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000, "password": PASSWORD}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER], "wait": False, "wait_timeout": 0}
CREATED = {"Secret": "created", "CiliumBGPPeerConfig": "created", "CiliumBGPAdvertisement": "created"}
CREATED["CiliumBGPClusterConfig"] = "created"
NODE = {"kind": "Node", "metadata": {"name": "n1"}}


def node_config(state):
    peer = {"name": "router", "peeringState": state}
    status = {"bgpInstances": [{"name": "instance-65010", "peers": [peer]}]}
    return {"kind": "CiliumBGPNodeConfig", "metadata": {"name": "n1"}, "status": status}


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, check=False, diff=False, **options):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(cilium_bgp_policy, "connect", connect)
        if not isinstance(cluster, Exception):
            cluster.requests.clear()
        arguments = {**OPTIONS, **options, "_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            cilium_bgp_policy.main()
        output = capsys.readouterr().out
        assert PASSWORD not in output
        return json.loads(output)

    return run


def actions(result):
    return {item["kind"]: item["action"] for item in result["objects"]}


def test_created_then_unchanged(run):
    cluster = FakeKubernetes(SERVED)
    predicted = run(cluster, check=True)
    assert cluster.objects == {}

    result = run(cluster)
    assert result["changed"] is predicted["changed"] is True
    assert result["objects"] == predicted["objects"]
    assert actions(result) == CREATED
    assert result["api"] == "v2"

    again = run(cluster)
    assert again["changed"] is False
    assert set(actions(again).values()) == {"unchanged"}
    assert len(cluster.requests) == 5


def test_a_change_is_shown_and_written(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    result = run(cluster, diff=True, graceful_restart=0)
    assert {kind for kind, action in actions(result).items() if action == "updated"} == {"CiliumBGPPeerConfig"}
    (diff,) = result["diff"]
    assert diff["before"]["spec"]["gracefulRestart"] == {"enabled": True, "restartTimeSeconds": 120}
    assert diff["after"]["spec"]["gracefulRestart"] == {"enabled": False}


def test_a_changed_password_is_a_change_that_does_not_show(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    other = {**ROUTER, "password": PASSWORD[::-1]}
    result = run(cluster, diff=True, peers=[other])
    assert {kind for kind, action in actions(result).items() if action == "updated"} == {"Secret"}
    (diff,) = result["diff"]
    assert diff["before"] == diff["after"]


def test_what_is_no_longer_wanted_goes(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    result = run(cluster, peers=[{**ROUTER, "name": "other", "password": None}])
    assert {(item["name"], item["action"]) for item in result["objects"]} == {
        ("home.other", "created"),
        ("home.services", "unchanged"),
        ("home", "updated"),
        ("home.router", "deleted"),
        ("home.router.bgp-auth", "deleted"),
    }


def test_policies_live_side_by_side(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    run(cluster, name="edge")
    assert run(cluster)["changed"] is False
    assert len(cluster.objects) == 8


def test_absent(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    result = run(cluster, state="absent")
    assert set(actions(result).values()) == {"deleted"}
    assert cluster.objects == {}
    assert run(cluster, state="absent")["changed"] is False


def test_absent_where_cilium_is_gone_does_not_wait(run):
    assert run(FakeKubernetes(), state="absent", wait_timeout=1000)["changed"] is False


def test_sessions_are_waited_for(run):
    result = run(FakeKubernetes(SERVED, [NODE, node_config("established")]), wait=True)
    assert [(entry["node"], entry["established"]) for entry in result["sessions"]] == [("n1", True)]


def test_sessions_that_do_not_come_up_fail(run):
    result = run(FakeKubernetes(SERVED, [NODE, node_config("active")]), wait=True)
    assert result["failed"] is True
    assert "node n1, peer router (192.0.2.1, AS 65000)" in result["msg"]


@pytest.mark.parametrize(
    "cluster", [FakeKubernetes(), UnreachableError(Problem("api", "no Kubernetes API server answers", "Start it"))]
)
def test_in_check_mode_what_is_not_there_yet_is_predicted(run, cluster):
    result = run(cluster, check=True, wait=True)
    assert actions(result) == CREATED


@pytest.mark.parametrize(
    ("cluster", "options", "message"),
    [
        (UnreachableError(Problem("api", "no answer", "Start it")), {}, "api: no answer. Start it"),
        (FakeKubernetes(), {}, "does not serve Cilium's BGP kinds"),
        (FakeKubernetes(SERVED, refuse={"home": "bad"}), {}, "home: bad"),
        (FakeKubernetes(SERVED), {"local_asn": 0}, "local_asn: 0 is not allowed"),
        (FakeKubernetes(SERVED), {"local_asn": None}, "local_asn"),
    ],
)
def test_a_failure_writes_nothing(run, cluster, options, message):
    result = run(cluster, **options)
    assert result["failed"] is True
    assert message in result["msg"]
    assert isinstance(cluster, Exception) or cluster.objects == {}


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(cilium_bgp_policy, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(FakeKubernetes())["msg"]
