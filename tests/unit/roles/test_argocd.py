# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role argocd hands to the API server and to Helm, rendered from its own defaults, variables and templates."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.homeops.cluster.plugins.module_utils._bcrypt import hash_password

ROLE = Path(__file__).parents[3] / "roles" / "argocd"
REPOSITORY = "https://git.example.com/home/cluster.git"
IN_CLUSTER = "https://kubernetes.default.svc"
DESCRIPTION = {
    "cluster_name": "home",
    "cluster_versions": {"argocd": "9.1.0"},
    "cluster_argocd_admin_password": "p4ss",
    "cluster_gitops": {"repository": REPOSITORY},
    "role_path": str(ROLE),
    "__argocd_secret": {"resources": []},
    "__argocd_live_projects": {"resources": []},
    "__argocd_live_root": {"resources": []},
    "__argocd_release": {},
    "__argocd_configuration": {"resources": []},
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


def found(name, **annotations):
    return {"metadata": {"name": name, "annotations": annotations} if annotations else {"name": name}}


def test_a_project_that_argo_cd_tracks_from_git_is_left_alone():
    tracked = {"argocd.argoproj.io/tracking-id": "root:argoproj.io/AppProject:argocd/core"}
    live = [found("core", **tracked), found("apps", **tracked), found("monitoring", other="x"), found("default")]
    role = Role(__argocd_live_projects={"resources": live})
    assert role.value("__argocd_projects_in_git") == ["core", "apps"]
    assert {name for kind, name in role.objects("objects.yaml.j2") if kind == "AppProject"} == {
        "default",
        "infrastructure",
        "monitoring",
        "root",
    }


@pytest.mark.parametrize("answer", [{"failed": True}, {"resources": [], "api_found": False}])
def test_where_nothing_is_served_nothing_comes_from_git(answer):
    assert Role(__argocd_live_projects=answer).value("__argocd_projects_in_git") == []


def test_the_root_application():
    gitops = {"repository": REPOSITORY, "revision": "1.0", "path": "clusters/home"}
    role = Role(cluster_gitops=gitops, argocd_root_application="home")
    application = role.objects("objects.yaml.j2")["Application", "home"]
    assert application["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io/foreground"]
    assert application["spec"] == {
        "project": "home",
        "source": {
            "repoURL": REPOSITORY,
            "targetRevision": "1.0",
            "path": "clusters/home",
            "directory": {"recurse": True, "include": "{projects/*.yaml,applicationsets/*.yaml,*/app.yaml}"},
        },
        "destination": destination("argocd"),
        "revisionHistoryLimit": 3,
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "retry": {
                "limit": -1,
                "refresh": True,
                "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"},
            },
        },
    }


def test_what_the_root_application_reads_can_be_left_to_argo_cd():
    source = Role(argocd_root_directory={}).objects("objects.yaml.j2")["Application", "root"]["spec"]["source"]
    assert source == {"repoURL": REPOSITORY, "targetRevision": "main", "path": "kubernetes"}


def root(*names, **source):
    resources = {"resources": [{"kind": "Application", "name": name} for name in names]} if names else {}
    return {"resources": [{"spec": {"source": {"path": "kubernetes", **source}}, "status": resources}]}


@pytest.mark.parametrize(
    ("live", "directory", "out_of_sight"),
    [
        pytest.param(root("media", "dns"), {"recurse": True}, ["media", "dns"], id="of a former version"),
        pytest.param(root("media"), {}, [], id="of a former version, and it stays so"),
        pytest.param(root(), {"recurse": True}, [], id="of a former version, with nothing in it"),
        pytest.param(root("media", directory={"recurse": False, "include": "*"}), {"recurse": True}, [], id="known"),
        pytest.param({"resources": []}, {"recurse": True}, [], id="none"),
        pytest.param({"resources": [], "api_found": False}, {"recurse": True}, [], id="no such kind"),
        pytest.param({"failed": True}, {"recurse": True}, [], id="check mode on a clean system"),
        pytest.param({"resources": [{"spec": {"source": {}}}]}, {"recurse": True}, [], id="no controller"),
    ],
)
def test_what_a_former_version_read_is_not_pruned_unasked(live, directory, out_of_sight):
    role = Role(__argocd_live_root=live, argocd_root_directory=directory)
    assert role.value("__argocd_files_out_of_sight") == out_of_sight


def test_the_way_on_is_a_command_that_can_be_copied():
    tasks = yaml.safe_load((ROLE / "tasks/read.yml").read_text(encoding="utf-8"))
    role = Role(__argocd_live_root=root("media", "dns"), ansible_check_mode=False)
    told = role.templar.template(trust_as_template(tasks[-1]["ansible.builtin.assert"]["fail_msg"]))
    assert "(it has media, dns)" in told
    patch = {"spec": {"source": {"directory": role.value("argocd_root_directory")}}}
    assert told.endswith(f"patch application root --type merge -p '{json.dumps(patch)}'")


def task(file, name):
    tasks = yaml.safe_load((ROLE / "tasks" / file).read_text(encoding="utf-8"))
    return next(each for each in tasks if each["name"] == name)


