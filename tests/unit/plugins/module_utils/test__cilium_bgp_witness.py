# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_witness import sessions_with
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import FakeKubernetes

ROUTER = "192.0.2.1"


def node(name, *addresses):
    entries = [{"type": "InternalIP", "address": address} for address in addresses]
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"addresses": [*entries, {"type": "Hostname", "address": name}]},
    }


def config(name, *peers):
    found = [{"name": "router", "peerAddress": address, "peeringState": state} for address, state in peers]
    return {"kind": "CiliumBGPNodeConfig", "metadata": {"name": name}, "status": {"bgpInstances": [{"peers": found}]}}


def test_only_established_sessions_with_this_router_count():
    objects = [
        node("one", "2001:db8::11", "192.0.2.11"),
        node("two", "192.0.2.12"),
        node("three", "192.0.2.13"),
        node("four", "192.0.2.14"),
        config("one", (ROUTER, "established"), ("192.0.2.2", "established")),
        config("two", (ROUTER, "active")),
        config("three", ("192.0.2.2", "established")),
        {"kind": "CiliumBGPNodeConfig", "metadata": {"name": "four"}},
        config("gone", (ROUTER, "established")),
    ]
    cluster = FakeKubernetes({"cilium.io/v2": Kinds("v2").plurals}, objects)
    assert sessions_with(ROUTER, cluster) == {"192.0.2.11"}


def test_a_cilium_that_tells_nothing_is_no_witness():
    with pytest.raises(ClusterError, match="does not tell the state of its sessions"):
        sessions_with(ROUTER, FakeKubernetes())
