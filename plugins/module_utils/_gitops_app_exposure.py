# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How an application is reached by its DNS names: an Ingress, or an HTTPRoute with the grant that it needs."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_workload import Object, Options, metadata


def objects(app: Options) -> t.List[Object]:
    if app["exposure"] == "ingress":
        return [_ingress(app)]
    if app["exposure"] == "httproute":
        return [_route(app), *([_grant(app)] if route_namespace(app) != app["namespace"] else [])]
    return []


def route_namespace(app: Options) -> str:
    return t.cast(str, app["gateway"].get("route_namespace") or app["namespace"])


def _ingress(app: Options) -> Object:
    notes = {"cert-manager.io/cluster-issuer": app["issuer"]} if app.get("issuer") else {}
    spec: Object = {"ingressClassName": app["ingress_class"]}
    if app.get("tls_secret"):
        spec["tls"] = [{"hosts": list(app["hosts"]), "secretName": app["tls_secret"]}]
    backend = {"service": {"name": app["name"], "port": {"name": app["ports"][0]["name"]}}}
    spec["rules"] = [
        {"host": host, "http": {"paths": [{"path": app["path"], "pathType": "Prefix", "backend": backend}]}}
        for host in app["hosts"]
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(app, annotations={**notes, **(app.get("annotations") or {})}),
        "spec": spec,
    }


def _route(app: Options) -> Object:
    gateway, port = app["gateway"], app["ports"][0]
    parent = {"name": gateway["name"], "namespace": gateway["namespace"]}
    if gateway.get("section"):
        parent["sectionName"] = gateway["section"]
    backend: Object = {"name": app["name"]}
    if route_namespace(app) != app["namespace"]:
        backend["namespace"] = app["namespace"]
    backend["port"] = port.get("service_port") or port["port"]
    about = metadata(app, annotations=app.get("annotations"))
    about["namespace"] = route_namespace(app)
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": about,
        "spec": {
            "parentRefs": [parent],
            "hostnames": list(app["hosts"]),
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": app["path"]}}],
                    "backendRefs": [backend],
                }
            ],
        },
    }


def _grant(app: Options) -> Object:
    """A route may send nothing to another namespace unless that namespace says so."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": metadata(app),
        "spec": {
            "from": [
                {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": route_namespace(app)},
            ],
            "to": [{"group": "", "kind": "Service", "name": app["name"]}],
        },
    }
