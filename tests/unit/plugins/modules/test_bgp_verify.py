# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import bgp_verify
from bgp_world import EXPECTED
from fake_kubernetes import FakeKubernetes

PROBLEM = Problem("api", "no answer", "Start it")


@pytest.fixture(name="run")
def run_(monkeypatch, capsys, tmp_path):
    def run(connect, **options):
        monkeypatch.setattr(bgp_verify, "connect", connect)
        monkeypatch.setattr(bgp_verify.gc, "disable", lambda: None)  # for the tests that follow
        arguments = {"expected": EXPECTED, "password": "s3cret!", "_ansible_tmpdir": str(tmp_path), **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            bgp_verify.main()
        out = capsys.readouterr().out
        assert "s3cret!" not in out
        return json.loads(out)

    return run


def nothing(_options):
    return FakeKubernetes()


def unreachable(_options):
    raise UnreachableError(PROBLEM)


def forbidden(_options):
    raise ClusterError(PROBLEM)


@pytest.mark.parametrize(
    ("connect", "status", "code"),
    [(nothing, "critical", "cluster_bgp_missing"), (unreachable, "error", "cluster_not_answering")],
)
def test_a_verdict_is_no_failure(run, connect, status, code):
    result = run(connect)
    assert (result["changed"], result["status"]) == (False, status)
    assert code in [finding["code"] for finding in result["findings"]]


def test_a_cluster_that_refuses_is_a_failure(run):
    result = run(forbidden)
    assert (result["failed"], result["msg"]) == (True, "api: no answer. Start it")


@pytest.mark.parametrize("check", [False, True])
def test_the_files_are_written_unless_it_is_a_check(run, tmp_path, check):
    paths = {"json_path": tmp_path / "bgp.json", "html_path": tmp_path / "bgp.html"}
    result = run(nothing, _ansible_check_mode=check, **{key: str(path) for key, path in paths.items()})
    assert result["changed"] is False
    assert [path.exists() for path in paths.values()] == [not check] * 2
    if not check:
        saved = json.loads(paths["json_path"].read_text())
        assert saved == {key: result[key] for key in saved}
        assert paths["html_path"].read_text().startswith("<!DOCTYPE html>")


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(bgp_verify, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(None)["msg"]
