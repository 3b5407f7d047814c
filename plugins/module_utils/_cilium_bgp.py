# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The kinds of Cilium's BGP control plane: what they are called in each generation, and which one a server has.

Around it, as the module cilium_bgp_policy uses them: _cilium_bgp_policy and _cilium_bgp_advertisement read the
description, _cilium_bgp_surroundings says what in the cluster is in its way, _cilium_bgp_objects makes objects of it
(before Cilium 1.16 _cilium_bgp_peering_policy), and _kubernetes_set writes them. _cilium_bgp_status says what became of
the sessions. _cilium_bgp_legacy, _cilium_bgp_migration and _cilium_agents replace a legacy policy.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

LEGACY = "legacy"
API_VERSIONS = ("v2", "v2alpha1", LEGACY)  # the newest first
OWNER = "homeops.cluster"
POLICY_LABEL = "homeops.cluster/bgp-policy"
ADVERTISEMENT_LABEL = "homeops.cluster/bgp-advertisement"
NODE_LABEL = "homeops.cluster/bgp-node"
OPT_OUT_LABEL = "homeops.cluster/bgp"
SECRET = Resource("v1", "Secret", "secrets")
NODE = Resource("v1", "Node", "nodes")


@dataclasses.dataclass(frozen=True)
class Kinds:
    """Cilium's kinds in one generation: C(legacy) has one kind for everything, in the API version v2alpha1."""

    version: str

    def __post_init__(self) -> None:
        if self.version not in API_VERSIONS:
            remedy = f"Write one of {', '.join(API_VERSIONS)}"
            raise ClusterError(Problem("api", f"{self.version!r} is no generation of Cilium's BGP kinds", remedy))

    @property
    def legacy(self) -> bool:
        return self.version == LEGACY

    @property
    def api_version(self) -> str:
        return f"cilium.io/{'v2alpha1' if self.legacy else self.version}"

    def _resource(self, kind: str) -> Resource:
        return Resource(self.api_version, kind, f"{kind.lower()}s")

    @property
    def cluster_config(self) -> Resource:
        return self._resource("CiliumBGPClusterConfig")

    @property
    def peer_config(self) -> Resource:
        return self._resource("CiliumBGPPeerConfig")

    @property
    def advertisement(self) -> Resource:
        return self._resource("CiliumBGPAdvertisement")

    @property
    def node_override(self) -> Resource:
        return self._resource("CiliumBGPNodeConfigOverride")

    @property
    def node_config(self) -> Resource:
        return self._resource("CiliumBGPNodeConfig")

    @property
    def pool(self) -> Resource:
        return self._resource("CiliumLoadBalancerIPPool")

    @property
    def peering_policy(self) -> Resource:
        """The legacy kind, which Cilium 1.16 to 1.18 serve beside the others, and prefer."""
        return Resource("cilium.io/v2alpha1", "CiliumBGPPeeringPolicy", "ciliumbgppeeringpolicies")

    @property
    def plurals(self) -> t.FrozenSet[str]:
        """What a server that has this generation serves.

        Cilium 1.15 has kinds of the same names with other fields. There, the status of a node's configuration is no
        resource of its own.
        """
        if self.legacy:
            return frozenset([self.peering_policy.plural, self.pool.plural])
        every = (*self.written[1:], self.node_config, self.pool)
        return frozenset([*(kind.plural for kind in every), f"{self.node_config.plural}/status"])

    @property
    def written(self) -> t.Tuple[Resource, ...]:
        """In the order of writing: nothing refers to what does not exist yet."""
        if self.legacy:
            return SECRET, self.peering_policy
        return SECRET, self.peer_config, self.advertisement, self.node_override, self.cluster_config

    @property
    def every_written(self) -> t.Tuple[Resource, ...]:
        """What this generation and the one before it wrote, for taking all of it away."""
        return self.written if self.legacy else (*self.written, self.peering_policy)


def selector(policy: str) -> str:
    """What finds the objects of a policy."""
    return f"{MANAGED_BY}={OWNER},{POLICY_LABEL}={policy}"


def served_kinds(cluster: Kubernetes, api: str = "auto") -> t.Optional[Kinds]:
    """The newest generation that is served completely, or the one asked for.

    Cilium's operator registers its kinds one by one, in no order. While some are missing an older generation is no
    answer, as the newer one is about to come.
    """
    if api != "auto":
        kinds = Kinds(api)
        return kinds if kinds.plurals <= cluster.served(kinds.api_version) else None
    v2, v2alpha1, legacy = (Kinds(version) for version in API_VERSIONS)
    served = cluster.served(v2.api_version)
    if v2.plurals <= served:
        return v2
    if v2.node_config.plural in served:
        return None
    served = cluster.served(v2alpha1.api_version)
    if v2alpha1.plurals <= served:
        return v2alpha1
    is_1_15 = v2alpha1.node_config.plural in served and f"{v2alpha1.node_config.plural}/status" not in served
    return legacy if is_1_15 and legacy.plurals <= served else None


def await_kinds(cluster: Kubernetes, api: str, timeout: float, **clock: t.Any) -> Kinds:
    """Cilium's operator registers its kinds one per second after it has started."""
    kinds = poll(
        lambda: served_kinds(cluster, api), lambda found: found is not None, timeout=timeout, interval=1, **clock
    )
    if kinds is None:
        what = f"the server does not serve Cilium's BGP kinds ({api}) after {timeout:g} s"
        remedy = (
            "Install Cilium 1.15 or later with bgpControlPlane.enabled, and check that its operator runs; "
            "for an older Cilium write api: legacy"
        )
        raise ClusterError(Problem("cilium.io", what, remedy))
    return kinds