@pytest.mark.parametrize(
    ("kind", "annotations"),
    [
        ("Application", {"argocd.argoproj.io/refresh": "hard"}),
        ("ApplicationSet", {"argocd.argoproj.io/application-set-refresh": "true"}),
    ],
)
def test_what_was_wrong_before_this_run_is_looked_at_again_before_the_wait(kind, annotations):
    looked = task("wait.yml", "wait | Make it look again at what was wrong")
    wrong = {"kind": kind, "name": "demo", "stuck": True}
    role = Role(__argocd_sync={"waiting": [wrong, {**wrong, "name": "slow", "stuck": False}]}, __argocd_wrong=wrong)
    assert role.templar.template(trust_as_template(looked["loop"])) == [wrong]
    definition = looked["kubernetes.core.k8s"]["definition"]["metadata"]["annotations"]
    assert role.templar.template(trust_as_template(definition)) == annotations
    assert Role(__argocd_sync={"skipped": True}).templar.template(trust_as_template(looked["loop"])) == []


@pytest.mark.parametrize(
    ("projects", "fine"), [(["core"], True), ("core", False), (["core", "core"], False), (["root"], False)]
)
def test_projects_are_a_list_of_names_that_are_free(projects, fine):
    conditions = task("read.yml", "read | Refuse two owners of one project")["ansible.builtin.assert"]["that"]
    role = Role(argocd_projects=projects)
    assert all(role.value(condition) for condition in conditions) is fine


def test_a_cluster_that_does_not_answer_is_told_before_anything_else_is_asked():
    tasks = yaml.safe_load((ROLE / "tasks/read.yml").read_text(encoding="utf-8"))
    names = [task["name"] for task in tasks]
    assert names[:2] == ["read | Ask the API server for Argo CD's own Secret", "read | Refuse what cannot work"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v3.0.12", {"limit": 5}), ("v3.1.9", {"limit": 5}), ("v3.2.0", {"limit": -1, "refresh": True})],
)
def test_the_server_of_an_old_version_is_not_told_what_it_does_not_know(version, expected):
    role = Role(__argocd_release={"status": {"app_version": version}})
    retry = role.objects("objects.yaml.j2")["Application", "root"]["spec"]["syncPolicy"]["retry"]
    assert {key: value for key, value in retry.items() if key != "backoff"} == expected


@pytest.mark.parametrize("release", [{}, {"status": {"values": {}}}])
@pytest.mark.parametrize(
    ("labels", "limit"), [({"app.kubernetes.io/version": "v3.0.12", "other": "x"}, 5), ({"other": "x"}, -1), (None, -1)]
)
def test_in_check_mode_the_version_is_that_of_the_cluster(release, labels, limit):
    resources = [{"metadata": {"name": "argocd-cm", "labels": labels}}] if labels else []
    role = Role(__argocd_release=release, __argocd_configuration={"resources": resources})
    assert role.objects("objects.yaml.j2")["Application", "root"]["spec"]["syncPolicy"]["retry"]["limit"] == limit


def test_the_root_repository_is_described_with_the_others():
    other = {"name": "charts", "url": "https://charts.example.com", "type": "helm"}
    role = Role(argocd_repositories=[other], argocd_repository_username="me", argocd_repository_password="p4ss: 'x'")
    assert role.value("__argocd_repositories") == [
        other,
        {
            "name": "root",
            "type": "git",
            "url": REPOSITORY,
            "username": "me",
            "password": "p4ss: 'x'",
            "ssh_key": "",
        },
    ]


def test_an_entry_of_the_user_takes_the_place_of_the_root_repository():
    own = {"name": "cluster", "url": REPOSITORY, "github_app_id": "1", "github_app_private_key": "key"}
    assert Role(argocd_repositories=[own]).value("__argocd_repositories") == [own]


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
    assert {key: values["configs"]["params"][key] for key in params} == params
    assert values["configs"]["cm"]["application.resourceTrackingMethod"] == "annotation"
    assert values["configs"]["cm"].get("url") == url


def test_what_the_order_of_applications_needs():
    params = Role().value("__argocd_release_values")["configs"]["params"]
    assert params["controller.sync.timeout.seconds"] == "1800"
    assert params["applicationsetcontroller.enable.progressive.syncs"] is True


def test_values_of_the_user_win():
    own = {"configs": {"params": {"server.insecure": True}, "cm": {"exec.enabled": True}}, "dex": {"enabled": False}}
    values = Role(argocd_values=own).value("__argocd_release_values")
    assert values["configs"]["params"]["server.insecure"] is True
    assert values["configs"]["params"]["server.rootpath"] == ""
    assert values["configs"]["cm"]["exec.enabled"] is True
    assert values["configs"]["cm"]["application.resourceTrackingMethod"] == "annotation"
    assert values["dex"] == {"enabled": False}


def test_hosts_and_certificates_are_added_to_those_of_the_chart():
    configs = Role(
        argocd_ssh_known_hosts="git.lan ssh-ed25519 AAAA", argocd_tls_certificates={"git.lan": "-----BEGIN"}
    ).value("__argocd_release_values")["configs"]
    assert configs["ssh"] == {"extraHosts": "git.lan ssh-ed25519 AAAA"}
    assert configs["tls"] == {"certificates": {"git.lan": "-----BEGIN"}}
    assert not {"ssh", "tls"} & set(Role().value("__argocd_release_values")["configs"])


