# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository_secret import SECRET
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import argocd_repositories
from fake_kubernetes import FakeKubernetes

PASSWORD = "s3cret-password"
NAMESPACE = {"kind": "Namespace", "metadata": {"name": "argocd"}}
HOME = {"name": "home", "url": "https://git.example.com/home.git", "username": "me", "password": PASSWORD}
CHARTS = {"name": "charts", "type": "helm", "url": "https://charts.example.com"}
GITHUB = {"name": "github", "url": "https://github.com/example", "password": PASSWORD}


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, *repositories, templates=(), check=False):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(argocd_repositories, "connect", connect)
        if not isinstance(cluster, Exception):
            cluster.requests.clear()
        arguments = {"repositories": list(repositories), "credential_templates": list(templates)}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            argocd_repositories.main()
        output = capsys.readouterr().out
        assert PASSWORD not in output
        return json.loads(output)

    return run


def actions(result):
    return {secret["name"]: secret["action"] for secret in result["secrets"]}


def test_created_then_unchanged(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    predicted = run(cluster, HOME, CHARTS, templates=[GITHUB], check=True)
    assert cluster.writes == []

    result = run(cluster, HOME, CHARTS, templates=[GITHUB])
    assert result["secrets"] == predicted["secrets"]
    assert actions(result) == {
        "repository-home": "created",
        "repository-charts": "created",
        "repo-creds-github": "created",
    }

    again = run(cluster, HOME, CHARTS, templates=[GITHUB])
    assert again["changed"] is False
    assert cluster.requests == [("list", "Secret"), ("list", "Secret")]


def test_a_changed_password_is_seen_and_not_shown(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    run(cluster, HOME)
    result = run(cluster, {**HOME, "password": PASSWORD + "-new"})
    assert actions(result) == {"repository-home": "updated"}
    assert result["diff"][0]["after"]["data"] == dict.fromkeys(
        ["name", "password", "type", "url", "username"], "(hidden)"
    )


def test_what_is_no_longer_described_goes_and_what_others_made_stays(run):
    theirs = {
        "kind": "Secret",
        "metadata": {
            "name": "repo-7",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
    }
    cluster = FakeKubernetes(objects=[NAMESPACE, theirs])
    run(cluster, HOME, CHARTS, templates=[GITHUB])
    result = run(cluster, CHARTS)
    assert actions(result) == {
        "repository-charts": "unchanged",
        "repo-creds-github": "deleted",
        "repository-home": "deleted",
    }
    assert sorted(name for _kind, _namespace, name in cluster.objects) == ["argocd", "repo-7", "repository-charts"]


def of_the_former_role(cluster, name):
    """As the role applied the Secret of the root repository before this module was there: without the label."""
    labels = {"app.kubernetes.io/part-of": "argocd", "argocd.argoproj.io/secret-type": "repository"}
    metadata = {"name": name, "namespace": "argocd", "labels": labels}
    data = {"type": "Z2l0", "url": base64.b64encode(HOME["url"].encode()).decode(), "sshPrivateKey": "eA=="}
    definition = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}
    cluster.apply(SECRET, definition, force=True, dry_run=False)


def test_the_secret_of_a_former_version_is_taken_over(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    of_the_former_role(cluster, "repository-home")
    assert actions(run(cluster, HOME)) == {"repository-home": "updated"}
    secret = cluster.objects["Secret", "argocd", "repository-home"]
    assert secret["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "homeops.cluster"
    assert sorted(secret["data"]) == ["name", "password", "type", "url", "username"]
    assert run(cluster, HOME)["changed"] is False


def test_the_secret_of_a_former_version_is_not_left_beside_another_of_the_same_repository(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    of_the_former_role(cluster, "repository-root")
    assert actions(run(cluster, HOME)) == {"repository-home": "created", "repository-root": "deleted"}


def test_a_repository_that_becomes_a_template_changes_its_secret(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    run(cluster, GITHUB)
    assert actions(run(cluster, templates=[GITHUB])) == {
        "repo-creds-github": "created",
        "repository-github": "deleted",
    }


def test_nothing_is_written_if_anything_is_refused(run):
    cluster = FakeKubernetes(objects=[NAMESPACE], refuse={"repository-charts": "no"})
    result = run(cluster, HOME, CHARTS)
    assert result["failed"] is True
    assert cluster.writes == []


def test_an_entry_that_cannot_work_is_refused_before_anything_is_written(run):
    cluster = FakeKubernetes(objects=[NAMESPACE])
    result = run(cluster, HOME, {**HOME, "name": "again"})
    assert "the same to Argo CD" in result["msg"]
    assert cluster.writes == []


@pytest.mark.parametrize("cluster", [UnreachableError(Problem("home", "no answer", "Start it")), FakeKubernetes()])
def test_check_mode_on_a_clean_system_predicts_everything(run, cluster):
    result = run(cluster, HOME, check=True)
    assert (result["changed"], actions(result)) == (True, {"repository-home": "created"})


def test_a_cluster_that_does_not_answer_is_a_failure(run):
    result = run(UnreachableError(Problem("home", "no answer", "Start it")), HOME)
    assert result["msg"] == "home: no answer. Start it"
