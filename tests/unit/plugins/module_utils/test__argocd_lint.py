# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository in which everything is permitted, and what becomes of it with one thing changed at a time."""

from __future__ import annotations

import copy
import random
import subprocess
from textwrap import dedent

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint import Settings, lint, lint_tree
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import Destination
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import Tree
from permitted_repository import CONFIGMAP, DEPLOYMENT, HEALTHY, PROJECT, PROJECT_FILE, SET_FILE, URL, application

from tests.conftest import ROOT

DEFAULTS = Settings()


def linted(files, settings=DEFAULTS, urls=(URL,), below=""):
    return lint_tree(Tree({path: text.encode() for path, text in files.items()}, urls=urls), settings, below)


def found(files, settings=DEFAULTS, **kwargs):
    """What is wrong, as path:line code."""
    return [f"{one.path}:{one.line} {one.code}" for one in linted(files, settings, **kwargs).findings]


def with_(*changes, **files):
    """The healthy repository, with texts replaced: (path, old, new)."""
    done = {**HEALTHY, **files}
    for path, old, new in changes:
        assert old in done[path]
        done[path] = done[path].replace(old, new)
    return done


def test_a_repository_in_which_everything_is_permitted():
    report = linted(HEALTHY)
    assert (report.findings, report.status, report.exit_code, report.tasks) == ((), "healthy", 0, "")
    (blog,) = report.answer()["applications"]
    assert blog["permitted"]
    assert blog["applicationset"] == "apps"
    assert {(one["what"], one["value"], one["entry"].partition(" ")[0]) for one in blog["checks"]} == {
        ("source", URL, f"{PROJECT_FILE}:8"),
        ("destination", "in-cluster/blog", f"{PROJECT_FILE}:12"),
        ("kind", "ConfigMap", ""),
        ("kind", "Namespace", f"{PROJECT_FILE}:17"),
    }


