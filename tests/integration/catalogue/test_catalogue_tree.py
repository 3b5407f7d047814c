# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new repository gets all examples of docs/catalogue.md by one command, which the linter and the guard let pass."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.catalogue import ROOT, examples, name_of, put_own_file, source_of

BINARIES = Path(sys.executable).parent
REPOSITORY = "https://git.home.example/home/cluster.git"
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")


class Repository:
    def __init__(self, path):
        self.path = path
        self.file = path.parent / "apps.yml"
        self.file.write_text(yaml.safe_dump({"apps": examples()}))

    def run(self, *command, check=True):
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.path,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
                "PATH": f"{BINARIES}:{os.environ['PATH']}",
                "PWD": str(self.path),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def play(self, name, *arguments):
        """How many tasks changed something."""
        # No cluster here: molecule/argocd has the dry run.
        variables = ("-e", f"gitops_repo_url={REPOSITORY}", "-e", "app_dry_run=false", *arguments)
        done = self.run("ansible-playbook", ROOT / "playbooks" / f"{name}.yml", *variables)
        return int(re.search(r"changed=(\d+)", done.stdout)[1])

    def commit(self):
        self.run(*GIT, "add", "--all")
        self.run(*GIT, "commit", "--quiet", "--allow-empty", "--message", "x")

    @property
    def changes(self):
        return self.run("git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A repository with the scaffold and nothing in it."""
    path = tmp_path_factory.mktemp("catalogue") / "home"
    path.mkdir()
    repository = Repository(path)
    repository.run(*GIT, "init", "--quiet")
    repository.run(*GIT, "remote", "add", "origin", REPOSITORY)
    repository.play("scaffold")
    repository.commit()
    return repository


@pytest.fixture(scope="module")
def repository(empty):
    """The same with all examples, not committed."""
    put_own_file(empty.path)
    assert empty.play("add_app", "-e", f"@{empty.file}") == 1
    return empty


NAMES = [name_of(app) for app in examples()]


@pytest.mark.parametrize("name", NAMES)
def test_every_example_has_its_folder(repository, name):
    source = source_of(repository.path, name)
    assert {"kustomization.yaml", "Chart.yaml"} & {file.name for file in source.folder.iterdir()}


def test_no_plain_secret_comes_in(repository):
    done = repository.run(sys.executable, ROOT / "scripts" / "secret_guard.py", repository.path, "--json", check=False)
    report = json.loads(done.stdout)
    assert (report["status"], report["examined"] > len(examples())) == ("ok", True)


def test_the_projects_permit_all_of_it(repository):
    command = (sys.executable, ROOT / "scripts" / "argocd_permissions.py", repository.path, "--json")
    done = repository.run(*command, check=False)
    report = json.loads(done.stdout)
    assert report["findings"] == [], report["findings"]
    assert done.returncode == 0
    assert sorted(application["name"] for application in report["applications"]) == sorted(NAMES)


def test_the_second_time_changes_nothing(repository):
    repository.commit()
    assert repository.play("add_app", "-e", f"@{repository.file}") == 0
    assert repository.changes == []


def test_nothing_is_left_when_all_of_it_goes(repository):
    before = repository.run("git", "rev-parse", "HEAD~1^{tree}").stdout
    put_own_file(repository.path).unlink()  # it is not add_app's to remove
    assert repository.play("remove_app", "-e", json.dumps({"apps": [{"name": name} for name in NAMES]})) == 1
    repository.commit()
    assert repository.run("git", "rev-parse", "HEAD^{tree}").stdout == before
