# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project as argocd_project
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import argocd_project_repo
from fake_kubernetes import FakeKubernetes

IN_CLUSTER = "https://kubernetes.default.svc"
APP = "https://github.com/example/app"
CHARTS = "https://charts.example.com/media"
REFRESH = "argocd.argoproj.io/refresh"

READ = ("list", "AppProject")
WRITE = ("merge", "AppProject", "apps")
LOOK = ("list", "Application")


def local(namespace):
    return {"server": IN_CLUSTER, "namespace": namespace}


def project(name="apps", annotations=None, managers=(), **spec):
    metadata = {"name": name, "namespace": "argocd", "resourceVersion": "7", "annotations": annotations or {}}
    metadata["managedFields"] = [
        {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {"f:sourceRepos": {}}}}
        for manager in managers
    ]
    lists = {"sourceRepos": [CHARTS], "destinations": [local("media")]}
    return {"kind": "AppProject", "metadata": metadata, "spec": {"description": "Of others", **lists, **spec}}


def application(name="app", source=APP, namespace="media", conditions=("InvalidSpecError",), in_project="apps", **more):
    metadata = {"name": name, "namespace": more.pop("lives_in", "argocd"), "annotations": more.pop("annotations", {})}
    return {
        "kind": "Application",
        "metadata": metadata,
        "spec": {
            "project": in_project,
            "source": {"repoURL": source},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
            **more,
        },
        "status": {"conditions": [{"type": kind, "message": message_of(kind)} for kind in conditions]},
    }


def message_of(kind):
    return {"ComparisonError": f"rpc error: helm repos {APP} are not permitted in project 'apps'"}.get(kind, "no")


