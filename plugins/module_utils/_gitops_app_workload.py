# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What an application consists of in the cluster, from its options: the workload, its storage and its Service."""

from __future__ import annotations

import hashlib
import json
import typing as t

Object = t.Dict[str, t.Any]
Options = t.Mapping[str, t.Any]

NAME_LABEL = "app.kubernetes.io/name"
POOL_LABEL = "pool"
ADDRESS_NOTE = "lbipam.cilium.io/ips"
CONFIG_NOTE = "checksum/config"
KEPT = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
PRIVILEGED_PORTS = 1024


def metadata(app: Options, name: str = "", **more: t.Any) -> Object:
    """C(more) are labels and annotations, merged and added where there are any."""
    labels = {NAME_LABEL: app["name"], **(more.get("labels") or {})}
    result: Object = {"name": name or app["name"], "namespace": app["namespace"], "labels": labels}
    if more.get("annotations"):
        result["annotations"] = dict(more["annotations"])
    return result


def objects(app: Options) -> t.List[Object]:
    """In the order in which people read them."""
    stateful = app["kind"] == "statefulset"
    claims = [claim(app, volume, stateful) for volume in _storage(app, "pvc")]
    found: t.List[Object] = [_stateful_set(app, claims) if stateful else _deployment(app)]
    if app["ports"]:
        found.append(_service(app))
    return [*found, *([] if stateful else claims), *(_config_map(app, volume) for volume in _storage(app, "config"))]


def _storage(app: Options, kind: str) -> t.List[Object]:
    return [volume for volume in app.get("storage") or [] if volume["type"] == kind]


def _deployment(app: Options) -> Object:
    spec: Object = {"replicas": app["replicas"], "revisionHistoryLimit": 3}
    if app["strategy"] == "Recreate":
        spec["strategy"] = {"type": "Recreate"}
    spec.update(_selected(app))
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(app), "spec": spec}


def _stateful_set(app: Options, claims: t.Sequence[Object]) -> Object:
    spec: Object = {"replicas": app["replicas"], "revisionHistoryLimit": 3}
    if app["ports"]:
        spec["serviceName"] = app["name"]
    spec.update(_selected(app))
    if claims:
        spec["volumeClaimTemplates"] = list(claims)
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(app), "spec": spec}


def _selected(app: Options) -> Object:
    labels = {NAME_LABEL: app["name"]}
    pod: Object = {"labels": labels}
    settings = {volume["name"]: volume["files"] for volume in _storage(app, "config")}
    if settings:  # a pod reads its files when it starts
        text = json.dumps(settings, sort_keys=True)
        pod["annotations"] = {CONFIG_NOTE: hashlib.sha256(text.encode()).hexdigest()[:16]}
    return {"selector": {"matchLabels": dict(labels)}, "template": {"metadata": pod, "spec": _pod(app)}}


def _pod(app: Options) -> Object:
    security = app["security"]
    spec: Object = {}
    if app.get("service_account"):
        spec["serviceAccountName"] = app["service_account"]
    spec["automountServiceAccountToken"] = security["service_account_token"]
    spec["enableServiceLinks"] = False  # the variables of every other Service in the namespace
    spec["securityContext"] = _pod_security(app)
    if app.get("node_selector"):
        spec["nodeSelector"] = dict(app["node_selector"])
    if app["anti_affinity"] != "none":
        spec["affinity"] = {"podAntiAffinity": _anti_affinity(app)}
    spec["containers"] = [_container(app)]
    volumes = [_volume(app, volume) for volume in app.get("storage") or [] if not _is_template(app, volume)]
    if needs_tmp(app):
        volumes.append({"name": "tmp", "emptyDir": {}})
    if volumes:
        spec["volumes"] = volumes
    return spec


def _pod_security(app: Options) -> Object:
    security = app["security"]
    root = security["root"]
    context: Object = {
        "runAsNonRoot": not root,
        "runAsUser": 0 if root else security["user"],
        "runAsGroup": 0 if root else security["group"],
        "fsGroup": security["fs_group"],
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    lowest = min((port["port"] for port in app["ports"]), default=PRIVILEGED_PORTS)
    if not root and lowest < PRIVILEGED_PORTS:
        # A safe one, which lets others than root listen there.
        context["sysctls"] = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": str(lowest)}]
    return context


def _anti_affinity(app: Options) -> Object:
    term = {
        "labelSelector": {"matchLabels": {NAME_LABEL: app["name"]}},
        "topologyKey": "kubernetes.io/hostname",
    }
    if app["anti_affinity"] == "required":
        return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}


