# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import (
    Kinds,
    Policy,
    await_kinds,
    served_kinds,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import Clock, FakeKubernetes

ROUTER = {"name": "router", "address": "192.0.2.1", "asn": 65000}
SPARE = {"name": "spare", "address": "192.0.2.2", "asn": 65000}
OPTIONS = {"name": "home", "local_asn": 65010, "peers": [ROUTER]}
LABELS = {"app.kubernetes.io/managed-by": "homeops.cluster", "homeops.cluster/bgp-policy": "home"}
EVERYTHING = Kinds("v2").plurals


def rendered(version="v2", **options):
    objects = Policy.from_options({**OPTIONS, **options}).objects(Kinds(version))
    return {(item.resource.kind, item.definition["metadata"]["name"]): item.definition for item in objects}


@pytest.mark.parametrize("version", ["v2", "v2alpha1"])
def test_a_policy_becomes_these_objects(version):
    head = {"apiVersion": f"cilium.io/{version}"}
    objects = rendered(version)
    assert objects == {
        ("CiliumBGPPeerConfig", "home.router"): {
            **head,
            "kind": "CiliumBGPPeerConfig",
            "metadata": {"name": "home.router", "labels": LABELS},
            "spec": {
                "timers": {"holdTimeSeconds": 9, "keepAliveTimeSeconds": 3, "connectRetryTimeSeconds": 5},
                "gracefulRestart": {"enabled": True, "restartTimeSeconds": 120},
                "families": [
                    {
                        "afi": "ipv4",
                        "safi": "unicast",
                        "advertisements": {"matchLabels": {"homeops.cluster/bgp-policy": "home"}},
                    }
                ],
            },
        },
        ("CiliumBGPAdvertisement", "home.services"): {
            **head,
            "kind": "CiliumBGPAdvertisement",
            "metadata": {"name": "home.services", "labels": LABELS},
            "spec": {
                "advertisements": [
                    {
                        "advertisementType": "Service",
                        "service": {"addresses": ["LoadBalancerIP"]},
                        "selector": {
                            "matchExpressions": [
                                {"key": "homeops.cluster/bgp", "operator": "NotIn", "values": ["never"]}
                            ]
                        },
                    }
                ]
            },
        },
        ("CiliumBGPClusterConfig", "home"): {
            **head,
            "kind": "CiliumBGPClusterConfig",
            "metadata": {"name": "home", "labels": LABELS},
            "spec": {
                "bgpInstances": [
                    {
                        "name": "instance-65010",
                        "localASN": 65010,
                        "peers": [
                            {
                                "name": "router",
                                "peerAddress": "192.0.2.1",
                                "peerASN": 65000,
                                "peerConfigRef": {"name": "home.router"},
                            }
                        ],
                    }
                ]
            },
        },
    }


def test_nothing_refers_to_what_is_written_later():
    order = [kind for kind, _name in rendered(peers=[{**ROUTER, "password": "secret"}, SPARE])]
    assert order == [
        "Secret",
        "CiliumBGPPeerConfig",
        "CiliumBGPPeerConfig",
        "CiliumBGPAdvertisement",
        "CiliumBGPClusterConfig",
    ]


def test_a_password_goes_into_a_secret_of_its_peer():
    objects = rendered(peers=[{**ROUTER, "password": "secret"}, SPARE], secrets_namespace="cilium")
    secret = objects["Secret", "home.router.bgp-auth"]
    assert secret["metadata"] == {"name": "home.router.bgp-auth", "labels": LABELS, "namespace": "cilium"}
    assert base64.b64decode(secret["data"]["password"]) == b"secret"
    assert objects["CiliumBGPPeerConfig", "home.router"]["spec"]["authSecretRef"] == "home.router.bgp-auth"
    assert "authSecretRef" not in objects["CiliumBGPPeerConfig", "home.spare"]["spec"]


