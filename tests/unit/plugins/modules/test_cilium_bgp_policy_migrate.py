# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's options migrate and migration_strategy; the steps have tests of their own."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import cilium_bgp_policy
from fake_kubernetes import FakeKubernetes

POOL = "ciliumloadbalancerippools"
LEGACY_KIND = Kinds("legacy").peering_policy.plural
CILIUM = {
    "1.15": {"cilium.io/v2alpha1": [LEGACY_KIND, POOL, "ciliumbgpnodeconfigs"]},
    "1.17": {"cilium.io/v2alpha1": [LEGACY_KIND, *Kinds("v2alpha1").plurals]},
    "1.18": {"cilium.io/v2": Kinds("v2").plurals, "cilium.io/v2alpha1": [LEGACY_KIND, *Kinds("v2alpha1").plurals]},
    "1.19": {"cilium.io/v2": Kinds("v2").plurals, "cilium.io/v2alpha1": Kinds("v2alpha1").plurals},
}
SERVED = CILIUM["1.18"]
NODE = {"kind": "Node", "metadata": {"name": "n1", "labels": {}}, "status": {"addresses": []}}
NEIGHBOR = {"peerAddress": "192.0.2.1/32", "peerASN": 65000}
ROUTERS = [{"localASN": 65010, "serviceSelector": {}, "neighbors": [NEIGHBOR]}]
LEGACY = {"kind": "CiliumBGPPeeringPolicy", "metadata": {"name": "old"}, "spec": {"virtualRouters": ROUTERS}}
DESCRIBED = {"local_asn": 65010, "peers": [{"name": "router", "address": "192.0.2.1", "asn": 65000}]}
L2_POLICY = {"kind": "CiliumL2AnnouncementPolicy", "metadata": {"name": "lan"}, "spec": {"loadBalancerIPs": True}}


class Cluster(FakeKubernetes):
    """Its sessions are up as soon as somebody describes them."""

    def list(self, resource, label_selector="", **more):
        if resource.kind != "CiliumBGPNodeConfig":
            return super().list(resource, label_selector, **more)
        configs = [item for (kind, _namespace, _name), item in self.objects.items() if kind == "CiliumBGPClusterConfig"]
        instances = [instance for config in configs for instance in config["spec"]["bgpInstances"]]
        status = [
            {"name": one["name"], "peers": [{**peer, "peeringState": "established"} for peer in one["peers"]]}
            for one in instances
        ]
        return [{"metadata": {"name": "n1"}, "spec": {"bgpInstances": instances}, "status": {"bgpInstances": status}}]


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, check=False, diff=False, **options):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(cilium_bgp_policy, "connect", connect)
        arguments = {"name": "home", "migrate": True, "wait_timeout": 0, **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            cilium_bgp_policy.main()
        return json.loads(capsys.readouterr().out)

    return run


def actions(result):
    return {item["kind"]: item["action"] for item in result["objects"]}


@pytest.mark.parametrize("options", [{}, DESCRIBED], ids=["taken over", "described"])
def test_shown_then_done_then_nothing_left(run, options):
    cluster = Cluster(SERVED, [NODE, LEGACY])
    shown = run(cluster, check=True, diff=True, **options)
    assert cluster.writes == []
    assert (shown["diff"][-1]["before_header"], shown["diff"][-1]["after"]) == ("CiliumBGPPeeringPolicy old", {})

    done = run(cluster, **options)
    assert done["changed"] is shown["changed"] is True
    assert done["objects"] == shown["objects"]
    assert actions(done) == {
        "CiliumBGPPeerConfig": "created",
        "CiliumBGPAdvertisement": "created",
        "CiliumBGPClusterConfig": "created",
        "CiliumBGPPeeringPolicy": "deleted",
    }
    assert done["migration"] == {
        "strategy": "quick",
        "legacy": ["old"],
        "without_equivalent": [],
        "l2": [],
    }
    assert [session["established"] for session in done["sessions"]] == [True]

    again = run(cluster, **options)
    assert (again["changed"], again["migration"]["legacy"]) == (False, [])


@pytest.mark.parametrize(("version", "api"), [("1.17", "v2alpha1"), ("1.18", "v2")])
def test_it_goes_to_the_newest_form_that_there_is(run, version, api):
    cluster = Cluster(CILIUM[version], [NODE, LEGACY])
    result = run(cluster)
    assert (result["api"], actions(result)["CiliumBGPPeeringPolicy"]) == (api, "deleted")


def test_where_cilium_119_has_forgotten_the_kind_there_is_nothing_to_migrate(run):
    cluster = Cluster(CILIUM["1.19"], [NODE])
    result = run(cluster)
    assert (result["changed"], result["objects"], result["migration"]["legacy"]) == (False, [], [])


def test_what_is_taken_over_is_not_pruned_by_the_next_run(run):
    cluster = Cluster(SERVED, [NODE, LEGACY])
    run(cluster)
    before = dict(cluster.objects)
    run(cluster)
    assert cluster.objects == before


def test_without_migrate_the_policy_is_refused_as_it_would_be_ignored(run):
    cluster = Cluster(SERVED, [NODE, LEGACY])
    result = run(cluster, migrate=False, **DESCRIBED)
    assert "migrate: true" in result["msg"]
    assert cluster.writes == []


def test_l2_announcements_are_told_apart(run):
    labels = {"homeops.cluster/bgp": "never"}
    service = {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": labels},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}},
    }
    (found,) = run(Cluster(SERVED, [NODE, L2_POLICY, service]), **DESCRIBED)["migration"]["l2"]
    assert (found["name"], found["replaced"], found["routes"]) == ("lan", False, ["198.51.100.1/32"])
    assert [(entry["name"], entry["reason"]) for entry in found["missing"]] == [("web", "no advertisement selects it")]


def test_l2_announcements_of_addresses_near_the_nodes_stay(run):
    near = {**NODE, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.11"}]}}
    service = {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {}},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.240"}]}},
    }
    (found,) = run(Cluster(SERVED, [near, L2_POLICY, service]), **DESCRIBED)["migration"]["l2"]
    assert (found["replaced"], "by ARP" in found["missing"][0]["reason"]) == (False, True)


@pytest.mark.parametrize(
    ("served", "options", "message"),
    [
        (CILIUM["1.15"], {}, "Upgrade Cilium to 1.16, 1.17 or 1.18"),
        (SERVED, {"migration_strategy": "hitless"}, "graceful restart is off"),
        (SERVED, {"local_asn": 65010}, "peers: nobody to speak to"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(run, served, options, message):
    cluster = Cluster(served, [NODE, LEGACY])
    assert message in run(cluster, **options)["msg"]
    assert cluster.writes == []


def test_in_check_mode_there_may_be_no_cluster_yet(run):
    unreachable = UnreachableError(Problem("api", "no answer", "Start it"))
    assert run(unreachable, check=True)["changed"] is False
    assert actions(run(unreachable, check=True, **DESCRIBED))["CiliumBGPClusterConfig"] == "created"


def test_without_migrate_the_session_has_to_be_described(run):
    message = run(Cluster(SERVED, [NODE]), migrate=False)["msg"]
    assert "local_asn" in message
    assert "peers" in message
