# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import cilium_bgp_policy
from fake_kubernetes import FakeKubernetes

SERVED = {"cilium.io/v2": Kinds("v2").plurals}
LEGACY = {"cilium.io/v2alpha1": {*Kinds("legacy").plurals, "ciliumbgpnodeconfigs"}}
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


@pytest.mark.parametrize(
    ("served", "api", "limit"),
    [
        (SERVED, "v2", 8),
        ({"cilium.io/v2alpha1": Kinds("v2alpha1").plurals}, "v2alpha1", 9),
        (LEGACY, "legacy", 5),
    ],
)
def test_an_unchanged_policy_of_many_objects_costs_few_requests(run, served, api, limit):
    peers = [{**ROUTER, "name": f"p{number}", "address": f"192.0.2.{number}"} for number in range(1, 10)]
    cluster = FakeKubernetes(served)
    first = run(cluster, peers=peers)
    assert (first["api"], len(first["objects"])) == (api, 10 if api == "legacy" else 20)
    assert run(cluster, peers=peers)["changed"] is False
    assert len(cluster.requests) == limit


def test_before_1_16_there_is_one_object_and_nothing_to_wait_for(run):
    cluster = FakeKubernetes(LEGACY)
    predicted = run(cluster, check=True)
    result = run(cluster, wait=True)
    assert actions(result) == actions(predicted) == {"Secret": "created", "CiliumBGPPeeringPolicy": "created"}
    assert "sessions" not in result
    assert run(cluster)["changed"] is False
    assert set(actions(run(cluster, state="absent")).values()) == {"deleted"}
    assert cluster.objects == {}


def test_a_change_is_shown_and_written(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    result = run(cluster, diff=True, peers=[{**ROUTER, "graceful_restart": 0}])
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
    core, edge = ({"matchLabels": {"role": role}} for role in ("core", "edge"))
    run(cluster, node_selector=core)
    run(cluster, name="edge", node_selector=edge)
    assert run(cluster, node_selector=core)["changed"] is False
    assert len(cluster.objects) == 8
    run(cluster, state="absent")
    assert {name.partition(".")[0] for _kind, _namespace, name in cluster.objects} == {"edge"}


def test_policies_do_not_share_a_node(run):
    cluster = FakeKubernetes(SERVED, [NODE])
    run(cluster)
    before = dict(cluster.objects)
    result = run(cluster, name="edge")
    assert "node_selector: CiliumBGPClusterConfig home (policy home) selects n1 as well" in result["msg"]
    assert cluster.objects == before


def test_everything_refused_is_told_at_once(run):
    cluster = FakeKubernetes(SERVED, [NODE, {**NODE, "kind": "CiliumBGPClusterConfig", "spec": {}}])
    peer = {**ROUTER, "password": None, "password_secret": "mine"}
    result = run(cluster, peers=[peer], node_overrides=[{"node": "n2", "local_port": 179}])
    for where in ("node_selector", "peers[0].password_secret", "node_overrides[0].node"):
        assert f"- {where}: " in result["msg"]
    assert cluster.writes == []


def test_an_existing_secret_is_used(run):
    metadata = {"name": "mine", "namespace": "kube-system"}
    secret = {"kind": "Secret", "metadata": metadata, "data": {"password": "c2VjcmV0"}}
    cluster = FakeKubernetes(SERVED, [secret])
    result = run(cluster, peers=[{**ROUTER, "password": None, "password_secret": "mine"}])
    assert "Secret" not in actions(result)
    assert cluster.objects["CiliumBGPPeerConfig", "", "home.router"]["spec"]["authSecretRef"] == "mine"


def test_a_failure_half_way_leaves_what_was_before(run):
    cluster = FakeKubernetes(SERVED)
    write = cluster.apply

    def apply(resource, definition, *, dry_run, **arguments):
        if not dry_run and resource.kind == "CiliumBGPClusterConfig":
            raise ClusterError(Problem("home", "the server is full", "Empty it"))
        return write(resource, definition, dry_run=dry_run, **arguments)

    cluster.apply = apply
    result = run(cluster)
    assert "home: the server is full" in result["msg"]
    assert "what was written before the failure is undone: CiliumBGPAdvertisement home.services" in result["msg"]
    assert cluster.objects == {}


def test_absent(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    result = run(cluster, state="absent")
    assert set(actions(result).values()) == {"deleted"}
    assert cluster.objects == {}
    assert run(cluster, state="absent")["changed"] is False


def test_absent_takes_a_secret_and_what_refers_to_it_together(run):
    """Where the generation cannot be told, the policy must not stay and run without its password."""
    cluster = FakeKubernetes(LEGACY)
    run(cluster)
    cluster._served = {"cilium.io/v2alpha1": Kinds("legacy").plurals}
    assert run(cluster, state="absent")["changed"] is True
    assert cluster.objects == {}


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
        (FakeKubernetes(LEGACY), {"node_overrides": [{"node": "n1", "local_port": 1}]}, "kubectl annotate node n1"),
        (FakeKubernetes(SERVED), {"advertisements": [{"name": "a"}]}, "without one nothing is announced"),
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


STOPPED = {
    "kind": "Pod",
    "metadata": {
        "name": "cilium-n1",
        "namespace": "kube-system",
        "uid": "n1",
        "labels": {"k8s-app": "cilium"},
        "finalizers": ["homeops.cluster/bgp-migration"],
    },
    "spec": {"nodeName": "n1"},
}
OLD = {"kind": "CiliumBGPPeeringPolicy", "metadata": {"name": "old"}, "spec": {"virtualRouters": []}}


@pytest.mark.parametrize(
    ("others", "options"),
    [([], {}), ([], {"state": "absent"}), ([OLD], {})],
    ids=["present", "absent", "refused because of an old policy"],
)
def test_whatever_a_later_run_is_asked_it_starts_the_agents_that_a_killed_migration_left_stopped(run, others, options):
    cluster = FakeKubernetes(SERVED, [NODE, STOPPED, *others])
    predicted = run(cluster, check=True, **options)
    assert cluster.writes == []
    result = run(cluster, **options)
    assert cluster.objects["Pod", "kube-system", "cilium-n1"]["metadata"]["finalizers"] == []
    if not others:
        assert (predicted["changed"], result["changed"], result["started"]) == (True, True, ["n1"])
        assert run(cluster, **options)["started"] == []


def test_after_a_change_the_nodes_get_time_to_report_it(run, monkeypatch):
    """A node reports the state of its sessions every five seconds, and until then the one before the change."""
    cluster = FakeKubernetes(SERVED, [NODE, node_config("established")])
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        cluster.add(node_config("idle"))

    monkeypatch.setattr(cilium_bgp_policy.time, "sleep", sleep)
    assert len(run(cluster, wait=True)["sessions"]) == 1
    assert run(cluster, wait=True)["changed"] is False
    assert slept == []
    assert "is idle" in run(cluster, wait=True, peers=[{**ROUTER, "asn": 65009}])["msg"]
    assert slept == [cilium_bgp_policy.STATUS_LAG]