def test_a_password_is_not_shown_with_its_policy():
    assert "hunter2" not in repr(Policy.from_options({**OPTIONS, "peers": [{**ROUTER, "password": "hunter2"}]}))


@pytest.mark.parametrize(
    ("options", "kind", "name", "key", "expected"),
    [
        ({"graceful_restart": 0}, "PeerConfig", "home.router", "gracefulRestart", {"enabled": False}),
        (
            {"timers": {"hold": 30, "keepalive": None, "connect_retry": None}},
            "PeerConfig",
            "home.router",
            "timers",
            {"holdTimeSeconds": 30, "keepAliveTimeSeconds": 3, "connectRetryTimeSeconds": 5},
        ),
        (
            {"node_selector": {"matchLabels": {"bgp": "yes"}}},
            "ClusterConfig",
            "home",
            "nodeSelector",
            {"matchLabels": {"bgp": "yes"}},
        ),
        (
            {
                "advertisements": [
                    {
                        "name": "public",
                        "addresses": ["LoadBalancerIP", "ExternalIP"],
                        "selector": {"matchLabels": {"exposure": "public"}},
                    }
                ]
            },
            "Advertisement",
            "home.public",
            "advertisements",
            [
                {
                    "advertisementType": "Service",
                    "service": {"addresses": ["LoadBalancerIP", "ExternalIP"]},
                    "selector": {"matchLabels": {"exposure": "public"}},
                }
            ],
        ),
    ],
)
def test_an_option_shows_in_its_object(options, kind, name, key, expected):
    assert rendered(**options)[f"CiliumBGP{kind}", name]["spec"][key] == expected


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"name": "Home"}, "name"),
        ({"name": "a.b"}, "name"),
        ({"peers": [{**ROUTER, "name": "my_router"}]}, "peers[0].name"),
        ({"advertisements": [{"name": "-"}]}, "advertisements[0].name"),
        ({"advertisements": [{"name": "services"}, {"addresses": ["ClusterIP"]}]}, "advertisements[1].name"),
        ({"peers": []}, "peers"),
        ({"local_asn": 0}, "local_asn"),
    ],
)
def test_a_wrong_description_is_refused(options, where):
    with pytest.raises(ClusterError) as caught:
        Policy.from_options({**OPTIONS, **options})
    assert [problem.where for problem in caught.value.problems] == [where]


@pytest.mark.parametrize(
    ("served", "api", "expected"),
    [
        ({"cilium.io/v2": EVERYTHING, "cilium.io/v2alpha1": EVERYTHING}, "auto", "v2"),
        ({"cilium.io/v2": {"ciliumnodes"}, "cilium.io/v2alpha1": EVERYTHING}, "auto", "v2alpha1"),
        ({"cilium.io/v2": EVERYTHING, "cilium.io/v2alpha1": EVERYTHING}, "v2alpha1", "v2alpha1"),
        ({"cilium.io/v2": EVERYTHING - {"ciliumbgppeerconfigs"}}, "auto", None),
        ({"cilium.io/v2alpha1": EVERYTHING}, "v2", None),
        ({}, "auto", None),
    ],
)
def test_the_newest_version_that_is_served_completely(served, api, expected):
    kinds = served_kinds(FakeKubernetes(served), api)
    assert (kinds and kinds.version) == expected


def test_an_unknown_version_is_refused():
    with pytest.raises(ClusterError, match="v3"):
        Kinds("v3")


def test_kinds_are_waited_for():
    cluster = FakeKubernetes()
    clock = Clock(lambda: None, lambda: cluster._served.update({"cilium.io/v2": EVERYTHING}))
    assert await_kinds(cluster, "auto", 10, **clock.arguments).version == "v2"
    assert clock.time == 2


def test_kinds_are_not_waited_for_for_ever():
    clock = Clock()
    with pytest.raises(ClusterError, match="after 10 s"):
        await_kinds(FakeKubernetes(), "auto", 10, **clock.arguments)
    assert clock.time == 10
