# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's chart of Argo CD in two versions, each with the CRDs and the environment of its Argo CD's Go module."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.lab.command import run
from tests.lab.programs import ARGO_CD_MODULE, module_directory
from tests.lab.settings import Lab

VERSIONS = {"8.2.0": "v3.0.12", "9.1.0": "v3.5.3"}  # of the chart and of Argo CD; only the newest has its program
COMPONENTS = {
    "application-controller": "argocd-application-controller-statefulset.yaml",
    "applicationset-controller": "argocd-applicationset-controller-deployment.yaml",
    "repo-server": "argocd-repo-server-deployment.yaml",
    "server": "argocd-server-deployment.yaml",
}


def package(lab: Lab, folder: Path) -> None:
    """Every version of the chart as an archive in the folder."""
    for version, application in VERSIONS.items():
        with tempfile.TemporaryDirectory() as scratch:
            chart = Path(scratch) / "argo-cd"
            shutil.copytree(lab.sources / "charts" / "argo-cd", chart)
            complete(chart, module_directory(ARGO_CD_MODULE, application) / "manifests")
            named = ("--version", version, "--app-version", application)
            run(lab.binaries / "helm", "package", chart, "--destination", folder, *named)


def complete(chart: Path, manifests: Path) -> None:
    """Put into a copy of the chart what README.md there says comes from Argo CD."""
    for name in ("definitions", "environment"):
        (chart / name).mkdir()
    for file in (manifests / "crds").glob("*-crd.yaml"):
        shutil.copyfile(file, chart / "definitions" / file.name)
    for component, name in COMPONENTS.items():
        workload = yaml.safe_load((manifests / "base" / component / name).read_text())
        (chart / "environment" / f"{component}.yaml").write_text(yaml.safe_dump(environment(workload)))


def environment(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """The variables of the first container; the lab's redis has no password, and nothing is mounted."""
    variables = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    return [entry for entry in variables if "secretKeyRef" not in entry.get("valueFrom", {}) and "value" not in entry]