CHART = """\
apiVersion: v2
name: blog
version: 1.0.0
dependencies:
  - name: blog
    version: 1.2.3
    repository: {}
"""
CHART_FILE = "kubernetes/apps/blog/Chart.yaml"
OBJECT_FILE = "kubernetes/apps/blog/x.yaml"
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: x}
spec: {group: example.com, scope: Cluster, names: {kind: Thing}}
"""
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"
OCI = "{repoURL: oci://registry.example.com/owner/charts, chart: web, targetRevision: '1'}"
HELM_OCI = "{repoURL: registry.example.com/owner/charts, chart: web, targetRevision: '1'}"
DISCOVERED = "          - path: kubernetes/apps/*\n"
EXCLUDED = f"{DISCOVERED}          - path: kubernetes/apps/blog\n            exclude: true\n"
BESIDE = f"{{repoURL: {URL}, path: kubernetes/apps/blog, directory: {{exclude: app.yaml}}}}"
TWO_TYPES = f"{{repoURL: {URL}, path: kubernetes/apps/blog, helm: {{releaseName: x}}, kustomize: {{namePrefix: x}}}}"
PATCHED = "resources: [config.yaml]\npatches: [{path: ../patch.yaml}]\n"
HIDDEN_FOLDER = f"{{repoURL: {URL}, path: .deploy}}"
SERVER = "        server: https://kubernetes.default.svc\n"
KUSTOMIZATION = "kubernetes/apps/blog/kustomization.yaml"
OTHER = "kubernetes/other.yaml"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Sources
        (with_((PROJECT_FILE, f"    - {URL}\n", "")), [f"{SET_FILE}:21 source_not_permitted"]),
        (with_((PROJECT_FILE, URL, URL + "/")), [f"{SET_FILE}:21 source_not_permitted"]),
        (with_((PROJECT_FILE, URL, "https://GIT.example.com/Home/Cluster")), []),
        (
            with_((PROJECT_FILE, f"    - {URL}\n", f"    - {URL}\n    - '!https://git.example.com/home/*'\n")),
            [f"{SET_FILE}:21 source_not_permitted", f"{PROJECT_FILE}:9 deny_opens_rest"],
        ),
        (with_((SET_FILE, f"        repoURL: {URL}\n        path", "        path")), [f"{SET_FILE}:21 invalid_source"]),
        (
            with_(**{OTHER: application(source="{repoURL: https://charts.example.com/stable, chart: web}")}),
            [f"{OTHER}:8 invalid_source"],
        ),
        (with_(**{OTHER: application(source=OCI)}), [f"{OTHER}:8 oci_prefix", f"{OTHER}:8 source_not_permitted"]),
        (with_(**{OTHER: application(source=HELM_OCI)}), []),
        (with_(**{OTHER: application(source=f"{{repoURL: {URL}, path: nowhere}}")}), [f"{OTHER}:8 path_missing"]),
        (with_(**{OTHER: application(source="{}")}), [f"{OTHER}:8 invalid_source"]),
        (
            with_(**{OTHER: application(source=f"{{repoURL: {URL}, path: /kubernetes/apps/blog}}")}),
            [f"{OTHER}:8 path_missing"],
        ),
        (with_(**{OTHER: application(source=TWO_TYPES)}), [f"{OTHER}:8 invalid_source"]),
        (
            with_(
                **{OTHER: application(source=f"{{repoURL: {URL}, path: kubernetes/apps, helm: {{releaseName: x}}}}")}
            ),
            ["kubernetes/apps:1 path_missing"],
        ),
        # Several sources: each counts, also one that is only referred to
        (
            with_(
                **{
                    OTHER: application(
                        sources=f"""
    - {{repoURL: https://charts.example.com/stable, chart: web, targetRevision: '1'}}
    - {{repoURL: https://values.example.com/x, ref: values}}
    - {{repoURL: {URL}, path: kubernetes/apps/blog}}"""
                    )
                }
            ),
            [f"{OTHER}:12 source_not_permitted"],
        ),
        (
            with_(
                **{
                    OTHER: application(
                        sourceHydrator=f"""
    drySource: {{repoURL: {URL}, path: kubernetes/apps/blog, targetRevision: HEAD}}
    syncSource: {{repoURL: https://hydrated.example.com/x, targetBranch: main, path: x}}"""
                    )
                }
            ),
            [f"{OTHER}:12 source_not_permitted"],
        ),
        # Charts that an umbrella chart needs, as Argo CD's repo-server compares them
        (with_(**{CHART_FILE: CHART.format("https://charts.example.com/stable")}), []),
        (with_(**{CHART_FILE: CHART.format("oci://registry.example.com/owner/charts")}), []),
        (with_(**{CHART_FILE: CHART.format("file://../lib")}), []),
        (
            with_(**{CHART_FILE: CHART.format("https://charts.example.com/beta")}),
            [f"{CHART_FILE}:7 chart_repository_not_permitted"],
        ),
        (
            with_(**{CHART_FILE: CHART.format("oci://registry.example.com/other")}),
            [f"{CHART_FILE}:7 chart_repository_not_permitted"],
        ),
        (
            with_(**{CHART_FILE: CHART.format("http://charts.example.com/stable")}),
            [f"{CHART_FILE}:7 fetched_unchecked"],
        ),
        (with_(**{CHART_FILE: CHART.format("'@stable'")}), [f"{CHART_FILE}:7 repository_name_unknown"]),
        (with_(**{CHART_FILE: CHART.format("[")}), [f"{CHART_FILE}:8 manifest_unreadable"]),
        (with_(**{CHART_FILE: "- name: blog\n"}), [f"{CHART_FILE}:1 manifest_unreadable"]),
        # Argo CD comes across the kustomization last, and takes that
        (with_(**{CHART_FILE: CHART.format("https://charts.example.com/beta"), KUSTOMIZATION: "resources: []\n"}), []),
        # Destinations
        (
            with_((PROJECT_FILE, 'namespace: "*"', "namespace: wiki")),
            [f"{PROJECT_FILE}:14 deny_opens_rest"],
        ),  # and so blog is permitted all the same
        (
            with_((PROJECT_FILE, '"!kube-system"', "wiki"), (PROJECT_FILE, '"*"', "shop")),
            [f"{SET_FILE}:24 destination_not_permitted"],
        ),
        (with_((PROJECT_FILE, '"!kube-system"', '"!blog"')), [f"{SET_FILE}:24 destination_not_permitted"]),
        (with_((SET_FILE, SERVER, "        name: in-cluster\n")), []),
        (with_((SET_FILE, SERVER, SERVER.replace("svc", "svc/"))), []),
        (with_((SET_FILE, SERVER, "")), [f"{SET_FILE}:24 invalid_destination"]),
        (with_(**{OTHER: application(destination="{server: https://x, name: y}")}), [f"{OTHER}:9 invalid_destination"]),
        (
            with_(**{OTHER: application(destination="{server: https://other.example.com:6443, namespace: shop}")}),
            [f"{OTHER}:9 destination_not_permitted", f"{OTHER}:9 unknown_cluster"],
        ),
        # Kinds, and namespaces of objects
        (with_((PROJECT_FILE, "kind: Namespace", "kind: Node")), [f"{SET_FILE}:27 kind_not_permitted"]),
        (with_(**{OBJECT_FILE: ROLE}), [f"{OBJECT_FILE}:2 kind_not_permitted"]),
        (
            with_(
                ("kubernetes/apps/blog/config.yaml", "  name: settings", "  name: settings\n  namespace: kube-system")
            ),
            ["kubernetes/apps/blog/config.yaml:5 namespace_not_permitted"],
        ),
        (
            with_((PROJECT_FILE, "spec:\n", "spec:\n  namespaceResourceBlacklist: [{group: '', kind: Config*}]\n")),
            ["kubernetes/apps/blog/config.yaml:2 kind_not_permitted"],
        ),
        (
            with_((PROJECT_FILE, "spec:\n", "spec:\n  namespaceResourceWhitelist: []\n")),
            ["kubernetes/apps/blog/config.yaml:2 kind_not_permitted"],
        ),
        (
            with_(**{OTHER: application(destination="{server: https://kubernetes.default.svc}")}),
            ["kubernetes/apps/blog/config.yaml:2 namespace_missing"],
        ),
        (with_(**{OBJECT_FILE: THING}), [f"{OBJECT_FILE}:2 kind_unknown"]),
        (
            with_(
                **{
                    OBJECT_FILE: THING,
                    "crds/thing.yaml": DEFINITION,
                }
            ),
            [f"{OBJECT_FILE}:2 kind_not_permitted"],
        ),
        (with_(**{OBJECT_FILE: "apiVersion: v1\nkind: [\nmetadata: {}\n"}), [f"{OBJECT_FILE}:4 manifest_unreadable"]),
        (with_(**{OBJECT_FILE: f"- {CONFIGMAP}".replace("\n", "\n  ")}), [f"{OBJECT_FILE}:1 manifest_unreadable"]),
        (
            with_(**{OBJECT_FILE: CONFIGMAP.replace("settings", "{{ .Release.Name }}")}),
            [f"{OBJECT_FILE}:4 manifest_unreadable"],
        ),
        (with_(**{OBJECT_FILE: CONFIGMAP + "data: {a: '{{ x }}'}\n"}), []),
        # Kustomizations
        (
            with_(**{KUSTOMIZATION: "resources: []\n", KUSTOMIZATION.replace("yaml", "yml"): "resources: []\n"}),
            [f"{KUSTOMIZATION}:1 manifest_unreadable"],
        ),
        (with_(**{KUSTOMIZATION: "- config.yaml\n"}), [f"{KUSTOMIZATION}:1 manifest_unreadable"]),
        (
            with_(**{KUSTOMIZATION: "resources: [config.yaml]\nnamespace: kube-system\n"}),
            ["kubernetes/apps/blog/config.yaml:2 namespace_not_permitted"],
        ),
        (with_(**{KUSTOMIZATION: "resources:\n  - config.yaml\n  - gone.yaml\n"}), [f"{KUSTOMIZATION}:3 path_missing"]),
        (
            with_(**{KUSTOMIZATION: "resources:\n  - https://github.com/owner/base?ref=v1\n"}),
            [f"{KUSTOMIZATION}:2 fetched_unchecked"],
        ),
        (
            with_(**{KUSTOMIZATION: "helmCharts:\n  - {name: x, repo: https://charts.example.com/beta}\n"}),
            [f"{KUSTOMIZATION}:2 fetched_unchecked"],
        ),
        (
            with_(**{KUSTOMIZATION: PATCHED, "kubernetes/apps/patch.yaml": "- {path: /metadata/namespace}\n"}),
            [f"{KUSTOMIZATION}:2 not_evaluated"],
        ),
        (with_(**{KUSTOMIZATION: PATCHED, "kubernetes/apps/patch.yaml": "- {path: /data/x}\n"}), []),
        # Projects
        (with_((SET_FILE, "project: apps", "project: other")), [f"{SET_FILE}:19 project_missing"]),
        (with_(**{OTHER: application(project="default")}), [f"{OTHER}:7 default_project"]),
        (
            with_(
                **{
                    OTHER: application(project="default"),
                    "kubernetes/projects/default.yaml": PROJECT.replace("name: apps", "name: default").partition(
                        "spec:"
                    )[0]
                    + "spec: {}\n",
                }
            ),
            [f"{OTHER}:8 source_not_permitted", f"{OTHER}:9 destination_not_permitted"],
        ),
        (with_(**{"kubernetes/projects/more.yaml": PROJECT}), ["kubernetes/projects/more.yaml:4 project_twice"]),
        (
            with_((PROJECT_FILE, "    - registry.example.com/owner/charts\n", "    - https://x.example.com/{a,b}/*\n")),
            [f"{PROJECT_FILE}:10 braces"],
        ),
        (
            with_(
                (
                    PROJECT_FILE,
                    "    - registry.example.com/owner/charts\n",
                    "    - registry.example.com/owner/charts\n    - registry.example.com/owner/charts\n",
                )
            ),
            [f"{PROJECT_FILE}:11 project_invalid"],
        ),
        # Namespaces of Applications
        (
            with_(**{OTHER: application().replace("namespace: argocd", "namespace: team")}),
            [f"{OTHER}:5 application_namespace_not_permitted"],
        ),
        (
            with_(
                (PROJECT_FILE, "spec:\n", "spec:\n  sourceNamespaces: [te*]\n"),
                **{OTHER: application().replace("namespace: argocd", "namespace: team")},
            ),
            [],
        ),
        # What is there twice
        (with_(**{OTHER: application(name="blog", source=HELM_OCI)}), [f"{SET_FILE}:17 application_twice"]),
        (
            with_(
                (SET_FILE, 'name: "{{ .path.basename }}"', "name: one"), **{"kubernetes/apps/wiki/c.yaml": CONFIGMAP}
            ),
            [f"{SET_FILE}:17 application_twice"],
        ),
        (with_(**{"kubernetes/apps/blog/app.yaml": application(name="weblog")}), [f"{SET_FILE}:17 deployed_twice"]),
        (
            with_(**{OTHER: application(destination="{server: https://kubernetes.default.svc, namespace: blog}")}),
            [f"{SET_FILE}:17 deployed_twice"],
        ),
        (
            with_(
                (SET_FILE, DISCOVERED, EXCLUDED),
                **{"kubernetes/apps/blog/app.yaml": application(name="weblog", source=BESIDE)},
            ),
            [],
        ),
        # Names that no API server takes
        (
            with_(**{OTHER: application(source=HELM_OCI).replace("  name: shop\n", "")}),
            [f"{OTHER}:4 manifest_malformed"],
        ),
        (with_(**{OTHER: application(name="My_App", source=HELM_OCI)}), [f"{OTHER}:4 manifest_malformed"]),
        (with_(**{"kubernetes/apps/my wiki/c.yaml": CONFIGMAP}), [f"{SET_FILE}:17 manifest_malformed"]),
        # ApplicationSets
        (with_((SET_FILE, "  generators:", "  no:")), [f"{SET_FILE}:7 applicationset_refused"]),
        (with_((SET_FILE, ".path.basename }}", ".path.nope }}")), [f"{SET_FILE}:16 applicationset_refused"]),
        (with_((SET_FILE, "- git:", "- clusters: {}\n    - git:")), [f"{SET_FILE}:10 not_evaluated"]),
        (
            with_(
                (
                    SET_FILE,
                    "        directories:\n          - path: kubernetes/apps/*\n",
                    "        files: [{path: '*.conf'}]\n",
                ),
                **{"a.conf": ""},
            ),
            [f"{SET_FILE}:10 not_evaluated"],
        ),
        (with_((SET_FILE, "{{ .path.basename }}", "{{ .path.basename | semver }}")), [f"{SET_FILE}:16 not_evaluated"]),
        # What cannot be read is not taken for nothing
        (with_(**{OTHER: application() + "  x: [\n"}), [f"{OTHER}:11 manifest_unreadable"]),
        (with_((SET_FILE, "  generators:", "  generators: [")), [f"{SET_FILE}:10 manifest_unreadable"]),
        (with_(**{OTHER: f"- {application()}".replace("\n", "\n  ")}), [f"{OTHER}:1 manifest_unreadable"]),
        (with_((SET_FILE, "project: apps", "project: apps\n      project: x")), [f"{SET_FILE}:20 manifest_malformed"]),
        (with_(**{OTHER + ".j2": application() + "  x: [\n"}), [f"{OTHER}.j2:11 not_evaluated"]),
        (with_(**{OTHER + ".j2": application() + "  x: {% if %}{{ y\n"}), [f"{OTHER}.j2:10 not_evaluated"]),
        (
            with_(
                **{".deploy/app.yaml": application("hidden", "gone"), OTHER: application(source=HIDDEN_FOLDER)},
            ),
            [".deploy/app.yaml:2 not_evaluated"],
        ),
        # Files that are none of Argo CD's business
        (with_(**{"values.yaml": "x: argoproj.io\n y: [\n", "list.yaml": "- argoproj.io\n"}), []),
        (with_(**{"chart/Chart.yaml": "name: x\n", "chart/templates/app.yaml": application(project="gone")}), []),
        (with_(**{".github/app.yaml": application(project="gone")}), []),
        (
            with_(
                **{
                    "overlay/kustomization.yaml": "patches:\n  - path: app.yaml\n  - path: ../patch.yaml\n",
                    "overlay/app.yaml": application(project="gone"),
                    "patch.yaml": application("patch", project="gone"),
                }
            ),
            [],
        ),
    ],
)
def test_one_thing_changed(files, expected):
    assert found(files) == expected


