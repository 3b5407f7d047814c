# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the cluster's end of BGP says about itself: sessions that should be and their state, addresses, pools."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import OWNER, Kinds, served_kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

NODE = Resource("v1", "Node", "nodes")
SERVICE = Resource("v1", "Service", "services")
UNCONFIGURED = "unconfigured"
ANNOUNCED_CLASSES = ("", "io.cilium/bgp-control-plane")


@dataclasses.dataclass(frozen=True)
class Session:
    """One session of one node. C(state) is Cilium's word, or C(unconfigured) if the node knows nothing of it."""

    node: str
    policy: str
    name: str
    address: str
    asn: int
    local_asn: int
    state: str = UNCONFIGURED
    received: int = 0
    advertised: int = 0

    @property
    def established(self) -> bool:
        return self.state == "established"

    def problem(self, seconds: float) -> Problem:
        return Problem(
            f"node {self.node}, peer {self.name} ({self.address}, AS {self.asn})",
            f"the BGP session of policy {self.policy} is {self.state} after {seconds:g} s instead of established",
            "Check that TCP 179 of the peer can be reached, and that both ends have the same ASNs and password",
        )

    def answer(self) -> t.Dict[str, t.Any]:
        fields = dataclasses.asdict(self)
        del fields["node"]
        return {**fields, "established": self.established}


def sessions(
    nodes: t.Sequence[Object], cluster_configs: t.Sequence[Object], node_configs: t.Sequence[Object]
) -> t.Tuple[Session, ...]:
    """Every session that the policies ask for, node by node, with the state that the node reports."""
    reported = {
        (config["metadata"]["name"], instance["name"], peer["name"]): peer
        for config in node_configs
        for instance in config.get("status", {}).get("bgpInstances", [])
        for peer in instance.get("peers", [])
    }
    return tuple(
        _session(node["metadata"]["name"], config, instance, peer, reported)
        for node in nodes
        for config in cluster_configs
        if selects(config["spec"].get("nodeSelector"), node["metadata"].get("labels", {}))
        for instance in config["spec"]["bgpInstances"]
        for peer in instance.get("peers", [])
    )


def _session(
    node: str, config: Object, instance: Object, peer: Object, reported: t.Mapping[t.Tuple[str, str, str], Object]
) -> Session:
    status = reported.get((node, instance["name"], peer["name"]))
    routes = (status or {}).get("routeCount", [])
    return Session(
        node=node,
        policy=config["metadata"]["name"],
        name=peer["name"],
        address=peer.get("peerAddress", ""),
        asn=peer.get("peerASN", 0),
        local_asn=instance.get("localASN", 0),
        # The agent leaves the state out of what it does not run, such as a peer without its configuration.
        state=UNCONFIGURED if status is None else status.get("peeringState", UNCONFIGURED),
        received=sum(count.get("received", 0) for count in routes),
        advertised=sum(count.get("advertised", 0) for count in routes),
    )


def selects(selector: t.Optional[Object], labels: t.Mapping[str, str]) -> bool:
    """Whether a label selector of a policy selects a node; none selects all."""
    if not selector:
        return True
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        _expression(term, labels) for term in selector.get("matchExpressions") or []
    )


def _expression(term: Object, labels: t.Mapping[str, str]) -> bool:
    key, values = term["key"], term.get("values") or []
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[term["operator"]]


def await_established(
    cluster: Kubernetes, kinds: Kinds, cluster_configs: t.Sequence[Object], timeout: float, **clock: t.Any
) -> t.Tuple[Session, ...]:
    """Wait for the sessions of C(cluster_configs) on every node that they select."""
    found = poll(
        lambda: sessions(cluster.list(NODE), cluster_configs, cluster.list(kinds.node_config)),
        lambda answer: bool(answer) and all(session.established for session in answer),
        timeout=timeout,
        interval=2,
        **clock,
    )
    waiting = [session.problem(timeout) for session in found if not session.established]
    if waiting:
        raise ClusterError(*waiting)
    if not found:
        raise ClusterError(Problem("node_selector", "it selects no node", "Label the nodes that should peer"))
    return found


def describe(cluster: Kubernetes) -> t.Dict[str, t.Any]:
    """The whole answer of cilium_bgp_info."""
    kinds = served_kinds(cluster)
    nodes = cluster.list(NODE)
    balanced = [item for item in cluster.list(SERVICE) if item["spec"].get("type") == "LoadBalancer"]
    cluster_configs, peer_configs, node_configs, advertisements, pools = (
        (
            cluster.list(kind)
            for kind in (kinds.cluster_config, kinds.peer_config, kinds.node_config, kinds.advertisement, kinds.pool)
        )
        if kinds
        else ([], [], [], [], [])
    )
    services = [_service(item, advertisements) for item in balanced]
    in_use = {address for service in services for address in service["addresses"]}
    by_node: t.Dict[str, t.List[Session]] = {}
    for session in sessions(nodes, cluster_configs, node_configs):
        by_node.setdefault(session.node, []).append(session)
    return {
        "api": kinds.version if kinds else "",
        "nodes": [_node(node, by_node.get(node["metadata"]["name"], [])) for node in nodes],
        "conditions": [
            complaint
            for kind, items in (("CiliumBGPClusterConfig", cluster_configs), ("CiliumBGPPeerConfig", peer_configs))
            for item in items
            for complaint in _complaints(kind, item)
        ],
        "services": services,
        "pools": [_pool(item, in_use) for item in pools],
    }


