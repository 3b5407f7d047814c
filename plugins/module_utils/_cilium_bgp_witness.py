# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The cluster as a witness of a change to its router: which nodes have a session with it, seen from their own end.

For a router that tells nothing about its sessions, such as one behind the API of UniFi Network.
"""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import served_kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Resource
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

NODE = Resource("v1", "Node", "nodes")
# The status lags by 5 s; the rest is for the gateway, which answers before it has loaded what it was given.
STEADY_SECONDS = 15


def sessions_with(router: str, cluster: Kubernetes) -> t.FrozenSet[str]:
    """Addresses of the nodes that have an established session with C(router)."""
    kinds = served_kinds(cluster)
    if kinds is None or kinds.version == "legacy":
        remedy = "Use Cilium 1.16 or newer, and prove the sessions yourself until then"
        raise ClusterError(Problem("cluster", "this Cilium does not tell the state of its sessions", remedy))
    addresses = {
        node["metadata"]["name"]: entry["address"]
        for node in cluster.list(NODE)
        for entry in node.get("status", {}).get("addresses", [])
        if entry["type"] == "InternalIP" and ":" not in entry["address"]
    }
    return frozenset(
        addresses[config["metadata"]["name"]]
        for config in cluster.list(kinds.node_config)
        for instance in config.get("status", {}).get("bgpInstances", [])
        for peer in instance.get("peers", [])
        if peer.get("peerAddress") == router
        and peer.get("peeringState") == "established"
        and config["metadata"]["name"] in addresses
    )
