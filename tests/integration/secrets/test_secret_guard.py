# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard on real Git repositories and on files that the real sops wrote: as a command, as a hook, as a module."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import secret_guard

ROOT = Path(__file__).resolve().parents[3]
COMMAND = ROOT / "scripts" / "secret-guard"
TOOLS = ROOT / ".lab" / "bin"
SECRET = "kind: Secret\nmetadata: {name: db}\nstringData:\n  password: planted\n"
GOOD = "kind: Secret\nmetadata: {name: db}\ntype: Opaque\n"
# Not the user's settings, and not the repository that a hook of this checkout runs in.
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
ENVIRONMENT = {
    **CLEAN,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "x",
    "GIT_AUTHOR_EMAIL": "x@example.com",
    "GIT_COMMITTER_NAME": "x",
    "GIT_COMMITTER_EMAIL": "x@example.com",
}


class Repository:
    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git("init", "-q")

    def git(self, *arguments, check=True):
        done = subprocess.run(
            ("git", *arguments), cwd=self.path, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def write(self, name, text, add=False):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if add:
            self.git("add", name)
        return file

    def guard(self, *arguments, cwd=None):
        """Exit code and report of the command, with nothing but PyYAML beside it."""
        done = subprocess.run(
            (COMMAND, "--json", *arguments),
            cwd=cwd or self.path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "planted" not in done.stdout + done.stderr
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def found(self, *arguments, cwd=None):
        code, report = self.guard(*arguments, cwd=cwd)
        assert code == (2 if report["findings"] else 0)
        return [finding["path"] for finding in report["findings"]]


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def test_tracked_and_untracked_files_but_not_ignored_ones(repository):
    repository.write(".gitignore", "*.secret.yaml\n/out/\n", add=True)
    repository.write("tracked.yaml", SECRET, add=True)
    repository.write("untracked.yaml", SECRET)
    repository.write("db.secret.yaml", SECRET)
    repository.write("out/rendered.yaml", SECRET)
    assert repository.found() == ["tracked.yaml", "untracked.yaml"]


def test_a_file_that_is_tracked_counts_although_it_is_ignored(repository):
    repository.write("db.secret.yaml", SECRET, add=True)
    repository.write(".gitignore", "*.secret.yaml\n", add=True)
    assert set(repository.found()) == {"db.secret.yaml"}


def test_staged_is_what_the_commit_will_hold(repository):
    repository.write("corrected.yaml", SECRET, add=True)
    repository.write("corrected.yaml", GOOD)  # on the disk only
    repository.write("broken.yaml", GOOD, add=True)
    repository.write("broken.yaml", SECRET)  # on the disk only
    repository.write("untracked.yaml", SECRET)
    repository.write("gone.yaml", SECRET, add=True).unlink()
    assert repository.found("--staged") == ["corrected.yaml", "gone.yaml"]
    assert repository.found() == ["broken.yaml", "untracked.yaml"]


def test_rules_come_from_the_index_too(repository):
    rules = "creation_rules: [{path_regex: '\\.sops\\.', pgp: 0123456789ABCDEF0123456789ABCDEF01234567}]\n"
    repository.write("a.sops.yaml", "a: planted\n", add=True)
    repository.write(".sops.yaml", "{}\n", add=True)
    repository.write(".sops.yaml", rules)
    assert repository.found() == ["a.sops.yaml"]
    assert repository.found("--staged") == []


def test_links_submodules_and_strange_names(repository, tmp_path):
    (tmp_path / "outside.yaml").write_text(SECRET)
    (repository.path / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    repository.write('päth with "quotes"\n and line.yaml', SECRET)
    nested = repository.path / "nested"
    nested.mkdir()
    subprocess.run(("git", "init", "-q"), cwd=nested, env=ENVIRONMENT, check=True)
    (nested / "db.yaml").write_text(SECRET)
    assert repository.found() == ['päth with "quotes"\n and line.yaml']
    repository.git("add", "link.yaml")
    assert repository.found("--staged") == []


def test_a_name_that_no_terminal_should_see(repository):
    (repository.path / os.fsdecode(b"b\xff\n\x1b[2J.yaml")).write_text(SECRET)
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run((COMMAND, repository.path), env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"")
    assert done.stdout.startswith(rb"b\udcff\n\x1b[2J.yaml:4: kubernetes-secret: ")


def test_a_folder_of_the_repository_with_the_rules_above(repository):
    rules = "creation_rules: [{path_regex: '^apps/.*\\.sops\\.', pgp: 0123456789ABCDEF0123456789ABCDEF01234567}]\n"
    repository.write(".sops.yaml", rules)
    repository.write("apps/a.sops.yaml", "a: planted\n")
    repository.write("other/db.yaml", SECRET)
    assert repository.found("apps") == ["apps/a.sops.yaml"]
    assert repository.found(cwd=repository.path / "apps") == ["apps/a.sops.yaml"]


@pytest.mark.parametrize("fault", ["no repository", "no folder", "unreadable", "broken rules", "unknown option"])
def test_what_cannot_be_told_is_an_error(repository, tmp_path, fault):
    repository.write("db.yaml", SECRET)
    arguments = {"no repository": [str(tmp_path)], "no folder": [str(tmp_path / "none")], "unknown option": ["--nope"]}
    if fault == "broken rules":
        repository.write(".sops.yaml", "creation_rules: [")
    if fault == "unreadable":
        if os.geteuid() == 0:
            # Root reads everything; an object that is gone cannot be read by anybody.
            repository.write("lost.yaml", "a: 1\n", add=True)
            shutil.rmtree(repository.path / ".git" / "objects")
            (repository.path / ".git" / "objects").mkdir()
            arguments["unreadable"] = ["--staged"]
        else:
            repository.write("lost.yaml", "a: 1\n").chmod(0)
    if fault == "unknown option":
        done = subprocess.run((COMMAND, "--nope"), env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (3, "")
        return
    code, report = repository.guard(*arguments.get(fault, []))
    assert (code, report["status"]) == (3, "error")
    assert report["problems"][0]["remedy"]
    if fault in ("broken rules", "unreadable") and "--staged" not in arguments.get(fault, []):
        assert [finding["path"] for finding in report["findings"]] == ["db.yaml"]  # what could be told is told


def test_the_hook_stops_the_commit(repository):
    hook = repository.write(".git/hooks/pre-commit", f'#!/bin/sh\nexec "{COMMAND}" --staged\n')
    hook.chmod(0o755)
    repository.write("good.yaml", GOOD, add=True)
    repository.git("commit", "-qm", "good")
    repository.write("db.yaml", SECRET, add=True)
    refused = repository.git("commit", "-qm", "bad", check=False)
    assert refused.returncode != 0
    assert "db.yaml:4: kubernetes-secret" in refused.stdout + refused.stderr
    # With names, Git hands the hook another index; the file with the secret is not in this commit.
    repository.write("good.yaml", GOOD + "# more\n")
    repository.git("commit", "-qm", "good again", "--", "good.yaml")


def test_without_pyyaml_it_says_so():
    command = (sys.executable, "-S", COMMAND.parent / "secret_guard.py")  # -S: no installed packages
    done = subprocess.run(command, env=CLEAN, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "pip install PyYAML" in done.stderr


def test_a_link_to_the_command_will_do(repository, tmp_path):
    (tmp_path / "guard").symlink_to(COMMAND)
    done = subprocess.run((tmp_path / "guard", repository.path), env=ENVIRONMENT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"0 files examined, 0 found\n")


@pytest.mark.parametrize("name", ["secret-guard", "argocd-permissions"])
def test_the_hook_definition_runs_what_there_is(name):
    import yaml  # noqa: PLC0415

    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    command, *arguments = hooks[name]["entry"].split()
    assert os.access(ROOT / command, os.X_OK)
    assert arguments == ["--staged"]
    assert (hooks[name]["language"], hooks[name]["pass_filenames"], hooks[name]["always_run"]) == (
        "script",
        False,
        True,
    )


def test_the_command_needs_no_ansible(repository):
    repository.write("db.yaml", SECRET)
    program = (
        f"import sys, runpy; sys.argv = ['secret-guard', {str(repository.path)!r}]\n"
        f"try: runpy.run_path({str(COMMAND.parent / 'secret_guard.py')!r}, run_name='__main__')\n"
        "except SystemExit as error: code = error.code\n"
        "print(code, sorted(name for name in sys.modules if name.split('.')[0] in ('ansible', 'cryptography')))"
    )
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, env=CLEAN, check=True)
    assert done.stdout.splitlines()[-1] == "2 []"
    assert done.stdout.startswith("db.yaml:4: kubernetes-secret: Secret db has stringData.password in plain text. ")


@pytest.fixture
def sops(repository):
    subprocess.run((TOOLS / "age-keygen", "-o", repository.path.parent / "key"), check=True, capture_output=True)
    recipient = subprocess.run(
        (TOOLS / "age-keygen", "-y", repository.path.parent / "key"), check=True, capture_output=True, text=True
    ).stdout.strip()
    repository.write(
        ".sops.yaml",
        "creation_rules:\n"
        f"  - {{path_regex: 'talos/', age: {recipient}}}\n"
        f"  - {{path_regex: '\\.sops\\.yaml$', encrypted_regex: '^(data|stringData)$', age: {recipient}}}\n",
    )

    def encrypt(name, text):
        file = repository.write(name, text)
        subprocess.run((TOOLS / "sops", "encrypt", "--in-place", name), cwd=repository.path, check=True)
        return file

    return encrypt


FILES = {
    "db.sops.yaml": SECRET + "---\n" + SECRET,
    "talos/a.yaml": "a: planted\nb:\n  - planted\n  - 5\n  - true\n  - null\n  - ''\n# planted\nc: |\n  planted\n",
    "talos/a.json": '{"a": "planted", "b": [{"c": 5}], "d": {}}',
    "talos/a.env": "A=planted\n# planted\nB=\n",
    "talos/a.ini": "[x]\na = planted\n",
    "talos/blob": "planted\n",
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_that_sops_writes(repository, sops, name):
    repository.write(name, FILES[name])
    assert set(repository.found()) == {name}
    sops(name, FILES[name])
    assert repository.found() == []


ADDED = {".json": '"new": "planted",', ".env": "NEW=planted", ".ini": "new = planted"}


@pytest.mark.parametrize("name", [name for name in FILES if name != "talos/blob"])
def test_a_value_that_was_put_into_an_encrypted_file(repository, sops, name):
    file = sops(name, FILES[name])
    lines = file.read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if "ENC[" in line)
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    added = {".json": '"new": "planted",', ".env": "NEW=planted", ".ini": "new = planted"}.get(
        file.suffix, "new: planted"
    )
    lines.insert(place, f"{indent}{added}\n")
    file.write_text("".join(lines))
    assert repository.found()[0] == name
    assert repository.guard()[1]["findings"][0]["line"] == place + 1


def test_this_repository_is_clean(capsys):
    """With its tests and its examples: no false alarm, and nothing that a comment has to allow."""
    with patch_module_args({"path": str(ROOT)}), pytest.raises(SystemExit):
        secret_guard.main()
    answer = json.loads(capsys.readouterr().out)
    assert (answer.get("msg"), answer["status"], answer["allowed"]) == (None, "ok", [])


def test_the_module_fails_with_all_findings_and_changes_nothing(repository, capsys):
    repository.write("db.yaml", SECRET)
    repository.write("other.yaml", SECRET)
    for check in (True, False):
        with patch_module_args({"path": str(repository.path), "_ansible_check_mode": check}), pytest.raises(SystemExit):
            secret_guard.main()
        answer = json.loads(capsys.readouterr().out)
        assert answer["failed"] is True
        assert [finding["path"] for finding in answer["findings"]] == ["db.yaml", "other.yaml"]
        assert "planted" not in json.dumps(answer)


def test_the_playbook(repository):
    repository.write("db.yaml", GOOD)
    command = ("ansible-playbook", str(ROOT / "playbooks" / "guard.yml"))
    environment = {
        **ENVIRONMENT,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PWD": str(repository.path),
    }

    def play(*arguments):
        return subprocess.run(
            (*command, *arguments), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    done = play()
    assert done.returncode == 0, done.stdout
    repository.write("db.yaml", SECRET)
    done = play("-e", f"guard_path={repository.path}")
    assert done.returncode == 2
    assert "db.yaml:4: kubernetes-secret" in done.stdout
    assert "planted" not in done.stdout
