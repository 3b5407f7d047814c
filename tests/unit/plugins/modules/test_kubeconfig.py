# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import kubeconfig

ADMIN = yaml.safe_dump(
    {
        "clusters": [{"name": "default", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "default", "user": {"client-key-data": "planted"}}],
    }
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".kube" / "config"


@pytest.fixture
def run(capsys, path):
    def run(**options):
        arguments = {
            "path": str(path),
            "name": "home",
            "server": "https://192.0.2.11:6443",
            "content": ADMIN,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            kubeconfig.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_check_then_real_then_nothing_left_to_do(run, path):
    predicted = run(_ansible_check_mode=True, _ansible_diff=True)
    assert not path.exists()
    real = run(_ansible_diff=True)
    assert (real["changed"], real["diff"], real["context"]) == (True, predicted["diff"], "home")
    assert "planted" not in json.dumps(real)
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text())["users"][0]["user"] == {"client-key-data": "planted"}
    assert run()["changed"] is False


def test_cluster_that_does_not_exist_yet_is_predicted(run, path):
    assert run(content="", _ansible_check_mode=True)["changed"] is True
    assert "content: is empty" in run(content="")["msg"]
    assert not path.exists()


def test_wide_permissions_are_narrowed(run, path):
    run()
    path.chmod(0o644)
    assert run()["changed"] is True
    assert path.stat().st_mode & 0o777 == 0o600


def test_absent(run, path):
    assert run(state="absent")["changed"] is False
    assert not path.exists()
    run()
    assert run(state="absent")["changed"] is True
    assert yaml.safe_load(path.read_text())["clusters"] == []


@pytest.mark.parametrize(("text", "message"), [("a: [", "is not valid YAML"), ("- x\n", "is not a kubeconfig file")])
def test_file_that_is_no_kubeconfig_stays_as_it_is(run, path, text, message):
    path.parent.mkdir()
    path.write_text(text)
    result = run()
    assert result["failed"] is True
    assert message in result["msg"]
    assert path.read_text() == text


def test_file_that_cannot_be_read_is_told(run, path):
    path.mkdir(parents=True)
    assert "cannot be read: Is a directory" in run()["msg"]


def test_link_and_owner_stay(run, path, tmp_path, monkeypatch):
    owners = []
    monkeypatch.setattr(os, "fchown", lambda descriptor, *owner: owners.append(owner))
    path.parent.mkdir()
    real = tmp_path / "real"
    real.write_text("apiVersion: v1\n")
    path.symlink_to(real)
    assert run()["changed"] is True
    assert path.is_symlink()
    assert yaml.safe_load(real.read_text())["current-context"] == "home"
    assert owners == [(real.stat().st_uid, real.stat().st_gid)]


def test_without_a_yaml_library(run, monkeypatch):
    monkeypatch.setattr(kubeconfig, "yaml", None)
    monkeypatch.setattr(kubeconfig, "YAML_IMPORT_ERROR", "traceback", raising=False)
    assert "PyYAML" in run()["msg"]
