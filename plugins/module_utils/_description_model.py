# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The description as objects that know their place in it."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import ADDRESS
from ansible_collections.homeops.cluster.plugins.module_utils._pool_rules import Pools

Address = ipaddress.IPv4Address


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    role: str
    address: Address

    @property
    def where(self) -> str:
        return address_of(self.name)


@dataclasses.dataclass(frozen=True)
class Peer:
    where: str
    name: str
    address: t.Optional[Address]
    asn: t.Optional[int]
    ebgp_multihop: int = 1


class Cluster:
    """The readable part of a description. What a format refused is not here, so that no rule stumbles over it."""

    def __init__(self, values: t.Mapping[str, t.Any], nodes: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        self.values = values
        bgp = values.get("cluster_bgp", {})
        self.hosts = nodes
        self.nodes = [
            Node(node["name"], node["role"], Address(node["address"]))
            for node in nodes
            if ADDRESS.check(node.get("address")) is None
        ]
        self.networks = {
            name: ipaddress.IPv4Network(cidr) for name, cidr in values.get("cluster_networks", {}).items() if cidr
        }
        self.peers = [
            Peer(
                f"cluster_bgp.peers[{index}]",
                peer.get("name") or "",
                Address(peer["address"]) if peer.get("address") else None,
                peer.get("asn"),
                peer.get("ebgp_multihop") or 1,
            )
            for index, peer in enumerate(bgp.get("peers", []))
        ]
        common = bgp.get("timers", {})
        own = [(peer.where, entry.get("timers")) for peer, entry in zip(self.peers, bgp.get("peers", []))]
        # Of each peer that has its own, together with what it leaves to all.
        self.timers = [
            ("cluster_bgp.timers", common),
            *((f"{where}.timers", {**common, **timers}) for where, timers in own if timers),
        ]
        networks = {f"cluster_networks.{name}": network for name, network in self.networks.items()}
        self.lb_pools = Pools("cluster_lb_pools", values.get("cluster_lb_pools", []), networks)
        self.pools = self.lb_pools.ranges
        endpoint = values.get("cluster_api_endpoint")
        self.endpoint = Address(endpoint) if endpoint and ADDRESS.check(endpoint) is None else None

    @property
    def servers(self) -> t.List[Node]:
        return [node for node in self.nodes if node.role == "server"]


def address_of(host: str) -> str:
    return f"cluster_node_address of {host}"
