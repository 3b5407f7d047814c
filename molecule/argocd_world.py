# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the scenario argocd ask Argo CD's objects, and what they give it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from commands import LAB, ROOT, Step, on
from working_copy import WorkingCopy

HERE = "https://kubernetes.default.svc"
Kubectl = Callable[..., Any]


def application(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """Its status; empty as long as there is none."""
    found = kubectl("get", "applications.argoproj.io", "-n", "argocd", f"--field-selector=metadata.name={name}")[
        "items"
    ]
    return found[0].get("status", {}) if found else {}


def synced(kubectl: Kubectl, name: str) -> bool:
    status = application(kubectl, name)
    return (status.get("sync", {}).get("status"), status.get("health", {}).get("status")) == ("Synced", "Healthy")


def condition(kubectl: Kubectl, name: str, kind: str) -> str:
    """The message of a condition."""
    conditions = application(kubectl, name).get("conditions", [])
    return next((entry["message"] for entry in conditions if entry["type"] == kind), "")


def project(name: str, repositories: list[str], namespace: str) -> dict[str, Any]:
    """One that does not come from Git: nothing takes back what the tests do to it."""
    spec = {
        "sourceRepos": repositories,
        "destinations": [{"server": HERE, "namespace": namespace}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    }
    return _object("AppProject", name, spec)


def application_of(name: str, project: str, repository: str, path: str) -> dict[str, Any]:
    spec = {
        "project": project,
        "source": {"repoURL": repository, "targetRevision": "main", "path": path},
        "destination": {"server": HERE, "namespace": name},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
    }
    return _object("Application", name, spec, finalizers=["resources-finalizer.argocd.argoproj.io"])


def _object(kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "argocd", **metadata}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def changed_at(kubectl: Kubectl, project: str) -> float:
    """When somebody last changed the project, as the API server noted it: in whole seconds, the fraction cut off."""
    found = kubectl("get", "appprojects", "-n", "argocd", project, "--show-managed-fields")
    return datetime.fromisoformat(max(entry["time"] for entry in found["metadata"]["managedFields"])).timestamp()


def seconds_since(moment: float) -> float:
    """The hosts have the clock of this machine."""
    return time.time() - moment


def measured(what: str, seconds: float) -> None:
    """Kept for whoever wants to know, beside the lab's other files."""
    with (LAB / "seconds.txt").open("a") as file:
        file.write(f"{what}: {seconds:.1f}\n")


def git_repository(variables: Mapping[str, str], name: str, folder: Path) -> tuple[str, WorkingCopy]:
    """A new, empty repository of the mirror: as the cluster calls it, and a working copy."""
    on("mirror", f"git init --quiet --bare --initial-branch=main /srv/mirror/git/{name}.git").run()
    return f"http://mirror/git/{name}.git", WorkingCopy(f"{variables['lab_mirror']}/git/{name}.git", folder / name)


def chart_repository(name: str, folder: Path) -> str:
    """A new Helm repository with the chart `greeting` in it, over HTTPS and with a password, as the cluster calls it.

    Of a dependency's repository, Argo CD asks the project only whether its credentials may be used: one that needs none
    needs no permission.
    """
    chart = folder / "greeting"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: greeting\nversion: 1.0.0\n")
    (chart / "templates" / "configmap.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {text: {{ .Values.text | quote }}}\n"
    )
    served = LAB / "mirror" / name
    shutil.rmtree(served, ignore_errors=True)
    helm = str(ROOT / ".lab" / "bin" / "helm")
    Step((helm, "package", str(chart), "--destination", str(served))).run()
    Step((helm, "repo", "index", str(served))).run()
    (served / ".users").write_text(f"{name}:{{PLAIN}}{name}\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(served / ".key"))
    names = ("-subj", "/CN=mirror", "-addext", "subjectAltName=DNS:mirror", "-out", str(served / ".pem"))
    Step(("openssl", "req", "-x509", *key, *names)).run()
    server = f"""
        server {{
            listen 443 ssl;
            ssl_certificate /srv/mirror/{name}/.pem;
            ssl_certificate_key /srv/mirror/{name}/.key;
            auth_basic charts;
            auth_basic_user_file /srv/mirror/{name}/.users;
            root /srv/mirror;
        }}"""
    Step(("podman", "exec", "-i", f"homeops-{LAB.name}-mirror", "tee", f"/etc/nginx/conf.d/{name}.conf"), server).run()
    on("mirror", "systemctl reload nginx").run()
    return f"https://mirror/{name}"


def chart_credentials(name: str, url: str) -> dict[str, Any]:
    """The Secret that tells Argo CD of a Helm repository."""
    metadata = {
        "name": f"repository-{name}",
        "namespace": "argocd",
        "labels": {"argocd.argoproj.io/secret-type": "repository"},
    }
    data = {"type": "helm", "name": name, "url": url, "username": name, "password": name, "insecure": "true"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def umbrella(repository: str) -> dict[str, str]:
    """A chart of our own that only wraps the greeting."""
    dependency = {"name": "greeting", "version": "1.0.0", "repository": repository}
    chart = {"apiVersion": "v2", "name": "umbrella", "version": "0.0.0", "dependencies": [dependency]}
    return {"Chart.yaml": json.dumps(chart), "values.yaml": json.dumps({"greeting": {"text": "hello"}})}
