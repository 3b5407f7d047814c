# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in chart takes the values that the role hands in, as the real chart does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "tests" / "lab" / "charts" / "argo-cd"
HELM = shutil.which("helm", path=f"{ROOT / '.lab' / 'bin'}{os.pathsep}{os.environ['PATH']}")
LABELS = {"app.kubernetes.io/part-of": "argocd"}

pytestmark = pytest.mark.skipif(HELM is None, reason="helm is not installed; the lab brings it")


def helm(*arguments, values=None):
    command = [HELM, *arguments, "--values", "-"]
    return subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True, check=True).stdout


def render(chart=CHART, **values):
    documents = yaml.safe_load_all(helm("template", "argocd", str(chart), "--namespace", "argocd", values=values))
    return {(item["kind"], item["metadata"]["name"]): item for item in documents if item}


def test_it_says_that_it_is_a_stand_in():
    for name in ("Chart.yaml", "README.md"):
        assert "STAND-IN" in (CHART / name).read_text(encoding="utf-8").splitlines()[0]


def test_helm_finds_nothing_wrong():
    assert "0 chart(s) failed" in helm("lint", str(CHART), "--strict")


def test_the_workloads_are_called_like_the_real_ones():
    assert {key for key in render() if key[0] in ("Deployment", "StatefulSet")} == {
        ("Deployment", "argocd-applicationset-controller"),
        ("Deployment", "argocd-redis"),
        ("Deployment", "argocd-repo-server"),
        ("Deployment", "argocd-server"),
        ("StatefulSet", "argocd-application-controller"),
    }


def test_every_object_is_part_of_argo_cd():
    assert {item["metadata"]["labels"]["app.kubernetes.io/part-of"] for item in render().values()} == {"argocd"}


def test_every_value_of_the_configuration_is_a_string():
    rendered = render(configs={"cm": {"exec.enabled": True, "timeout": 180}, "params": {"server.insecure": True}})
    settings, parameters = (rendered["ConfigMap", name]["data"] for name in ("argocd-cm", "argocd-cmd-params-cm"))
    assert settings["exec.enabled"] == "true"
    assert settings["timeout"] == "180"
    assert settings["url"] == "https://argocd.example.com"
    assert parameters["server.insecure"] == "true"
    assert parameters["redis.server"] == "argocd-redis:6379"


@pytest.mark.parametrize("values", [{"cm": {"exec.enabled": True}}, {"params": {"server.rootpath": "/argo"}}])
def test_a_changed_configuration_restarts_the_pods(values):
    def checksum(rendered):
        return rendered["Deployment", "argocd-server"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum(render()) == checksum(render())
    assert checksum(render()) != checksum(render(configs=values))


@pytest.mark.parametrize(("create", "there"), [(True, True), (False, False)])
def test_the_secret_is_there_if_asked_for(create, there):
    rendered = render(configs={"secret": {"createSecret": create, "argocdServerAdminPassword": "hash"}})
    assert (("Secret", "argocd-secret") in rendered) is there


@pytest.fixture
def complete(tmp_path):
    """The chart with what whoever packages it puts there."""
    chart = tmp_path / "argo-cd"
    shutil.copytree(CHART, chart)
    (chart / "definitions").mkdir()
    (chart / "definitions" / "a-crd.yaml").write_text(json.dumps(DEFINITION))
    (chart / "environment").mkdir()
    (chart / "environment" / "repo-server.yaml").write_text(json.dumps([{"name": "A", "value": "a"}]))
    return chart


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "as.argoproj.io", "annotations": {"made-by": "gen"}, "labels": LABELS},
}


@pytest.mark.parametrize(
    ("crds", "annotations"),
    [
        ({}, {"made-by": "gen", "helm.sh/resource-policy": "keep"}),
        ({"keep": False}, {"made-by": "gen"}),
        ({"install": False}, None),
    ],
)
def test_definitions_are_part_of_the_release_and_stay_when_it_goes(complete, crds, annotations):
    definition = render(complete, crds=crds).get(("CustomResourceDefinition", "as.argoproj.io"))
    assert (definition and definition["metadata"]["annotations"]) == annotations


def pods(rendered):
    workloads = {key[1]: item for key, item in rendered.items() if key[0] in ("Deployment", "StatefulSet")}
    return {name: item["spec"]["template"]["spec"] for name, item in workloads.items()}


def test_a_component_has_the_environment_of_its_manifest(complete):
    found = pods(render(complete))
    assert found["argocd-repo-server"]["containers"][0]["env"] == [{"name": "A", "value": "a"}]
    assert "env" not in found["argocd-redis"]["containers"][0]


def test_no_two_programs_of_a_host_want_one_port():
    found = pods(render())
    assert all("podAffinity" in pod["affinity"] for name, pod in found.items() if name != "argocd-redis")
    words = [
        word for pod in found.values() for word in pod["containers"][0]["args"] if "port=" in word or "-addr=" in word
    ]
    ports = [word.rpartition("=")[2].lstrip(":") for word in words]
    assert len(ports) == len(set(ports)) == 8


def test_a_pod_ends_before_the_next_one_starts():
    strategies = [item["spec"].get("strategy") for key, item in render().items() if key[0] == "Deployment"]
    assert strategies == [{"type": "Recreate"}] * 4


@pytest.mark.parametrize(("insecure", "scheme"), [(False, "HTTPS"), (True, "HTTP"), ("true", "HTTP")])
def test_the_server_is_asked_as_it_listens(insecure, scheme):
    rendered = render(configs={"params": {"server.insecure": insecure}})
    assert pods(rendered)["argocd-server"]["containers"][0]["readinessProbe"]["httpGet"]["scheme"] == scheme
