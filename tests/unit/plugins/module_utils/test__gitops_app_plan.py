# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications in a tree as the role's scaffold writes it: what is there afterwards, and what is refused."""

from __future__ import annotations

import contextlib
import random

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _file_set as file_set
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app import read
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_plan import Planner
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_tree import Tree
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from scaffolded import scaffold, snapshot

IMAGE = "registry.example.com/tools/whoami:1.10.3"
CHARTS = "https://charts.example.com"


def web(name="whoami", **options):
    return {"name": name, "image": IMAGE, "port": 8080, **options}


def chart(name="metrics", category="core", repository=CHARTS, **options):
    return {
        "name": name,
        "category": category,
        "chart": {"repository": repository, "name": name, "version": "1.2.3"},
        **options,
    }


class Repository:
    def __init__(self, root, folder=""):
        self.root, self.folder = root, folder

    def _apply(self, plan, files=None):
        files = files or Files()
        file_set.clean(str(self.root), files, plan.before)
        file_set.apply(str(self.root), files, plan.encoded(), plan.first())
        return plan

    def add(self, *apps, force=False, files=None):
        planner = Planner(Tree(str(self.root), self.folder), force)
        return self._apply(planner.present([read(app) for app in apps]), files)

    def remove(self, *names, force=False, files=None):
        return self._apply(Planner(Tree(str(self.root), self.folder), force).absent(names), files)

    def refused(self, *apps):
        with pytest.raises(ClusterError) as caught:
            self.add(*apps)
        return str(caught.value)

    def kept(self, *names):
        with pytest.raises(ClusterError) as caught:
            self.remove(*names)
        return str(caught.value)

    def text(self, path):
        return (self.root / path).read_text()

    def write(self, path, text):
        at = self.root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)

    def yaml(self, path):
        return yaml.safe_load(self.text(path))

    def sources(self, category):
        return self.yaml(f"kubernetes/projects/{category}.yaml")["spec"]["sourceRepos"][1:]


@pytest.fixture
def repository(tmp_path):
    return Repository(scaffold(tmp_path))


def test_an_application_comes_and_goes_without_a_trace(repository):
    before = snapshot(repository.root)
    plan = repository.add(web(host="whoami.example.com"))
    assert [file["path"] for file in plan.files()] == [
        ".homeops/applications/whoami.yaml",
        "kubernetes/apps/whoami/deployment.yaml",
        "kubernetes/apps/whoami/ingress.yaml",
        "kubernetes/apps/whoami/kustomization.yaml",
        "kubernetes/apps/whoami/service.yaml",
    ]
    assert not repository.add(web(host="whoami.example.com")).changed
    assert {file["action"] for file in repository.remove("whoami").files()} == {"removed"}
    assert snapshot(repository.root) == before
    assert not repository.remove("whoami").changed


def test_the_project_permits_the_chart_and_no_longer_without_it(repository):
    before = snapshot(repository.root)
    plan = repository.add(chart())
    assert plan.projects == (
        {
            "project": "core",
            "path": "kubernetes/projects/core.yaml",
            "added": {"sources": [CHARTS]},
            "removed": {},
        },
    )
    assert repository.sources("core") == [CHARTS]
    repository.add(chart(repository="oci://registry.example.com/charts"))
    # As Argo CD compares it.
    assert repository.sources("core") == ["registry.example.com/charts"]
    repository.remove("metrics")
    assert snapshot(repository.root) == before


def test_an_entry_stays_as_long_as_one_application_needs_it(repository):
    before = snapshot(repository.root)
    repository.add(chart("one"), chart("two"))
    assert repository.sources("core") == [CHARTS]
    repository.remove("one")
    assert repository.sources("core") == [CHARTS]
    repository.remove("two")
    assert snapshot(repository.root) == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kubernetes/core/own/Chart.yaml", f"dependencies: [{{name: x, version: 1.0.0, repository: {CHARTS}}}]\n"),
        ("kubernetes/core/own/app.yaml", f"spec: {{source: {{repoURL: {CHARTS}}}}}\n"),
        ("kubernetes/applications/own/app.yaml", f"spec: {{project: core, source: {{repoURL: {CHARTS}}}}}\n"),
    ],
)
def test_an_entry_stays_if_somebody_elses_application_needs_it(repository, path, text):
    repository.add(chart())
    repository.write(path, text)
    repository.remove("metrics")
    assert repository.sources("core") == [CHARTS]


