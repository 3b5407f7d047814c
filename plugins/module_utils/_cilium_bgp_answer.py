# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The cluster's end of BGP in one answer, asked with one request for each kind, however many nodes there are."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_agents import AGENT, POD
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE, Kinds, served_kinds
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import (
    SERVICE,
    UNKNOWN,
    Session,
    conditions,
    legacy_sessions,
    sessions,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_services import (
    Offer,
    endpoint_nodes,
    legacy_offers,
    offers,
    pool_answers,
    routes,
    services,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects

ENDPOINT_SLICE = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")

Answer = t.Dict[str, t.Any]


def describe(cluster: Kubernetes) -> Answer:
    """The whole answer of cilium_bgp_info."""
    kinds = served_kinds(cluster)
    nodes = cluster.list(NODE)
    pods = cluster.list(POD, AGENT)
    balanced = [item for item in cluster.list(SERVICE) if item["spec"].get("type") == "LoadBalancer"]
    local = any(item["spec"].get("externalTrafficPolicy") == "Local" for item in balanced)
    endpoints = endpoint_nodes(cluster.list(ENDPOINT_SLICE)) if local else {}
    legacy: t.List[Object] = cluster.list(kinds.peering_policy) if kinds else []
    pools: t.List[Object] = cluster.list(kinds.pool) if kinds else []
    cluster_configs, peer_configs, node_configs, advertisements = _objects(cluster, kinds)
    should: t.Tuple[Session, ...]
    found: t.Tuple[Offer, ...]
    if kinds and kinds.legacy:
        should, found = legacy_sessions(nodes, legacy), legacy_offers(legacy)
    else:
        should = sessions(nodes, cluster_configs, node_configs, peer_configs)
        found = offers(advertisements, peer_configs, should)
    by_node: t.Dict[str, t.List[Session]] = {}
    for session in should:
        by_node.setdefault(session.node, []).append(session)
    answers = services(balanced, found, pools, endpoints)
    owners = {item["metadata"]["name"]: _owner(item) for item in node_configs}
    agents = {pod["spec"].get("nodeName"): _ready(pod) for pod in pods}
    return {
        "api": kinds.version if kinds else "",
        "nodes": [
            {
                **_node(item, by_node.get(item["metadata"]["name"], [])),
                "agent": agents.get(item["metadata"]["name"], False),
                "policy": owners.get(item["metadata"]["name"], ""),
                "policies": _selecting(cluster_configs, item),
                "legacy_policies": _selecting(legacy, item),
            }
            for item in nodes
        ],
        "policies": [_policy(item) for item in (legacy if kinds and kinds.legacy else cluster_configs)],
        "conditions": [
            complaint
            for kind, items in (("CiliumBGPClusterConfig", cluster_configs), ("CiliumBGPPeerConfig", peer_configs))
            for item in items
            for complaint in _complaints(kind, item)
        ],
        "advertisements": [
            {
                "name": offer.name,
                "type": offer.kind,
                "addresses": list(offer.addresses),
                "peers": sorted(offer.peers),
                "selects": offer.kind != "Service" or offer.selector is not None,
            }
            for offer in found
        ],
        "services": answers,
        "pools": pool_answers(pools, {address for service in answers for address in service["addresses"]}),
        "routes": routes(answers, pools),
    }


def _objects(cluster: Kubernetes, kinds: t.Optional[Kinds]) -> t.Tuple[t.List[Object], ...]:
    if not kinds or kinds.legacy:
        return [], [], [], []
    return tuple(
        cluster.list(kind) for kind in (kinds.cluster_config, kinds.peer_config, kinds.node_config, kinds.advertisement)
    )


def await_answer(cluster: Kubernetes, wait_for: str, timeout: float, **clock: t.Any) -> Answer:
    """The answer as soon as C(wait_for), nodes or sessions, is fine; or what it is when the time is over."""

    def fine(answer: t.Mapping[str, t.Any]) -> bool:
        nodes = answer["nodes"]
        if not nodes or not all(node["ready"] for node in nodes):
            return False
        states = [peer["state"] for node in nodes for peer in node["peers"]]
        return wait_for != "sessions" or (bool(states) and set(states) <= {"established", UNKNOWN})

    return poll(lambda: describe(cluster), fine, timeout=timeout, interval=2, **clock)


def _node(item: Object, found: t.Sequence[Session]) -> Answer:
    return {
        "name": item["metadata"]["name"],
        "ready": _ready(item),
        "established": all(session.established for session in found),
        "peers": [
            {
                **session.answer(),
                "configuration": session.configuration,
                "configuration_missing": session.configuration_missing,
                "secret": session.secret,
                "secret_missing": session.secret_missing,
            }
            for session in found
        ],
    }


def _selecting(policies: t.Sequence[Object], node: Object) -> t.List[str]:
    labels = node["metadata"].get("labels") or {}
    return [item["metadata"]["name"] for item in policies if selects(item["spec"].get("nodeSelector"), labels)]


def _policy(item: Object) -> Answer:
    spec = item["spec"]
    return {
        "name": item["metadata"]["name"],
        "node_selector": spec.get("nodeSelector") or {},
        "peers": sorted(
            peer.get("peerAddress", "").partition("/")[0]
            for instance in [*(spec.get("bgpInstances") or []), *(spec.get("virtualRouters") or [])]
            for peer in [*(instance.get("peers") or []), *(instance.get("neighbors") or [])]
        ),
    }


def _owner(node_config: Object) -> str:
    """The name of the policy that a node follows."""
    owners = node_config["metadata"].get("ownerReferences") or []
    return next((owner["name"] for owner in owners if owner["kind"] == "CiliumBGPClusterConfig"), "")


def _ready(item: Object) -> bool:
    return conditions(item).get("Ready", {}).get("status") == "True"


def _complaints(kind: str, item: Object) -> t.Iterator[t.Dict[str, str]]:
    """The conditions of Cilium's configuration objects all name what is wrong."""
    for name, condition in conditions(item).items():
        if condition["status"] == "True":
            yield {
                "kind": kind,
                "name": item["metadata"]["name"],
                "type": name,
                "message": condition.get("message", ""),
            }
