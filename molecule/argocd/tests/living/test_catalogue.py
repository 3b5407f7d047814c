# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scaffold.yml and add_app.yml make of the whole catalogue is accepted by the API server in a strict dry run.

Charts are rendered from the Go modules that they are kept in, at the pinned versions; csi-driver-nfs has none.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from importlib import import_module

import pytest
import yaml
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from commands import LAB, ROOT, kubectl, playbook_environment

_AnsibleCollectionFinder(paths=[str(ROOT / ".ansible" / "collections")])._install()
sys.path.insert(0, str(ROOT))
catalogue = import_module("tests.catalogue")
policy = import_module("tests.manifest_policy")
module_directory = import_module("tests.lab.programs").module_directory
permission = import_module("ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission")

# What upstream's charts do that our policy would not have, and their values cannot change.
EXCUSES = {
    ("Deployment cert-manager/cert-manager-cainjector, ", "probes"): "it has none, and serves nothing but metrics",
    ("Deployment cert-manager/cert-manager, ", "probes"): "it serves nobody; a lease says who of it works",
}
APPLICATIONS = [catalogue.name_of(app) for app in catalogue.examples() if app.get("catalogue") != "csi-driver-nfs"]
IN_CLUSTER = "https://kubernetes.default.svc"


class RefusedError(Exception):
    """The API server does not take it."""


def apply(*objects, how=()):
    """As Argo CD does it."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("apply", "--server-side", "--force-conflicts", *how, "-f", "-", stdin=listed).run()


def dry_run(*objects):
    try:
        apply(*objects, how=("--dry-run=server", "--validate=strict"))
    except RuntimeError as error:
        raise RefusedError(str(error)) from error


def run(*command):
    done = subprocess.run(
        [str(word) for word in command], env=playbook_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [thing for thing in yaml.safe_load_all(done.stdout) if thing]


def chart_sources(name):
    chart = catalogue.CHARTS[name]
    return module_directory(chart.module, chart.version) / chart.folder


def with_its_dependency(folder, scratch):
    """The chart as `helm dependency build` would leave it, if its repository could be reached."""
    chart = scratch / folder.name
    shutil.copytree(folder, chart)
    (dependency,) = yaml.safe_load((chart / "Chart.yaml").read_text())["dependencies"]
    target = chart / "charts" / dependency["name"]
    shutil.copytree(chart_sources(dependency["name"]), target, copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):  # a Go module is read-only
        path.chmod(0o755 if path.is_dir() else 0o644)
    about = yaml.safe_load((target / "Chart.yaml").read_text())
    if about["version"] == "v0.0.0":  # filled in when cert-manager is released
        about["version"] = about["appVersion"] = catalogue.CHARTS[dependency["name"]].version
        (target / "Chart.yaml").write_text(yaml.safe_dump(about))
    assert about["version"] == dependency["version"]
    return chart


@pytest.fixture(scope="module")
def definitions():
    """The CRDs that the charts bring, which Argo CD applies before anything else. They stay."""
    names = []
    for name in catalogue.CHARTS:
        command = ("helm", "template", "crds", chart_sources(name), "--include-crds", "--set", "crds.enabled=true")
        for thing in run(*command):
            if thing["kind"] == "CustomResourceDefinition":
                apply(thing)
                names.append(f"crd/{thing['metadata']['name']}")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", *names).run()


@pytest.fixture(scope="module")
def tree(definitions, playbook, tmp_path_factory):
    """A new repository with all examples of the page, each of which the API server has tried."""
    path = tmp_path_factory.mktemp("catalogue") / "home"
    path.mkdir()
    subprocess.run(("git", "init", "--quiet", path), check=True)
    apps = path.parent / "apps.yml"
    apps.write_text(yaml.safe_dump({"apps": catalogue.examples()}))
    catalogue.put_own_file(path)
    common = {
        "gitops_repo_path": str(path),
        "gitops_repo_url": "http://mirror/git/home.git",
        "gitops_repo_kubeconfig": str(LAB / "kubeconfig"),
        "gitops_repo_context": "",
        "app_dry_run": True,
    }
    for name, *arguments in (("scaffold",), ("add_app", "-e", f"@{apps}")):
        done = playbook(name, "-e", json.dumps(common), *arguments)
        assert done.returncode == 0, done.output
    return path


@pytest.fixture(scope="module")
def applications(tree, tmp_path_factory):
    """The objects of each, as Argo CD's repo-server would come to them."""
    made = {}
    for name in APPLICATIONS:
        source = catalogue.source_of(tree, name)
        if (source.folder / "Chart.yaml").exists():
            chart = with_its_dependency(source.folder, tmp_path_factory.mktemp("charts"))
            made[name] = run("helm", "template", name, chart, "--namespace", source.namespace, "--include-crds")
        else:
            made[name] = run("kubectl", "kustomize", source.folder)
    return made


