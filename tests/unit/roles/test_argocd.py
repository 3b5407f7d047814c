# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role argocd hands to the API server and to Helm, rendered from its own defaults, variables and templates."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles" / "argocd"
REPOSITORY = "https://git.example.com/home/cluster.git"
IN_CLUSTER = "https://kubernetes.default.svc"
DESCRIPTION = {
    "cluster_name": "home",
    "cluster_versions": {"argocd": "9.1.0"},
    "cluster_argocd_admin_password": "p4ss",
    "cluster_gitops": {"repository": REPOSITORY},
    "__argocd_secret": {"resources": []},
    "__argocd_admin_hash": "new hash",
}
PASSWORD_HASH = "$2b$04$abcdefghijklmnopqrstuu8w.ZvzyjKDrbUOP8X15pI3nJ3xfpTbW"


class Role:
    def __init__(self, **variables):
        loader = DataLoader()
        files = [str(ROLE / part / "main.yml") for part in ("defaults", "vars")]
        defaults, internals = (loader.load_from_file(file, trusted_as_template=True) for file in files)
        self.templar = Templar(loader=loader, variables={**defaults, **internals, **DESCRIPTION, **variables})

    def value(self, expression):
        return self.templar.template(trust_as_template("{{ " + expression + " }}"))

    def objects(self, template):
        text = self.templar.template(trust_as_template((ROLE / "templates" / template).read_text(encoding="utf-8")))
        return {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(text) if item}

    def project(self, name):
        return self.objects("objects.yaml.j2")["AppProject", name]["spec"]


def destination(namespace):
    return {"server": IN_CLUSTER, "namespace": namespace}


def stored(**data):
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"__argocd_secret": {"resources": [{"data": encoded}]}}


def test_the_objects_of_the_default_description():
    assert sorted(Role().objects("objects.yaml.j2")) == [
        ("AppProject", "apps"),
        ("AppProject", "core"),
        ("AppProject", "default"),
        ("AppProject", "infrastructure"),
        ("AppProject", "monitoring"),
        ("AppProject", "root"),
        ("Application", "root"),
    ]


@pytest.mark.parametrize("name", ["core", "infrastructure"])
def test_a_privileged_project_may_do_everything_with_the_one_repository(name):
    assert Role().project(name) == {
        "sourceRepos": [REPOSITORY],
        "destinations": [destination("*")],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }


@pytest.mark.parametrize("name", ["apps", "monitoring"])
def test_another_project_is_kept_out_of_the_namespaces_that_would_privilege_it(name):
    assert Role(argocd_namespace="gitops").project(name) == {
        "sourceRepos": [REPOSITORY],
        "destinations": [destination("*"), destination("!gitops"), destination("!kube-system")],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    }


def test_the_default_project_is_locked():
    assert Role().project("default") == {
        "sourceRepos": [],
        "destinations": [],
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": [{"group": "*", "kind": "*"}],
    }


def test_the_root_project_only_creates_objects_of_argo_cd():
    assert Role().project("root") == {
        "sourceRepos": [REPOSITORY],
        "destinations": [destination("argocd")],
        "clusterResourceWhitelist": [],
        "namespaceResourceWhitelist": [{"group": "argoproj.io", "kind": "*"}],
    }


@pytest.mark.parametrize("name", ["core", "apps", "default", "root"])
def test_fields_of_a_project_can_be_replaced(name):
    charts = [REPOSITORY, "https://charts.example.com"]
    spec = Role(argocd_project_specs={name: {"sourceRepos": charts}}).project(name)
    assert spec == {**Role().project(name), "sourceRepos": charts}


def test_which_projects_are_there_is_the_users_choice():
    gitops = {"repository": REPOSITORY, "projects": ["one", "two"]}
    role = Role(cluster_gitops=gitops, argocd_privileged_projects=["two", "absent"])
    projects = {name for kind, name in role.objects("objects.yaml.j2") if kind == "AppProject"}
    assert projects == {"default", "root", "one", "two"}
    assert role.project("one")["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    assert role.project("two")["clusterResourceWhitelist"] == [{"group": "*", "kind": "*"}]


def test_the_root_application():
    gitops = {"repository": REPOSITORY, "revision": "1.0", "path": "clusters/home"}
    role = Role(cluster_gitops=gitops, argocd_root_application="home")
    application = role.objects("objects.yaml.j2")["Application", "home"]
    assert application["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io/foreground"]
    assert application["spec"] == {
        "project": "home",
        "source": {"repoURL": REPOSITORY, "targetRevision": "1.0", "path": "clusters/home"},
        "destination": destination("argocd"),
        "revisionHistoryLimit": 3,
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
        },
    }


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        (
            {"argocd_repository_username": "me", "argocd_repository_password": "p4ss: 'x'"},
            {"username": "me", "password": "p4ss: 'x'"},
        ),
        ({"argocd_repository_ssh_key": "-----BEGIN\nKEY-----\n"}, {"sshPrivateKey": "-----BEGIN\nKEY-----\n"}),
    ],
)
def test_the_repository(variables, expected):
    secret = Role(**variables).objects("secrets.yaml.j2")["Secret", "repository-root"]
    decoded = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    assert decoded == {"type": "git", "url": REPOSITORY, **expected}
    assert secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repository"


