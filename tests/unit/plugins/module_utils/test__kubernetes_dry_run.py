# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Resource
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_dry_run import attempt
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_kubernetes import FakeKubernetes

NAMESPACES = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("default", "media")]


class Server(FakeKubernetes):
    """With the kinds of two groups."""

    def kinds(self, api_version):
        self.requests.append(("kinds", api_version))
        known = {
            "v1": [("Service", "services", True), ("Namespace", "namespaces", False)],
            "apps/v1": [("Deployment", "deployments", True)],
        }
        return {
            kind: (Resource(api_version, kind, plural), spaced) for kind, plural, spaced in known.get(api_version, [])
        }


def item(kind, name, namespace="", version="v1"):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def test_each_is_tried_once_and_nothing_comes_to_be():
    server = Server(objects=NAMESPACES)
    tried = attempt(
        server,
        [
            item("Service", "a", "media"),
            item("Service", "b", "new"),
            item("Service", "c"),
            item("Namespace", "new"),
            item("Deployment", "a", "media", "apps/v1"),
            item("Certificate", "a", "media", "cert-manager.io/v1"),
        ],
    )
    assert [(one["kind"], one["namespace"], one["skipped"]) for one in tried] == [
        ("Service", "media", ""),
        ("Service", "default", ""),
        ("Service", "default", ""),
        ("Namespace", "", ""),
        ("Deployment", "media", ""),
        ("Certificate", "", "the server has no Certificate of cert-manager.io/v1 yet"),
    ]
    assert server.writes == []
    assert [request for request in server.requests if request[0] == "kinds"] == [
        ("kinds", "v1"),
        ("kinds", "apps/v1"),
        ("kinds", "cert-manager.io/v1"),
    ]
    assert sorted(key[2] for key in server.objects) == ["default", "media"]


def test_all_complaints_are_told_together():
    server = Server(objects=NAMESPACES, refuse={"a": "unknown field", "b": "invalid port"})
    with pytest.raises(ClusterError) as caught:
        attempt(server, [item("Service", "a"), item("Service", "b"), item("Service", "c")])
    assert [problem.where for problem in caught.value.problems] == ["Service a", "Service b"]
    assert [problem.what for problem in caught.value.problems] == ["unknown field", "invalid port"]
