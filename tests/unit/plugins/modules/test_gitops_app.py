# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import gitops_app
from scaffolded import scaffold, snapshot

WEB = {"name": "whoami", "image": "registry.example.com/whoami:1.10.3", "port": "8080"}


@pytest.fixture
def repository(tmp_path):
    return scaffold(tmp_path / "repository")


@pytest.fixture
def run(capsys, repository):
    def run(**options):
        with patch_module_args({"path": str(repository), "apps": [WEB], **options}), pytest.raises(SystemExit):
            gitops_app.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_check_then_real_then_nothing_left_to_do(run, repository):
    before = snapshot(repository)
    predicted = run(_ansible_check_mode=True, _ansible_diff=True)
    assert snapshot(repository) == before
    real = run(_ansible_diff=True)
    assert (real["changed"], real["files"], real["diff"]) == (True, predicted["files"], predicted["diff"])
    assert [item["kind"] for item in real["applications"][0]["objects"]] == ["Deployment", "Service"]
    assert real["diff"][0]["before"] == ""
    assert real["repositories"] == ["https://git.example.com/home/cluster.git"]
    quiet = run()
    assert (quiet["changed"], quiet["files"], "diff" in quiet) == (False, [], False)
    removed = run(state="absent", apps=[{"name": "whoami"}])
    assert {file["action"] for file in removed["files"]} == {"removed"}
    assert snapshot(repository) == before


def test_a_copy_is_changed_instead(run, repository, tmp_path):
    for name in ("age.key", "secrets.yaml"):
        (repository / name).write_text("never copied\n")
    (repository / "config.yaml").write_text("name: home\n")
    before = snapshot(repository)
    (tmp_path / "copy").mkdir()
    assert run(copy_to=str(tmp_path / "copy"))["changed"] is True
    assert snapshot(repository) == before
    assert (tmp_path / "copy/kubernetes/apps/whoami/deployment.yaml").is_file()
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [".homeops", "config.yaml", "kubernetes"]


def test_what_the_catalogue_added_goes_by_the_same_list(run, repository, tmp_path):
    before = snapshot(repository)
    (tmp_path / "web.yml").write_text(json.dumps({"app": WEB}))
    same = {"catalogue": [str(tmp_path)], "apps": [{"catalogue": "web"}, {"catalogue": "web", "name": "other"}]}
    assert run(**same)["changed"] is True
    assert run(**same, state="absent")["changed"] is True
    assert snapshot(repository) == before


def test_who_moves_an_application_is_warned(run, monkeypatch):
    warnings = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda module, warning: warnings.append(warning))
    run()
    assert warnings == []
    run(apps=[{**WEB, "sync_wave": 5}])
    assert ["whoami moves from kubernetes/apps/whoami" in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ({"name": "../../config"}, "apps[0].name: ../../config is not a valid name"),
        ({}, "apps[0].name: is required, but not set"),
        ({"catalogue": "sonar"}, "apps[0].catalogue: sonar is not in the catalogue"),
    ],
)
def test_what_is_to_go_needs_a_name(run, repository, app, said):
    (repository / "config.yaml").write_text("name: home\n")
    before = snapshot(repository)
    result = run(state="absent", apps=[app])
    assert result.get("failed") is True, result
    assert said in result["msg"]
    assert snapshot(repository) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": ""}, "path: is empty"),
        ({"path": "/nonexistent"}, "/nonexistent: is not a folder"),
        ({"folder": "../x"}, "folder: ../x is not a folder in the repository"),
        ({"apps": [{**WEB, "port": 0}, {**WEB, "image": "x"}]}, "apps[1].image: x has no version"),
        ({"apps": [{"catalogue": "sonarr"}]}, "apps[0].catalogue: sonarr is not in the catalogue"),
        ({"folder": "manifests"}, "manifests/projects/apps.yaml: is not there, so there is no category apps"),
    ],
)
def test_what_is_wrong_is_told(run, options, said):
    result = run(**options)
    assert result["failed"] is True
    assert said in result["msg"]


def test_missing_library(run, monkeypatch):
    monkeypatch.setattr(gitops_app, "YAML_IMPORT_ERROR", "Traceback")
    assert "PyYAML" in run()["msg"]