@pytest.mark.parametrize(
    ("after", "entry", "codes"),
    [
        ("sourceRepos", "'!*'", {"deny_opens_rest", "deny_without_effect", "project_invalid"}),
        ("sourceRepos", "ssh://git@x:org/repo", {"unparsable_url"}),
        ("sourceRepos", "'https://x/[a'", {"bad_glob"}),
        ("sourceRepos", "https://x/a b", {"space"}),
        ("sourceRepos", "'https://x/{a,b}'", {"braces"}),
        ("destinations", "{name: in-cluster, namespace: '!x'}", {"deny_opens_rest", "deny_without_server"}),
        ("destinations", "{namespace: x}", {"no_cluster"}),
        ("destinations", "{server: '*', name: in-cluster, namespace: x}", {"server_or_name"}),
        ("destinations", "{server: https://x/, namespace: x}", {"trailing_slash"}),
    ],
)
def test_entries_that_do_not_mean_what_they_seem_to(after, entry, codes):
    report = linted(with_((PROJECT_FILE, f"  {after}:\n", f"  {after}:\n    - {entry}\n")))
    line = 8 if after == "sourceRepos" else 12
    traps = [one for one in report.findings if one.severity == "warning"]
    assert {one.code for one in traps} == codes
    assert {(one.path, one.line) for one in traps} == {(PROJECT_FILE, line)}
    assert report.exit_code >= 1


