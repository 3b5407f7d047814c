# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import os
import stat
import threading

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_file, _argocd_project_path
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import Request
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_path import reconcile
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files

APP = "https://github.com/example/app"
IN_CLUSTER = "https://kubernetes.default.svc"

HEAD = """apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: {name}
  namespace: argocd
spec:
"""
PROJECT = (
    HEAD.format(name="apps")
    + """  # Who may come from where
  sourceRepos:
    - https://charts.example.com/media  # jellyfin
    - 'git@github.com:example/Other.git'
  destinations:
    - server: https://kubernetes.default.svc
      namespace: media
  clusterResourceWhitelist: []
"""
)
CORE = HEAD.format(name="core") + "  sourceRepos: []\n"
TEMPLATE = (
    HEAD.format(name="apps")
    + """  sourceRepos:
    - "{{ repository }}"
{% if media %}
    - https://charts.example.com/media
{% endif %}
    - https://github.com/example/other
"""
)


def asked(state="present", project="apps", **lists):
    return Request(project, "argocd", {name: tuple(entries) for name, entries in lists.items()}, state)


@pytest.fixture(name="file")
def file_(tmp_path):
    path = tmp_path / "apps.yaml"
    path.write_text(PROJECT)
    return path


def run(path, request, dry_run=False):
    return reconcile(Files(), str(path), request, dry_run)


def test_only_the_lines_that_have_to_change(file):
    destination = {"server": IN_CLUSTER, "namespace": "app"}
    outcome = run(file, asked(sourceRepos=[APP, "ssh://git@github.com/example/other"], destinations=[destination]))
    after = file.read_text()
    removed = [line for line in PROJECT.splitlines() if line not in after.splitlines()]
    added = [line.strip() for line in after.splitlines() if line not in PROJECT.splitlines()]
    assert (removed, added) == ([], [f"- '{APP}'", "namespace: app"])
    assert outcome.plan.changed
    assert outcome.refreshed == ()
    assert (outcome.change.header, outcome.change.before, outcome.change.after) == (str(file), PROJECT, after)


def test_what_is_added_has_its_keys_in_the_order_of_the_file(file):
    theirs = PROJECT.replace(f"server: {IN_CLUSTER}", "namespace: media", 1)
    theirs = theirs.replace("      namespace: media", f"      server: {IN_CLUSTER}")
    file.write_text(theirs)
    run(file, asked(destinations=[{"server": IN_CLUSTER, "namespace": "app"}]))
    added = f"    - namespace: app\n      server: {IN_CLUSTER}\n"
    assert file.read_text().replace(added, "") == theirs


def test_a_second_time_nothing_is_written_and_absent_undoes_it(file, monkeypatch):
    run(file, asked(sourceRepos=[APP]))
    with monkeypatch.context() as context:
        context.setattr(Files, "replace", None)
        assert not run(file, asked(sourceRepos=[f"{APP}.git"])).plan.changed
    run(file, asked("absent", sourceRepos=[f"{APP}.git"]))
    assert file.read_text() == PROJECT


def test_check_mode_predicts_and_writes_nothing(file):
    predicted = run(file, asked(sourceRepos=[APP]), dry_run=True)
    assert file.read_text() == PROJECT
    assert predicted == run(file, asked(sourceRepos=[APP]))


def test_exact_in_one_list(file):
    run(file, asked("exact", sourceRepos=["git@github.com:example/other.git"]))
    assert file.read_text() == PROJECT.replace("    - https://charts.example.com/media  # jellyfin\n", "")


def test_a_project_among_others(tmp_path):
    path = tmp_path / "projects.yaml"
    path.write_text(f"{CORE}---\n{PROJECT}---\nkind: ConfigMap\n")
    run(path, asked(sourceRepos=[APP]))
    head, middle, last = path.read_text().split("---\n")
    assert (head, last) == (CORE, "kind: ConfigMap\n")
    assert APP in middle


def test_a_template_keeps_its_expressions(tmp_path):
    path = tmp_path / "apps.yaml.j2"
    path.write_text(TEMPLATE)
    run(path, asked(sourceRepos=[APP]))
    assert [line for line in TEMPLATE.splitlines() if line not in path.read_text().splitlines()] == []
    outcome = run(path, asked("absent", sourceRepos=[APP, "https://charts.example.com/media"]))
    assert path.read_text() == TEMPLATE
    (warning,) = outcome.warnings
    assert "what only rendering tells is left as it is" in warning
    assert "{{ repository }}" in warning
    assert "line 10: https://charts.example.com/media" in warning
    with pytest.raises(ClusterError, match="holds what only rendering tells"):
        run(path, asked("exact", sourceRepos=[APP]))


