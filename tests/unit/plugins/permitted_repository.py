# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GitOps repository in which Argo CD refuses nothing, for tests that change one thing."""

from __future__ import annotations

URL = "https://git.example.com/home/cluster.git"
PROJECT_FILE = "kubernetes/projects/apps.yaml"
SET_FILE = "kubernetes/applicationsets/apps.yaml"

PROJECT = f"""\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: apps
  namespace: argocd
spec:
  sourceRepos:
    - {URL}
    - https://charts.example.com/stable
    - registry.example.com/owner/charts
  destinations:
    - server: https://kubernetes.default.svc
      namespace: "*"
    - server: https://kubernetes.default.svc
      namespace: "!kube-system"
  clusterResourceWhitelist:
    - {{group: "", kind: Namespace}}
"""
SET = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: apps
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - git:
        repoURL: {URL}
        revision: HEAD
        directories:
          - path: kubernetes/apps/*
  template:
    metadata:
      name: "{{{{ .path.basename }}}}"
    spec:
      project: apps
      source:
        repoURL: {URL}
        path: "{{{{ .path.path }}}}"
      destination:
        server: https://kubernetes.default.svc
        namespace: "{{{{ .path.basename }}}}"
      syncPolicy:
        syncOptions: [CreateNamespace=true]
"""
CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
        - {name: first, image: busybox}
      containers:
        - name: web
          image: registry.example.com/owner/web:1.2@sha256:abc
"""
HEALTHY = {
    PROJECT_FILE: PROJECT,
    SET_FILE: SET,
    "kubernetes/apps/README.md": "",
    "kubernetes/apps/blog/config.yaml": CONFIGMAP,
}


def application(name="shop", project="apps", source=f"{{repoURL: {URL}, path: kubernetes/apps/blog}}", **spec):
    destination = spec.pop("destination", "{server: https://kubernetes.default.svc, namespace: shop}")
    rest = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata:\n  name: {name}\n  namespace: {spec.pop('namespace', 'argocd')}\n"
        f"spec:\n  project: {project}\n  source: {source}\n  destination: {destination}\n{rest}"
    )
