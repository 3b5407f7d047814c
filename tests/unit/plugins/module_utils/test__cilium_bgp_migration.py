# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster with a legacy policy and three agents, migrated, interrupted, and taken back."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_agents as agents
from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_bgp_migration as migration
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds, selector
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_objects import objects
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from fake_kubernetes import Clock, FakeKubernetes

KINDS = Kinds("v2")
NAMES = ("n1", "n2", "n3")
ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
DESCRIBED = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
NEIGHBOR = {
    "peerAddress": "192.0.2.1/32",
    "peerASN": 65000,
    "gracefulRestart": {"enabled": True, "restartTimeSeconds": 120},
}


def node(name, **labels):
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"addresses": [{"type": "InternalIP", "address": f"192.0.2.1{name[1:]}"}]},
    }


def legacy(name="old", neighbor=None, asn=65010, **spec):
    router = {"localASN": asn, "neighbors": [{**NEIGHBOR, **(neighbor or {})}], "serviceSelector": {}}
    return {
        "kind": "CiliumBGPPeeringPolicy",
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {"virtualRouters": [router], **spec},
    }


def pod(name):
    metadata = {"name": f"cilium-{name}", "namespace": "kube-system", "uid": name, "labels": {"k8s-app": "cilium"}}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": name}}


class Cluster(FakeKubernetes):
    """Cilium 1.18 on three nodes: its operator, its agents, the kubelets and the DaemonSet, as far as it matters."""

    def __init__(self, *items, nodes=NAMES):
        super().__init__({"cilium.io/v2alpha1": ["ciliumloadbalancerippools"]})
        for item in (*map(node, nodes), *map(pod, nodes), *items):
            self.add(item)
        self.comes_up = True
        self.operator_works = True
        self.kubelets_work = True
        self.fails = ()
        self.seen = []  # what was announced by whom, at each question about the sessions

    def items(self, kind):
        return [item for (found, _namespace, _name), item in self.objects.items() if found == kind]

    def running(self):
        return {item["spec"]["nodeName"] for item in self.items("Pod") if "deletionTimestamp" not in item["metadata"]}

    def list(self, resource, label_selector="", **more):
        if resource.kind == "CiliumBGPNodeConfig":
            self.requests.append(("list", resource.kind))
            return [self._node_config(item) for item in self.items("Node")] if self.operator_works else []
        return super().list(resource, label_selector, **more)

    def _node_config(self, item):
        labels, name = item["metadata"]["labels"], item["metadata"]["name"]
        instances = [
            instance
            for config in self.items("CiliumBGPClusterConfig")
            if selects(config["spec"].get("nodeSelector"), labels)
            for instance in config["spec"]["bgpInstances"]
        ]
        ruled = any(selects(old["spec"].get("nodeSelector"), labels) for old in self.items("CiliumBGPPeeringPolicy"))
        up = self.comes_up and name in self.running() and not ruled
        status = [
            {
                "name": instance["name"],
                "peers": [
                    {"name": peer["name"], **({"peeringState": "established"} if up else {})}
                    for peer in instance["peers"]
                ],
            }
            for instance in instances
        ]
        return {"metadata": {"name": name}, "spec": {"bgpInstances": instances}, "status": {"bgpInstances": status}}

    def apply(self, resource, definition, **more):
        if ("apply", resource.kind) in self.fails:
            raise ClusterError(Problem(resource.kind, "the server is full", "Empty it"))
        answer = super().apply(resource, definition, **more)
        metadata = answer["metadata"]
        if resource.kind == "Pod" and "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            super().delete(resource, metadata["name"], metadata["namespace"])
            self.add(pod(answer["spec"]["nodeName"]))
        return answer

    def delete(self, resource, name, namespace, *, dry_run=False):
        if ("delete", resource.kind) in self.fails and not dry_run:
            raise ClusterError(Problem(resource.kind, "the server is full", "Empty it"))
        item = self.objects[resource.kind, namespace, name]
        if not item["metadata"].get("finalizers") or dry_run:
            super().delete(resource, name, namespace, dry_run=dry_run)
            return
        self.requests.append(("delete", resource.kind, name))
        item["metadata"]["deletionTimestamp"] = "now"
        item["metadata"]["deletionGracePeriodSeconds"] = 0 if self.kubelets_work else 1


