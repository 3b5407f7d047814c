# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What one node must do for there to be exactly one cluster: pure decisions over what every server said of itself."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

API_PORT = 6443
SERVERS = "k3s_server_hosts"


@dataclasses.dataclass(frozen=True)
class ClusterNode:
    """A Node object. C(voter) is None where the cluster does not say (agents)."""

    address: str = ""
    ready: bool = False
    voter: t.Optional[bool] = None

    @classmethod
    def from_object(cls, node: t.Mapping[str, t.Any]) -> ClusterNode:
        status = node.get("status") or {}
        conditions = {entry.get("type"): entry.get("status") == "True" for entry in status.get("conditions") or []}
        addresses = {entry.get("type"): entry.get("address", "") for entry in reversed(status.get("addresses") or [])}
        return cls(addresses.get("InternalIP", ""), conditions.get("Ready", False), conditions.get("EtcdIsVoter"))


@dataclasses.dataclass(frozen=True)
class Server:
    """What one server said of itself; nothing but its name if it could not be asked."""

    host: str
    reachable: bool = False
    address: str = ""
    active: bool = False
    ready: bool = False
    member: bool = False
    cluster_id: str = ""

    @classmethod
    def from_answer(cls, host: str, answer: t.Optional[t.Mapping[str, t.Any]]) -> Server:
        """C(answer) is the result of k3s_node_info as Ansible registered it, an unreachable host's included."""
        k3s = (answer or {}).get("k3s")
        if not isinstance(k3s, t.Mapping):
            return cls(host)
        known = {field.name: k3s[field.name] for field in dataclasses.fields(cls) if k3s.get(field.name) is not None}
        return cls(**{**known, "host": host, "reachable": True})

    @property
    def url(self) -> str:
        return url(self.address or self.host)


def url(address: str) -> str:
    return f"https://[{address}]:{API_PORT}" if ":" in address else f"https://{address}:{API_PORT}"


@dataclasses.dataclass(frozen=True)
class Join:
    """C(keep) what the node has, C(init) the cluster, or C(join) the one behind C(url).

    C(other) is another server, if there is one: there the founder finds back to the cluster, should it lose its data.
    """

    action: str
    url: str = ""
    other: str = ""

    @property
    def settings(self) -> t.Optional[t.Dict[str, t.Any]]:
        if self.action == "init":
            return {"cluster-init": True}
        return {"server": self.url} if self.action == "join" else None


def decide_join(host: str, servers: t.Sequence[Server]) -> Join:
    """How server C(host) gets into the cluster. Raises rather than ever risk a second cluster."""
    check_one_cluster(servers)
    own = next((server for server in servers if server.host == host), None)
    if own is None:
        raise ClusterError(Problem(SERVERS, f"does not list the server {host}", "Add it, or make the host an agent"))
    other = next((server.url for server in servers if server.host != host and server.reachable), "")
    if own.member:
        return Join("keep", other=other)
    members = [server for server in servers if server.member]
    if members:
        running = [server for server in members if server.ready] or [server for server in members if server.active]
        if not running:
            names = ", ".join(server.host for server in members)
            raise ClusterError(
                Problem(host, f"must join the cluster that exists on {names}, but it is not running", "Start it first")
            )
        return Join("join", running[0].url)
    return Join("init", other=other) if servers[0].host == host else Join("join", servers[0].url)


def check_one_cluster(servers: t.Sequence[Server]) -> None:
    """There is one cluster, or surely none yet."""
    clusters: t.Dict[str, t.List[str]] = {}
    for server in servers:
        if server.member and server.cluster_id:
            clusters.setdefault(server.cluster_id, []).append(server.host)
    if len(clusters) > 1:
        found = "; ".join(f"{cluster_id[:12]} on {', '.join(hosts)}" for cluster_id, hosts in clusters.items())
        raise ClusterError(
            Problem(SERVERS, f"holds {len(clusters)} clusters: {found}", "Reset the servers of all but one of them")
        )
    unknown = [server.host for server in servers if not server.reachable]
    if unknown and not any(server.member for server in servers):
        raise ClusterError(
            Problem(
                SERVERS,
                f"cannot know whether a cluster lives on {', '.join(unknown)}, which could not be asked",
                "Make every server reachable, or take it out of the inventory, before the first server starts",
            )
        )


def check_restart(host: str, servers: t.Sequence[Server], ready: t.Mapping[str, bool]) -> None:
    """A server restarts only while every other one is ready, so that one that failed stops the rest."""
    others = [server.host for server in servers if server.host != host]
    failing = [other for other in others if not ready.get(other)]
    if not failing:
        return
    left, majority = len(others) - len(failing), len(servers) // 2 + 1
    verdict = f"would leave {left} of {len(servers)} servers ready, quorum is {majority}"
    raise ClusterError(
        Problem(
            host,
            f"was not restarted: {', '.join(failing)} is not ready; restarting {host} now {verdict}",
            f"Repair {', '.join(failing)} (journalctl -u k3s), or take it out of the inventory, and run again",
        )
    )


def check_evict(name: str, address: str, node: ClusterNode) -> None:
    """The Node of a host that lost its data may go; the Node of another, living machine may not."""
    if node.ready and node.address != address:
        raise ClusterError(
            Problem(
                f"Node {name}",
                f"belongs to a living machine at {node.address}, not to {address}",
                "Give this host another k3s_node_name",
            )
        )