def exclusions(**variables):
    text = Role(**variables).value("__argocd_release_values")["configs"]["cm"]["resource.exclusions"]
    return yaml.safe_load(text)


def test_further_exclusions_do_not_replace_those_of_argo_cd():
    own = [{"apiGroups": ["cilium.io"], "kinds": ["CiliumNode"]}]
    assert exclusions(argocd_resource_exclusions=own) == exclusions() + own


def test_the_exclusions_are_those_of_argo_cd_itself():
    modules = Path.home() / "go/pkg/mod/github.com/argoproj/argo-cd"
    manifests = sorted(modules.glob("v3@*/manifests/base/config/argocd-cm.yaml"))
    if not manifests:
        pytest.skip("the lab has not fetched the sources of Argo CD")
    upstream = yaml.safe_load(manifests[-1].read_text(encoding="utf-8"))["data"]["resource.exclusions"]
    assert exclusions() == yaml.safe_load(upstream)


@pytest.mark.parametrize(
    ("kind", "file"), [("Application", "application-health.lua"), ("ApplicationSet", "applicationset-health.lua")]
)
def test_health_is_customised(kind, file):
    settings = Role().value("__argocd_release_values")["configs"]["cm"]
    script = settings[f"resource.customizations.health.argoproj.io_{kind}"]
    assert script == (ROLE / "files" / file).read_text(encoding="utf-8").rstrip()


def as_described(role):
    """What verify reads from a cluster on which nothing is wrong."""
    configs = role.value("__argocd_release_values")["configs"]
    maps = {"argocd-cm": configs["cm"], "argocd-cmd-params-cm": configs["params"]}
    return {
        "__argocd_configuration": {
            "resources": [
                {
                    "metadata": {"name": name},
                    "data": {
                        key: str(value).lower() if isinstance(value, bool) else value + "\n"
                        for key, value in values.items()
                    },
                }
                for name, values in maps.items()
            ]
        },
        "__argocd_compared": {"result": {"results": [{"changed": False, "result": found("core")}]}},
        "__argocd_compared_repositories": {"secrets": [{"name": "repository-root", "action": "unchanged"}]},
        "__argocd_sync": {"synced": True, "reason": ""},
        "__argocd_release": {"status": {"status": "deployed", "chart": "argo-cd-9.1.0", "app_version": "v3.5.3"}},
        **stored(**{"admin.password": hash_password("p4ss")}),
        "argocd_admin_password": "p4ss",
    }


def problems(**wrong):
    role = Role(**{**as_described(Role()), **wrong})
    text = role.templar.template(trust_as_template((ROLE / "templates/problems.txt.j2").read_text(encoding="utf-8")))
    return [line for line in (text or "").splitlines() if line]


def test_verify_has_nothing_to_say_of_what_is_as_described():
    assert problems() == []


@pytest.mark.parametrize(
    "values",
    [{"cm": {"create": False, "own": "x"}}, {"params": {"some.bytes": 10000000}}, {"params": {"annotations": {}}}],
)
def test_settings_that_cannot_be_compared_are_no_difference(values):
    assert (
        Role(**{**as_described(Role()), "argocd_values": {"configs": values}}).value("__argocd_changed_settings") == []
    )


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"__argocd_configuration": {"resources": []}}, "ConfigMap argocd-cm: application.resourceTrackingMethod"),
        ({"argocd_values": {"configs": {"cm": {"exec.enabled": True}}}}, "ConfigMap argocd-cm: exec.enabled is not"),
        ({"argocd_path": "/argo"}, "ConfigMap argocd-cmd-params-cm: server.basehref is not as described"),
        (
            {
                "__argocd_compared": {
                    "result": {"results": [{"changed": True, "result": {"kind": "AppProject", **found("core")}}]}
                }
            },
            "AppProject core is not as described",
        ),
        (
            {"__argocd_compared_repositories": {"secrets": [{"name": "repository-root", "action": "created"}]}},
            "Secret repository-root is not as described (would be created)",
        ),
        (
            {"__argocd_release": {"status": None}},
            "Helm release argocd is not installed (unknown) instead of version 9.1.0",
        ),
        ({"argocd_chart_version": "9.2.0"}, "Helm release argocd is argo-cd-9.1.0 (deployed) instead of version 9.2.0"),
        ({"argocd_admin_password": "other"}, "The admin password in Secret argocd-secret"),
        ({"__argocd_sync": {"synced": False, "reason": "Application root (OutOfSync): why"}}, "Application root"),
    ],
)
def test_verify_names_what_is_not_as_described(wrong, line):
    assert any(told.startswith(line) for told in problems(**wrong))


def test_where_nobody_waits_an_unsynced_root_application_is_no_problem():
    sync = {"synced": False, "reason": "no controller"}
    assert problems(__argocd_sync=sync, argocd_wait_synced=False) == []
