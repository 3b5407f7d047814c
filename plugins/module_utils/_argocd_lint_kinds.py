# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which kinds are in a namespace: what an API server would answer, as far as it is known without one."""

from __future__ import annotations

import typing as t

# All others of these groups are in a namespace.
_CLUSTER_SCOPED: t.Mapping[str, t.FrozenSet[str]] = {
    group: frozenset(kinds.split())
    for group, kinds in {
        "": "ComponentStatus Namespace Node PersistentVolume",
        "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
        " MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
        " ValidatingWebhookConfiguration",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apiregistration.k8s.io": "APIService",
        "apps": "",
        "autoscaling": "",
        "batch": "",
        "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
        "coordination.k8s.io": "",
        "discovery.k8s.io": "",
        "events.k8s.io": "",
        "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
        "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
        "node.k8s.io": "RuntimeClass",
        "policy": "PodSecurityPolicy",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
        "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
        "scheduling.k8s.io": "PriorityClass",
        "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
        # What is not Kubernetes' own, and in most clusters that this collection makes.
        "acme.cert-manager.io": "",
        "argoproj.io": "ClusterAnalysisTemplate ClusterWorkflowTemplate",
        "bitnami.com": "",
        "cert-manager.io": "ClusterIssuer",
        "cilium.io": "CiliumBGPAdvertisement CiliumBGPClusterConfig CiliumBGPNodeConfig CiliumBGPNodeConfigOverride"
        " CiliumBGPPeerConfig CiliumBGPPeeringPolicy CiliumCIDRGroup CiliumClusterwideEnvoyConfig"
        " CiliumClusterwideNetworkPolicy CiliumEgressGatewayPolicy CiliumExternalWorkload CiliumIdentity"
        " CiliumL2AnnouncementPolicy CiliumLoadBalancerIPPool CiliumNode CiliumPodIPPool",
        "external-secrets.io": "ClusterExternalSecret ClusterPushSecret ClusterSecretStore",
        "gateway.networking.k8s.io": "GatewayClass",
        "helm.cattle.io": "",
        "monitoring.coreos.com": "",
        "onepassword.com": "",
        "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
        "traefik.io": "",
        "upgrade.cattle.io": "",
    }.items()
}

Scopes = t.Mapping[t.Tuple[str, str], bool]


def namespaced(group: str, kind: str, defined: Scopes) -> t.Optional[bool]:
    """C(defined) is what CustomResourceDefinitions say. None if nobody says."""
    if (group, kind) in defined:
        return defined[group, kind]
    known = _CLUSTER_SCOPED.get(group)
    return None if known is None else kind not in known


def scope(definition: t.Mapping[str, t.Any]) -> t.Tuple[t.Tuple[str, str], bool]:
    """Of a CustomResourceDefinition."""
    spec = definition.get("spec") or {}
    kind = (spec.get("names") or {}).get("kind") or ""
    return (str(spec.get("group") or ""), str(kind)), spec.get("scope") != "Cluster"