def planned(cluster, options):
    """The migration, and the steps of its policy, as the module makes them."""
    found = migration.read(cluster, KINDS, options)
    steps = (
        kubernetes_set.plan(cluster, KINDS.written, selector("home"), objects(found.policy, KINDS))
        if found.policy
        else ()
    )
    cluster.requests.clear()
    return found, steps


def carry_out(cluster, options=None, strategy="quick", timeout=10, clock=None):
    found, steps = planned(cluster, options or DESCRIBED)
    clock = clock or Clock()
    return migration.carry_out(cluster, KINDS, steps, found, strategy=strategy, timeout=timeout, **clock.arguments)


def kinds_of(cluster):
    return sorted({kind for kind, _namespace, _name in cluster.objects} - {"Node", "Pod"})


WRITTEN = ["CiliumBGPAdvertisement", "CiliumBGPClusterConfig", "CiliumBGPPeerConfig"]
BEFORE = ["CiliumBGPPeeringPolicy"]


@pytest.mark.parametrize("strategy", migration.STRATEGIES)
@pytest.mark.parametrize("options", [DESCRIBED, {"name": "home"}], ids=["described", "taken over"])
def test_the_new_objects_are_there_before_the_old_one_goes(strategy, options):
    cluster = Cluster(legacy())
    sessions = carry_out(cluster, options, strategy)
    assert {session.node for session in sessions if session.established} == set(NAMES)
    assert kinds_of(cluster) == WRITTEN
    writes = [request[1] for request in cluster.writes if request[1] != "Pod"]
    assert writes[-1] == "CiliumBGPPeeringPolicy"
    assert cluster.running() == set(NAMES)
    assert agents.held(cluster) == []
    assert migration.read(cluster, KINDS, options).legacy == ()


def test_hitless_deletes_the_policy_only_while_no_agent_runs():
    cluster = Cluster(legacy())
    carry_out(cluster, strategy="hitless")
    order = [request[:2] for request in cluster.writes if request[1] in ("Pod", "CiliumBGPPeeringPolicy")]
    assert order == [
        *[("apply", "Pod")] * 3,
        *[("delete", "Pod")] * 3,
        ("delete", "CiliumBGPPeeringPolicy"),
        *[("apply", "Pod"), ("delete", "Pod")] * 3,
    ]


def test_hitless_leaves_other_nodes_alone():
    cluster = Cluster(legacy(nodeSelector={"matchLabels": {"rack": "0"}}))
    cluster.add(node("n1", rack="0"))
    carry_out(cluster, {"name": "home"}, strategy="hitless")
    assert {request[2] for request in cluster.writes if request[1] == "Pod"} == {"cilium-n1"}


FAULTS = {
    "the sessions do not come up": {"comes_up": False},
    "the operator does nothing": {"operator_works": False},
    "the policy cannot be deleted": {"fails": [("delete", "CiliumBGPPeeringPolicy")]},
    "an object cannot be written": {"fails": [("apply", "CiliumBGPClusterConfig")]},
}


