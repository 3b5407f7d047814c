# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import fake_sops
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import sops_checksum_encrypt as module


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    (tmp_path / ".sops.yaml").write_text("creation_rules: [{path_regex: sops, age: age1ann}]\n")
    sops = fake_sops.Sops()
    monkeypatch.setattr(module, "runner", lambda environment: sops)
    monkeypatch.delenv("HOMEOPS_CHECKSUM_KEY", raising=False)

    def run(**options):
        for name in ("path", "root"):
            if name in options:
                options[name] = str(tmp_path / options[name])
        with patch_module_args({"checksum_key": "k" * 40, **options}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    run.calls = sops.calls
    return run


def test_check_then_real_then_nothing_left_to_do(run, tmp_path):
    options = {"path": "a.sops.yaml", "value": {"password": "planted-secret"}, "_ansible_diff": True}
    predicted = run(**options, _ansible_check_mode=True)
    assert not (tmp_path / "a.sops.yaml").exists()
    real = run(**options)
    assert (real["changed"], real["files"], real["diff"]) == (True, predicted["files"], predicted["diff"])
    assert real["counts"] == {"encrypted": 1}
    assert (tmp_path / "a.sops.yaml").stat().st_mode & 0o777 == 0o600
    calls = len(run.calls)
    quiet = run(**options)
    assert (quiet["changed"], quiet["counts"], quiet["diff"], len(run.calls)) == (False, {"unchanged": 1}, [], calls)
    assert "planted" not in json.dumps([predicted, real, quiet])


def test_mode_alone_is_a_change(run, tmp_path):
    options = {"path": "a.sops.yaml", "content": "a: planted\n", "mode": "0640"}
    assert run(**options, _ansible_check_mode=True)["changed"] is True
    run(**options)
    assert (tmp_path / "a.sops.yaml").stat().st_mode & 0o777 == 0o640
    assert run(**options)["changed"] is False
    result = run(**{**options, "mode": "0600"}, _ansible_check_mode=True)
    assert (result["changed"], result["counts"]) == (True, {"unchanged": 1})
    assert (tmp_path / "a.sops.yaml").stat().st_mode & 0o777 == 0o640


def test_short_secrets_do_not_blot_out_the_result_and_no_argument_is_shown(run):
    result = run(path="a.sops.yaml", value={"a": "s", "b": 1, "c": "yaml", "d": "encrypted"}, _ansible_diff=True)
    assert result["files"][0]["path"].endswith("a.sops.yaml")
    assert result["files"][0]["action"] == "encrypted"
    assert result["invocation"]["module_args"]["value"] == "(hidden)"
    assert result["invocation"]["module_args"]["checksum_key"] == "(hidden)"


def test_refused_file_fails_after_all_others_are_done(run, tmp_path):
    (tmp_path / "a.sops.yaml").write_text("a: ENC[AES256_GCM,data:half")
    (tmp_path / "b.sops.yaml").write_text("a: planted\n")
    result = run(root=".")
    assert (result["failed"], result["counts"]) == (True, {"encrypted": 1, "refused": 1})
    assert "a.sops.yaml: it holds ciphertext, but is damaged" in result["msg"]
    assert "planted" not in (tmp_path / "b.sops.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: path, root"),
        ({"path": "a.sops.yaml"}, "path: has no plaintext"),
        ({"root": ".", "content": "a: b"}, "mutually exclusive"),
        ({"root": ".", "state": "absent"}, "missing: path"),
        ({"root": "nowhere"}, "is not a directory"),
        ({"path": "a.sops.yaml", "content": "- planted"}, "is a list at the top"),
        ({"path": "a.sops.yaml", "src": "/nonexistent"}, "is not there"),
        ({"path": "a.sops.yaml", "content": "a: b", "encrypted_regex": "a", "encrypted_suffix": "b"}, "mutually"),
    ],
)
def test_options_that_are_wrong(run, options, message):
    result = run(**options)
    assert result["failed"] is True
    assert message in result["msg"]
    assert "planted" not in result["msg"]
