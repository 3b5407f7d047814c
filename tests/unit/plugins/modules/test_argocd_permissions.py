# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module and the command: one report, in two ways."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import argocd_permissions, argocd_project_repo
from permitted_repository import DEPLOYMENT, HEALTHY, PROJECT, PROJECT_FILE, SET_FILE, URL, application

from tests.conftest import ROOT


@pytest.fixture
def repository(tmp_path):
    for path, text in HEALTHY.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for command in (("init", "-q"), ("remote", "add", "origin", URL), ("add", "-A")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    return tmp_path


def run(capsys, repository, **options):
    with patch_module_args({"path": str(repository), **options}), pytest.raises(SystemExit):
        argocd_permissions.main()
    return json.loads(capsys.readouterr().out)


def test_everything_is_permitted(capsys, repository):
    result = run(capsys, repository, _ansible_check_mode=True)
    assert not result["changed"]
    assert (result["status"], result["exit_code"], result["findings"], result["tasks"]) == ("healthy", 0, [], "")
    assert result["summary"] == {
        "applications": 1,
        "projects": 1,
        "critical": 0,
        "warnings": 0,
        "infos": 0,
        "allowed": 0,
        "unseen_sources": 0,
    }
    assert result["table"].startswith("Permissions of Argo CD are healthy: 1 applications in 1 projects")


def test_something_is_not_and_the_module_says_so_without_failing(capsys, repository):
    (repository / PROJECT_FILE).write_text(PROJECT.replace(f"    - {URL}\n", ""))
    result = run(capsys, repository)
    assert "failed" not in result
    assert (result["status"], result["exit_code"]) == ("critical", 2)
    (finding,) = result["findings"]
    assert sorted(finding) == sorted(
        ("path", "line", "severity", "code", "application", "project", "what", "entry", "remedy")
    )
    assert (finding["path"], finding["line"], finding["severity"]) == (SET_FILE, 21, "critical")
    assert finding["remedy"] == result["tasks"]


def test_the_tasks_add_what_is_missing(capsys, repository, monkeypatch):
    """They are argocd_project_repo's own, and nothing is wrong after them."""
    few = PROJECT.replace(f"    - {URL}\n", "").replace('"*"', "shop").replace('"!kube-system"', "wiki")
    (repository / PROJECT_FILE).write_text(few)
    (task,) = yaml.safe_load(run(capsys, repository)["tasks"])
    monkeypatch.chdir(repository)
    with patch_module_args(task["homeops.cluster.argocd_project_repo"]), pytest.raises(SystemExit):
        argocd_project_repo.main()
    assert json.loads(capsys.readouterr().out)["changed"]
    assert run(capsys, repository)["findings"] == []


def test_options_reach_the_linter(capsys, repository):
    (repository / "kubernetes/apps/blog/web.yaml").write_text(DEPLOYMENT)
    (repository / "kubernetes/other.yaml").write_text(application(destination="{name: other, namespace: shop}"))
    (repository / "templates").mkdir()
    (repository / "templates" / "new.yaml.j2").write_text(application(name="<< name >>", project="gone"))
    (repository / "values.yaml").write_text("name: shop2\n")
    result = run(
        capsys,
        repository,
        image_policy=True,
        unused=True,
        repositories=[URL],
        clusters=[{"name": "other", "server": "https://other.example.com"}],
        templates={"config": ["values.yaml"], "delimiters": {"variable_start": "<<", "variable_end": ">>"}},
    )
    found = {(one["code"], one["application"]) for one in result["findings"]}
    assert {("image_not_permitted", "blog"), ("destination_not_permitted", "shop"), ("entry_unused", "")} <= found
    assert ("project_missing", "shop2") in found
    assert "unknown_cluster" not in {code for code, _application in found}


def test_delimiters_that_are_none(capsys, repository):
    result = run(capsys, repository, templates={"delimiters": {"wrong": "x"}})
    assert result["failed"]
    assert "delimiters" in result["msg"]


def command(*arguments, cwd, python=(sys.executable,)):
    script = str(ROOT / "scripts" / "argocd_permissions.py")
    return subprocess.run((*python, script, *arguments), cwd=cwd, capture_output=True, text=True, check=False)


def test_the_exit_codes_of_the_command(repository):
    healthy = command(cwd=repository)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    (repository / "kubernetes/other.yaml").write_text(application(project="default"))
    warning = command("--json", cwd=repository)
    assert (warning.returncode, json.loads(warning.stdout)["status"]) == (1, "warning")
    (repository / "kubernetes/other.yaml").write_text(application(project="gone"))
    assert command(cwd=repository).returncode == 2
    assert command("--staged", cwd=repository).returncode == 0
    assert command("nowhere", cwd=repository).returncode == 3
    assert command("--wrong", cwd=repository).returncode == 3
    assert command("--cluster", "x", cwd=repository).returncode == 3


def test_what_ends_the_command_early_is_no_warning(repository):
    """Python's exit code for a crash is that of warnings."""
    (repository / "kubernetes/apps/café").mkdir()
    (repository / "kubernetes/apps/café/x.yaml").write_text("kind: ConfigMap\nmetadata: {name: x}\n")
    ascii_only = command(cwd=repository, python=("env", "PYTHONIOENCODING=ascii", sys.executable))
    assert (ascii_only.returncode, ascii_only.stderr) == (2, "")
    assert "caf\\xe9" in ascii_only.stdout
    script = f"{sys.executable} {ROOT}/scripts/argocd_permissions.py --json; echo $? >code"
    closed = subprocess.run(
        ("sh", "-c", f"{{ sleep 1; {script}; }} | true"), cwd=repository, capture_output=True, check=False
    )
    assert (closed.stderr, (repository / "code").read_text()) == (b"", "3\n")
    broken = (
        "import sys; sys.path.insert(0, sys.argv[1]); import argocd_permissions as one\n"
        "one.main = None; sys.exit(one.exit_code())"
    )
    crashed = subprocess.run((sys.executable, "-c", broken, str(ROOT / "scripts")), capture_output=True, check=False)
    assert (crashed.returncode, b"TypeError" in crashed.stderr) == (3, True)


def test_the_command_needs_no_ansible(repository):
    """Nothing of Ansible is imported."""
    program = (
        "import sys, runpy; sys.argv = ['x']; sys.path.insert(0, {folder!r})\n"
        "try: runpy.run_path({folder!r} + '/argocd_permissions.py', run_name='__main__')\n"
        "except SystemExit as end: code = end.code\n"
        "sys.exit(code or any(name.split('.')[0] == 'ansible' for name in sys.modules))\n"
    ).format(folder=str(ROOT / "scripts"))
    done = subprocess.run((sys.executable, "-c", program), cwd=repository, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