def test_the_secret_of_argo_cd_survives_helm():
    secret = Role().objects("secrets.yaml.j2")["Secret", "argocd-secret"]
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert secret["metadata"]["labels"]["app.kubernetes.io/part-of"] == "argocd"
    assert sorted(secret["data"]) == ["admin.password", "admin.passwordMtime"]
    assert Role().value("__argocd_release_values")["configs"]["secret"] == {"createSecret": False}


@pytest.mark.parametrize(
    ("content", "usable"),
    [
        ({}, ""),
        ({"admin.password": PASSWORD_HASH}, PASSWORD_HASH),
        ({"admin.password": PASSWORD_HASH + "\n"}, ""),
        ({"admin.password": PASSWORD_HASH.replace("$04", "$03")}, ""),
        ({"admin.password": "plain text"}, ""),
        ({"server.secretkey": "x"}, ""),
    ],
)
def test_only_a_hash_is_a_hash(content, usable):
    assert Role(**stored(**content)).value("__argocd_usable_hash") == usable


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        pytest.param({"admin.password": "hash", "admin.passwordMtime": "2026-01-02T03:04:05Z"}, True, id="same hash"),
        pytest.param({"admin.password": "hash", "admin.passwordMtime": "2026-01-02T03:04:05+01:00"}, True, id="offset"),
        pytest.param({"admin.password": "old", "admin.passwordMtime": "2026-01-02T03:04:05Z"}, False, id="new hash"),
        pytest.param(
            {"admin.password": "hash", "admin.passwordMtime": "2026-01-02T03:04:05UTC"}, False, id="not RFC 3339"
        ),
        pytest.param({"admin.password": "hash"}, False, id="no time"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_the_time_of_the_password_changes_only_with_its_hash(content, kept):
    mtime = Role(**stored(**content), __argocd_admin_hash="hash").value("__argocd_admin_mtime")
    assert (mtime == content.get("admin.passwordMtime")) is kept
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+01:00)", mtime)


@pytest.mark.parametrize(
    ("variables", "params", "url"),
    [
        ({}, {"server.basehref": "/", "server.rootpath": "", "server.insecure": False}, None),
        (
            {"argocd_path": "/argo"},
            {"server.basehref": "/argo", "server.rootpath": "/argo", "server.insecure": True},
            None,
        ),
        (
            {"argocd_path": "tools/argo/", "argocd_domain": "home.example.com", "argocd_server_insecure": "false"},
            {"server.basehref": "/tools/argo", "server.rootpath": "/tools/argo", "server.insecure": False},
            "https://home.example.com/tools/argo",
        ),
        (
            {"argocd_domain": "argo.example.com", "argocd_server_insecure": True},
            {"server.basehref": "/", "server.rootpath": "", "server.insecure": True},
            "https://argo.example.com",
        ),
    ],
)
def test_the_values_for_the_chart(variables, params, url):
    values = Role(**variables).value("__argocd_release_values")
    assert values["configs"]["params"] == params
    assert values["configs"]["cm"]["application.resourceTrackingMethod"] == "annotation"
    assert values["configs"]["cm"].get("url") == url


def test_values_of_the_user_win():
    own = {"configs": {"params": {"server.insecure": True}, "cm": {"exec.enabled": True}}, "dex": {"enabled": False}}
    values = Role(argocd_values=own).value("__argocd_release_values")
    assert values["configs"]["params"] == {"server.basehref": "/", "server.rootpath": "", "server.insecure": True}
    assert values["configs"]["cm"]["exec.enabled"] is True
    assert values["configs"]["cm"]["application.resourceTrackingMethod"] == "annotation"
    assert values["dex"] == {"enabled": False}
