# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import Report
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import CODES, SECRET, Finding
from ansible_collections.homeops.cluster.plugins.modules import secret_guard

FINDING = Finding("a.yaml", 4, SECRET, "Secret db has data.a in plain text", "Encrypt it", 1, 9)
PROBLEM = Problem(".sops.yaml", "is not valid yaml", "Correct it")


@pytest.fixture
def run(capsys, monkeypatch):
    def run(report, **options):
        asked = []
        monkeypatch.setattr(secret_guard, "guard", lambda path, staged: asked.append((path, staged)) or report)
        with patch_module_args({"path": "/repository", **options}), pytest.raises(SystemExit):
            secret_guard.main()
        assert asked == [("/repository", options.get("staged", False))]
        return json.loads(capsys.readouterr().out)

    return run


def test_nothing_found(run):
    answer = run(Report(examined=3, allowed=(FINDING,)), staged=True)
    assert (answer["changed"], answer["status"], answer["examined"]) == (False, "ok", 3)
    assert answer["allowed"][0]["code"] == SECRET


@pytest.mark.parametrize(
    ("report", "code", "status", "lines"),
    [
        (
            Report(3, findings=(FINDING,)),
            2,
            "found",
            [
                "a.yaml:4: kubernetes-secret: Secret db has data.a in plain text. Encrypt it.",
                "3 files examined, 1 found",
            ],
        ),
        (
            Report(3, findings=(FINDING,), allowed=(FINDING,), problems=(PROBLEM,)),
            3,
            "error",
            [
                "a.yaml:4: kubernetes-secret: Secret db has data.a in plain text. Encrypt it.",
                "error: .sops.yaml: is not valid yaml. Correct it",
                "3 files examined, 1 found, 1 allowed by a comment",
            ],
        ),
    ],
)
def test_it_fails_with_all_of_it(run, report, code, status, lines):
    answer = run(report)
    assert (answer["failed"], answer["exit_code"], answer["status"]) == (True, code, status)
    assert answer["msg"].splitlines() == lines
    assert answer["findings"][0]["line"] == 4


def test_a_missing_library_is_named(capsys, monkeypatch):
    monkeypatch.setattr(secret_guard, "Loader", None)
    with patch_module_args({"path": "/repository"}), pytest.raises(SystemExit):
        secret_guard.main()
    assert "PyYAML" in json.loads(capsys.readouterr().out)["msg"]


def test_every_code_is_documented():
    assert [code for code in CODES if f"V({code})" not in secret_guard.DOCUMENTATION] == []