@pytest.mark.parametrize("strategy", migration.STRATEGIES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_half_way_puts_everything_back(strategy, fault):
    cluster = Cluster(legacy())
    found, steps = planned(cluster, DESCRIBED)
    vars(cluster).update(FAULTS[fault])
    with pytest.raises(ClusterError, match=r"undone|do|full"):
        migration.carry_out(cluster, KINDS, steps, found, strategy=strategy, timeout=10, **Clock().arguments)
    assert kinds_of(cluster) == BEFORE
    assert [item["spec"] for item in cluster.items("CiliumBGPPeeringPolicy")] == [legacy()["spec"]]
    assert cluster.running() == set(NAMES)
    assert agents.held(cluster) == []


def test_an_agent_that_does_not_end_in_time_is_started_again_and_the_policy_stays():
    cluster = Cluster(legacy())
    cluster.kubelets_work = False
    clock = Clock()
    with pytest.raises(ClusterError, match="node n1: Cilium's agent has not ended after 90 s"):
        carry_out(cluster, strategy="hitless", clock=clock)
    assert clock.time <= 90  # the routers keep the routes for 120 s
    assert kinds_of(cluster) == BEFORE
    assert cluster.running() == set(NAMES)


def test_a_node_without_an_agent_is_named():
    cluster = Cluster(legacy())
    cluster.objects.pop(("Pod", "kube-system", "cilium-n2"))
    with pytest.raises(ClusterError, match="node n2: no agent of Cilium runs there"):
        carry_out(cluster, strategy="hitless")
    assert kinds_of(cluster) == BEFORE


class Killed(BaseException):
    """The end of the process, at which nothing else runs."""


@pytest.mark.parametrize("strategy", migration.STRATEGIES)
@pytest.mark.parametrize("number", range(1, 12))
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(monkeypatch, strategy, number):
    cluster = Cluster(legacy())
    found, steps = planned(cluster, {"name": "home"})
    left = [number]

    def dying(call):
        def wrapped(*arguments, **more):
            if not left:
                raise Killed
            left[0] -= 1
            if left[0] == 0:
                left.clear()
                raise Killed
            return call(*arguments, **more)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "apply", dying(cluster.apply))
        patch.setattr(cluster, "delete", dying(cluster.delete))
        with contextlib.suppress(Killed):
            migration.carry_out(cluster, KINDS, steps, found, strategy=strategy, timeout=10, **Clock().arguments)
    again, steps = planned(cluster, {"name": "home"})
    if again.legacy:
        migration.carry_out(cluster, KINDS, steps, again, strategy=strategy, timeout=10, **Clock().arguments)
    elif again.stopped:
        migration.resume(cluster, KINDS, "home", 10, **Clock().arguments)
    assert kinds_of(cluster) == WRITTEN
    assert cluster.running() == set(NAMES)
    assert agents.held(cluster) == []
    third = migration.read(cluster, KINDS, {"name": "home"})
    assert (third.policy, third.legacy, third.stopped) == (None, (), ())


@pytest.mark.parametrize("strategy", migration.STRATEGIES)
def test_what_an_interrupted_run_stopped_is_started_when_the_next_one_cannot_write(strategy):
    cluster = Cluster(legacy())
    agents.stop(cluster, {"n1", "n2"}, 5, **Clock().arguments)
    assert cluster.running() == {"n3"}
    found, steps = planned(cluster, DESCRIBED)
    cluster.fails = [("apply", "CiliumBGPClusterConfig")]
    with pytest.raises(ClusterError, match="full"):
        migration.carry_out(cluster, KINDS, steps, found, strategy=strategy, timeout=10, **Clock().arguments)
    assert cluster.running() == set(NAMES)
    assert kinds_of(cluster) == BEFORE


def test_agents_that_cannot_be_started_are_told_beside_the_cause():
    cluster = Cluster(legacy())
    found, steps = planned(cluster, DESCRIBED)
    delete = cluster.delete

    def cut(resource, name, namespace, **more):
        if resource.kind == "CiliumBGPPeeringPolicy" and not more:
            cluster.fails = [("apply", "Pod")]
            raise ClusterError(Problem("old", "the cause", "Remove it"))
        delete(resource, name, namespace, **more)

    cluster.delete = cut
    with pytest.raises(ClusterError) as caught:
        migration.carry_out(cluster, KINDS, steps, found, strategy="hitless", timeout=10, **Clock().arguments)
    told = [str(problem) for problem in caught.value.problems]
    assert told[0].startswith("old: the cause")
    assert [line.partition(":")[0] for line in told[1:4]] == ["node n1", "node n2", "node n3"]
    assert "kubectl -n kube-system patch pod cilium-n1" in told[1]


