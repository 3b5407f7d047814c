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


@dataclasses.dataclass(frozen=True)
class Pool:
    where: str
    name: str
    first: Address
    last: Address
    written: str

    def __str__(self) -> str:
        return self.written

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1


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
            )
            for index, peer in enumerate(bgp.get("peers", []))
        ]
        self.pools = [
            pool for index, entry in enumerate(values.get("cluster_lb_pools", [])) for pool in read_pool(index, entry)
        ]
        endpoint = values.get("cluster_api_endpoint")
        self.endpoint = Address(endpoint) if endpoint and ADDRESS.check(endpoint) is None else None

    @property
    def servers(self) -> t.List[Node]:
        return [node for node in self.nodes if node.role == "server"]


def read_pool(index: int, entry: t.Mapping[str, t.Any]) -> t.Iterator[Pool]:
    where, name = f"cluster_lb_pools[{index}]", entry.get("name") or ""
    if entry.get("cidr") and "start" not in entry:
        network = ipaddress.IPv4Network(entry["cidr"])
        yield Pool(f"{where}.cidr", name, network[0], network[-1], entry["cidr"])
    elif entry.get("start") and entry.get("stop") and "cidr" not in entry:
        first, last = Address(entry["start"]), Address(entry["stop"])
        if first <= last:
            yield Pool(f"{where}.start", name, first, last, f"{first} to {last}")


def address_of(host: str) -> str:
    return f"cluster_node_address of {host}"
