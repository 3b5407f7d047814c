# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import cilium_lb_pools
from fake_kubernetes import FakeKubernetes

PLURAL = "ciliumloadbalancerippools"
SERVED = {"cilium.io/v2": [PLURAL], "cilium.io/v2alpha1": [PLURAL]}
INGRESS = {"matchLabels": {"pool": "ingress"}}
OTHERS = {"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]}
POOLS = [
    {"name": "default", "cidr": "198.51.100.0/26", "service_selector": OTHERS},
    {"name": "ingress", "start": "198.51.100.64", "stop": "198.51.100.79", "service_selector": INGRESS},
]
NETWORKS = {"node": "192.0.2.0/24", "pod": "10.42.0.0/16", "service": "10.43.0.0/16"}
DEMO = "198.51.100.1"


def service(address=DEMO, **changes):
    metadata = {"name": "demo", "namespace": "shop", "labels": {}}
    return {
        "kind": "Service",
        "metadata": {**metadata, **changes.pop("metadata", {})},
        "spec": {"type": "LoadBalancer", **changes},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def foreign(name="theirs", **block):
    metadata = {"name": name, "labels": {}}
    return {"kind": "CiliumLoadBalancerIPPool", "metadata": metadata, "spec": {"blocks": [block]}}


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, check=False, diff=False, **options):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(cilium_lb_pools, "connect", connect)
        if not isinstance(cluster, Exception):
            cluster.requests.clear()
        arguments = {"pools": POOLS, "networks": NETWORKS, "wait_timeout": 0, **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            cilium_lb_pools.main()
        return json.loads(capsys.readouterr().out)

    return run


def actions(result):
    return {pool["name"]: pool["action"] for pool in result["pools"]}


def test_created_then_unchanged(run):
    cluster = FakeKubernetes(SERVED, [foreign(cidr="203.0.113.0/24")])
    predicted = run(cluster, check=True)
    assert cluster.writes == []

    result = run(cluster)
    assert result["api"] == "v2"
    assert (result["changed"], result["pools"]) == (True, predicted["pools"])
    assert actions(result) == {"default": "created", "ingress": "created"}

    again = run(cluster)
    assert again["changed"] is False
    assert actions(again) == {"default": "unchanged", "ingress": "unchanged"}
    assert len(cluster.requests) == 2


def test_what_is_written(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster, pools=[*POOLS, {"name": "reserved", "cidr": "198.51.100.96/28", "disabled": True}])
    specs = {name: item["spec"] for (_kind, _namespace, name), item in cluster.objects.items()}
    assert specs == {
        "default": {
            "allowFirstLastIPs": "No",
            "blocks": [{"cidr": "198.51.100.0/26"}],
            "serviceSelector": OTHERS,
        },
        "ingress": {
            "allowFirstLastIPs": "No",
            "blocks": [{"start": "198.51.100.64", "stop": "198.51.100.79"}],
            "serviceSelector": INGRESS,
        },
        "reserved": {"allowFirstLastIPs": "No", "blocks": [{"cidr": "198.51.100.96/28"}], "disabled": True},
    }


@pytest.mark.parametrize("served", [{"cilium.io/v2alpha1": [PLURAL]}, SERVED])
def test_the_version_is_the_one_that_is_served(run, served):
    assert run(FakeKubernetes(served))["api"] == ("v2" if "cilium.io/v2" in served else "v2alpha1")


def test_a_pool_that_is_no_longer_described_goes_and_those_of_others_stay(run):
    cluster = FakeKubernetes(SERVED, [foreign(cidr="203.0.113.0/24")])
    run(cluster)
    result = run(cluster, diff=True, pools=POOLS[:1])
    assert actions(result) == {"default": "unchanged", "ingress": "deleted"}
    assert [(entry["before_header"], entry["after"]) for entry in result["diff"]] == [
        ("CiliumLoadBalancerIPPool ingress", {})
    ]
    assert {name for (_kind, _namespace, name) in cluster.objects} == {"default", "theirs"}


CHANGES = {
    "the pool goes": POOLS[1:],
    "its addresses shrink": [{**POOLS[0], "cidr": "198.51.100.32/27"}],
    "its service_selector changes": [{**POOLS[0], "service_selector": {"matchLabels": {"exposure": "public"}}}],
    "it is disabled": [{**POOLS[0], "disabled": True}],
}


@pytest.mark.parametrize("reason", CHANGES)
def test_a_service_that_would_lose_its_address_is_named_and_nothing_is_written(run, reason):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    cluster.add(service())
    before = dict(cluster.objects)
    for check in (True, False):
        result = run(cluster, check=check, pools=CHANGES[reason])
        assert (
            f"pool default: {reason}, and these services would lose their addresses: shop/demo ({DEMO})"
            in result["msg"]
        )
        assert "allow_renumber" in result["msg"]
        assert cluster.objects == before


@pytest.mark.parametrize("reason", CHANGES)
def test_it_may_be_allowed(run, reason):
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    cluster.add(service())
    result = run(cluster, pools=CHANGES[reason], allow_renumber=True)
    assert result["changed"] is True
    assert result["renumbered"] == [
        {"namespace": "shop", "name": "demo", "address": DEMO, "pool": "default", "reason": reason}
    ]


@pytest.mark.parametrize(
    ("start", "end", "holder"),
    [
        ({}, {"cidr": "198.51.100.0/25"}, service()),
        ({}, {"cidr": None, "start": DEMO, "stop": "198.51.100.2"}, service()),
        ({}, {"service_selector": None}, service()),
        ({"disabled": True}, {"disabled": True, "service_selector": None}, service()),
        ({"disabled": True}, {"disabled": False}, service()),
        ({}, {"cidr": "198.51.100.32/27"}, service("198.51.100.33")),
        ({}, {"cidr": "198.51.100.32/27"}, service(loadBalancerClass="example.com/other")),
        ({}, {"cidr": "198.51.100.32/27"}, service("203.0.113.7")),
        ({}, {"cidr": "198.51.100.32/27"}, service("2001:db8::1")),
        ({}, {"cidr": "198.51.100.32/27"}, service(type="ClusterIP")),
        ({}, {"cidr": "198.51.100.32/27"}, service(metadata={"labels": {"pool": "elsewhere"}})),
        (
            {"service_selector": {"matchLabels": {"io.kubernetes.service.namespace": "shop"}}},
            {"service_selector": {"matchLabels": {"io.kubernetes.service.name": "demo"}}},
            service(),
        ),
    ],
    ids=[
        "grows",
        "becomes a range that holds it",
        "selects more",
        "was disabled before",
        "is enabled",
        "shrinks around it",
        "class of others",
        "address of others",
        "other family",
        "no load balancer",
        "never had it from there",
        "Cilium's own labels",
    ],
)
def test_a_change_that_leaves_every_service_its_address_is_none_to_ask_about(run, start, end, holder):
    cluster = FakeKubernetes(SERVED)
    run(cluster, pools=[{**POOLS[0], **start}])
    cluster.add(holder)
    result = run(cluster, pools=[{**POOLS[0], **start, **end}])
    assert (result["changed"], result["renumbered"]) == (True, [])


def test_if_one_of_a_smaller_range_loses_its_address_any_other_of_it_may(run):
    """Seen with Cilium 1.18.6: who lost it was given that of another, which in the end had none."""
    cluster = FakeKubernetes(SERVED)
    run(cluster)
    for name, address, more in (
        ("kept", DEMO, {}),
        ("lost", "198.51.100.40", {}),
        ("ingress", "198.51.100.65", {"labels": {"pool": "ingress"}}),
    ):
        cluster.add(service(address, metadata={"name": name, **more}))
    result = run(cluster, pools=[{**POOLS[0], "cidr": "198.51.100.0/27"}, POOLS[1]])
    assert "lose their addresses: shop/kept (198.51.100.1), shop/lost (198.51.100.40). Leave" in result["msg"]


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        ({"cidr": "198.51.100.0/25"}, True),
        ({"cidr": None, "start": "198.51.100.0", "stop": "198.51.100.64"}, True),
        ({"cidr": None, "start": "198.51.100.0", "stop": "198.51.100.63"}, False),
        ({"service_selector": None}, False),
    ],
    ids=["grows", "grows by one", "the same range, said otherwise", "selects more"],
)
def test_before_cilium_118_a_pool_that_grows_gives_its_addresses_out_anew(run, end, asked):
    cluster = FakeKubernetes({"cilium.io/v2alpha1": [PLURAL]})
    run(cluster, pools=POOLS[:1])
    cluster.add(service())
    result = run(cluster, pools=[{**POOLS[0], **end}])
    assert ("pool default: its range changes, and Cilium before 1.18" in result.get("msg", "")) is asked


