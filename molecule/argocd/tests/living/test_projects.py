# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application waits for its project, and goes on within seconds once argocd_project_repo has opened it."""

from __future__ import annotations

import json

import pytest
from argocd_world import (
    application_of,
    changed_at,
    chart_credentials,
    chart_repository,
    condition,
    git_repository,
    measured,
    project,
    seconds_since,
    synced,
    umbrella,
)
from commands import create, delete
from conftest import eventually
from working_copy import WorkingCopy

SECONDS = 5
CONFIG_MAP = json.dumps(
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "guest"}, "data": {"text": "hello"}}
)


@pytest.fixture(scope="module")
def guests(variables, tmp_path_factory):
    """A Git repository with plain manifests and a chart that wraps another, and the other's repository."""
    folder = tmp_path_factory.mktemp("guests")
    charts = chart_repository("greetings", folder)
    create(chart_credentials("greetings", charts)).run()
    repository, copy = git_repository(variables, "guests", folder)
    wrapped = {f"wrapped/{name}": text for name, text in umbrella(charts).items()}
    copy.commit("Welcome", {"plain/configmap.json": CONFIG_MAP, **wrapped})
    yield repository, charts
    delete("applications.argoproj.io/plain", "applications.argoproj.io/wrapped", "--namespace=argocd").run()
    delete("appproject/guests", "--namespace=argocd").run()
    delete("secret/repository-greetings", "--namespace=argocd").run()


@pytest.fixture
def permit(playbook):
    def run(**options):
        done = playbook("project_repo", "-e", json.dumps({"project": "guests", **options}))
        assert done.returncode == 0, done.output
        return done.changed["localhost"]

    return run


def permitted(kubectl):
    return kubectl("get", "appproject", "-n", "argocd", "guests")["spec"]["sourceRepos"]


def test_a_missing_repository_is_the_only_thing_it_waits_for(guests, kubectl, permit):
    repository, _charts = guests
    create(project("guests", [], "*"), application_of("plain", "guests", repository, "plain")).run()
    assert eventually(lambda: "is not permitted in project" in condition(kubectl, "plain", "InvalidSpecError"))
    assert permit(source_repos=[repository]) == 1
    assert eventually(lambda: synced(kubectl, "plain"), SECONDS)
    seconds = seconds_since(changed_at(kubectl, "guests"))
    measured("from the change of a project to Synced", seconds)
    assert seconds <= SECONDS + 1, "the API server notes whole seconds, the fraction cut off"
    assert condition(kubectl, "plain", "InvalidSpecError") == ""
    assert kubectl("get", "configmap", "-n", "plain", "guest")["data"] == {"text": "hello"}


def test_another_run_changes_nothing(guests, permit):
    assert permit(source_repos=[guests[0]]) == 0


def test_a_chart_waits_for_the_repository_of_its_dependency(guests, kubectl, permit):
    repository, charts = guests
    create(application_of("wrapped", "guests", repository, "wrapped")).run()
    assert eventually(lambda: "not permitted in project" in condition(kubectl, "wrapped", "ComparisonError"))
    assert permit(source_repos=[charts]) == 1
    assert eventually(lambda: synced(kubectl, "wrapped"), SECONDS)
    measured("from the change of a project to Synced, for a chart", seconds_since(changed_at(kubectl, "guests")))
    assert kubectl("get", "configmap", "-n", "wrapped", "greeting")["data"] == {"text": "hello"}


def test_a_removed_entry_stops_what_comes_from_it_and_removes_nothing(guests, kubectl, permit):
    repository, charts = guests
    assert permit(source_repos=[repository, charts], state="absent") == 1
    assert permitted(kubectl) == []
    create(application_of("plain", "guests", repository, "plain/.")).run()  # it is looked at again
    assert eventually(lambda: condition(kubectl, "plain", "InvalidSpecError") != "")
    assert kubectl("get", "configmap", "-n", "plain", "guest")["data"] == {"text": "hello"}


def test_in_git_the_file_is_changed_and_the_commit_brings_it(variables, tmp_path, kubectl, playbook, guests):
    repository, _charts = guests
    home = WorkingCopy(f"{variables['lab_mirror']}/git/home.git", tmp_path / "home")
    folder, file = "kubernetes/visitor", home.folder / "kubernetes/projects/apps.yaml"
    home.commit("Invite", {f"{folder}/app.yaml": json.dumps(application_of("visitor", "apps", repository, "plain"))})
    assert eventually(lambda: "is not permitted in project" in condition(kubectl, "visitor", "InvalidSpecError"), 60)

    before = file.read_text()
    run = playbook(
        "project_repo", "-e", json.dumps({"project": "apps", "source_repos": [repository], "path": str(file)})
    )
    assert (run.returncode, run.changed["localhost"]) == (0, 1), run.output
    assert set(file.read_text().splitlines()) - set(before.splitlines()) == {f"    - {repository}"}
    home.commit("Let the visitor in")
    assert eventually(lambda: synced(kubectl, "visitor"), 60)

    file.write_text(before)
    home.remove("Say goodbye", folder)
    gone = ("get", "applications.argoproj.io", "-n", "argocd", "--field-selector=metadata.name=visitor")
    assert eventually(lambda: kubectl(*gone)["items"] == [], 60)
