# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What else is in the cluster, and why a policy would be ignored, or do harm, beside it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_bgp_peering_policy as peering_policy
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import (
    NODE,
    OWNER,
    POLICY_LABEL,
    SECRET,
    Kinds,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import INTERFACE
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

# Releases of Helm are the large Secrets of the namespace.
NO_RELEASES = "type!=helm.sh/release.v1"


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Objects of the cluster, whole kinds. C(nodes) and C(secrets) are read only where they are asked for."""

    cluster_configs: t.Sequence[Object] = ()
    peering_policies: t.Sequence[Object] = ()
    nodes: t.Sequence[Object] = ()
    secrets: t.Sequence[Object] = ()

    def known(self, kinds: Kinds) -> t.Dict[Resource, t.Sequence[Object]]:
        """For the plan, which need not read these again."""
        return {kinds.cluster_config: self.cluster_configs, kinds.peering_policy: self.peering_policies}


def observe(cluster: Kubernetes, kinds: Kinds, policy: Policy) -> Surroundings:
    """Everything that C(refusals) goes by, in as few requests as it takes."""
    configs = cluster.list(kinds.cluster_config)
    policies = cluster.list(kinds.peering_policy)
    rivals = [item for item in (*configs, *policies) if not _is_ours(item, policy, kinds)]
    named = any(peer.password_secret for peer in policy.peers)
    return Surroundings(
        configs,
        policies,
        cluster.list(NODE) if rivals or policy.node_overrides else (),
        cluster.list(SECRET, namespace=policy.secrets_namespace, field_selector=NO_RELEASES) if named else (),
    )


def inexpressible(policy: Policy, kinds: Kinds) -> t.Iterator[Problem]:
    """What this generation has no words for."""
    if kinds.legacy:
        yield from peering_policy.inexpressible(policy)
    elif kinds.version == "v2alpha1":
        for index, entry in enumerate(policy.advertisements):
            if entry.type == INTERFACE:
                what = "Cilium announces addresses of interfaces since 1.19, in the API version v2"
                yield Problem(f"advertisements[{index}]", what, "Remove it, or upgrade Cilium")


def refusals(policy: Policy, kinds: Kinds, around: Surroundings, migrate: bool = False) -> t.Iterator[Problem]:
    """Everything that Cilium would take and then ignore; C(migrate) takes legacy policies away first."""
    yield from _rivals(policy, kinds, around, migrate)
    yield from _secrets(policy, around)
    yield from _unknown_nodes(policy, around)


def _rivals(policy: Policy, kinds: Kinds, around: Surroundings, migrate: bool) -> t.Iterator[Problem]:
    """A node listens to one policy: of two ClusterConfigs to the older, of two legacy ones to none."""
    for item in (*around.cluster_configs, *(() if migrate else around.peering_policies)):
        if _is_ours(item, policy, kinds):
            continue
        spec = item.get("spec") or {}
        nodes = [
            node["metadata"]["name"]
            for node in around.nodes
            if all(selects(chosen, _labels(node)) for chosen in (policy.node_selector, spec.get("nodeSelector")))
        ]
        if nodes or (spec.get("nodeSelector") or {}) == policy.node_selector:
            legacy = item["kind"] == kinds.peering_policy.kind
            yield _rival(item, nodes, policy, legacy and not kinds.legacy)


def _rival(item: Object, nodes: t.Sequence[str], policy: Policy, migratable: bool) -> Problem:
    spec = item.get("spec") or {}
    asns = {entry.get("localASN") for entry in spec.get("bgpInstances") or spec.get("virtualRouters") or []}
    whose = _labels(item).get(POLICY_LABEL) if _labels(item).get(MANAGED_BY) == OWNER else None
    what = f"{item['kind']} {item['metadata']['name']} " + (f"(policy {whose}) " if whose else "(not ours) ")
    what += f"selects {', '.join(nodes)} as well" if nodes else "selects the same nodes"
    what += f", with the same AS {policy.local_asn}" if policy.local_asn in asns else ""
    remedy = "Write node_selector so that no node is in both, or delete the other one"
    if migratable:
        what += "; Cilium would obey it alone"
        remedy = "Run it with migrate: true, or delete the other one"
    return Problem("node_selector", what, remedy)


def _secrets(policy: Policy, around: Surroundings) -> t.Iterator[Problem]:
    """Without its Secret, or the key in it, a session comes up without a password and nothing shows it."""
    found = {item["metadata"]["name"]: item for item in around.secrets}
    for index, peer in enumerate(policy.peers):
        if not peer.password_secret:
            continue
        where = f"peers[{index}].password_secret"
        name = f"{policy.secrets_namespace}/{peer.password_secret}"
        secret = found.get(peer.password_secret)
        if secret is None:
            remedy = "Create it with the key password, or correct secrets_namespace; or give the password itself"
            what = f"there is no Secret {name}, so that the session would run without a password"
            yield Problem(where, what, remedy)
        elif not (secret.get("data") or {}).get("password"):
            what = f"Secret {name} has no key password, so that the session would run without one"
            yield Problem(where, what, "Add the key password to it")
        elif _labels(secret).get(POLICY_LABEL) == policy.name:
            what = f"Secret {name} was made by this policy, which removes it together with the option password"
            yield Problem(where, what, "Copy it to another name, or keep the option password")


def _unknown_nodes(policy: Policy, around: Surroundings) -> t.Iterator[Problem]:
    nodes = {node["metadata"]["name"]: _labels(node) for node in around.nodes}
    for index, override in enumerate(policy.node_overrides):
        where = f"node_overrides[{index}].node"
        if override.node not in nodes:
            remedy = f"Write one of {', '.join(sorted(nodes))}" if nodes else "Remove it until the node has joined"
            yield Problem(where, f"the cluster has no node {override.node}", remedy)
        elif not selects(policy.node_selector, nodes[override.node]):
            remedy = "Label the node as node_selector says, or remove the override"
            yield Problem(where, f"the policy does not select {override.node}, so that this would be ignored", remedy)


def _is_ours(item: Object, policy: Policy, kinds: Kinds) -> bool:
    """Whether this policy is about to write the object, in this generation."""
    written = kinds.peering_policy if kinds.legacy else kinds.cluster_config
    labels = _labels(item)
    return item["kind"] == written.kind and labels.get(MANAGED_BY) == OWNER and labels.get(POLICY_LABEL) == policy.name


def _labels(item: Object) -> t.Mapping[str, str]:
    return t.cast("t.Mapping[str, str]", item["metadata"].get("labels") or {})
