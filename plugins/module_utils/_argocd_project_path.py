# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""An AppProject that lies in a file of a Git repository: read, edited by lines, read again, and only then replaced."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project as argocd_project
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_file as project_file
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import (
    DESTINATIONS,
    LISTS,
    Entries,
    Entry,
    Expression,
    Outcome,
    Plan,
    Request,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_file import (
    Edits,
    EntryInFile,
    ProjectInFile,
)
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked

MODE = 0o644  # never taken: the file is there and keeps its own
# The first line of a template, by which Ansible knows it by other signs than Jinja's.
_OWN_SIGNS = re.compile(r"\ufeff?#jinja2:.*_(?:string|prefix)\b")


def reconcile(files: Files, path: str, request: Request, dry_run: bool) -> Outcome:
    """A link stays one, what it leads to is replaced. With C(dry_run) nothing is."""
    with files.alone([os.path.dirname(os.path.realpath(path))]):
        text = _read(files, path)
        found = _projects(path, text)
        current = _lists(_named(path, found, request.project))
        plan = argocd_project.plan(current, request, path)
        edited = text
        if plan.changed:
            edits = Edits(plan.add, plan.remove)
            edited = project_file.edit(text, request.project, edits, path, project_file.delimiters_of(path))
            _verify(path, found, _projects(path, edited), request.project, plan)
            if not dry_run:
                files.replace(path, edited.encode("utf-8"), MODE)
    return Outcome(current, plan, Change(path, masked(text), masked(edited)), plan.warnings)


def _read(files: Files, path: str) -> str:
    content = files.read(path)
    if content is None:
        raise ClusterError(Problem(path, "is not there", "Correct path, or create the project first"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        remedy = "Give a YAML file, or a template of one"
        raise ClusterError(Problem(path, f"is no UTF-8 text (byte {error.start})", remedy)) from error
    if _OWN_SIGNS.match(text) and project_file.delimiters_of(path):
        raise ClusterError(Problem(f"{path}:1", "the template has signs of its own for its code", "Change it by hand"))
    return text


def _projects(path: str, text: str) -> t.List[ProjectInFile]:
    return project_file.projects(text, path, project_file.delimiters_of(path))


def _named(path: str, found: t.Sequence[ProjectInFile], name: str) -> ProjectInFile:
    named = [project for project in found if project.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        lines = ", ".join(str(project.line) for project in named)
        what, remedy = f"AppProject {name} is there {len(named)} times (lines {lines})", "Keep one of them"
    else:
        there = ", ".join(project.name for project in found)
        what = f"there is no AppProject {name}, only {there}" if there else "there is no AppProject"
        remedy = "Correct project or path, or create it first"
    raise ClusterError(Problem(path, what, remedy))


def _lists(project: ProjectInFile) -> t.Dict[str, Entries]:
    return {name: [_entry(name, entry) for entry in project.lists[name]] for name in LISTS}


def _entry(name: str, entry: EntryInFile) -> t.Union[Entry, Expression]:
    """What is no entry of such a list is left to its author."""
    value = entry.value
    if entry.is_expression or isinstance(value, t.Mapping) != (name == DESTINATIONS):
        return Expression(f"line {entry.line}: {value}")
    if isinstance(value, t.Mapping):
        return {key: "" if text is None else str(text) for key, text in value.items()}
    return "" if value is None else str(value)


def _verify(
    path: str, before: t.Sequence[ProjectInFile], after: t.Sequence[ProjectInFile], name: str, plan: Plan
) -> None:
    """What is about to be written means exactly what was asked for, also of the projects beside."""
    meant = [_meaning(project, plan if project.name == name else None) for project in before]
    if meant != [_meaning(project) for project in after]:
        what = f"AppProject {name} cannot be edited line by line here"
        raise ClusterError(Problem(path, what, "Change it by hand, and report this file"))


def _meaning(project: ProjectInFile, plan: t.Optional[Plan] = None) -> t.Any:
    """In any order, as entries are added before an expression, and keys as the file has them."""
    lists = {}
    for name, entries in project.lists.items():
        gone = plan.remove.get(name, ()) if plan else ()
        values = [entry.value for index, entry in enumerate(entries) if index not in gone]
        values += plan.add.get(name, ()) if plan else ()
        lists[name] = sorted(repr(sorted(value.items()) if isinstance(value, dict) else value) for value in values)
    return project.name, project.namespace, lists