class Busy(FakeKubernetes):
    """Somebody else writes to the project between reading and writing, C(times) times."""

    def __init__(self, times, objects):
        super().__init__(objects=objects)
        self.times = times

    def list(self, resource, *arguments, **options):
        found = super().list(resource, *arguments, **options)
        if resource.kind == "AppProject" and self.times:
            self.times -= 1
            theirs = self.objects["AppProject", "argocd", "apps"]
            theirs["metadata"]["resourceVersion"] += "1"
            theirs["spec"]["sourceRepos"].append(f"https://github.com/example/theirs{self.times}")
        return found


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, check=False, diff=False, **options):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(argocd_project_repo, "connect", connect)
        warnings = []
        monkeypatch.setattr(AnsibleModule, "warn", lambda module, warning: warnings.append(warning))
        if not isinstance(cluster, Exception):
            cluster.requests.clear()
        arguments = {"project": "apps", "source_repos": [APP], **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            argocd_project_repo.main()
        return {**json.loads(capsys.readouterr().out), "warnings": warnings}

    return run


def spec(cluster):
    return cluster.objects["AppProject", "argocd", "apps"]["spec"]


def annotations(cluster):
    return {
        name: item["metadata"]["annotations"].get(REFRESH)
        for (kind, _namespace, name), item in cluster.objects.items()
        if kind == "Application"
    }


def test_many_entries_take_three_requests_and_a_second_run_one(run):
    cluster = FakeKubernetes(objects=[project(), project("default")])
    repositories = [f"https://github.com/example/app{number}" for number in range(200)]
    namespaces = [f"app{number}" for number in range(200)]
    result = run(cluster, source_repos=repositories, namespaces=namespaces)
    assert cluster.requests == [READ, WRITE, LOOK]
    assert result["changed"] is True
    assert result["added"] == {"sourceRepos": repositories, "destinations": [local(name) for name in namespaces]}
    assert result["removed"] == {"sourceRepos": [], "destinations": []}
    assert spec(cluster) == {
        "description": "Of others",
        "sourceRepos": [CHARTS, *repositories],
        "destinations": [local("media"), *(local(name) for name in namespaces)],
    }
    again = run(cluster, source_repos=repositories, namespaces=namespaces)
    assert (again["changed"], cluster.requests) == (False, [READ])


def test_check_mode_lets_the_server_try_the_same_and_predicts_the_same(run):
    cluster = FakeKubernetes(objects=[project(), application()])
    before = copy.deepcopy(cluster.objects)
    predicted = run(cluster, check=True, diff=True)
    assert cluster.requests == [READ, ("dry-run of merge", *WRITE[1:]), LOOK]
    assert cluster.objects == before
    result = run(cluster, diff=True)
    assert cluster.requests == [READ, WRITE, LOOK, ("merge", "Application", "app")]
    for key in ("changed", "added", "removed", "refreshed", "diff"):
        assert predicted[key] == result[key]
    assert result["diff"] == {
        "before_header": "AppProject argocd/apps",
        "after_header": "AppProject argocd/apps",
        "before": {"sourceRepos": [CHARTS]},
        "after": {"sourceRepos": [CHARTS, APP]},
    }


def test_only_lists_that_change_are_written(run, monkeypatch):
    cluster = FakeKubernetes(objects=[project()])
    patches = []
    merge = cluster.merge

    def recorded(resource, name, namespace, patch, **options):
        patches.append((patch, options["manager"]))
        return merge(resource, name, namespace, patch, **options)

    monkeypatch.setattr(cluster, "merge", recorded)
    run(cluster, namespaces=["media"])
    patch = {"metadata": {"resourceVersion": "7"}, "spec": {"sourceRepos": [CHARTS, APP]}}
    assert patches == [(patch, "homeops.cluster.argocd_project_repo")]


def test_entries_are_taken_out(run):
    cluster = FakeKubernetes(objects=[project()])
    result = run(cluster, source_repos=[f"{CHARTS}.git"], namespaces=["media"], state="absent")
    assert result["removed"] == {"sourceRepos": [CHARTS], "destinations": [local("media")]}
    assert (spec(cluster)["sourceRepos"], spec(cluster)["destinations"]) == ([], [])


def test_a_project_without_lists_gets_them(run):
    bare = project()
    del bare["spec"]
    cluster = FakeKubernetes(objects=[bare])
    run(cluster)
    assert spec(cluster) == {"sourceRepos": [APP]}


# --- somebody else writes, too ---


def test_a_conflict_is_planned_for_again(run):
    cluster = Busy(1, [project()])
    result = run(cluster)
    assert cluster.requests == [READ, WRITE, READ, WRITE, LOOK]
    assert result["changed"] is True
    assert spec(cluster)["sourceRepos"] == [CHARTS, "https://github.com/example/theirs0", APP]


def test_somebody_else_has_done_it_meanwhile(run):
    result = run(Busy(1, [project()]), source_repos=["https://github.com/example/theirs0"])
    assert result["changed"] is False


def test_a_conflict_without_end_is_an_error(run):
    cluster = Busy(99, [project()])
    assert "somebody else changed it between reading and writing, 20 times in a row" in run(cluster)["msg"]
    assert cluster.requests == [READ, WRITE] * 20


# --- who waited ---

PERMITTED = application("permitted", CHARTS)
OTHERS = [
    application("other-project", in_project="default"),
    application("healthy", conditions=()),
    application("no-source", "https://github.com/example/else"),
    application("no-namespace", namespace="elsewhere"),
    application("asked-already", annotations={REFRESH: "hard"}),
    application("not-its-namespace", lives_in="elsewhere"),
    PERMITTED,
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda item: item["metadata"]["name"])
def test_who_did_not_wait_for_this_is_left_alone(run, other):
    cluster = FakeKubernetes(objects=[project(sourceNamespaces=["te*"]), other])
    assert run(cluster)["refreshed"] == []
    assert cluster.requests == [READ, WRITE, LOOK]


WAITED = [
    application(),
    application(sources=[{"repoURL": CHARTS}, {"repoURL": f"{APP}.git"}]),
    application(sourceHydrator={"drySource": {"repoURL": APP}, "syncSource": {"path": "out"}}),
    application(destination={"name": "in-cluster", "namespace": "media"}),
    application(lives_in="team"),
    application(annotations={"others": "stay"}),
]


@pytest.mark.parametrize("waited", WAITED)
def test_who_waited_for_this_is_told(run, waited):
    cluster = FakeKubernetes(objects=[project(sourceNamespaces=["te*"]), waited, *OTHERS])
    result = run(cluster)
    assert result["refreshed"] == [f"{waited['metadata']['namespace']}/app"]
    assert cluster.requests == [READ, WRITE, LOOK, ("merge", "Application", "app")]
    assert annotations(cluster)["app"] == "normal"


def test_an_application_without_a_project_belongs_to_default(run):
    cluster = FakeKubernetes(objects=[project("default"), application(in_project="")])
    assert run(cluster, project="default")["refreshed"] == ["argocd/app"]


def test_one_that_waited_for_its_namespace(run):
    cluster = FakeKubernetes(objects=[project(), application(source=CHARTS, namespace="new")])
    assert run(cluster, source_repos=[], namespaces=["new"])["refreshed"] == ["argocd/app"]


def test_one_that_waited_for_a_deny_entry_to_go(run):
    cluster = FakeKubernetes(objects=[project(sourceRepos=["*", f"!{APP}"]), application()])
    assert run(cluster, source_repos=[f"!{APP}"], state="absent")["refreshed"] == ["argocd/app"]


def test_a_cluster_that_only_argo_cd_knows_by_both_names(run):
    """The project names its server, the Application its name."""
    waited = application(source=CHARTS, destination={"name": "edge", "namespace": "media"})
    cluster = FakeKubernetes(objects=[project(), waited])
    edge = {"server": "https://192.0.2.20:6443", "namespace": "media"}
    assert run(cluster, source_repos=[], destinations=[edge])["refreshed"] == ["argocd/app"]


def test_what_repo_server_remembers_to_have_failed_needs_a_hard_refresh(run):
    """An umbrella chart in a permitted repository, with a dependency from elsewhere."""
    cluster = FakeKubernetes(objects=[project(), application(source=CHARTS, conditions=["ComparisonError"])])
    assert run(cluster)["refreshed"] == ["argocd/app"]
    assert annotations(cluster) == {"app": "hard"}


def test_a_refresh_that_fails_is_told_and_the_others_happen(run):
    cluster = FakeKubernetes(objects=[project(), application("one"), application("two")], refuse={"one": "gone"})
    result = run(cluster)
    assert (result["changed"], result["refreshed"]) == (True, ["argocd/two"])
    assert (
        "argocd/one waited for this and notices within minutes, as it cannot be told: one: gone"
        in result["warnings"][0]
    )


def test_applications_that_may_not_be_listed_take_nothing_back(run, monkeypatch):
    cluster = FakeKubernetes(objects=[project()])
    list_ = cluster.list

    def forbidden(resource, *arguments, **options):
        if resource.kind == "Application":
            raise ClusterError(Problem("GET /apis", "the server answered 403 (no)", "Use others"))
        return list_(resource, *arguments, **options)

    monkeypatch.setattr(cluster, "list", forbidden)
    result = run(cluster)
    assert (result["changed"], result["refreshed"]) == (True, [])
    assert "cannot be listed: GET /apis: the server answered 403" in result["warnings"][0]
    assert APP in spec(cluster)["sourceRepos"]


# --- who owns the project ---

TRACKED = {"argocd.argoproj.io/tracking-id": "root:argoproj.io/AppProject:argocd/apps"}


@pytest.mark.parametrize(
    ("owned", "words"),
    [
        ({"annotations": TRACKED}, ["comes from Git, by the Application root", "path"]),
        # The role has made it, so that the cluster could start, and leaves it to Git since.
        ({"annotations": TRACKED, "managers": ["homeops.cluster"]}, ["comes from Git"]),
        ({"managers": ["homeops.cluster"]}, ["applied by the role argocd", "argocd_project_specs"]),
    ],
)
def test_who_would_undo_the_change_is_told_when_there_is_one(run, owned, words):
    cluster = FakeKubernetes(objects=[project(**owned)])
    (warning,) = run(cluster)["warnings"]
    assert all(word in warning for word in words)
    assert APP in spec(cluster)["sourceRepos"]
    assert run(cluster)["warnings"] == []


def test_nobody_else_owns_it(run):
    cluster = FakeKubernetes(objects=[project(managers=["kubectl", "homeops.cluster.argocd_project_repo"])])
    assert run(cluster)["warnings"] == []


# --- what cannot be ---


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (
            FakeKubernetes(objects=[project("default"), project("core")]),
            "AppProject argocd/apps: there is no such project, only core, default. Correct project or namespace",
        ),
        (FakeKubernetes(), "AppProject argocd/apps: there are no projects in this namespace. Correct namespace"),
        (FakeKubernetes(objects=[project()], refuse={"apps": "403"}), "apps: 403. Correct it"),
        (UnreachableError(Problem("api", "no answer", "Start it")), "api: no answer. Start it"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_failure_is_told_and_nothing_is_written(run, cluster, message, check):
    before = {} if isinstance(cluster, Exception) else copy.deepcopy(cluster.objects)
    result = run(cluster, check=check)
    assert result["failed"] is True
    assert message in result["msg"]
    assert isinstance(cluster, Exception) or cluster.objects == before


def test_what_is_refused_is_refused_before_anything_is_written(run):
    cluster = FakeKubernetes(objects=[project(sourceRepos=[f"!{APP}"])])
    assert f"the entry !{APP} forbids {APP}" in run(cluster)["msg"]
    assert cluster.requests == [READ]


def test_credentials_are_in_no_result(run):
    cluster = FakeKubernetes(objects=[project(sourceRepos=["https://old:swordfish@example.com/a"])])
    secret = ["https://me:hunter2hunter2@example.com/b"]
    refused = run(cluster, source_repos=secret)
    accepted = run(cluster, diff=True, source_repos=secret, accept_risk=["credentials"])
    assert spec(cluster)["sourceRepos"][1:] == secret
    gone = run(cluster, diff=True, source_repos=[], state="exact")
    for result in (refused, accepted, gone):
        text = json.dumps(result)
        assert "hunter2" not in text
        assert "swordfish" not in text
    assert accepted["added"]["sourceRepos"] == ["https://***@example.com/b"]


def test_credentials_of_a_destination_are_not_in_what_the_task_says_it_was_called_with(run):
    server = {"server": "https://me:hunter2hunter2@192.0.2.20:6443", "namespace": "media"}
    assert "hunter2" not in json.dumps(run(FakeKubernetes(objects=[project()]), destinations=[server]))


@pytest.mark.parametrize("empty", [{"path": ""}, {"namespace": ""}, {"namespace": None}])
def test_an_empty_variable_changes_no_other_project(run, empty):
    cluster = FakeKubernetes(objects=[project()])
    assert f"{next(iter(empty))}: is empty" in run(cluster, **empty)["msg"]
    assert cluster.requests == []


def test_something_must_be_asked_for(run):
    cluster = FakeKubernetes(objects=[project()])
    assert "Give at least one of source_repos, destinations and namespaces" in run(cluster, source_repos=None)["msg"]
    assert cluster.requests == []


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(argocd_project_repo, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(FakeKubernetes())["msg"]
    monkeypatch.setattr(argocd_project_repo, "YAML_IMPORT_ERROR", "traceback")
    assert "PyYAML" in run(FakeKubernetes(), path="apps.yaml")["msg"]


# --- a file in Git ---

MANIFEST = f"""kind: AppProject
apiVersion: argoproj.io/v1alpha1
metadata: {{name: apps}}
spec:
  sourceRepos: ['{CHARTS}']  # jellyfin
"""


def test_a_file_needs_no_cluster_and_no_library(run, tmp_path, monkeypatch):
    monkeypatch.setattr(argocd_project_repo, "missing_library", lambda: "kubernetes")
    path = tmp_path / "apps.yaml"
    path.write_text(MANIFEST)
    nowhere = UnreachableError(Problem("api", "no answer", "Start it"))
    predicted = run(nowhere, check=True, diff=True, path=str(path))
    assert path.read_text() == MANIFEST
    result = run(nowhere, diff=True, path=str(path))
    after = path.read_text()
    assert after == MANIFEST.replace(f"'{CHARTS}'", f"'{CHARTS}', '{APP}'")
    assert result == predicted
    assert (result["changed"], result["refreshed"]) == (True, [])
    assert result["added"] == {"sourceRepos": [APP], "destinations": []}
    header = {"before_header": str(path), "after_header": str(path)}
    assert result["diff"] == {**header, "before": MANIFEST, "after": after}
    assert run(nowhere, path=str(path))["changed"] is False
    assert run(nowhere, path=str(path), state="absent")["removed"]["sourceRepos"] == [APP]
    assert path.read_text() == MANIFEST


def test_the_risks_that_can_be_accepted_are_those_that_are_documented():
    documented = yaml.safe_load(argocd_project_repo.DOCUMENTATION)["options"]["accept_risk"]
    assert documented["choices"] == list(argocd_project.RISKS)
    text = " ".join(documented["description"])
    assert [code for code in documented["choices"] if f"V({code})" not in text] == []
