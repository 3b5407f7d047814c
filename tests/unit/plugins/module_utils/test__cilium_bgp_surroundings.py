# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_surroundings import (
    Surroundings,
    inexpressible,
    observe,
    refusals,
)
from fake_kubernetes import FakeKubernetes

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
OURS = {"app.kubernetes.io/managed-by": "homeops.cluster", "homeops.cluster/bgp-policy": "home"}
EDGE = {"matchLabels": {"role": "edge"}}
V2 = Kinds("v2")
LEGACY = Kinds("legacy")


def policy(**options):
    return Policy.from_options({**OPTIONS, **options})


def thing(kind, name, labels=None, **content):
    return {"kind": kind, "metadata": {"name": name, "labels": labels or {}}, **content}


def config(name="theirs", labels=None, asn=65020, **spec):
    return thing("CiliumBGPClusterConfig", name, labels, spec={"bgpInstances": [{"localASN": asn}], **spec})


def legacy(name="old", labels=None, asn=65010, **spec):
    return thing("CiliumBGPPeeringPolicy", name, labels, spec={"virtualRouters": [{"localASN": asn}], **spec})


def secret(name="mine", labels=None, data=None):
    item = thing("Secret", name, labels, data={"password": "c2VjcmV0"} if data is None else data)
    item["metadata"]["namespace"] = "kube-system"
    return item


NODES = (thing("Node", "a", {"role": "edge"}), thing("Node", "b", {"role": "core"}))
NAMED = {"peers": [{**ROUTER, "password_secret": "mine"}]}


def found(options=None, kinds=V2, migrate=False, **around):
    around.setdefault("nodes", NODES)
    return list(refusals(policy(**(options or {})), kinds, Surroundings(**around), migrate))


@pytest.mark.parametrize(
    ("options", "kinds", "around"),
    [
        ({}, V2, {}),
        ({}, V2, {"cluster_configs": [config("home", OURS)]}),
        ({}, LEGACY, {"peering_policies": [legacy("home", OURS)]}),
        ({"node_selector": EDGE}, V2, {"cluster_configs": [config(nodeSelector={"matchLabels": {"role": "core"}})]}),
        ({"node_selector": EDGE}, V2, {"cluster_configs": [config(nodeSelector={"matchLabels": {"role": "none"}})]}),
        (NAMED, V2, {"secrets": [secret()]}),
        ({"node_overrides": [{"node": "a", "local_port": 179}], "node_selector": EDGE}, V2, {}),
    ],
)
def test_what_does_no_harm_is_let_pass(options, kinds, around):
    assert found(options, kinds, **around) == []


@pytest.mark.parametrize(
    ("options", "kinds", "around", "what"),
    [
        ({}, V2, {"cluster_configs": [config()]}, "ClusterConfig theirs (not ours) selects a, b as well"),
        ({"node_selector": EDGE}, V2, {"cluster_configs": [config()]}, "theirs (not ours) selects a as well"),
        (
            {"node_selector": EDGE},
            V2,
            {"cluster_configs": [config(nodeSelector=EDGE)], "nodes": ()},
            "theirs (not ours) selects the same nodes",
        ),
        ({}, V2, {"cluster_configs": [config(asn=65010)]}, "with the same AS 65010"),
        (
            {},
            V2,
            {"cluster_configs": [config("edge", {**OURS, "homeops.cluster/bgp-policy": "edge"})]},
            "ClusterConfig edge (policy edge) selects a, b as well",
        ),
        ({}, V2, {"peering_policies": [legacy()]}, "PeeringPolicy old (not ours) selects a, b as well"),
        ({}, V2, {"peering_policies": [legacy("home", OURS)]}, "Cilium would obey it alone"),
        ({}, LEGACY, {"peering_policies": [legacy()]}, "PeeringPolicy old (not ours) selects a, b as well"),
        ({}, LEGACY, {"cluster_configs": [config("home", OURS)]}, "ClusterConfig home (policy home)"),
        (NAMED, V2, {}, "there is no Secret kube-system/mine, so that the session would run without a password"),
        (NAMED, V2, {"secrets": [secret(data={"Password": "x"})]}, "has no key password"),
        (NAMED, V2, {"secrets": [secret(data={"password": ""})]}, "has no key password"),
        (NAMED, V2, {"secrets": [secret(labels=OURS)]}, "was made by this policy"),
        ({"node_overrides": [{"node": "c", "local_port": 179}]}, V2, {}, "the cluster has no node c"),
        (
            {"node_overrides": [{"node": "b", "local_port": 179}], "node_selector": EDGE},
            V2,
            {},
            "the policy does not select b",
        ),
    ],
)
def test_what_cilium_would_ignore_is_refused(options, kinds, around, what):
    (problem,) = found(options, kinds, **around)
    assert what in problem.what


def test_the_way_out_of_a_legacy_policy_is_migration():
    (problem,) = found(peering_policies=[legacy()])
    assert "migrate: true" in problem.remedy
    assert found(peering_policies=[legacy()], migrate=True) == []
    (problem,) = found(kinds=LEGACY, peering_policies=[legacy()])
    assert "migrate" not in problem.remedy


@pytest.mark.parametrize(
    ("version", "refused"), [("v2", []), ("v2alpha1", ["advertisements[0]"]), ("legacy", ["advertisements[0]"])]
)
def test_interfaces_are_announced_by_the_newest_kinds_only(version, refused):
    described = policy(advertisements=[{"name": "lo", "type": "interface", "interface": "lo"}])
    assert [problem.where for problem in inexpressible(described, Kinds(version))] == refused


CHEAP = [("list", "CiliumBGPClusterConfig"), ("list", "CiliumBGPPeeringPolicy")]


@pytest.mark.parametrize(
    ("options", "objects", "more"),
    [
        ({}, [config("home", OURS)], []),
        ({}, [config("home", OURS), config()], [("list", "Node")]),
        ({}, [legacy()], [("list", "Node")]),
        ({"node_overrides": [{"node": "a", "local_port": 179}]}, [], [("list", "Node")]),
        (NAMED, [], [("list", "Secret")]),
    ],
)
def test_only_what_is_needed_is_read(options, objects, more):
    cluster = FakeKubernetes(objects=[*objects, *NODES, secret()])
    around = observe(cluster, V2, policy(**options))
    assert cluster.requests == CHEAP + more
    assert bool(around.nodes) == (("list", "Node") in more)
    assert bool(around.secrets) == (("list", "Secret") in more)


def test_secrets_are_read_in_their_namespace_only():
    cluster = FakeKubernetes(objects=[secret()])
    assert observe(cluster, V2, policy(**NAMED, secrets_namespace="other")).secrets == []
