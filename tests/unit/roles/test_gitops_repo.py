# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layout that the scaffold writes: what Argo CD reads in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_layout import project_spec

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "unit" / "plugins"))

from scaffolded import URL, VARIABLES, scaffold  # noqa: E402

WAVES = {"core": "-5", "infrastructure": "-3", "apps": "-1", "monitoring": "0"}
WAVE = "argocd.argoproj.io/sync-wave"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return scaffold(tmp_path_factory.mktemp("scaffold"))


def test_the_variables_of_these_tests_are_the_defaults():
    defaults = yaml.safe_load((ROOT / "roles/gitops_repo/defaults/main.yml").read_text())
    for name in ("gitops_repo_argocd_namespace", "gitops_repo_privileged_categories", "gitops_repo_sync_waves"):
        assert VARIABLES[name] == defaults[name], name


@pytest.mark.parametrize("category", WAVES)
def test_a_project_permits_the_least_before_everything_else(root, category):
    found = yaml.safe_load((root / f"kubernetes/projects/{category}.yaml").read_text())
    assert (found["kind"], found["metadata"]["name"], found["metadata"]["namespace"]) == (
        "AppProject",
        category,
        "argocd",
    )
    assert found["metadata"]["annotations"] == {WAVE: "-20"}
    found["spec"].pop("description")
    assert found["spec"] == project_spec(URL, privileged=category in ("core", "infrastructure"), namespace="argocd")


@pytest.mark.parametrize(("category", "wave"), WAVES.items())
def test_an_application_set_finds_the_folders_of_its_category(root, category, wave):
    found = yaml.safe_load((root / f"kubernetes/applicationsets/{category}.yaml").read_text())
    assert (found["kind"], found["metadata"]["name"]) == ("ApplicationSet", category)
    assert found["metadata"]["annotations"] == {WAVE: wave}
    spec = found["spec"]
    assert (spec["goTemplate"], spec["goTemplateOptions"]) == (True, ["missingkey=error"])
    assert spec["generators"] == [
        {"git": {"repoURL": URL, "revision": "main", "directories": [{"path": f"kubernetes/{category}/*"}]}}
    ]
    template = spec["template"]
    assert template["metadata"] == {
        "name": "{{ .path.basename }}",
        "annotations": {WAVE: wave},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }
    assert template["spec"]["project"] == category
    assert template["spec"]["source"] == {"repoURL": URL, "targetRevision": "main", "path": "{{ .path.path }}"}
    assert template["spec"]["destination"]["namespace"] == "{{ .path.basename }}"
    assert template["spec"]["revisionHistoryLimit"] == 3
    policy = template["spec"]["syncPolicy"]
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["syncOptions"] == ["CreateNamespace=true", "ServerSideApply=true"]
    assert policy["retry"] == {"limit": 10, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}}


@pytest.mark.parametrize("category", WAVES)
def test_an_empty_category_has_nothing_that_could_be_an_application(root, category):
    assert [path.name for path in (root / "kubernetes" / category).iterdir()] == ["README.md"]