def test_an_application_in_the_folder_of_another_is_one_of_its_objects():
    """And Applications of applications are compared like all others."""
    root = application(name="root", source=f"{{repoURL: {URL}, path: apps-of-apps}}",
                       destination="{server: https://kubernetes.default.svc, namespace: kube-system}")  # fmt: skip
    child = application(name="child", project="gone").replace("  namespace: argocd\n", "")
    assert found(with_(**{OTHER: root, "apps-of-apps/child.yaml": child})) == [
        "apps-of-apps/child.yaml:6 project_missing",
        f"{OTHER}:9 destination_not_permitted",
    ]


def test_what_is_missing_is_one_task_for_each_project():
    files = with_(
        (PROJECT_FILE, '"!kube-system"', "wiki"),
        (PROJECT_FILE, '"*"', "shop"),
        **{
            CHART_FILE: CHART.format("https://charts.example.com/beta"),
            OTHER: application(destination="{server: https://other.example.com:6443, namespace: shop}"),
        },
    )
    report = linted(files, Settings(clusters=(Destination("https://other.example.com:6443", "other"),)))
    (task,) = yaml.safe_load(report.tasks)
    assert task["homeops.cluster.argocd_project_repo"] == {
        "path": PROJECT_FILE,
        "project": "apps",
        "source_repos": ["https://charts.example.com/beta"],
        "namespaces": ["blog"],
        "destinations": [{"server": "https://other.example.com:6443", "namespace": "shop"}],
    }
    assert report.tasks.strip() in report.text()
    remedies = [yaml.safe_load(one.remedy) for one in report.findings if one.code == "destination_not_permitted"]
    assert [list(task["homeops.cluster.argocd_project_repo"])[-1] for (task,) in remedies] == [
        "namespaces",
        "destinations",
    ]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("values.yaml", []),
        ("/kubernetes/apps/blog/values.yaml", []),
        ("$own/kubernetes/apps/blog/values.yaml", []),
        ("gone.yaml", [f"{OTHER}:9 path_missing"]),
        ("/values.yaml", [f"{OTHER}:9 path_missing"]),
        ("$own/gone.yaml", [f"{OTHER}:9 path_missing"]),
        ("$gone/values.yaml", [f"{OTHER}:9 invalid_source"]),
        # What is not known here
        ("$other/gone.yaml", []),
        ("gone-*.yaml", []),
        ("https://x.example.com/gone.yaml", []),
        ("gone-${ARGOCD_APP_NAME}.yaml", []),
    ],
)
def test_files_with_values(file, expected):
    sources = f"""[
    {{repoURL: {URL}, path: kubernetes/apps/blog, helm: {{valueFiles: ["{file}"]}}}},
    {{repoURL: {URL}, ref: own}}, {{repoURL: https://charts.example.com/stable, ref: other}}]"""
    destination = "{name: in-cluster, namespace: blog2}"
    text = application("second", source="", destination=destination).replace("  source: \n", f"  sources: {sources}\n")
    files = with_(**{CHART_FILE: CHART.format("file://x"), "kubernetes/apps/blog/values.yaml": "", OTHER: text})
    assert found(files) == expected
    assert found({**files, OTHER: text.replace("valueFiles", "ignoreMissingValueFiles: true, valueFiles")}) == [
        one for one in expected if one.endswith("invalid_source")
    ]


