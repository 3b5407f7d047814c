# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The linter on a repository of 500 applications and 2,000 manifests in which everything is permitted."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path

from tests.bench.timing import ROOT, timed

TITLE = "Linter: 500 applications, 2,000 manifests"

CATEGORIES = ("core", "infrastructure", "apps", "monitoring")
EACH = 115  # discovered applications of a category
CHARTS = 10  # of a category, more
COMMAND = str(ROOT / "scripts" / "argocd-permissions")
REPOSITORY = "https://git.example.com/home/cluster.git"

PROJECT = """\
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: {name}
  namespace: argocd
spec:
  sourceRepos:
    - https://git.example.com/home/cluster.git
    - https://charts.example.com/{name}
  destinations:
    - {{server: https://kubernetes.default.svc, namespace: "*"}}
    - {{server: https://kubernetes.default.svc, namespace: "!kube-system"}}
  clusterResourceWhitelist:
    - {{group: "", kind: Namespace}}
"""
APPLICATIONSET = """\
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: {name}
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - git:
        repoURL: https://git.example.com/home/cluster.git
        revision: HEAD
        directories:
          - path: kubernetes/{name}/*
  template:
    metadata:
      name: "{{{{ .path.basename }}}}"
    spec:
      project: {name}
      source:
        repoURL: https://git.example.com/home/cluster.git
        targetRevision: HEAD
        path: "{{{{ .path.path }}}}"
      destination:
        server: https://kubernetes.default.svc
        namespace: "{{{{ .path.basename }}}}"
      syncPolicy:
        automated: {{prune: true, selfHeal: true}}
        syncOptions: [CreateNamespace=true, ServerSideApply=true]
"""
DEPLOYMENT = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
      containers:
        - name: app
          image: registry.example.com/owner/{name}:1.2.3
          ports:
            - {{name: http, containerPort: 8080}}
          env:
            - name: PASSWORD
              valueFrom: {{secretKeyRef: {{name: db, key: password}}}}
          livenessProbe: {{httpGet: {{path: /, port: http}}}}
          readinessProbe: {{httpGet: {{path: /, port: http}}}}
          resources:
            requests: {{cpu: 10m, memory: 64Mi}}
            limits: {{memory: 64Mi}}
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - {{name: http, port: 80, targetPort: http}}
"""
INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
spec:
  ingressClassName: cilium
  rules:
    - host: {name}.example.com
      http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{name: http}}}}}}}}
"""
CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {name}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 5Gi}}}}
"""
CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  app.ini: |
    [server]
    port = 8080
"""
MANIFESTS = {"deployment": DEPLOYMENT, "service": SERVICE, "ingress": INGRESS, "claim": CLAIM}
KUSTOMIZATION = "---\nresources:\n" + "".join(f"  - {name}.yaml\n" for name in MANIFESTS)
CHART = """\
---
apiVersion: v2
name: {name}
version: 1.0.0
dependencies:
  - name: {name}
    version: 1.2.3
    repository: https://charts.example.com/{category}
"""


def build(root: Path) -> tuple[int, int]:
    """How many applications and manifests there are."""
    applications = manifests = 0
    for category in CATEGORIES:
        folder = root / "kubernetes"
        for kind, text in (("projects", PROJECT), ("applicationsets", APPLICATIONSET)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            (folder / kind / f"{category}.yaml").write_text(text.format(name=category))
        for number in range(EACH + CHARTS):
            name = f"{category}-{number}"
            app = folder / category / name
            app.mkdir(parents=True)
            applications += 1
            if number >= EACH:
                (app / "Chart.yaml").write_text(CHART.format(name=name, category=category))
                (app / "values.yaml").write_text(f"{name}:\n  replicas: 2\n")
                continue
            texts = {**MANIFESTS, **({"config": CONFIG} if number < 40 else {})}
            for file, text in texts.items():
                (app / f"{file}.yaml").write_text(text.format(name=name))
                manifests += 1
            if number % 2:
                (app / "kustomization.yaml").write_text(KUSTOMIZATION)
    for command in (("init", "-q"), ("remote", "add", "origin", REPOSITORY), ("add", "-A")):
        subprocess.run(("git", *command), cwd=root, check=True)
    return applications, manifests


def measure() -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        root.mkdir()
        applications, manifests = build(root)
        script = timed(COMMAND, runs=5, cwd=root)
        policy = timed(COMMAND, "--unused", runs=5, cwd=root)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads(subprocess.run((COMMAND, "--json"), cwd=root, capture_output=True, check=True).stdout)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found = report["summary"]["applications"]
        checks = sum(len(one["checks"]) for one in report["applications"])
        module = timed(
            "ansible", "localhost", "-c", "local", "-m", "homeops.cluster.argocd_permissions", "-a", f"path={root}",
            runs=3, cwd=ROOT,
        )  # fmt: skip
        empty = timed("ansible", "localhost", "-c", "local", "-m", "ansible.builtin.ping", runs=3, cwd=ROOT)
    if found != applications:
        raise RuntimeError(f"{found} of {applications} applications were found")
    return f"""
{applications} applications of {len(CATEGORIES)} ApplicationSets, {manifests:,} manifests, {checks:,} verdicts, on
{os.cpu_count()} processors.

| what | time |
|---|---|
| `scripts/argocd-permissions` (target 2 s) | {script} |
| its processor time, whatever else the machine does | {processor:.1f} s |
| the same with `--unused` | {policy} |
| `ansible -m homeops.cluster.argocd_permissions` | {module} |
| `ansible -m ansible.builtin.ping`, to compare | {empty} |
"""