def await_answer(cluster: Kubernetes, wait_for: str, timeout: float, **clock: t.Any) -> t.Dict[str, t.Any]:
    """The answer as soon as C(wait_for), nodes or sessions, is fine; or what it is when the time is over."""

    def fine(answer: t.Mapping[str, t.Any]) -> bool:
        nodes = answer["nodes"]
        if not nodes or not all(node["ready"] for node in nodes):
            return False
        peering = [node for node in nodes if node["peers"]]
        return wait_for != "sessions" or (bool(peering) and all(node["established"] for node in peering))

    return poll(lambda: describe(cluster), fine, timeout=timeout, interval=2, **clock)


def _node(item: Object, found: t.Sequence[Session]) -> t.Dict[str, t.Any]:
    return {
        "name": item["metadata"]["name"],
        "ready": _conditions(item).get("Ready", {}).get("status") == "True",
        "established": all(session.established for session in found),
        "peers": [session.answer() for session in found],
    }


def _complaints(kind: str, item: Object) -> t.Iterator[t.Dict[str, str]]:
    """The conditions of Cilium's configuration objects all name what is wrong."""
    for name, condition in _conditions(item).items():
        if condition["status"] == "True":
            yield {
                "kind": kind,
                "name": item["metadata"]["name"],
                "type": name,
                "message": condition.get("message", ""),
            }


def _conditions(item: Object) -> t.Dict[str, Object]:
    """By type, without Cilium's prefix."""
    conditions = item.get("status", {}).get("conditions") or []
    prefix = "cilium.io/"
    return {
        entry["type"][len(prefix) :] if entry["type"].startswith(prefix) else entry["type"]: entry
        for entry in conditions
    }


def _announced(item: Object, advertisements: t.Sequence[Object]) -> bool:
    """Whether Cilium announces the addresses of a load balancer service; an advertisement without selector has none."""
    metadata = item["metadata"]
    names = {f"io.kubernetes.service.{key}": metadata[key] for key in ("name", "namespace")}  # Cilium adds these labels
    labels = {**(metadata.get("labels") or {}), **names}
    return item["spec"].get("loadBalancerClass", "") in ANNOUNCED_CLASSES and any(
        "LoadBalancerIP" in (entry.get("service") or {}).get("addresses", [])
        and entry.get("selector") is not None
        and selects(entry["selector"], labels)
        for advertisement in advertisements
        for entry in advertisement["spec"].get("advertisements") or []
    )


def _service(item: Object, advertisements: t.Sequence[Object]) -> t.Dict[str, t.Any]:
    ingress = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return {
        "name": item["metadata"]["name"],
        "namespace": item["metadata"]["namespace"],
        "class": item["spec"].get("loadBalancerClass", ""),
        "addresses": [entry["ip"] for entry in ingress if entry.get("ip")],
        "announced": _announced(item, advertisements),
    }


def _pool(item: Object, in_use: t.AbstractSet[str]) -> t.Dict[str, t.Any]:
    """C(in_use) are the addresses of all services."""
    conditions = _conditions(item)
    blocks = list(item["spec"].get("blocks") or [])
    conflict = conditions.get("PoolConflict", {})
    return {
        "name": item["metadata"]["name"],
        "managed": item["metadata"].get("labels", {}).get(MANAGED_BY) == OWNER,
        "blocks": blocks,
        "disabled": bool(item["spec"].get("disabled")),
        # Cilium writes these numbers into messages. Its IPsUsed includes addresses that it keeps back.
        "total": int(conditions.get("IPsTotal", {}).get("message") or 0),
        "available": int(conditions.get("IPsAvailable", {}).get("message") or 0),
        "used": sum(any(_holds(block, address) for block in blocks) for address in in_use),
        "conflict": conflict.get("message", "") if conflict.get("status") == "True" else "",
    }


def _holds(block: Object, address: str) -> bool:
    """Whether an address lies in a block, which is a network, a range, or a single address."""
    wanted = ipaddress.ip_address(address)
    if block.get("cidr"):
        return wanted in ipaddress.ip_network(block["cidr"], strict=False)
    start, stop = (ipaddress.ip_address(block.get(key) or block["start"]) for key in ("start", "stop"))
    return wanted.version == start.version and int(start) <= int(wanted) <= int(stop)