RACK = {"matchLabels": {"rack": "0"}}
OTHER = {"matchLabels": {"rack": "1"}}


@pytest.mark.parametrize(
    ("policies", "options", "chosen"),
    [
        ([], DESCRIBED, []),
        ([], {"name": "home"}, []),
        ([legacy()], {"name": "home"}, ["old"]),
        ([legacy("home", nodeSelector=RACK), legacy(nodeSelector=OTHER)], {"name": "home"}, ["home"]),
        ([legacy("a", nodeSelector=RACK), legacy("b", nodeSelector=OTHER)], DESCRIBED, ["a", "b"]),
        (
            [legacy("a", nodeSelector=RACK), legacy("b", nodeSelector=OTHER)],
            {**DESCRIBED, "node_selector": RACK},
            ["a"],
        ),
    ],
    ids=["none", "none, nothing described", "the only one", "by its name", "all in the way", "only those in the way"],
)
def test_which_policies_go(policies, options, chosen):
    cluster = Cluster(node("n1", rack="0"), node("n2", rack="1"), *policies)
    found = migration.read(cluster, KINDS, options)
    assert [item["metadata"]["name"] for item in found.legacy] == chosen


@pytest.mark.parametrize(
    ("labelled", "remarks"), [([], 0), (["n1"], 1), (["n1", "n2", "n3"], 0)], ids=["none", "some", "all"]
)
def test_in_check_mode_labels_of_nodes_may_be_still_to_come(labelled, remarks):
    cluster = Cluster(legacy(), *(node(name, rack="0") for name in labelled))
    found = migration.read(cluster, KINDS, {**DESCRIBED, "node_selector": RACK}, check_mode=True)
    assert [item["metadata"]["name"] for item in found.legacy] == ["old"]
    assert ["no BGP would be left" in remark.what for remark in found.remarks] == [True] * remarks


def test_one_that_is_done_takes_no_other_for_its_own():
    cluster = Cluster(
        node("n1", rack="0"), node("n2", rack="1"), legacy("home", nodeSelector=RACK), legacy("b", nodeSelector=OTHER)
    )
    carry_out(cluster, {"name": "home"})
    assert migration.read(cluster, KINDS, {"name": "home"}).legacy == ()


@pytest.mark.parametrize(
    ("policies", "options", "message"),
    [
        ([legacy("a"), legacy("b")], {"name": "home"}, "name: no legacy policy is called home, .* a, b"),
        ([legacy()], {**DESCRIBED, "node_selector": RACK}, "it also selects n2, n3, where no BGP would be left"),
        ([legacy(neighbor={"peerPort": 1790})], {"name": "home"}, "listens on port 1790"),
        ([legacy(neighbor={"peerASN": 0})], {"name": "home"}, r"peers\[0\].asn: 0 is not allowed"),
        ([legacy()], {"name": "home", "node_selector": RACK}, "local_asn: None is not allowed"),
    ],
)
def test_what_cannot_be_migrated_is_refused(policies, options, message):
    with pytest.raises(ClusterError, match=message):
        migration.read(Cluster(node("n1", rack="0"), *policies), KINDS, options)


def test_everything_without_an_equivalent_is_listed_at_once():
    neighbor = {"peerPort": 1790, "families": [{"afi": "ls", "safi": "ls"}], "keepAliveTimeSeconds": 90}
    with pytest.raises(ClusterError) as caught:
        migration.read(Cluster(legacy(neighbor=neighbor)), KINDS, {"name": "home"})
    assert len(caught.value.problems) == 3


