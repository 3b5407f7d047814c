# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every manifest that the scaffold and the catalogue bring into a cluster must be like.

The rules are those of a careful reader of manifests, written without a look at the generator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Object = dict[str, Any]

LONG_RUNNING = ("Deployment", "StatefulSet", "DaemonSet")
WORKLOADS = (*LONG_RUNNING, "Job", "CronJob", "Pod")
CLUSTER_SCOPED = {
    "APIService",
    "CSIDriver",
    "CiliumLoadBalancerIPPool",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
}
SECCOMP = ("RuntimeDefault", "Localhost")


@dataclass(frozen=True)
class Violation:
    where: str  # Kind namespace/name[, container]
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.rule})"


def name_of(thing: Object) -> str:
    metadata = thing.get("metadata", {})
    namespace = metadata.get("namespace")
    return f"{thing['kind']} {namespace + '/' if namespace else ''}{metadata.get('name')}"


def violations(
    objects: Iterable[Object], allowed: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> list[Violation]:
    """All that is wrong, but for what C(allowed) names by where (or its beginning) and rule, with the reason."""
    found = list(_all([thing for thing in objects if thing]))
    used = set()
    kept = []
    for violation in found:
        excuse = next((key for key in allowed if violation.rule == key[1] and violation.where.startswith(key[0])), None)
        used.add(excuse)
        if excuse is None:
            kept.append(violation)
    for where, rule in allowed:
        if (where, rule) not in used:
            kept.append(Violation(where, rule, "is excused without need"))
    return kept


def _all(objects: list[Object]) -> Iterator[Violation]:
    index = Index(objects)
    for thing in objects:
        where = name_of(thing)
        yield from _placed(thing, where)
        if thing["kind"] in WORKLOADS:
            yield from _workload(thing, where, index)
        elif thing["kind"] == "Service":
            yield from _service(thing, where, index)
        elif thing["kind"] in ("HTTPRoute", "GRPCRoute"):
            yield from _route(thing, where, index)
        elif thing["kind"] == "Ingress":
            yield from _ingress(thing, where, index)
        elif thing["kind"] == "Gateway":
            yield from _gateway(thing, where)
    yield from _one_of_each(objects)
    yield from _hosts_once(objects)


class Index:
    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects
        self.by_name = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in objects}

    def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        return self.by_name.get((kind, namespace, name))

    def pods(self, namespace: str | None, selector: Mapping[str, str]) -> list[Object]:
        """Pod templates that a Service's selector takes in."""
        templates = [
            pod_template(o)
            for o in self.objects
            if o["kind"] in WORKLOADS and o["metadata"].get("namespace") == namespace
        ]
        return [
            template
            for template in templates
            if selector.items() <= (template.get("metadata", {}).get("labels") or {}).items()
        ]


