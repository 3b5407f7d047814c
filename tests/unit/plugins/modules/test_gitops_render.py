# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import gitops_render


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / "templates").mkdir(parents=True)
    (root / "config.yaml").write_text("name: home\n")
    (root / "templates" / "a.yaml.j2").write_text("name: {{ name }}\n")
    return root


@pytest.fixture
def run(capsys, tmp_path, repository):
    def run(**options):
        arguments = {
            "path": str(repository),
            "cache_dir": str(tmp_path / "cache"),
            "checksum_key_file": str(tmp_path / "key"),
            "_ansible_remote_tmp": str(tmp_path / "remote"),
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            gitops_render.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_check_then_real_then_nothing_left_to_do(run, repository, tmp_path):
    predicted = run(_ansible_check_mode=True, _ansible_diff=True)
    assert [path.name for path in tmp_path.iterdir() if path.name in ("cache", "key")] == []
    real = run(_ansible_diff=True)
    assert real["files"] == [{"path": "a.yaml", "action": "created"}]
    assert (real["changed"], real["files"], real["diff"]) == (True, predicted["files"], predicted["diff"])
    assert real["diff"] == [
        {"before_header": "a.yaml", "after_header": "a.yaml", "before": "", "after": "name: home\n"}
    ]
    assert (repository / "a.yaml").read_text() == "name: home\n"
    quiet = run()
    assert (quiet["changed"], quiet["files"], quiet["rendered"], quiet["total"]) == (False, [], 0, 1)
    assert "diff" not in quiet


def test_delimiters_and_the_key_as_an_option(run, repository, tmp_path):
    (repository / "templates" / "a.yaml.j2").write_text("{{ left }} #{ name }#\n")
    delimiters = {"variable_start": "#{", "variable_end": "}#"}
    assert run(delimiters=delimiters, checksum_key="0123456789" * 4)["changed"] is True
    assert (repository / "a.yaml").read_text() == "{{ left }} home\n"
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "/nonexistent"}, "/nonexistent: is not a folder"),
        ({"templates": "absent"}, "absent: is not a folder"),
        ({"config": ["absent.yaml"]}, "absent.yaml: is not there"),
        ({"checksum_key": "00000"}, "checksum_key: is too short"),
        ({"output": ".."}, "../a.yaml: is outside of the repository"),
    ],
)
def test_what_is_wrong_is_told(run, options, said):
    result = run(**options)
    assert result["failed"] is True
    assert said in result["msg"]


def test_missing_library(run, monkeypatch):
    monkeypatch.setattr(gitops_render, "YAML_IMPORT_ERROR", "Traceback")
    assert "PyYAML" in run()["msg"]