def test_what_was_not_told_is_no_task():
    """Neither what is elsewhere, nor what a comment allows."""
    missing = with_((PROJECT_FILE, f"    - {URL}\n", ""))
    assert linted(missing).tasks != ""
    assert linted(missing, below="other").tasks == ""
    comment = "        # argocd-permissions: allow source_not_permitted by hand\n"
    meant = with_(
        (PROJECT_FILE, f"    - {URL}\n", ""),
        (SET_FILE, f"        repoURL: {URL}\n        path", f"{comment}        repoURL: {URL}\n        path"),
    )
    report = linted(meant)
    assert (report.status, report.tasks, len(report.allowed)) == ("healthy", "", 1)


def test_sources_that_are_not_looked_into_are_counted():
    foreign = application("other", source="{repoURL: registry.example.com/owner/charts, path: deploy}",
                          destination="{name: in-cluster, namespace: x}")  # fmt: skip
    report = linted(
        with_(**{CHART_FILE: CHART.format("file://x"), OTHER: application(source=HELM_OCI), "x.yaml": foreign})
    )
    assert (report.findings, report.summary["unseen_sources"]) == ((), 3)
    assert "the objects of 3 sources that are charts or other repositories" in report.text()
    assert "Not looked at" not in linted(HEALTHY).text()


