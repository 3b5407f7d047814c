# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster as its user left it with Cilium 1.18: one legacy BGP policy for the servers, and one for the agents."""

from __future__ import annotations

import base64

from commands import Step, cilium, create, delete, kubectl
from faults import ROUTER

SECRET = "bgp-password"
NEIGHBOR = {
    "peerAddress": f"{ROUTER}/32",
    "peerASN": 65000,
    "authSecretRef": SECRET,
    "connectRetryTimeSeconds": 5,
    "holdTimeSeconds": 9,
    "keepAliveTimeSeconds": 3,
    "gracefulRestart": {"enabled": True, "restartTimeSeconds": 120},
}
VIRTUAL_ROUTER = {
    "localASN": 65010,
    "neighbors": [NEIGHBOR],
    "serviceSelector": {"matchExpressions": [{"key": "somekey", "operator": "NotIn", "values": ["never-used-value"]}]},
}
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
NODES = {"servers": "Exists", "agents": "DoesNotExist"}


def policy(name: str, *virtual_routers: dict, node_selector: dict | None = None) -> dict:
    spec = {"nodeSelector": node_selector or {}, "virtualRouters": list(virtual_routers)}
    return cilium("CiliumBGPPeeringPolicy", name, spec, version="v2alpha1")


def secret(password: str) -> dict:
    metadata = {"name": SECRET, "namespace": "kube-system"}
    data = {"password": base64.b64encode(password.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def left_by_a_user(password: str) -> tuple[Step, ...]:
    """Legacy policies, and nothing of their successors."""
    selectors = {name: {"matchExpressions": [{"key": CONTROL_PLANE, "operator": op}]} for name, op in NODES.items()}
    policies = [policy(name, VIRTUAL_ROUTER, node_selector=selector) for name, selector in selectors.items()]
    return (
        create(secret(password), *policies),
        delete("ciliumbgpclusterconfigs,ciliumbgppeerconfigs,ciliumbgpadvertisements", "--all"),
    )


def policies() -> list[str]:
    return kubectl("get", "ciliumbgppeeringpolicies", "-o", "name").run().split()
