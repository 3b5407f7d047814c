# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The Sealed Secrets controller, asked for its certificate through the API server, as kubeseal does."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Resource
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SERVICE = Resource("v1", "Service", "services")


class Cluster(t.Protocol):
    """What is asked of _kubernetes.ApiServer: what anybody may ask who may use kubeseal."""

    def fetch(self, path: str) -> t.Optional[bytes]:
        """What is behind a path; None if nothing is."""


@dataclasses.dataclass(frozen=True)
class ClusterController:
    """C(connect) is only called when the certificate is needed."""

    connect: t.Callable[[], Cluster]
    name: str = "sealed-secrets-controller"
    namespace: str = "kube-system"

    def certificate(self) -> bytes:
        cluster = self.connect()
        where = f"service {self.name} in namespace {self.namespace}"
        service = cluster.fetch(SERVICE.path(self.namespace, self.name))
        if service is None:
            remedy = "Give the name and namespace of the service under controller, or install Sealed Secrets first"
            raise ClusterError(Problem(where, "there is none", remedy))
        port = ((json.loads(service).get("spec") or {}).get("ports") or [{}])[0].get("name", "")
        path = f"{SERVICE.path(self.namespace)}/http:{self.name}:{port}/proxy/v1/cert.pem"
        content = cluster.fetch(path)
        if content is None:
            raise ClusterError(
                Problem(where, "has no /v1/cert.pem", "Name the service of the Sealed Secrets controller")
            )
        return content