def test_an_address_that_a_new_range_keeps_back_is_lost(run):
    cluster = FakeKubernetes(SERVED)
    run(cluster, pools=[{"name": "default", "start": "198.51.100.0", "stop": "198.51.100.63"}])
    cluster.add(service("198.51.100.0"))
    assert "shop/demo (198.51.100.0)" in run(cluster, pools=[{"name": "default", "cidr": "198.51.100.0/26"}])["msg"]


@pytest.mark.parametrize(
    ("pools", "networks", "message"),
    [
        (
            [{"name": "a", "cidr": "192.0.2.128/25"}],
            {},
            "pools[0].cidr: 192.0.2.128/25 overlaps networks.node (192.0.2.0/24)",
        ),
        ([{"name": "a", "cidr": "10.0.0.0/8"}], {}, "overlaps networks.pod"),
        ([{"name": "a", "cidr": "10.43.1.0/24"}], {}, "overlaps networks.service"),
        (
            [
                {"name": "a", "cidr": "198.51.100.0/26"},
                {"name": "b", "start": "198.51.100.63", "stop": "198.51.100.70"},
            ],
            {},
            "pools[1].start: 198.51.100.63 to 198.51.100.70 overlaps pools[0].cidr",
        ),
        (
            [{"name": "a", "cidr": "203.0.113.0/25"}],
            {},
            "pools[0].cidr: 203.0.113.0/25 overlaps the cluster's pool theirs (203.0.113.64/28)",
        ),
        (
            [{"name": "a", "cidr": "203.0.113.192/26"}],
            {},
            "overlaps the cluster's pool range (203.0.113.200 to 203.0.113.200)",
        ),
        ([{"name": "theirs", "cidr": "198.51.100.0/26"}], {}, "pools[0].name: somebody else made the pool theirs"),
        ([{"name": "a", "cidr": "198.51.100.1/26"}], {}, "pools[0].cidr: 198.51.100.1/26 has host bits set"),
        ([{"name": "a", "cidr": "198.51.100.0/26", "start": "198.51.100.1"}], {}, "has cidr and start or stop"),
        ([{"name": "a", "start": "198.51.100.1"}], {}, "has start but no stop"),
        ([{"name": "a"}], {}, "has no addresses"),
        ([{"name": "A", "cidr": "198.51.100.0/26"}], {}, "pools[0].name"),
        ([POOLS[0], {**POOLS[1], "name": "default"}], {}, "default is the name of pools[0] too"),
        (
            [{**POOLS[0], "service_selector": {"matchLabel": {}}}],
            {},
            "pools[0].service_selector.matchLabel: unknown key",
        ),
        (POOLS, {"lan": "192.0.2.1"}, "networks.lan: 192.0.2.1 has no prefix length"),
    ],
)
def test_what_cannot_be_is_refused_beforehand(run, pools, networks, message):
    others = [
        foreign(cidr="203.0.113.64/28"),
        foreign("range", start="203.0.113.200"),
        foreign("v6", cidr="2001:db8::/64"),
    ]
    cluster = FakeKubernetes(SERVED, others)
    result = run(cluster, pools=pools, networks={**NETWORKS, **networks})
    assert result["failed"] is True
    assert message in result["msg"]
    assert cluster.writes == []


@pytest.mark.parametrize(
    "cluster", [FakeKubernetes(), UnreachableError(Problem("api", "no Kubernetes API server answers", "Start it"))]
)
def test_in_check_mode_what_is_not_there_yet_is_predicted(run, cluster):
    assert actions(run(cluster, check=True)) == {"default": "created", "ingress": "created"}


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (UnreachableError(Problem("api", "no answer", "Start it")), "api: no answer. Start it"),
        (FakeKubernetes(), "does not serve CiliumLoadBalancerIPPool"),
        (FakeKubernetes(SERVED, refuse={"ingress": "bad"}), "ingress: bad"),
    ],
)
def test_a_failure_writes_nothing(run, cluster, message):
    assert message in run(cluster)["msg"]
    assert isinstance(cluster, Exception) or cluster.objects == {}


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(cilium_lb_pools, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(FakeKubernetes())["msg"]
