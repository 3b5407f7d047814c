# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds, await_kinds, served_kinds
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import Clock, FakeKubernetes

BGP = Kinds("v2").plurals
LEGACY = Kinds("legacy").plurals
STATUS = {"ciliumbgpnodeconfigs/status"}


def served(v2=(), v2alpha1=()):
    return {"cilium.io/v2": set(v2), "cilium.io/v2alpha1": set(v2alpha1)}


CILIUM = {
    "1.14": served({"ciliumnodes"}, LEGACY),
    "1.15": served({"ciliumnodes"}, LEGACY | BGP - STATUS),
    "1.16": served({"ciliumnodes"}, LEGACY | BGP),
    "1.18": served(BGP, LEGACY | BGP),
    "1.19": served(BGP, BGP),
    "none": {},
}


@pytest.mark.parametrize(
    ("cilium", "api", "expected"),
    [
        ("1.14", "auto", None),  # nothing tells it from a newer one whose kinds are still to come
        ("1.14", "legacy", "legacy"),
        ("1.15", "auto", "legacy"),
        ("1.15", "v2alpha1", None),
        ("1.16", "auto", "v2alpha1"),
        ("1.16", "legacy", "legacy"),
        ("1.16", "v2", None),
        ("1.18", "auto", "v2"),
        ("1.18", "v2alpha1", "v2alpha1"),
        ("1.18", "legacy", "legacy"),
        ("1.19", "auto", "v2"),
        ("1.19", "legacy", None),
        ("none", "auto", None),
        ("none", "legacy", None),
    ],
)
def test_the_newest_generation_of_a_cilium(cilium, api, expected):
    kinds = served_kinds(FakeKubernetes(CILIUM[cilium]), api)
    assert (kinds and kinds.version) == expected


@pytest.mark.parametrize("missing", sorted(BGP))
def test_an_older_generation_is_no_answer_while_a_newer_one_is_registered(missing):
    """What is there of 1.18 at some moment must not be taken for 1.16 or 1.15."""
    assert served_kinds(FakeKubernetes(served(BGP - {missing}, LEGACY | BGP - {missing}))) is None


@pytest.mark.parametrize("missing", sorted(BGP - STATUS))
def test_neither_are_the_first_kinds_of_1_16_taken_for_1_15(missing):
    gone = {missing, *(STATUS if missing == "ciliumbgpnodeconfigs" else ())}
    assert served_kinds(FakeKubernetes(served({"ciliumnodes"}, LEGACY - {missing} | BGP - gone))) is None


def test_an_unknown_generation_is_refused():
    with pytest.raises(ClusterError, match="v3"):
        Kinds("v3")


@pytest.mark.parametrize(
    ("version", "api_version", "written"),
    [
        ("v2", "cilium.io/v2", 5),
        ("v2alpha1", "cilium.io/v2alpha1", 5),
        ("legacy", "cilium.io/v2alpha1", 2),
    ],
)
def test_a_generation_lives_in_an_api_version(version, api_version, written):
    kinds = Kinds(version)
    assert {kind.api_version for kind in (*kinds.written[1:], kinds.pool)} == {api_version}
    assert len(kinds.written) == written
    assert kinds.every_written[-1] == kinds.peering_policy


def test_kinds_are_waited_for():
    cluster = FakeKubernetes()
    clock = Clock(lambda: None, lambda: cluster._served.update({"cilium.io/v2": BGP}))
    assert await_kinds(cluster, "auto", 10, **clock.arguments).version == "v2"
    assert clock.time == 2


def test_kinds_are_not_waited_for_for_ever():
    clock = Clock()
    with pytest.raises(ClusterError, match=r"after 10 s.*for an older Cilium write api: legacy"):
        await_kinds(FakeKubernetes(), "auto", 10, **clock.arguments)
    assert clock.time == 10