def test_the_mode_of_a_file_that_changes_is_kept(repository):
    project = repository.root / "kubernetes/projects/core.yaml"
    project.chmod(0o664)
    repository.add(chart())
    assert project.stat().st_mode & 0o777 == 0o664


def test_what_is_permitted_already_is_neither_added_nor_removed(repository):
    project = repository.root / "kubernetes/projects/core.yaml"
    project.write_text(
        project.read_text().replace("  destinations:", f"    - {CHARTS}/*\n    - {CHARTS}\n  destinations:")
    )
    before = snapshot(repository.root)
    assert repository.add(chart()).projects == ()
    repository.remove("metrics")
    assert snapshot(repository.root) == before


def test_a_namespace_is_permitted_where_not_all_are(repository):
    project = repository.root / "kubernetes/projects/apps.yaml"
    text = project.read_text()
    start = text.index("  destinations:")
    text = text[:start] + text[start:].replace('namespace: "*"', "namespace: media", 1)
    text = "".join(line for line in text.splitlines(keepends=True) if '"!' not in line)
    text = text.replace("    - server: https://kubernetes.default.svc\n" * 2, "")
    project.write_text(text)
    before = snapshot(repository.root)
    plan = repository.add(web("sonarr", namespace="media"), web())
    assert plan.projects[0]["added"] == {"namespaces": ["whoami"]}
    repository.remove("whoami", "sonarr")
    assert snapshot(repository.root) == before


def test_what_a_project_forbids_cannot_be_added(repository):
    said = repository.refused(web(namespace="kube-system"))
    assert said.startswith("kubernetes/projects/apps.yaml: the project apps forbids kube-system")