def test_what_the_description_leaves_out_is_remarked():
    found = migration.read(
        Cluster(legacy(neighbor={"peerAddress": "192.0.2.9/32", "peerPort": 1790})), KINDS, DESCRIBED
    )
    assert [remark.what for remark in found.remarks] == [
        "the router listens on port 1790",
        "its session with 192.0.2.9 (AS 65000) is not described, and goes",
    ]


@pytest.mark.parametrize("options", [DESCRIBED, {"name": "home"}])
def test_before_116_there_is_nothing_to_migrate_to(options):
    with pytest.raises(ClusterError, match=r"Upgrade Cilium to 1\.16, 1\.17 or 1\.18"):
        migration.read(Cluster(legacy()), Kinds("legacy"), options)


@pytest.mark.parametrize(("options", "policy"), [(DESCRIBED, True), ({"name": "home"}, False)])
def test_where_no_kinds_are_served_yet_nothing_is_there(options, policy):
    found = migration.read(Cluster(), None, options)
    assert (found.policy is not None, found.legacy) == (policy, ())


def answers(**changes):
    return {
        "gw": {
            "peers": [
                {"address": f"192.0.2.1{n}", "established": True, "graceful_restart": 120, **changes} for n in (1, 2, 3)
            ]
        }
    }


@pytest.mark.parametrize(
    ("policy", "options", "routers", "messages"),
    [
        (legacy(), DESCRIBED, answers(), []),
        (None, DESCRIBED, {}, []),
        (legacy(), DESCRIBED, {}, ["routers: 1 peers, and answers of 0 routers"]),
        (legacy(), DESCRIBED, answers(established=False), ["router gw, node n1 (192.0.2.11): no session"] * 1),
        (
            legacy(),
            DESCRIBED,
            answers(graceful_restart=0),
            ["router gw, node n1 (192.0.2.11): graceful restart is off"],
        ),
        (legacy(), DESCRIBED, answers(graceful_restart=30), ["would be kept for 30 s"]),
        (
            legacy(neighbor={"gracefulRestart": {"enabled": False}}),
            DESCRIBED,
            answers(),
            ["CiliumBGPPeeringPolicy old, neighbor 192.0.2.1: graceful restart is off"],
        ),
        (
            legacy(asn=65011),
            DESCRIBED,
            answers(),
            ["CiliumBGPPeeringPolicy old: its AS is 65011, and a router forgets the routes if it is 65010 then"],
        ),
        (
            legacy(),
            {**DESCRIBED, "peers": [{**ROUTER, "graceful_restart": 5}]},
            answers(),
            ["peers[0].graceful_restart: the routes would be kept for 5 s"],
        ),
    ],
)
def test_hitless_needs_routers_that_keep_the_routes(policy, options, routers, messages):
    found = migration.read(Cluster(*([policy] if policy else [])), KINDS, options)
    problems = [str(problem) for problem in migration.hitless_problems(found, routers)]
    assert bool(problems) == bool(messages)
    for message in messages:
        assert message in problems[0]


def test_a_router_that_waits_for_a_stopped_agent_is_not_asked_for_a_session():
    cluster = Cluster(legacy())
    agents.stop(cluster, set(NAMES), 5, **Clock().arguments)
    found = migration.read(cluster, KINDS, DESCRIBED)
    assert found.stopped == NAMES
    assert list(migration.hitless_problems(found, answers(established=False, graceful_restart=0))) == []


def test_the_server_is_asked_whether_the_old_ones_may_go():
    cluster = Cluster(legacy())
    found, _steps = planned(cluster, DESCRIBED)
    found.refuse(cluster, KINDS, "quick", {})
    assert cluster.requests == [("dry-run of delete", "CiliumBGPPeeringPolicy", "old")]
    with pytest.raises(ClusterError, match="routers"):
        found.refuse(cluster, KINDS, "hitless", {})