@pytest.fixture(scope="module", autouse=True)
def namespaces(tree, applications):
    """Those that Argo CD would make."""
    namespaces = json.loads(kubectl("get", "namespaces", "-o", "json").run())["items"]
    wanted = {catalogue.source_of(tree, name).namespace for name in applications}
    for objects in applications.values():
        wanted |= {thing["metadata"]["namespace"] for thing in objects if thing["metadata"].get("namespace")}
    new = sorted(wanted - {namespace["metadata"]["name"] for namespace in namespaces})
    for name in new:
        kubectl("create", "namespace", name).run()
    yield
    kubectl("delete", "namespace", "--wait=false", *new).run()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_api_server_accepts_it(applications, name):
    dry_run(*applications[name])


@pytest.mark.parametrize("pattern", ["projects/*.yaml", "applicationsets/*.yaml", "*/*/app.yaml"])
def test_the_api_server_accepts_what_argo_cd_is_told(tree, pattern):
    files = sorted((tree / "kubernetes").glob(pattern))
    assert files
    dry_run(*(yaml.safe_load(file.read_text()) for file in files))


def test_the_dry_run_is_strict(applications):
    deployment = copy.deepcopy(next(thing for thing in applications["sonarr"] if thing["kind"] == "Deployment"))
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(RefusedError, match="livenesProbe"):
        dry_run(deployment)


def test_the_dry_run_knows_the_custom_resources(applications):
    issuers = [thing for thing in applications["cert-manager"] if thing["kind"] == "ClusterIssuer"]
    issuer = copy.deepcopy(issuers[0])
    issuer["spec"]["acme"]["solver"] = issuer["spec"]["acme"].pop("solvers")
    with pytest.raises(RefusedError, match="solver"):
        dry_run(issuer)


def test_all_of_it_keeps_to_the_policy(applications):
    objects = [thing for things in applications.values() for thing in things]
    assert policy.violations(objects, EXCUSES) == []


def test_a_sealed_secret_beside_an_application_comes_with_it(applications):
    assert catalogue.SEALED in applications["cloudflared"]


def permitted(project, thing, namespace):
    """Argo CD's own answer, by the code that tests/differential compares with it."""
    target = "" if thing["kind"] in policy.CLUSTER_SCOPED else thing["metadata"].get("namespace", namespace)
    group = thing["apiVersion"].rpartition("/")[0]
    cluster = permission.Destination(IN_CLUSTER, "in-cluster", target)
    return permission.resource(project, group, thing["kind"], thing["metadata"]["name"], cluster).permitted


@pytest.mark.parametrize("name", APPLICATIONS)
def test_its_project_permits_all_of_it(tree, applications, name):
    """What the linter cannot see: the objects that a chart comes to."""
    source = catalogue.source_of(tree, name)
    text = (tree / "kubernetes" / "projects" / f"{source.project}.yaml").read_text()
    project = permission.Project.of(yaml.safe_load(text))
    cluster = permission.Destination(IN_CLUSTER, "in-cluster", source.namespace)
    assert permission.destination(project, cluster).permitted
    refused = [thing for thing in applications[name] if not permitted(project, thing, source.namespace)]
    assert [policy.name_of(thing) for thing in refused] == []


@pytest.mark.parametrize("name", catalogue.CHARTS)
def test_a_chart_stays_in_its_namespace(tree, applications, name):
    namespace = catalogue.source_of(tree, name).namespace
    assert {thing["metadata"].get("namespace", namespace) for thing in applications[name]} == {namespace}
