# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which versions belong together: data, and the few questions asked of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Minor = t.Tuple[int, int]


@dataclasses.dataclass(frozen=True)
class CiliumSupport:
    """What one Cilium minor was released for."""

    kubernetes: t.Tuple[Minor, Minor]
    gateway_api: str
    bgp_api: str

    def supports(self, kubernetes: Minor) -> bool:
        return self.kubernetes[0] <= kubernetes <= self.kubernetes[1]

    @property
    def kubernetes_range(self) -> str:
        return " to ".join(text(minor) for minor in self.kubernetes)


# From Cilium's documentation of each branch (Kubernetes versions tested end to end, Gateway API to pre-install);
# before 1.16 there is only the legacy CiliumBGPPeeringPolicy.
CILIUM: t.Mapping[Minor, CiliumSupport] = {
    (1, 16): CiliumSupport(((1, 27), (1, 30)), "v1.1.0", "v2alpha1"),
    (1, 17): CiliumSupport(((1, 29), (1, 32)), "v1.2.0", "v2alpha1"),
    (1, 18): CiliumSupport(((1, 30), (1, 33)), "v1.2.0", "v2"),
    (1, 19): CiliumSupport(((1, 32), (1, 35)), "v1.4.1", "v2"),
    (1, 20): CiliumSupport(((1, 33), (1, 36)), "v1.5.1", "v2"),
}


def minor_of(version: str) -> Minor:
    """C(v1.35.4+k3s1) and C(1.35.4) are of the minor (1, 35)."""
    major, minor = version.lstrip("v").split(".")[:2]
    return int(major), int(minor)


def text(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"


def known_cilium() -> str:
    return ", ".join(text(minor) for minor in sorted(CILIUM))


def cilium_support(version: str) -> CiliumSupport:
    minor = minor_of(version)
    if minor in CILIUM:
        return CILIUM[minor]
    why = (
        "has only the legacy BGP policy, which this collection does not write"
        if minor < min(CILIUM)
        else f"is newer than Cilium {text(max(CILIUM))}, the newest this collection was made for"
        if minor > max(CILIUM)
        else "is not known"
    )
    raise ClusterError(
        Problem("cluster_versions.cilium", f"{version} {why}", f"Write a version of Cilium {known_cilium()}")
    )


def bgp_api_version(cilium_version: str) -> str:
    """The version of the cilium.io API that BGP resources and pools are written in: C(v2alpha1) or C(v2)."""
    return cilium_support(cilium_version).bgp_api


def gateway_api_version(cilium_version: str) -> str:
    """The Gateway API release whose CRDs this Cilium wants to find."""
    return cilium_support(cilium_version).gateway_api


def version_problems(k3s: t.Optional[str], cilium: t.Optional[str], gateway_api: t.Optional[str]) -> t.List[Problem]:
    """Everything wrong with the combination; a version that is None was reported elsewhere."""
    if cilium is None:
        return []
    try:
        support = cilium_support(cilium)
    except ClusterError as error:
        return list(error.problems)
    name = f"Cilium {text(minor_of(cilium))}"
    problems = []
    if k3s is not None and not support.supports(minor_of(k3s)):
        kubernetes = minor_of(k3s)
        others = [text(minor) for minor in sorted(CILIUM) if CILIUM[minor].supports(kubernetes)]
        problems.append(
            Problem(
                "cluster_versions.k3s",
                f"{k3s} is Kubernetes {text(kubernetes)}, but {name} supports Kubernetes {support.kubernetes_range}",
                f"Write a K3s version of Kubernetes {support.kubernetes_range}"
                + (f", or a cluster_versions.cilium of {' or '.join(others)}" if others else ""),
            )
        )
    if gateway_api is not None and gateway_api != support.gateway_api:
        problems.append(
            Problem(
                "cluster_versions.gateway_api",
                f"{gateway_api} is not the Gateway API that {name} wants",
                f"Write {support.gateway_api}",
            )
        )
    return problems
