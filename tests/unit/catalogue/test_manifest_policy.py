# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy finds what it is for: good manifests, each time with one thing broken."""

from __future__ import annotations

import copy

import pytest
import yaml

from tests.manifest_policy import violations

GOOD = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web}
data: {}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: web
          image: registry.example/web:1.2.3
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}}
          livenessProbe: {httpGet: {path: /, port: 8080}}
          resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 64Mi}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: data, mountPath: /data}, {name: settings, mountPath: /etc/web}]
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: data}}
        - {name: settings, configMap: {name: settings}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: web}
spec:
  ingressClassName: cilium
  rules:
    - host: web.home.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: internal, namespace: gateway}
spec:
  gatewayClassName: cilium
  listeners:
    - {name: https, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: tls}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: gateway}
spec:
  parentRefs: [{name: internal, namespace: gateway, sectionName: https}]
  hostnames: [route.home.example]
  rules: [{backendRefs: [{name: web, namespace: web, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: web, namespace: web}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: gateway}]
  to: [{group: "", kind: Service, name: web}]
"""
CLAIM, CONFIG, DEPLOYMENT, SERVICE, INGRESS, GATEWAY, ROUTE, GRANT = range(8)
POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
MISSING = object()


def selected(*namespaces):
    expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    return {"namespaces": {"from": "Selector", "selector": {"matchExpressions": [expression]}}}


def broken(thing, path, value):
    objects = copy.deepcopy(list(yaml.safe_load_all(GOOD)))
    if path is None:
        del objects[thing]
        return objects
    place = objects[thing]
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return objects


def test_good_manifests_are_good():
    assert violations(yaml.safe_load_all(GOOD)) == []


@pytest.mark.parametrize(
    ("thing", "path", "value", "rule"),
    [
        (DEPLOYMENT, f"{CONTAINER}/readinessProbe", MISSING, "probes"),
        (DEPLOYMENT, f"{CONTAINER}/livenessProbe", MISSING, "probes"),
        (DEPLOYMENT, f"{CONTAINER}/livenessProbe/httpGet/port", 8081, "probes"),
        (DEPLOYMENT, f"{CONTAINER}/readinessProbe/httpGet/port", "web", "probes"),
        (DEPLOYMENT, f"{CONTAINER}/resources", MISSING, "resources"),
        (DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", MISSING, "resources"),
        (DEPLOYMENT, f"{CONTAINER}/resources/requests/memory", MISSING, "resources"),
        (DEPLOYMENT, f"{CONTAINER}/resources/limits", {"cpu": "1"}, "resources"),
        (DEPLOYMENT, f"{CONTAINER}/image", "registry.example/web", "image"),
        (DEPLOYMENT, f"{CONTAINER}/image", "registry.example/web:latest", "image"),
        (DEPLOYMENT, f"{CONTAINER}/image", "registry.example:5000/web", "image"),
        (DEPLOYMENT, f"{CONTAINER}/image", "web:1.2.3", "image"),
        (DEPLOYMENT, f"{CONTAINER}/image", "owner/web:1.2.3", "image"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext", MISSING, "escalation"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/allowPrivilegeEscalation", True, "escalation"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/capabilities/drop", ["NET_RAW"], "capabilities"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/capabilities/add", ["SYS_ADMIN"], "capabilities"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/privileged", True, "privileged"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/runAsNonRoot", False, "root"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/runAsUser", 0, "root"),
        (DEPLOYMENT, f"{CONTAINER}/securityContext/seccompProfile", {"type": "Unconfined"}, "seccomp"),
        (DEPLOYMENT, f"{POD}/securityContext", MISSING, "root"),
        (DEPLOYMENT, f"{POD}/securityContext/seccompProfile", MISSING, "seccomp"),
        (DEPLOYMENT, f"{POD}/hostNetwork", True, "host"),
        (DEPLOYMENT, f"{POD}/volumes/0", {"name": "data", "hostPath": {"path": "/"}}, "host"),
        (DEPLOYMENT, f"{POD}/volumes/0/name", "other", "volume"),
        (DEPLOYMENT, "spec/strategy", MISSING, "strategy"),
        (DEPLOYMENT, "spec/replicas", 2, "strategy"),
        (DEPLOYMENT, "spec/replicas", 2, "spread"),
        (DEPLOYMENT, "metadata/namespace", MISSING, "namespace"),
        (DEPLOYMENT, "metadata/namespace", "default", "namespace"),
        (DEPLOYMENT, None, None, "service"),
        (CLAIM, None, None, "volume"),
        (CONFIG, "metadata/namespace", "elsewhere", "volume"),
        (SERVICE, "spec/selector", {"app": "other"}, "service"),
        (SERVICE, "spec/ports/0/targetPort", 8081, "service"),
        (SERVICE, "spec/ports/0/targetPort", MISSING, "service"),
        (SERVICE, "spec/ports/0/port", 8080, "backend"),
        (SERVICE, None, None, "backend"),
        (INGRESS, "spec/ingressClassName", MISSING, "class"),
        (INGRESS, "spec/rules/0/host", MISSING, "host"),
        (INGRESS, "spec/rules/0/host", "route.home.example", "hosts"),
        (GATEWAY, "spec/listeners/0/name", "web", "parent"),
        (GATEWAY, "spec/listeners/0/tls", MISSING, "listener"),
        (GATEWAY, "spec/listeners/0/allowedRoutes", {"namespaces": {"from": "All"}}, "listener"),
        (GATEWAY, "spec/gatewayClassName", MISSING, "class"),
        (GATEWAY, "spec/listeners/0/allowedRoutes", selected("media"), "parent"),
        (ROUTE, "spec/parentRefs", MISSING, "parent"),
        (ROUTE, "spec/parentRefs/0/namespace", MISSING, "parent"),
        (ROUTE, "spec/parentRefs/0/sectionName", MISSING, "parent"),
        (ROUTE, "spec/hostnames", MISSING, "host"),
        (ROUTE, "spec/rules/0/backendRefs/0/port", 8080, "backend"),
        (GRANT, None, None, "grant"),
        (GRANT, "metadata/namespace", "gateway", "grant"),
        (GRANT, "spec/from/0/namespace", "web", "grant"),
        (GRANT, "spec/to/0/name", "other", "grant"),
    ],
)
def test_one_thing_broken_is_found(thing, path, value, rule):
    assert rule in {violation.rule for violation in violations(broken(thing, path, value))}


def test_a_gateway_that_selects_the_namespace_is_good():
    allowed = selected("media", "gateway")
    assert violations(broken(GATEWAY, "spec/listeners/0/allowedRoutes", allowed)) == []


def test_the_same_object_twice_is_found():
    objects = [*yaml.safe_load_all(GOOD), *list(yaml.safe_load_all(GOOD))[:1]]
    assert [(found.where, found.rule) for found in violations(objects)] == [("PersistentVolumeClaim web/data", "twice")]


def test_an_excuse_is_for_one_rule_of_one_object():
    objects = broken(DEPLOYMENT, f"{CONTAINER}/livenessProbe", MISSING)
    assert violations(objects, {("Deployment web/web", "probes"): "it has no way to tell"}) == []
    assert violations(objects, {("Deployment web/other", "probes"): "it has no way to tell"}) != []


def test_an_excuse_that_is_not_needed_any_more_is_found():
    (left,) = violations(yaml.safe_load_all(GOOD), {("Deployment web/web", "probes"): "it has no way to tell"})
    assert left.what == "is excused without need"
