# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real playbooks in a Git repository: one command adds an application, one removes it, and Git sees nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
URL = "https://git.example.com/home/cluster.git"
WHOAMI = ("-e", "app_name=whoami", "-e", "app_image=registry.example.com/tools/whoami:1.10.3", "-e", "app_port=80")
HOST = ("-e", "app_host=whoami.example.com")
NO_SERVER = ("-e", "app_dry_run=false")
CHART = {"repository": "https://charts.example.com", "name": "metrics", "version": "1.2.3"}
CLUSTER_ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}}


class Repository:
    def __init__(self, root):
        self.root = root

    def git(self, *arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(("git", *who, *arguments), cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout + done.stderr

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "state", "--allow-empty")

    def status(self):
        return self.git("status", "--short", "--untracked-files=all").splitlines()

    def play(self, name, *arguments, ok=True):
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "PWD": str(self.root),
            "TMPDIR": str(self.root.parent / "temporary"),
        }
        command = (Path(sys.executable).parent / "ansible-playbook", f"homeops.cluster.{name}", *arguments)
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        assert not list((self.root.parent / "temporary").glob("*.gitops"))
        return done.stdout + done.stderr

    def changed(self, output):
        return int(re.search(r"changed=(\d+)", output)[1])


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The playbook scaffold is run once; every test gets a clone of what it wrote."""
    home = tmp_path_factory.mktemp("begun")
    (home / "temporary").mkdir()
    repository = Repository(home / "repository")
    repository.root.mkdir()
    repository.git("init", "--quiet")
    arguments = ("-e", f"gitops_repo_url={URL}")
    predicted = repository.changed(repository.play("scaffold", "--check", *arguments))
    assert repository.status() == []
    assert repository.changed(repository.play("scaffold", *arguments)) == predicted
    repository.commit()
    return repository


@pytest.fixture
def repository(begun, tmp_path):
    (tmp_path / "temporary").mkdir()
    subprocess.run(("git", "clone", "--quiet", begun.root, tmp_path / "repository"), check=True)
    return Repository(tmp_path / "repository")


def test_the_scaffold_replaces_nothing(repository):
    project = repository.root / "kubernetes/projects/apps.yaml"
    project.write_text("# mine\n")
    repository.commit()
    assert repository.changed(repository.play("scaffold", "-e", f"gitops_repo_url={URL}")) == 0
    assert repository.status() == []


def test_the_scaffold_asks_for_the_address(repository):
    assert "gitops_repo_url: is not set" in repository.play("scaffold", ok=False)


def test_the_scaffold_refuses_a_category_that_the_layout_has_a_folder_for(repository):
    arguments = ("-e", f"gitops_repo_url={URL}", "-e", json.dumps({"gitops_repo_categories": ["apps", "applications"]}))
    said = repository.play("scaffold", *arguments, ok=False)
    assert "gitops_repo_categories: applications cannot be a category" in said
    assert repository.status() == []


def test_one_command_adds_and_one_removes(repository):
    shown = repository.play("add_app", "--check", "--diff", *WHOAMI, *HOST, *NO_SERVER)
    assert repository.status() == []
    assert "+kind: Deployment" in shown
    added = repository.play("add_app", *WHOAMI, *HOST, *NO_SERVER)
    assert repository.changed(added) == repository.changed(shown) == 1
    assert repository.status() == [
        "?? .homeops/applications/whoami.yaml",
        "?? kubernetes/apps/whoami/deployment.yaml",
        "?? kubernetes/apps/whoami/ingress.yaml",
        "?? kubernetes/apps/whoami/kustomization.yaml",
        "?? kubernetes/apps/whoami/service.yaml",
    ]
    assert repository.changed(repository.play("add_app", *WHOAMI, *HOST, *NO_SERVER)) == 0
    assert repository.changed(repository.play("remove_app", "-e", "app_name=whoami", "--check")) == 1
    assert repository.changed(repository.play("remove_app", "-e", "app_name=whoami")) == 1
    assert repository.status() == []
    assert repository.changed(repository.play("remove_app", "-e", "app_name=whoami")) == 0


def test_the_catalogue_and_a_move(repository):
    repository.play("add_app", "-e", "app_catalogue=prowlarr", *NO_SERVER)
    repository.commit()
    before = repository.status()
    moved = repository.play("add_app", "-e", "app_catalogue=prowlarr", "-e", "app_namespace=media", *NO_SERVER)
    assert "prowlarr moves from kubernetes/apps/prowlarr to kubernetes/applications/prowlarr" in " ".join(moved.split())
    repository.play("remove_app", "-e", "app_catalogue=prowlarr")
    assert {line[:2] for line in repository.status()} == {" D"}
    assert before == []


def test_braces_of_go_templates_are_kept(repository, tmp_path):
    """Extra variables are templates to Ansible, unless they say that they are none."""
    rule = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rule"}, "data": {"say": "BRACES"}}
    app = json.dumps({"apps": [{"name": "rules", "manifests": [rule]}]})
    (tmp_path / "apps.yml").write_text(app.replace('"BRACES"', '!unsafe "{{ $labels.node }} {% x %}"'))
    repository.play("add_app", "-e", f"@{tmp_path / 'apps.yml'}", *NO_SERVER)
    text = (repository.root / "kubernetes/apps/rules/configmap.yaml").read_text()
    assert yaml.safe_load(text)["data"] == {"say": "{{ $labels.node }} {% x %}"}


def test_what_was_wrong_with_another_application_excuses_none(repository):
    """Two that are refused for the same reason: the one that was there does not let the new one in."""
    role = repository.root / "kubernetes/apps/old/role.yaml"
    role.parent.mkdir()
    role.write_text(yaml.safe_dump(CLUSTER_ROLE))
    repository.commit()
    repository.play("add_app", *WHOAMI, *NO_SERVER)
    arguments = ("-e", json.dumps({"app_name": "new", "app_manifests": [CLUSTER_ROLE]}), *NO_SERVER)
    assert "ClusterRole" in repository.play("add_app", *arguments, ok=False)


def test_templates_in_a_folder_with_a_space_below_the_home(repository, monkeypatch):
    root = repository.root.parent / "my cluster"
    repository.root.rename(root)
    (root / "templates").mkdir()
    (root / "kubernetes").rename(root / "templates/kubernetes")
    there = Repository(root)
    there.commit()
    monkeypatch.setenv("HOME", str(root.parent))
    extra = json.dumps({"gitops_repo_path": "~/my cluster"})
    assert "homeops.cluster.configure" in there.play("add_app", *WHOAMI, *NO_SERVER, "-e", extra)
    assert "?? templates/kubernetes/apps/whoami/service.yaml" in there.status()
    there.play("remove_app", "-e", "app_name=whoami", "-e", extra)
    assert there.status() == []


def test_without_the_folder_nothing_is_done(repository):
    empty = ("-e", "gitops_repo_path=")
    assert "gitops_repo_path: is empty" in repository.play("scaffold", "-e", f"gitops_repo_url={URL}", *empty, ok=False)
    assert "path: is empty" in repository.play("add_app", *WHOAMI, *empty, ok=False)
    assert "apps[0].name: is required" in repository.play("remove_app", ok=False)


def test_many_from_a_file_with_what_their_project_must_permit(repository, tmp_path):
    apps = [
        {"name": "metrics", "category": "monitoring", "chart": CHART},
        {"name": "web", "namespace": "shared", "image": "registry.example.com/web:1", "port": 8080},
    ]
    (tmp_path / "apps.json").write_text(json.dumps({"apps": apps}))
    repository.play("add_app", "-e", f"@{tmp_path / 'apps.json'}", *NO_SERVER)
    project = yaml.safe_load((repository.root / "kubernetes/projects/monitoring.yaml").read_text())
    assert project["spec"]["sourceRepos"] == [URL, "https://charts.example.com"]
    changed = [line for line in repository.status() if line.startswith(" M")]
    assert changed == [" M kubernetes/projects/monitoring.yaml"]
    assert "?? kubernetes/applications/web/app.yaml" in repository.status()
    repository.play("remove_app", "-e", f"@{tmp_path / 'apps.json'}")
    assert repository.status() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # The linter: the project of the applications may hold nothing that belongs to no namespace.
        (("-e", json.dumps({"app_name": "x", "app_manifests": [CLUSTER_ROLE]}), *NO_SERVER), "ClusterRole"),
        # The linter: a file that the kustomization lists is not there.
        ((*WHOAMI, *NO_SERVER, "-e", '{"app_own_files": ["token.sealed.yaml"]}'), "token.sealed.yaml"),
        # The API server, which does not answer.
        ((*WHOAMI, "-e", "app_dry_run=true", "-e", "gitops_repo_kubeconfig=/nonexistent"), "Kubernetes API server"),
        # The options.
        ((*WHOAMI, "-e", "app_hots=whoami.example.com"), "apps[0].hots: unknown key"),
    ],
    ids=["kind", "file", "server", "options"],
)
def test_what_fails_leaves_the_repository_as_it_was(repository, arguments, said):
    assert said in repository.play("add_app", *arguments, ok=False)
    assert repository.status() == []
