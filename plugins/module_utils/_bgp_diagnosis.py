# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Why BGP does not carry what it should: a ladder from a node's link to the route in a router's kernel.

Neither Cilium nor FRR tells most of it. Each rung asks whoever knows: the node itself, the objects in the cluster, the
router. The first broken rung is the answer; what is above it is a symptom.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis_network import network_rungs, node_rungs
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis_services import diagnose_services
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis_sessions import (
    cluster_rungs,
    object_rungs,
    router_rungs,
    state_rungs,
)
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import (
    CRITICAL,
    ERROR,
    WARNING,
    Answer,
    Evidence,
    Finding,
    Peer,
    Way,
    is_silent,
    together,
)

RUNGS = (network_rungs, object_rungs, cluster_rungs, router_rungs, state_rungs)
BELOW_THE_ROUTER = ("proof", "node", "network")
SYMPTOMS = ("node_missing", "node_not_ready", "agent_not_ready", "session_down", "status_stale")


def diagnose(evidence: Evidence) -> t.List[Finding]:
    """Everything that is wrong, each thing once, from the lowest layer up."""
    routers = list(_routers(evidence))
    if not evidence.cluster["api"]:
        what = "the cluster does not serve Cilium's BGP kinds"
        return [*routers, Finding("configuration", "cluster_bgp_missing", what, evidence.commands.site)]
    broken = {finding.router for finding in routers if finding.layer == "router"}
    nodes = [
        finding
        for name in evidence.expected.nodes
        for finding in _node(evidence, name)
        if finding.router not in broken or finding.layer in BELOW_THE_ROUTER
    ]
    sessions = [*routers, *together([*nodes, *_ignored(evidence), *_unexpected(evidence)])]
    return [*sessions, *diagnose_services(evidence, sessions)]


def _routers(evidence: Evidence) -> t.Iterator[Finding]:
    """What a router has, whoever calls."""
    for peer in evidence.expected.peers:
        answer, name = evidence.routers.get(peer.name), f"{peer.name} ({peer.address})"
        remedy = evidence.commands.router(peer.name)
        if answer is None:
            what = f"{name} was not asked: its sessions and routes are NOT proven"
            remedy = "Put the router into the group routers of the inventory, if it is reached by SSH"
            yield Finding("proof", "router_not_asked", what, remedy, WARNING, router=peer.name)
        elif is_silent(answer):
            what = f"{name} does not answer: {str(answer.get('msg') or 'no reason given').rstrip('.')}"
            remedy = f"on {peer.name}: systemctl restart frr; or see why SSH does not reach it"
            yield Finding("proof", "router_not_answering", what, remedy, ERROR, router=peer.name)
        elif not answer["asn"]:
            what = f"BGP is not configured on {name}"
            yield Finding("router", "router_bgp_missing", what, remedy, router=peer.name)
        elif answer["asn"] != peer.asn:
            what = f"{name} has AS {answer['asn']} instead of {peer.asn}"
            yield Finding("router", "router_asn_wrong", what, remedy, router=peer.name)


def _node(evidence: Evidence, name: str) -> t.List[Finding]:
    """The lowest broken rung of one node: its own, or one on the way to each of the routers."""
    told = evidence.nodes.get(name)
    silent = told is not None and is_silent(told)
    probe = None if silent else told
    node = evidence.cluster_nodes.get(name)
    own = next(node_rungs(evidence, name, node, probe), None)
    ways = [] if own or node is None else [_way(evidence, name, node, probe, peer) for peer in evidence.expected.peers]
    found = [own] if own else [finding for finding in map(_first, ways) if finding]
    if not silent:
        return found
    # It explains a symptom, and not what the objects in the cluster say.
    lost = any(finding.code in SYMPTOMS for finding in found)
    what = "the node does not answer over SSH, and nobody knows its link and its way to the routers"
    remedy = f"See that the node runs and has its link: ssh {evidence.expected.nodes[name]}"
    seen = tuple(finding.what for finding in found) if lost else ()
    severity = CRITICAL if lost else WARNING
    silence = Finding("proof", "node_not_asked", what, remedy, severity, nodes=(name,), evidence=seen)
    return [silence] if lost else [silence, *found]


def _way(evidence: Evidence, name: str, node: Answer, probe: t.Optional[Answer], peer: Peer) -> Way:
    address = evidence.expected.nodes[name]
    router = evidence.router(peer)
    sessions = [entry for entry in node["peers"] if entry["address"] == peer.address]
    return Way(
        evidence=evidence,
        node=name,
        address=address,
        peer=peer,
        probe=probe,
        object=node,
        # Of several policies, what the node follows counts.
        session=min(sessions, key=lambda entry: entry["policy"] != node["policy"], default=None),
        router=router,
        neighbor=evidence.neighbors.get(peer.name, {}).get(address),
    )


def _first(way: Way) -> t.Optional[Finding]:
    return next(itertools.chain.from_iterable(rungs(way) for rungs in RUNGS), None)


def _ignored(evidence: Evidence) -> t.Iterator[Finding]:
    """Policies of others that Cilium ignores on a node. One of ours that it ignores is a rung."""
    described = {peer.address for peer in evidence.expected.peers}
    for name, node in evidence.cluster_nodes.items():
        ours = {entry["policy"] for entry in node["peers"] if entry["address"] in described}
        for policy in set(node["policies"]) - {node["policy"]} - ours if node["policy"] in ours else ():
            what = f"CiliumBGPClusterConfig {policy} also selects the node, and Cilium ignores it there"
            remedy = f"{evidence.commands.kubectl} delete ciliumbgpclusterconfig {policy}"
            yield Finding("configuration", "cluster_config_conflict", what, remedy, WARNING, nodes=(name,))


def _unexpected(evidence: Evidence) -> t.Iterator[Finding]:
    """Nodes that speak BGP and should not."""
    for name, node in evidence.cluster_nodes.items():
        if node["peers"] and name not in evidence.expected.nodes:
            what = "the node speaks BGP, and the description does not say that it should"
            yield Finding("configuration", "node_unexpected", what, evidence.commands.site, WARNING, nodes=(name,))
