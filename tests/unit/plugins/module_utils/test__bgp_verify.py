# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _bgp_verify
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from bgp_world import EXPECTED, World
from fake_kubernetes import FakeKubernetes

OPTIONS = {
    "expected": EXPECTED,
    "password": "secret",
    "secrets_namespace": "kube-system",
    "routers": {},
    "routers_earlier": {},
    "nodes": {},
    "site_command": "site",
    "kubectl_command": "kubectl",
}


def secret(name, password, namespace="kube-system"):
    data = {"password": base64.b64encode(password.encode()).decode()}
    return {"kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}


@pytest.mark.parametrize(
    ("objects", "password", "found"),
    [
        ([secret("s", "secret")], "secret", {"s": True}),
        ([secret("s", "other")], "secret", {"s": False}),
        ([{**secret("s", ""), "data": {"password": "no base64"}}], "secret", {"s": False}),
        ([{**secret("s", ""), "data": None}], "secret", {"s": False}),
        ([secret("s", "secret", "elsewhere"), secret("another", "secret")], "secret", {"s": None}),
        ([secret("s", "secret")], "", {}),
    ],
    ids=["the same", "another", "garbage", "empty", "missing", "nothing to compare with"],
)
def test_a_secret_is_compared_and_never_told(objects, password, found):
    assert _bgp_verify.passwords(FakeKubernetes(objects=objects), ["s"], "kube-system", password) == found


def answer(wrong):
    return {"asn": 65000, "signature_failures": {"missing": 9, "unexpected": 0, "wrong": wrong}}


@pytest.mark.parametrize(
    ("earlier", "now", "wrong"),
    [
        ({"udm": answer(3)}, {"udm": answer(5)}, 2),
        ({"udm": answer(5)}, {"udm": answer(5)}, 0),
        ({}, {"udm": answer(5)}, 0),
        ({"udm": {"unreachable": True}}, {"udm": answer(5)}, 0),
    ],
    ids=["since then", "none since then", "never asked before", "did not answer before"],
)
def test_only_failures_of_now_count(earlier, now, wrong):
    assert _bgp_verify.since(earlier, now)["udm"]["signature_failures"]["wrong"] == wrong


def test_a_router_that_does_not_answer_stays_what_it_is():
    silent = {"unreachable": True, "msg": "timed out"}
    assert _bgp_verify.since({}, {"udm": silent}) == {"udm": silent}


def test_a_cluster_that_does_not_answer_is_a_verdict():
    def connect():
        raise UnreachableError(Problem("home", "no Kubernetes API server answers", "Start it"))

    found = _bgp_verify.verify(connect, OPTIONS, "now")
    assert [finding["code"] for finding in found["findings"]] == ["cluster_not_answering"]


def test_a_cluster_that_refuses_is_an_error():
    def connect():
        raise ClusterError(Problem("home", "forbidden", "Use credentials that may do this"))

    with pytest.raises(ClusterError, match="forbidden"):
        _bgp_verify.verify(connect, OPTIONS, "now")


def test_the_cluster_is_asked_and_judged():
    cluster = FakeKubernetes({"cilium.io/v2": Kinds("v2").plurals})
    found = _bgp_verify.verify(lambda: cluster, {**OPTIONS, "routers": {"udm": World().router}}, "now")
    assert {finding["code"] for finding in found["findings"]} == {"node_missing", "pool_missing"}
    assert len(cluster.requests) <= 11
    assert not cluster.writes