def test_an_application_of_windows_powershell_is_one():
    text = application(project="gone").encode("utf-16")
    files = {path: one.encode() for path, one in HEALTHY.items()}
    report = lint_tree(Tree({**files, OTHER: text}, urls=[URL]), DEFAULTS)
    assert [f"{one.path}:{one.line} {one.code}" for one in report.findings] == [f"{OTHER}:7 project_missing"]


def test_where_an_entry_denies_adding_one_would_not_help():
    report = linted(with_((PROJECT_FILE, '"!kube-system"', '"!blog"')))
    (finding,) = report.findings
    assert finding.entry == f"{PROJECT_FILE}:14 server: https://kubernetes.default.svc, namespace: !blog"
    assert "Remove or narrow" in finding.remedy
    assert report.tasks == ""


def test_entries_that_nothing_needs_are_told_if_asked():
    assert found(HEALTHY, Settings(unused=True)) == [
        f"{PROJECT_FILE}:9 entry_unused",
        f"{PROJECT_FILE}:10 entry_unused",
    ]


def test_a_namespace_that_argocd_is_to_make_is_a_kind_like_others():
    project = (PROJECT_FILE, "kind: Namespace", "kind: Node")
    policy = {"source": HELM_OCI, "syncPolicy": "{syncOptions: [CreateNamespace=true]}"}
    there = "{server: https://kubernetes.default.svc, namespace: default}"
    files = with_(project, (SET_FILE, "        syncOptions", "        other"), **{OTHER: application(**policy)})
    assert found(files) == [f"{OTHER}:10 kind_not_permitted"]
    assert found({**files, OTHER: application(destination=there, **policy)}) == []


def test_images_need_an_entry_if_asked():
    files = with_(**{"kubernetes/apps/blog/web.yaml": DEPLOYMENT})
    assert found(files) == []
    assert found(files, Settings(image_policy=True)) == [
        "kubernetes/apps/blog/web.yaml:8 image_not_permitted",
        "kubernetes/apps/blog/web.yaml:11 image_not_permitted",
    ]
    entries = "    - registry.example.com/owner/web\n    - docker.io/library/*\n"
    files = with_(
        (PROJECT_FILE, "    - registry.example.com/owner/charts\n", entries),
        **{"kubernetes/apps/blog/web.yaml": DEPLOYMENT},
    )
    assert found(files, Settings(image_policy=True, unused=True)) == [f"{PROJECT_FILE}:9 entry_unused"]


def test_what_secrets_in_the_repository_tell_argocd():
    secret = dedent("""\
        apiVersion: v1
        kind: Secret
        metadata: {name: charts, labels: {argocd.argoproj.io/secret-type: repository}}
        stringData: {name: stable, url: https://charts.example.com/beta, project: apps}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: other, labels: {argocd.argoproj.io/secret-type: cluster}}
        stringData: {name: other, server: "https://other.example.com:6443", project: apps}
        """)
    files = with_(
        **{
            "secrets.yaml": secret,
            CHART_FILE: CHART.format("'@stable'"),
            OTHER: application(destination="{name: other, namespace: shop}"),
        }
    )
    report = linted(files)
    assert report.findings == ()
    entries = {one["entry"] for app in report.answer()["applications"] for one in app["checks"]}
    assert {
        "secrets.yaml:1 https://charts.example.com/beta",
        "secrets.yaml:6 https://other.example.com:6443",
    } <= entries