def pod_template(thing: Object) -> Object:
    if thing["kind"] == "Pod":
        return thing
    spec = thing["spec"]
    template: Object = (spec["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else spec)["template"]
    return template


def _placed(thing: Object, where: str) -> Iterator[Violation]:
    namespace = thing["metadata"].get("namespace")
    if thing["kind"] in CLUSTER_SCOPED:
        if namespace:
            yield Violation(where, "namespace", "is not of a namespace, and names one")
    elif not namespace:
        yield Violation(where, "namespace", "does not say its namespace")
    elif namespace == "default":
        yield Violation(where, "namespace", "is in the namespace default")


def _workload(thing: Object, where: str, index: Index) -> Iterator[Violation]:
    template = pod_template(thing)
    pod = template["spec"]
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield Violation(where, "host", f"has {field}")
    for volume in pod.get("volumes") or []:
        yield from _volume(volume, where, thing["metadata"].get("namespace"), index)
    for container in [*(pod.get("initContainers") or []), *pod["containers"]]:
        yield from _container(container, pod, f"{where}, {container['name']}", _claimed(thing))
    if thing["kind"] in LONG_RUNNING:
        for container in pod["containers"]:
            yield from _probes(container, f"{where}, {container['name']}")
    if thing["kind"] == "Deployment":
        yield from _deployment(thing, where, index)


def _deployment(thing: Object, where: str, index: Index) -> Iterator[Violation]:
    spec = thing["spec"]
    pod = spec["template"]["spec"]
    claims = [
        index.get("PersistentVolumeClaim", thing["metadata"].get("namespace"), claim["claimName"])
        for claim in (volume.get("persistentVolumeClaim") for volume in pod.get("volumes") or [])
        if claim
    ]
    single = any(claim and "ReadWriteMany" not in claim["spec"]["accessModes"] for claim in claims)
    if single and spec.get("strategy", {}).get("type") != "Recreate":
        yield Violation(where, "strategy", "has a volume of one node and would start the new pod beside the old one")
    if single and spec.get("replicas", 1) > 1:
        yield Violation(where, "strategy", "has a volume of one node and several replicas")
    if spec.get("replicas", 1) > 1:
        affinity = pod.get("affinity", {}).get("podAntiAffinity") or pod.get("topologySpreadConstraints")
        if not affinity:
            yield Violation(where, "spread", "has replicas that may all be on one node")


def _claimed(thing: Object) -> set[str]:
    """The volumes that a StatefulSet makes for each of its pods."""
    return {claim["metadata"]["name"] for claim in thing["spec"].get("volumeClaimTemplates") or []}


def _container(container: Object, pod: Object, where: str, claimed: set[str]) -> Iterator[Violation]:
    yield from _image(container["image"], where)
    resources = container.get("resources") or {}
    for kind, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        if not (resources.get(kind) or {}).get(name):
            yield Violation(where, "resources", f"has no resources.{kind}.{name}")
    yield from _security(container.get("securityContext") or {}, pod.get("securityContext") or {}, where)
    declared = claimed | {volume["name"] for volume in pod.get("volumes") or []}
    for mount in container.get("volumeMounts") or []:
        if mount["name"] not in declared:
            yield Violation(where, "volume", f"mounts {mount['name']}, which is not a volume of the pod")


def _image(image: str, where: str) -> Iterator[Violation]:
    name, _at, digest = image.partition("@")
    _path, _slash, last = name.rpartition("/")
    _name, _colon, tag = last.partition(":")
    if not tag and not digest:
        yield Violation(where, "image", f"takes whatever {image} is")
    if tag in ("latest", "rolling", "stable", "edge", "develop", "nightly", "main", "master"):
        yield Violation(where, "image", f"takes {image}, which changes")
    host = name.partition("/")[0]
    if "/" not in name or not re.search(r"[.:]|^localhost$", host):
        yield Violation(where, "image", f"does not say which registry {image} is from")


def _security(own: Object, pods: Object, where: str) -> Iterator[Violation]:
    if own.get("privileged"):
        yield Violation(where, "privileged", "is privileged")
    if not own.get("runAsNonRoot", pods.get("runAsNonRoot")):
        yield Violation(where, "root", "may run as root")
    if own.get("runAsUser", pods.get("runAsUser")) == 0:
        yield Violation(where, "root", "runs as root")
    if own.get("allowPrivilegeEscalation") is not False:
        yield Violation(where, "escalation", "may gain privileges")
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield Violation(where, "capabilities", "keeps capabilities")
    if capabilities.get("add"):
        yield Violation(where, "capabilities", f"adds the capabilities {capabilities['add']}")
    seccomp = own.get("seccompProfile") or pods.get("seccompProfile") or {}
    if seccomp.get("type") not in SECCOMP:
        yield Violation(where, "seccomp", "has no seccomp profile")


def _probes(container: Object, where: str) -> Iterator[Violation]:
    for probe in ("readinessProbe", "livenessProbe"):
        if not container.get(probe):
            yield Violation(where, "probes", f"has no {probe}")
    ports = _ports(container)
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        action = container.get(probe) or {}
        port = (action.get("httpGet") or action.get("tcpSocket") or action.get("grpc") or {}).get("port")
        if port is not None and port not in ports:
            yield Violation(where, "probes", f"{probe} asks port {port}, which is not among {sorted(map(str, ports))}")


def _ports(container: Object) -> set[int | str]:
    ports = container.get("ports") or []
    return {port["containerPort"] for port in ports} | {port["name"] for port in ports if port.get("name")}


def _volume(volume: Object, where: str, namespace: str | None, index: Index) -> Iterator[Violation]:
    if "hostPath" in volume:
        yield Violation(where, "host", f"has {volume['hostPath']['path']} of the host")
    for source, field, kind in (
        ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
        ("configMap", "name", "ConfigMap"),
    ):
        if source in volume and not index.get(kind, namespace, volume[source][field]):
            yield Violation(where, "volume", f"wants the {kind} {volume[source][field]}, which is not there")


def _service(thing: Object, where: str, index: Index) -> Iterator[Violation]:
    selector = thing["spec"].get("selector")
    if not selector:
        return
    pods = index.pods(thing["metadata"].get("namespace"), selector)
    if not pods:
        yield Violation(where, "service", f"selects {selector}, which no pod has")
    for template in pods:
        ports = set().union(*(_ports(container) for container in template["spec"]["containers"]))
        for port in thing["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if target not in ports:
                yield Violation(
                    where, "service", f"leads to port {target}, which is not among {sorted(map(str, ports))}"
                )


def _route(thing: Object, where: str, index: Index) -> Iterator[Violation]:
    spec, namespace = thing["spec"], thing["metadata"].get("namespace")
    parents = spec.get("parentRefs") or []
    if not parents:
        yield Violation(where, "parent", "belongs to no Gateway")
    for parent in parents:
        if not parent.get("namespace"):
            yield Violation(where, "parent", f"does not say in which namespace the Gateway {parent['name']} is")
        elif not parent.get("sectionName") and not parent.get("port"):
            yield Violation(where, "parent", f"takes all listeners of {parent['name']}, also the one without TLS")
        gateway = index.get("Gateway", parent.get("namespace"), parent["name"])
        if gateway:
            yield from _attached(parent, gateway, namespace, where)
    redirects = [
        filter_
        for rule in spec.get("rules") or []
        for filter_ in rule.get("filters") or []
        if filter_["type"] == "RequestRedirect"
    ]
    if not spec.get("hostnames") and not redirects:
        yield Violation(where, "host", "takes every host name")
    for rule in spec.get("rules") or []:
        for backend in rule.get("backendRefs") or []:
            yield from _backend(backend, namespace, where, index)


def _attached(parent: Object, gateway: Object, namespace: str | None, where: str) -> Iterator[Violation]:
    section = parent.get("sectionName")
    listeners = [one for one in gateway["spec"]["listeners"] if section in (None, one["name"])]
    if not listeners:
        yield Violation(where, "parent", f"{name_of(gateway)} has no listener {section}")
    elif not any(_takes(listener, gateway, namespace) for listener in listeners):
        yield Violation(where, "parent", f"{name_of(gateway)} takes no routes from the namespace {namespace}")


def _takes(listener: Object, gateway: Object, namespace: str | None) -> bool:
    """Only namespaces by their names: others may have any labels."""
    allowed = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
    if allowed.get("from", "Same") == "Same":
        return bool(namespace == gateway["metadata"].get("namespace"))
    if allowed["from"] == "All":
        return True
    return all(
        expression["key"] != "kubernetes.io/metadata.name" or namespace in expression["values"]
        for expression in allowed["selector"].get("matchExpressions") or []
        if expression["operator"] == "In"
    )


def _backend(backend: Object, namespace: str | None, where: str, index: Index) -> Iterator[Violation]:
    target = backend.get("namespace", namespace)
    service = index.get("Service", target, backend["name"])
    if not service:
        yield Violation(where, "backend", f"leads to the Service {target}/{backend['name']}, which is not there")
    elif backend.get("port") not in [port["port"] for port in service["spec"]["ports"]]:
        yield Violation(
            where, "backend", f"leads to port {backend.get('port')}, which {name_of(service)} does not have"
        )
    if target != namespace and not any(_grants(o, namespace, target, backend["name"]) for o in index.objects):
        yield Violation(where, "grant", f"may not lead to {target}/{backend['name']}: there is no ReferenceGrant")


def _grants(thing: Object, source: str | None, target: str | None, service: str) -> bool:
    return (
        thing["kind"] == "ReferenceGrant"
        and thing["metadata"].get("namespace") == target
        and any(
            origin["group"] == "gateway.networking.k8s.io"
            and origin["kind"] == "HTTPRoute"
            and origin["namespace"] == source
            for origin in thing["spec"]["from"]
        )
        and any(to["kind"] == "Service" and to.get("name", service) == service for to in thing["spec"]["to"])
    )


def _ingress(thing: Object, where: str, index: Index) -> Iterator[Violation]:
    if not thing["spec"].get("ingressClassName"):
        yield Violation(where, "class", "has no ingressClassName")
    for rule in thing["spec"].get("rules") or []:
        if not rule.get("host"):
            yield Violation(where, "host", "takes every host name")
        for path in rule["http"]["paths"]:
            wanted = path["backend"]["service"]
            service = index.get("Service", thing["metadata"].get("namespace"), wanted["name"])
            ports = service["spec"]["ports"] if service else []
            known = {port["port"] for port in ports} | {port.get("name") for port in ports}
            if not service or (wanted["port"].get("number") or wanted["port"].get("name")) not in known:
                yield Violation(where, "backend", f"leads to {wanted}, which is not there")


def _gateway(thing: Object, where: str) -> Iterator[Violation]:
    if not thing["spec"].get("gatewayClassName"):
        yield Violation(where, "class", "has no gatewayClassName")
    for listener in thing["spec"]["listeners"]:
        allowed = ((listener.get("allowedRoutes") or {}).get("namespaces") or {}).get("from", "Same")
        if allowed == "All":
            yield Violation(where, "listener", f"lets every namespace add routes to {listener['name']}")
        if listener["protocol"] == "HTTPS" and not (listener.get("tls") or {}).get("certificateRefs"):
            yield Violation(where, "listener", f"has no certificate for {listener['name']}")


def _one_of_each(objects: list[Object]) -> Iterator[Violation]:
    seen = set()
    for thing in objects:
        identity = (thing["apiVersion"].partition("/")[0], name_of(thing))
        if identity in seen:
            yield Violation(name_of(thing), "twice", "is there twice")
        seen.add(identity)


def hosts(thing: Object) -> list[str]:
    if thing["kind"] in ("HTTPRoute", "GRPCRoute"):
        return thing["spec"].get("hostnames") or []
    if thing["kind"] == "Ingress":
        return [rule["host"] for rule in thing["spec"].get("rules") or [] if rule.get("host")]
    return []


def _hosts_once(objects: list[Object]) -> Iterator[Violation]:
    """One host at two routes of one Gateway is decided by path and age; here, every app has its own."""
    owners: dict[str, str] = {}
    for thing in objects:
        for host in hosts(thing):
            owner = owners.setdefault(host, name_of(thing))
            if owner != name_of(thing):
                yield Violation(name_of(thing), "hosts", f"claims {host}, as {owner} does")