def _container(app: Options) -> Object:
    container: Object = {"name": app["name"], "image": app["image"]}
    for key in ("command", "args"):
        if app.get(key):
            container[key] = list(app[key])
    if app["ports"]:
        container["ports"] = [
            {"name": port["name"], "containerPort": port["port"], "protocol": port["protocol"]} for port in app["ports"]
        ]
    if app.get("env"):
        container["env"] = [{"name": name, "value": value} for name, value in app["env"].items()]
    if app.get("env_from"):
        container["envFrom"] = [{"secretRef": {"name": name}} for name in app["env_from"]]
    container.update(_probes(app["probe"]))
    container["resources"] = {"requests": app["resources"]["requests"], "limits": app["resources"]["limits"]}
    capabilities: Object = {"drop": ["ALL"]}
    if app["security"].get("capabilities"):
        capabilities["add"] = list(app["security"]["capabilities"])
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": app["security"]["read_only_root"],
        "capabilities": capabilities,
    }
    mounts = [_mount(volume) for volume in app.get("storage") or []]
    if needs_tmp(app):
        mounts.append({"name": "tmp", "mountPath": "/tmp"})
    if mounts:
        container["volumeMounts"] = mounts
    return container


def _probes(probe: Options) -> Object:
    if probe["type"] == "none":
        return {}
    action: Object
    if probe["type"] == "exec":
        action = {"exec": {"command": list(probe["command"])}}
    elif probe["type"] == "http":
        action = {"httpGet": {"path": probe["path"], "port": probe["port"]}}
    else:
        action = {"tcpSocket": {"port": probe["port"]}}
    tries = -(-probe["startup_seconds"] // 5)
    return {
        "startupProbe": {**action, "periodSeconds": 5, "failureThreshold": tries},
        "readinessProbe": {**action, "periodSeconds": 10, "timeoutSeconds": 5},
        "livenessProbe": {**action, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def needs_tmp(app: Options) -> bool:
    mounts = {volume["mount"].rstrip("/") for volume in app.get("storage") or []}
    return bool(app["security"]["read_only_root"]) and "/tmp" not in mounts


def _mount(volume: Options) -> Object:
    mount: Object = {"name": volume["name"], "mountPath": volume["mount"]}
    if volume.get("sub_path"):
        mount["subPath"] = volume["sub_path"]
    if volume.get("read_only"):
        mount["readOnly"] = True
    return mount


def _is_template(app: Options, volume: Options) -> bool:
    return bool(volume["type"] == "pvc" and app["kind"] == "statefulset")


def _volume(app: Options, volume: Options) -> Object:
    kind = volume["type"]
    source: Object
    if kind == "pvc":
        source = {"persistentVolumeClaim": {"claimName": f"{app['name']}-{volume['name']}"}}
    elif kind == "claim":
        source = {"persistentVolumeClaim": {"claimName": volume["claim"]}}
    elif kind == "nfs":
        source = {"nfs": {"server": volume["server"], "path": volume["share"]}}
        if volume.get("read_only"):
            source["nfs"]["readOnly"] = True
    elif kind == "config":
        source = {"configMap": {"name": f"{app['name']}-{volume['name']}"}}
    elif kind == "secret":
        source = {"secret": {"secretName": volume["secret"]}}
    else:
        limits = {"medium": volume.get("medium"), "sizeLimit": volume.get("size")}
        source = {"emptyDir": {key: value for key, value in limits.items() if value}}
    return {"name": volume["name"], **source}


def claim(app: Options, volume: Options, template: bool) -> Object:
    """A PersistentVolumeClaim, or of a StatefulSet the template of those of its pods."""
    spec: Object = {"accessModes": [volume.get("access_mode") or "ReadWriteOnce"]}
    if volume.get("storage_class"):
        spec["storageClassName"] = volume["storage_class"]
    spec["resources"] = {"requests": {"storage": volume["size"]}}
    if template:
        return {"metadata": {"name": volume["name"], "labels": {NAME_LABEL: app["name"]}}, "spec": spec}
    kept = KEPT if volume.get("keep") else {}
    about = metadata(app, f"{app['name']}-{volume['name']}", annotations=kept)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about, "spec": spec}


def _config_map(app: Options, volume: Options) -> Object:
    about = metadata(app, f"{app['name']}-{volume['name']}")
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": dict(volume["files"])}


def _service(app: Options) -> Object:
    service = app["service"]
    labels = {POOL_LABEL: service["pool"]} if service.get("pool") else {}
    notes = {ADDRESS_NOTE: service["address"]} if service.get("address") else {}
    notes.update(service.get("annotations") or {})
    spec: Object = {"type": "ClusterIP", "clusterIP": "None"} if service["type"] == "Headless" else {}
    spec.setdefault("type", service["type"])
    if service.get("external_traffic_policy"):
        spec["externalTrafficPolicy"] = service["external_traffic_policy"]
    spec["selector"] = {NAME_LABEL: app["name"]}
    spec["ports"] = [
        {
            "name": port["name"],
            "port": port.get("service_port") or port["port"],
            "targetPort": port["name"],
            "protocol": port["protocol"],
        }
        for port in app["ports"]
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(app, labels=labels, annotations=notes),
        "spec": spec,
    }