def test_credentials_in_a_url_are_not_shown():
    files = with_(**{OTHER: application(source="{repoURL: 'https://me:hunter2hunter2@x.example.com/x', path: x}")})
    report = linted(files)
    assert [one.code for one in report.findings] == ["source_not_permitted"]
    assert "hunter2" not in str(report.answer())


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# argocd-permissions: allow source_not_permitted permitted by hand in the cluster", []),
        ("# argocd-permissions: allow source_not_permitted", ["source_not_permitted"]),  # no reason
        ("# argocd-permissions: allow path_missing it is generated", ["source_not_permitted"]),
    ],
)
def test_a_comment_with_a_reason_allows(comment, codes):
    source = "{repoURL: https://x.example.com/x, path: x}"
    text = application(source=source).replace("  source:", f"  {comment}\n  source:")
    report = linted(with_(**{OTHER: text}))
    assert [one.code for one in report.findings] == codes
    assert len(report.allowed) == 1 - len(codes)


def test_the_repository_is_guessed_if_no_remote_is_it():
    assert found(HEALTHY, urls=["https://mirror.example.com/x"]) == [f"{SET_FILE}:1 repository_guessed"]
    assert found(HEALTHY, urls=["git@git.example.com:home/cluster.git"]) == []
    elsewhere = Settings(repositories=("https://elsewhere.example.com/x",))
    assert found(HEALTHY, elsewhere) == [f"{SET_FILE}:1 repository_unknown", f"{SET_FILE}:10 not_evaluated"]


def test_only_what_is_wrong_in_a_folder_is_told():
    files = with_((PROJECT_FILE, f"    - {URL}\n", ""), **{"other/app.yaml": application(project="gone")})
    assert found(files, below="other") == ["other/app.yaml:7 project_missing"]


def test_a_template_that_was_not_rendered_is_read_as_it_is_written():
    files = with_(
        **{
            "kubernetes/apps/blog/web.yaml.j2": DEPLOYMENT.replace("{name: web}", "{name: '{{ name }}'}"),
            "kubernetes/other.yaml.j2": application(
                source="{repoURL: '{{ repository }}', path: x}", destination="{server: '{{ server }}', namespace: shop}"
            ).replace("name: shop", "name: {{ name }}", 1),
            "kubernetes/third.yaml.j2": application(name="third", source="{repoURL: '{{ repository }}', path: x}"),
        }
    )
    assert found(files) == ["kubernetes/other.yaml.j2:4 not_evaluated", "kubernetes/third.yaml.j2:8 not_evaluated"]


def test_a_template_is_rendered_with_the_configuration_and_told_under_its_own_name():
    text = "{% set me = name %}\n" + application(name="{{ me }}", project="{{ project }}")
    files = {
        **HEALTHY,
        "config.yaml": "name: shop\nproject: gone\n",
        "templates/kubernetes/other.yaml.j2": text,
        "templates/kubernetes/secret.sops.yaml.j2": "apiVersion: v1\nkind: Secret\nstringData: {a: '{{ hidden }}'}\n",
    }
    report = linted(files)
    assert [(one.path, one.line, one.code, one.application) for one in report.findings] == [
        ("templates/kubernetes/other.yaml.j2", 8, "project_missing", "shop")
    ]
    assert found({**files, "kubernetes/other.yaml": application()}) == []  # it was rendered: that is what counts


def test_no_repository_and_one_that_is_none_of_git(tmp_path):
    report = lint(str(tmp_path / "nowhere"), Settings())
    assert (report.status, report.exit_code) == ("error", 3)
    for path, text in HEALTHY.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert [one.code for one in lint(str(tmp_path), Settings()).findings] == ["repository_guessed"]
    assert lint(str(tmp_path), Settings(staged=True)).exit_code == 3
    for command in (("init", "-q"), ("remote", "add", "origin", URL), ("add", "-A")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    assert lint(str(tmp_path), Settings()).findings == ()
    (tmp_path / PROJECT_FILE).write_text(PROJECT.replace(f"    - {URL}\n", ""))
    assert [one.code for one in lint(str(tmp_path / "kubernetes"), Settings()).findings] == ["source_not_permitted"]
    assert lint(str(tmp_path), Settings(staged=True)).findings == ()
    (tmp_path / PROJECT_FILE).unlink()
    assert [one.code for one in lint(str(tmp_path), Settings()).findings] == ["project_missing"]


@pytest.mark.parametrize("of_git", [True, False])
def test_what_is_behind_links_and_in_submodules_is_not_known(tmp_path, of_git):
    link = application(source=f"{{repoURL: {URL}, path: kubernetes/apps/link/x}}")
    resources = {KUSTOMIZATION: "resources: [config.yaml, link.yaml]\n", "kubernetes/apps/wiki/c.yaml": CONFIGMAP}
    for path, text in {**HEALTHY, **resources, OTHER: link}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "kubernetes/apps/link").symlink_to("wiki")
    (tmp_path / "kubernetes/apps/blog/link.yaml").symlink_to("config.yaml")
    (tmp_path / "kubernetes/apps/wiki/link.yaml").symlink_to("c.yaml")
    expected = [f"{KUSTOMIZATION}:1", "kubernetes/apps/wiki/link.yaml:1", f"{OTHER}:8"]
    for step in ("init -q", "add -A", "update-index --add --cacheinfo 160000,%s,sub" % ("1" * 40)) if of_git else ():
        subprocess.run(("git", *step.split()), cwd=tmp_path, check=True)
        report = lint(str(tmp_path), Settings(repositories=(URL,)))
        assert [f"{one.path}:{one.line}" for one in report.findings if one.code == "not_evaluated"] == expected
    if of_git:
        (tmp_path / OTHER).write_text(link.replace("kubernetes/apps/link/x", "sub"))
    report = lint(str(tmp_path), Settings(repositories=(URL,)))
    assert [f"{one.path}:{one.line}" for one in report.findings if one.code == "not_evaluated"] == expected
    assert report.exit_code == 0


