# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argo CD in the lab: its program, the versions of its chart, and the repository that it follows."""

from __future__ import annotations

import pytest
import yaml

from tests.lab import argo_cd_chart, containers, inventory, programs
from tests.lab.settings import CILIUM_VERSIONS, Lab, Settings

LAB = Lab(Settings())
DESCRIPTION = yaml.safe_load((LAB.project / "inventory" / "lab" / "group_vars" / "all.yml").read_text())
CHART = yaml.safe_load((LAB.sources / "charts" / "argo-cd" / "Chart.yaml").read_text())
NEWEST = argo_cd_chart.VERSIONS[CHART["version"]]
GIT = LAB.sources / "git"


def test_what_is_installed_is_the_newest_version_of_the_chart():
    installed = {DESCRIPTION["lab_versions"][version]["argocd"] for version in CILIUM_VERSIONS}
    assert installed == {CHART["version"]} == {max(argo_cd_chart.VERSIONS)}
    assert CHART["appVersion"] == NEWEST


def test_its_image_stands_for_its_program_and_other_versions_have_none():
    images = yaml.safe_load((LAB.sources / "programs" / "images.yaml").read_text())
    named = {name: stands["argv"][0] for name, stands in images.items() if "argocd" in name}
    assert named == {f"quay.io/argoproj/argocd:{NEWEST}": f"/usr/local/lib/lab/{programs.ARGO_CD.name}"}
    module = (LAB.sources / "programs" / programs.ARGO_CD.module / "go.mod").read_text()
    assert f"\t{programs.ARGO_CD_MODULE} {NEWEST}\n" in module


def test_the_oracle_is_no_part_of_the_program():
    """It changes without the lab being compiled again."""
    sources = LAB.sources / "programs" / "argocd"
    assert programs._compiled(sources / "main.go")
    assert not programs._compiled(sources / "oracle" / "main.go")


def test_the_services_that_argo_cd_looks_for_lead_to_the_node_itself():
    node = next(host for host in LAB.nodes if host.image == "node")
    told = containers.arguments(LAB, node, "image")
    assert {"--add-host=argocd-redis:127.0.0.1", "--add-host=argocd-repo-server:127.0.0.1"} <= set(told)
    assert not [word for word in containers.arguments(LAB, LAB.router, "image") if "argocd" in word]


def test_variables_that_nothing_in_the_lab_gives_are_left_out():
    kept = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "argocd-cmd-params-cm", "key": "a", "optional": True}}},
        {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    password = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "argocd-redis", "key": "auth"}}}
    mounted = {"name": "HELM_CACHE_HOME", "value": "/helm-working-dir"}
    workload = {"spec": {"template": {"spec": {"containers": [{"env": [kept[0], password, mounted, kept[1]]}]}}}}
    assert argo_cd_chart.environment(workload) == kept


def test_a_chart_gets_the_definitions_and_the_environment_of_its_argo_cd(tmp_path):
    manifests, chart = tmp_path / "manifests", tmp_path / "chart"
    chart.mkdir()
    (manifests / "crds").mkdir(parents=True)
    for name in ("application-crd.yaml", "kustomization.yaml"):
        (manifests / "crds" / name).write_text(name)
    for component, name in argo_cd_chart.COMPONENTS.items():
        (manifests / "base" / component).mkdir(parents=True)
        variable = {"name": component, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
        workload = {"spec": {"template": {"spec": {"containers": [{"env": [variable]}]}}}}
        (manifests / "base" / component / name).write_text(yaml.safe_dump(workload))
    argo_cd_chart.complete(chart, manifests)
    files = {path.relative_to(chart).as_posix(): path.read_text() for path in chart.rglob("*.yaml")}
    assert files.pop("definitions/application-crd.yaml") == "application-crd.yaml"
    assert {name: yaml.safe_load(text)[0]["name"] for name, text in files.items()} == {
        f"environment/{component}.yaml": component for component in argo_cd_chart.COMPONENTS
    }


@pytest.mark.parametrize("category", DESCRIPTION["cluster_gitops"]["projects"])
def test_the_repository_has_every_category_and_an_application_in_it(category):
    repository, folder = DESCRIPTION["cluster_gitops"]["repository"], GIT / "kubernetes"
    project = yaml.safe_load((folder / "projects" / f"{category}.yaml").read_text())
    found = yaml.safe_load((folder / "applicationsets" / f"{category}.yaml").read_text())
    template = found["spec"]["template"]["spec"]
    assert project["metadata"]["name"] == found["metadata"]["name"] == template["project"] == category
    assert [found["spec"]["generators"][0]["git"]["repoURL"], template["source"]["repoURL"]] == [repository] * 2
    assert repository in project["spec"]["sourceRepos"]
    assert [entry for entry in (folder / category).iterdir() if entry.is_dir()]


@pytest.mark.parametrize(("applications", "path"), [(True, "kubernetes"), (False, "kubernetes/core")])
def test_a_lab_without_applications_follows_a_folder_without_any(applications, path):
    variables = inventory.inventory(Lab(Settings(applications=applications)), {})["all"]["vars"]
    assert variables["lab_gitops_path"] == path
    assert (GIT / path).is_dir()
    assert (GIT / path / "applicationsets").exists() is applications