def test_another_namespace_makes_an_application_of_its_own_where_no_application_set_looks(repository):
    before = snapshot(repository.root)
    plan = repository.add(web("sonarr", namespace="media", own_files=["token.yaml"]))
    assert [file["path"] for file in plan.files()] == [
        ".homeops/applications/sonarr.yaml",
        "kubernetes/applications/sonarr/app.yaml",
        "kubernetes/applications/sonarr/manifests/deployment.yaml",
        "kubernetes/applications/sonarr/manifests/kustomization.yaml",
        "kubernetes/applications/sonarr/manifests/service.yaml",
    ]
    app = repository.yaml("kubernetes/applications/sonarr/app.yaml")
    assert (app["metadata"]["name"], app["metadata"]["namespace"]) == ("sonarr", "argocd")
    assert app["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert app["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": "-1"}
    assert app["spec"]["project"] == "apps"
    assert app["spec"]["source"]["path"] == "kubernetes/applications/sonarr/manifests"
    assert app["spec"]["destination"]["namespace"] == "media"
    repository.remove("sonarr")
    assert snapshot(repository.root) == before


def test_a_sync_wave_of_its_own(repository):
    before = snapshot(repository.root)
    repository.add(chart("cilium", sync_wave=-10))
    assert repository.yaml("kubernetes/applications/cilium/app.yaml")["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-wave": "-10"
    }
    plan = repository.add(chart("cilium"))
    assert "moves from kubernetes/applications/cilium to kubernetes/core/cilium" in plan.warnings[0]
    assert not (repository.root / "kubernetes/applications").exists()
    assert repository.add(chart("cilium", values=None)).warnings == ()
    repository.remove("cilium")
    assert snapshot(repository.root) == before


def test_changed_options_change_files_and_take_away_what_is_no_longer_wanted(repository):
    repository.add(web(host="whoami.example.com"))
    plan = repository.add(web(replicas=2))
    assert plan.files() == [
        {"path": ".homeops/applications/whoami.yaml", "action": "updated"},
        {"path": "kubernetes/apps/whoami/deployment.yaml", "action": "updated"},
        {"path": "kubernetes/apps/whoami/ingress.yaml", "action": "removed"},
        {"path": "kubernetes/apps/whoami/kustomization.yaml", "action": "updated"},
    ]


def test_an_application_moves_to_another_category(repository):
    before = snapshot(repository.root)
    repository.add(chart(category="core"))
    plan = repository.add(chart(category="monitoring"))
    assert "moves from kubernetes/core/metrics to kubernetes/monitoring/metrics" in plan.warnings[0]
    assert (repository.sources("core"), repository.sources("monitoring")) == ([], [CHARTS])
    assert not (repository.root / "kubernetes/core/metrics").exists()
    assert repository.add(chart(category="core", namespace="metrics-system")).warnings
    assert repository.add(chart(category="monitoring", namespace="metrics-system")).warnings == ()
    assert repository.yaml("kubernetes/applications/metrics/app.yaml")["spec"]["project"] == "monitoring"
    repository.remove("metrics")
    assert snapshot(repository.root) == before


def test_edits_by_hand_are_kept_unless_force_says_otherwise(repository):
    before = snapshot(repository.root)
    repository.add(web())
    path = "kubernetes/apps/whoami/deployment.yaml"
    repository.write(path, repository.text(path).replace("replicas: 1", "replicas: 3"))
    edited = snapshot(repository.root)
    said = repository.refused(web())
    assert f"{path}: was edited by hand" in said
    assert "-  replicas: 3\n+  replicas: 1" in said
    assert f"{path}: was edited by hand" in repository.kept("whoami")
    assert snapshot(repository.root) == edited
    repository.add(web(), force=True)
    assert "replicas: 1" in repository.text(path)
    repository.write(path, "edited: again\n")
    repository.remove("whoami", force=True)
    assert snapshot(repository.root) == before


def test_a_file_that_was_removed_by_hand_is_written_again(repository):
    repository.add(web())
    (repository.root / "kubernetes/apps/whoami/service.yaml").unlink()
    assert repository.add(web()).files() == [{"path": "kubernetes/apps/whoami/service.yaml", "action": "created"}]


def test_files_of_the_user_may_be_there_first(repository):
    repository.write("kubernetes/apps/whoami/token.sealed.yaml", "kind: SealedSecret\n")
    assert "was not written by add_app" in repository.refused(web())
    assert repository.add(web(own_files=["token.sealed.yaml"])).changed


def test_files_of_the_user_in_the_wrong_place_are_said_where_to_go(repository):
    repository.write("kubernetes/apps/whoami/token.sealed.yaml", "kind: SealedSecret\n")
    said = repository.refused(web(namespace="media", own_files=["token.sealed.yaml"]))
    assert "Move your own_files to kubernetes/applications/whoami/manifests" in said


def test_the_repository_is_known_from_application_sets_that_were_edited(repository):
    for name, line in (
        ("apps", "repoURL: ssh://git@git.example.com/home.git  # by key"),
        ("core", "- repoURL: 'https://b.example.com'"),
    ):
        path = f"kubernetes/applicationsets/{name}.yaml"
        text = repository.text(path).replace("repoURL: https://git.example.com/home/cluster.git", line)
        repository.write(path, text)
    assert Tree(str(repository.root)).repositories() == [
        "https://b.example.com",
        "https://git.example.com/home/cluster.git",
        "ssh://git@git.example.com/home.git",
    ]


def test_files_of_others_beside_are_not_left_as_an_application(repository):
    repository.add(web(own_files=["token.sealed.yaml"]))
    repository.write("kubernetes/apps/whoami/token.sealed.yaml", "kind: SealedSecret\n")
    assert "token.sealed.yaml, which would stay as an application" in repository.kept("whoami")
    repository.remove("whoami", force=True)
    assert (repository.root / "kubernetes/apps/whoami/token.sealed.yaml").exists()


def test_files_of_others_do_not_stay_behind_as_an_application_when_it_moves(repository):
    path = "kubernetes/apps/whoami/token.sealed.yaml"
    repository.write(path, "kind: SealedSecret\n")
    app = web(own_files=["token.sealed.yaml"])
    repository.add(app)
    before = snapshot(repository.root)
    for moved in ({**app, "category": "monitoring"}, {**app, "namespace": "media"}):
        assert f"kubernetes/apps/whoami: add_app did not write {path}" in repository.refused(moved)
    assert snapshot(repository.root) == before
    # Put where they belong next, they may be there first.
    (repository.root / path).unlink()
    repository.write("kubernetes/applications/whoami/manifests/token.sealed.yaml", "kind: SealedSecret\n")
    assert repository.add({**app, "namespace": "media"}).changed


def test_files_that_nobody_named_are_not_taken_along_into_another_category(repository):
    repository.add(web())
    repository.write("kubernetes/monitoring/whoami/other.yaml", "kind: ConfigMap\n")
    assert "kubernetes/monitoring/whoami: is there already" in repository.refused(web(category="monitoring"))


@pytest.mark.parametrize(
    ("apps", "said"),
    [
        ([web(category="games")], "kubernetes/projects/games.yaml: is not there, so there is no category games"),
        ([web(), web()], "apps: whoami is there 2 times"),
        ([web("own")], "kubernetes/apps/own: is there already, and was not written by add_app"),
        ([web("own", category="core")], "kubernetes/apps/own: is an application own already"),
        ([web("own", sync_wave=1)], "kubernetes/apps/own: is an application own already"),
        ([web("cni")], "kubernetes/applications/cni: is an application cni already"),
        ([web("cni", namespace="x")], "kubernetes/applications/cni: is there already, and was not written by add_app"),
        ([web(host="own.example.com")], "own.example.com/ is answered by kubernetes/apps/own/web.yaml already"),
        ([web(host="r.example.com")], "r.example.com/ is answered by kubernetes/apps/own/web.yaml already"),
        (
            [web("a", host="x.example.com"), web("b", host="x.example.com", exposure="httproute")],
            "b: host: x.example.com/ is answered by a already",
        ),
        ([chart(needs={"source_repos": ["https://x.example.com/{a,b}"]})], "kubernetes/projects/core.yaml"),
    ],
)
def test_what_cannot_be_beside_what_is_there(repository, apps, said):
    repository.write(
        "kubernetes/apps/own/web.yaml",
        """\
kind: Ingress
spec: {rules: [{host: own.example.com, http: {paths: [{path: /}]}}]}
---
kind: HTTPRoute
spec: {hostnames: [r.example.com], rules: [{}]}
""",
    )
    repository.write("kubernetes/applications/cni/app.yaml", "kind: Application\n")
    before = snapshot(repository.root)
    assert said in repository.refused(*apps)
    assert snapshot(repository.root) == before


def test_one_host_can_be_shared_by_its_paths(repository):
    repository.add(web("a", host="x.example.com", path="/a"), web("b", host="x.example.com", path="/b"))
    assert repository.add(web("a", host="x.example.com", path="/c")).changed


def test_only_what_add_app_wrote_is_removed(repository):
    repository.write("kubernetes/apps/own/web.yaml", "kind: ConfigMap\n")
    assert "kubernetes/apps/own: was not written by add_app. Remove it yourself" in repository.kept("own")


@pytest.mark.parametrize(
    "text",
    [
        "not: a record\n",
        "{",
        "name: whoami\ncategory: apps\nfolder: kubernetes\nfiles: {../outside: " + "0" * 64 + "}\n",
        "name: whoami\ncategory: ..\nfolder: kubernetes\nfiles: {}\n",
        "name: whoami\ncategory: apps\nfolder: .git\nfiles: {}\n",
        "name: other\ncategory: apps\nfolder: kubernetes\nfiles: {}\n",
    ],
)
def test_a_damaged_record_removes_nothing(repository, text):
    repository.write(".homeops/applications/whoami.yaml", text)
    assert ".homeops/applications/whoami.yaml: " in repository.kept("whoami")


def test_a_link_out_of_the_repository_is_not_followed(repository, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (repository.root / "kubernetes/apps/whoami").symlink_to(outside)
    assert "behind a link" in repository.refused(web())
    assert list(outside.iterdir()) == []


def test_beside_templates_the_files_go_where_they_are_copied_from(tmp_path):
    repository = Repository(scaffold(tmp_path, "templates/kubernetes"))
    project = tmp_path / "templates/kubernetes/projects/core.yaml"
    project.rename(tmp_path / "templates/kubernetes/projects/core.yaml.j2")
    path = "templates/kubernetes/projects/core.yaml.j2"
    repository.write(
        path, repository.text(path).replace("https://git.example.com/home/cluster.git", "{{ repository }}")
    )
    before = snapshot(tmp_path)
    repository.add(chart(namespace="kube-system"))
    assert f"    - {{{{ repository }}}}\n    - {CHARTS}\n" in repository.text(path)
    # Argo CD sees what was copied.
    app = repository.yaml("templates/kubernetes/applications/metrics/app.yaml")
    assert app["spec"]["source"]["path"] == "kubernetes/applications/metrics/manifests"
    repository.remove("metrics")
    assert snapshot(tmp_path) == before


def test_in_a_folder_of_a_larger_repository(tmp_path):
    repository = Repository(scaffold(tmp_path, "home ops/kubernetes"), "home ops/kubernetes")
    before = snapshot(tmp_path)
    repository.add(chart(namespace="elsewhere"), web())
    assert (tmp_path / "home ops/kubernetes/applications/metrics/manifests/Chart.yaml").is_file()
    assert not repository.add(web()).changed
    repository.remove("metrics", "whoami")
    assert snapshot(tmp_path) == before


CHOICES = [
    web("a", host="a.example.com"),
    web("b", namespace="media", storage=[{"type": "pvc", "name": "d", "mount": "/d", "size": "1Gi"}]),
    web("c", category="monitoring", exposure="httproute", host="c.example.com"),
    chart("d"),
    chart("e"),
    chart("f", "apps"),
    chart("g", "apps", "oci://registry.example.com/charts", namespace="media"),
    chart("h", sync_wave=-10, repository="https://other.example.com"),
    chart("h", repository="https://other.example.com"),
    web("b", category="monitoring", namespace="media"),
    chart("d", "infrastructure", "https://other.example.com"),
    web("a", replicas=3),
]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_order_all_removed_is_as_before(repository, seed):
    dice = random.Random(seed)
    before = snapshot(repository.root)
    there = set()
    for _turn in range(10):
        if there and dice.random() < 0.4:
            name = dice.choice(sorted(there))
            there.remove(name)
            repository.remove(name)
        else:
            app = dice.choice(CHOICES)
            there.add(app["name"])
            repository.add(app)
            assert not repository.add(app).changed
    repository.remove(*there)
    assert snapshot(repository.root) == before


def test_what_fails_half_way_is_taken_back(repository):
    class Full(Files):
        """A disk on which the fourth file cannot take its place."""

        published = 0

        def publish(self, path):
            self.published += 1
            if self.published == 4:
                raise ClusterError()
            super().publish(path)

    before = snapshot(repository.root)
    plan = Planner(Tree(str(repository.root)), False).present([read(chart()), read(web(host="a.example.com"))])
    with pytest.raises(ClusterError):
        file_set.apply(str(repository.root), Full(), plan.encoded(), plan.first())
    assert snapshot(repository.root) == before


class Killed(BaseException):
    pass


class Mortal(Files):
    """Whose process is killed at one of its steps."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise Killed

    def stage(self, path, content, mode):
        self._step()
        super().stage(path, content, mode)

    def publish(self, path):
        self._step()
        super().publish(path)

    def remove(self, path):
        self._step()
        super().remove(path)


def web_and_chart(**options):
    return [web(namespace="shared", **options), chart(repository="https://other.example.com" if options else CHARTS)]


@pytest.mark.parametrize("at", range(0, 24, 2))
def test_a_killed_run_is_completed_by_the_next(repository, at):
    before = snapshot(repository.root)
    repository.add(*web_and_chart())
    there = snapshot(repository.root)
    changed = web_and_chart(replicas=2, host="a.example.com")
    with contextlib.suppress(Killed):
        repository.add(*changed, files=Mortal(at))
    repository.add(*changed)
    after = snapshot(repository.root)
    with contextlib.suppress(Killed):
        repository.remove("whoami", "metrics", files=Mortal(at))
    repository.remove("whoami", "metrics")
    assert snapshot(repository.root) == before
    # From nothing, the same comes of it; and it can be given up instead.
    with contextlib.suppress(Killed):
        repository.add(*changed, files=Mortal(at))
    repository.add(*changed)
    assert snapshot(repository.root) == after
    with contextlib.suppress(Killed):
        repository.add(*web_and_chart(), files=Mortal(at))
    repository.add(*web_and_chart())
    assert snapshot(repository.root) == there
    repository.remove("whoami", "metrics")
    assert snapshot(repository.root) == before


@pytest.mark.parametrize("at", range(0, 30, 2))
@pytest.mark.parametrize("moved", [chart(category="monitoring"), chart(namespace="elsewhere")])
def test_a_killed_move_is_completed_by_the_next_run(repository, at, moved):
    repository.add(moved)
    there = snapshot(repository.root)
    repository.remove("metrics")
    before = snapshot(repository.root)
    repository.add(chart())
    with contextlib.suppress(Killed):
        repository.add(moved, files=Mortal(at))
    repository.add(moved)
    files = {path: digest for path, digest in snapshot(repository.root).items() if "/projects/" not in path}
    assert files.items() <= there.items() | {(path, digest) for path, digest in files.items() if ".homeops" in path}
    repository.remove("metrics")
    assert snapshot(repository.root).keys() == before.keys()