def test_a_repository_that_git_does_not_trust_is_not_read_without_it(tmp_path):
    (tmp_path / "kubernetes").mkdir()
    (tmp_path / ".git").write_text("nothing that Git knows\n")
    report = lint(str(tmp_path / "kubernetes"), Settings())
    assert (report.exit_code, [problem.what[:5] for problem in report.problems]) == (3, ["fatal"])


EVERYTHING = {
    **HEALTHY,
    "config/set.yaml": f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: set}}
spec:
  goTemplate: true
  generators:
    - matrix:
        generators:
          - list: {{elements: [{{a: b}}], elementsYaml: "[{{a: c}}]"}}
          - git: {{repoURL: {URL}, files: [{{path: "kubernetes/*"}}], values: {{x: y}}}}
    - merge: {{mergeKeys: [a], generators: [{{list: {{elements: [{{a: b}}]}}}}, {{list: {{elements: [{{a: b}}]}}}}]}}
      selector: {{matchLabels: {{a: b}}, matchExpressions: [{{key: a, operator: In, values: [b]}}]}}
  templatePatch: "spec: {{x: 1}}"
  template: {{metadata: {{name: "{{{{.a}}}}"}}, spec: {{project: apps, destination: {{name: in-cluster}}}}}}
""",
    "config/secret.yaml": "apiVersion: v1\nkind: Secret\n"
    "metadata: {labels: {argocd.argoproj.io/secret-type: repository}}\nstringData: {name: x, url: y, project: apps}\n",
    OTHER: application(sources=f"[{{repoURL: {URL}, path: kubernetes/apps/blog, directory: {{include: x}}}}]"),
    KUSTOMIZATION: "resources: [config.yaml]\nimages: [{name: a, newName: b}]\nconfigMapGenerator: [{name: x}]\n"
    "helmCharts: [{repo: x}]\npatches: [{path: p.yaml}]\n",
    "kubernetes/apps/wiki/Chart.yaml": CHART.format("'@x'"),
    "crds/thing.yaml": DEFINITION,
}


def places(value, keys=()):
    if keys:
        yield keys
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield from places(below, (*keys, key))


def test_nothing_of_a_wrong_shape_stops_the_linter():
    dice = random.Random(1)
    parsed = {path: yaml.safe_load(text) for path, text in EVERYTHING.items() if path.endswith(".yaml")}
    cases = [(path, keys) for path, document in parsed.items() for keys in places(document)]
    for path, keys in dice.sample(cases, 150):
        changed = copy.deepcopy(parsed[path])
        above = changed
        for key in keys[:-1]:
            above = above[key]
        above[keys[-1]] = dice.choice((None, 3, True, "x", ["x"], [None], {"a": "b"}, [{"a": 1}]))
        report = linted({**EVERYTHING, path: yaml.safe_dump(changed)}, Settings(unused=True, image_policy=True))
        assert report.answer()["exit_code"] in (0, 1, 2), (path, keys)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: apps", "name: 3", f"{PROJECT_FILE}:4 manifest_malformed"),
        ("destinations:", "destinations: {}\n  x:", f"{PROJECT_FILE}:11 manifest_malformed"),
        (f"    - {URL}", "    - {url: x}", f"{PROJECT_FILE}:8 manifest_malformed"),
    ],
)
def test_what_an_api_server_would_not_take(old, new, expected):
    assert expected in found(with_((PROJECT_FILE, old, new)))


def test_the_repository_that_the_lab_follows_is_permitted_what_it_does():
    report = lint(str(ROOT / "tests" / "lab" / "git"), Settings(repositories=("http://mirror/git/home.git",)))
    assert [(one.path, one.code) for one in report.findings if one.severity != "info"] == []
