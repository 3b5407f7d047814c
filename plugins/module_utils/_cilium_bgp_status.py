# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The sessions that the cluster should have, and what Cilium says has become of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE, Kinds
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SERVICE = Resource("v1", "Service", "services")
UNCONFIGURED = "unconfigured"
UNKNOWN = "unknown"
# The fields of a session that every answer has; the others are for finding out what is wrong with one.
BASIC = ("policy", "name", "address", "asn", "local_asn", "state", "received", "advertised")


@dataclasses.dataclass(frozen=True)
class Session:
    """One session of one node. C(state) is Cilium's word, C(unconfigured) if the node knows nothing of it, or
    C(unknown) of a legacy policy, as Cilium does not tell.
    """

    node: str
    policy: str
    name: str
    address: str
    asn: int
    local_asn: int
    state: str = UNCONFIGURED
    received: int = 0
    advertised: int = 0
    configuration: str = ""
    configuration_missing: bool = False
    secret: str = ""
    secret_missing: bool = False

    @property
    def established(self) -> bool:
        return self.state == "established"

    def problem(self, seconds: float) -> Problem:
        return Problem(
            f"node {self.node}, peer {self.name} ({self.address}, AS {self.asn})",
            f"the BGP session of policy {self.policy} is {self.state} after {seconds:g} s instead of established",
            "Run the playbook verify.yml, which asks both ends and names what is wrong",
        )

    def answer(self) -> t.Dict[str, t.Any]:
        fields = dataclasses.asdict(self)
        return {**{key: fields[key] for key in BASIC}, "established": self.established}


def sessions(
    nodes: t.Sequence[Object],
    cluster_configs: t.Sequence[Object],
    node_configs: t.Sequence[Object],
    peer_configs: t.Optional[t.Sequence[Object]] = None,
) -> t.Tuple[Session, ...]:
    """Every session that the policies ask for, node by node, with the state that the node reports."""
    running = {
        (config["metadata"]["name"], instance["name"]): instance.get("localASN")
        for config in node_configs
        for instance in (config.get("spec") or {}).get("bgpInstances") or []
    }
    reported = {
        (config["metadata"]["name"], instance["name"], peer["name"]): peer
        for config in node_configs
        for instance in (config.get("status") or {}).get("bgpInstances") or []
        for peer in instance.get("peers") or []
    }
    configurations = {item["metadata"]["name"]: item for item in peer_configs or []}
    found = []
    for node in nodes:
        name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
        for config in cluster_configs:
            if not selects(config["spec"].get("nodeSelector"), labels):
                continue
            for instance in config["spec"]["bgpInstances"]:
                for peer in instance.get("peers") or []:
                    wanted = (peer.get("peerConfigRef") or {}).get("name", "")
                    configuration = configurations.get(wanted)
                    session = Session(
                        node=name,
                        policy=config["metadata"]["name"],
                        name=peer["name"],
                        address=peer.get("peerAddress", ""),
                        asn=peer.get("peerASN", 0),
                        # An override of the node is only in what the operator made of it.
                        local_asn=instance.get("localASN") or running.get((name, instance["name"])) or 0,
                        configuration=wanted,
                        configuration_missing=bool(wanted) and peer_configs is not None and configuration is None,
                        secret=((configuration or {}).get("spec") or {}).get("authSecretRef") or "",
                        secret_missing=conditions(configuration or {}).get("MissingAuthSecret", {}).get("status")
                        == "True",
                    )
                    found.append(_with_status(session, reported.get((name, instance["name"], peer["name"]))))
    return tuple(found)


def _with_status(session: Session, status: t.Optional[Object]) -> Session:
    if status is None:
        return session
    routes = status.get("routeCount") or []
    return dataclasses.replace(
        session,
        # The agent leaves the state out of what it does not run, such as a peer without its configuration.
        state=status.get("peeringState", UNCONFIGURED),
        received=sum(count.get("received", 0) for count in routes),
        advertised=sum(count.get("advertised", 0) for count in routes),
    )


def legacy_sessions(nodes: t.Sequence[Object], policies: t.Sequence[Object]) -> t.Tuple[Session, ...]:
    """The sessions of legacy policies, of which Cilium tells nothing."""
    return tuple(
        Session(
            node=node["metadata"]["name"],
            policy=policy["metadata"]["name"],
            name=neighbor["peerAddress"].partition("/")[0],
            address=neighbor["peerAddress"].partition("/")[0],
            asn=neighbor.get("peerASN", 0),
            local_asn=router.get("localASN", 0),
            state=UNKNOWN,
            secret=neighbor.get("authSecretRef") or "",
        )
        for node in nodes
        for policy in policies
        if selects(policy["spec"].get("nodeSelector"), node["metadata"].get("labels") or {})
        for router in policy["spec"].get("virtualRouters") or []
        for neighbor in router.get("neighbors") or []
    )


def conditions(item: Object) -> t.Dict[str, Object]:
    """By type, without Cilium's prefix."""
    prefix = "cilium.io/"
    return {
        entry["type"][len(prefix) :] if entry["type"].startswith(prefix) else entry["type"]: entry
        for entry in (item.get("status") or {}).get("conditions") or []
    }


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