def test_a_template_with_signs_of_its_own_is_left_alone(tmp_path):
    path = tmp_path / "apps.yaml.j2"
    text = "#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n" + HEAD.format(name="apps")
    path.write_text(f"{text}  sourceRepos: [[ repositories ]]\n")
    with pytest.raises(ClusterError, match=r"apps.yaml.j2:1: the template has signs of its own"):
        run(path, asked(sourceRepos=[APP]))
    path.write_text(text.replace("variable_start_string: '[[', variable_end_string: ']]'", "trim_blocks: False"))
    with pytest.raises(ClusterError, match="there is no spec"):
        run(path, asked(sourceRepos=[APP]))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_ends_of_lines_the_mode_and_the_links_stay(tmp_path, newline):
    target = tmp_path / "real.yaml"
    target.write_bytes(PROJECT.replace("\n", newline).encode())
    target.chmod(0o640)
    link = tmp_path / "apps.yaml"
    link.symlink_to(target.name)
    run(link, asked(sourceRepos=[APP]))
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert target.read_bytes().count(newline.encode()) == PROJECT.count("\n") + 1
    assert target.read_bytes().count(b"\n") == PROJECT.count("\n") + 1
    assert sorted(os.listdir(tmp_path)) == ["apps.yaml", "real.yaml"]


def test_two_at_the_same_time_lose_nothing(file):
    requests = [asked(sourceRepos=[f"https://github.com/example/app{number}"]) for number in range(8)]
    threads = [threading.Thread(target=run, args=(file, request)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text().count("https://github.com/example/app") == 8


def missing(path):
    path.unlink()


def folder(path):
    path.unlink()
    path.mkdir()


def binary(path):
    path.write_bytes(b"\xff\xfe")


def write(text):
    return lambda path: path.write_text(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, "is not there. Correct path"),
        (folder, "cannot be read: Is a directory"),
        (binary, "is no UTF-8 text (byte 0)"),
        (write(CORE), "there is no AppProject apps, only core. Correct project or path"),
        (write("kind: ConfigMap\n"), "there is no AppProject. Correct project or path"),
        (write(f"{PROJECT}---\n{PROJECT}"), "AppProject apps is there 2 times (lines 1, 16). Keep one of them"),
        (write(PROJECT + "  - ]"), "apps.yaml"),
        (write(PROJECT.replace("- 'git", "- '!git")), "add deny_opens_rest to accept_risk"),
    ],
)
def test_what_cannot_be_edited_is_left_as_it_is(file, make, message):
    make(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(ClusterError) as caught:
        run(file, asked("exact", sourceRepos=["!https://github.com/example/secret", APP]))
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert (file.read_bytes() if file.is_file() else None) == before


def test_what_is_no_entry_of_such_a_list_is_left_to_its_author(file):
    odd = PROJECT.replace("    - 'git", "    - {not: a repository}\n    - 'git")
    file.write_text(odd)
    outcome = run(file, asked("absent", sourceRepos=["https://charts.example.com/media"]))
    assert file.read_text() == odd.replace("    - https://charts.example.com/media  # jellyfin\n", "")
    assert "line 10: {'not': 'a repository'}" in outcome.warnings[0]


def test_an_edit_that_would_mean_something_else_is_not_written(file, monkeypatch):
    """It cannot happen, as the editor looks itself; this is the last look before the file is replaced."""
    edit = _argocd_project_file.edit

    def wrong(text, *arguments):
        return edit(text, *arguments).replace("namespace: media", "namespace: '*'")

    monkeypatch.setattr(_argocd_project_path.project_file, "edit", wrong)
    with pytest.raises(ClusterError, match="cannot be edited line by line"):
        run(file, asked(sourceRepos=[APP]))
    assert file.read_text() == PROJECT


def test_credentials_are_in_no_difference(file):
    file.write_text(PROJECT.replace("https://charts", "https://me:hunter2@charts"))
    outcome = run(file, asked("exact", sourceRepos=[APP]))
    assert "hunter2" not in repr(dataclasses.asdict(outcome.change))
    assert "hunter2" not in repr(outcome.told())
    assert "hunter2" not in file.read_text()
