# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the projects of a GitOps repository must permit for its applications: entries come and go with them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project as argocd_project
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_file as project_file
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_layout import IN_CLUSTER
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_ledger import NONE, Entries, Record
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

IN_CLUSTER_NAME = "in-cluster"

Records = t.Dict[str, Record]


def settle(records: Records, before: t.Iterable[Record], missing: t.Callable[[Record, Entries], Entries]) -> Records:
    """The records with what each of them has added now. What was added before, and is still needed, stays added.

    C(missing) says which of the entries that an application needs its project does not permit without them.
    """
    added: t.Dict[t.Tuple[str, str], Entries] = {}
    for record in before:
        added[record.project] = added.get(record.project, NONE) | record.added
    settled: Records = {}
    for name in sorted(records, key=lambda name: (not records[name].added, name)):
        record = records[name]
        known = added.get(record.project, NONE)
        own = (record.needs & known) | missing(record, known)
        taken = NONE
        for other in settled.values():
            taken = taken | (other.added if other.project == record.project else NONE)
        settled[name] = dataclasses.replace(record, added=own - taken)
    return settled


def added_to(records: t.Iterable[Record], project: t.Tuple[str, str]) -> Entries:
    found = NONE
    for record in records:
        found = found | (record.added if record.project == project else NONE)
    return found


class Project:
    """A project in its file. The file may be a template: entries that are expressions are not known."""

    def __init__(self, path: str, text: str, name: str) -> None:
        self.path, self.text, self.name = path, text, name
        self._lists = _lists(self._found(text))

    def missing(self, needed: Entries, without: Entries) -> Entries:
        """What it would not permit if the entries C(without) were gone."""
        gone = [destination(namespace) for namespace in without.namespaces]
        spec = {
            "sourceRepos": [entry for entry in self._known("sourceRepos") if entry not in without.sources],
            "destinations": [entry for entry in self._known("destinations") if entry not in gone],
        }
        project = permission.Project.of({"metadata": {"name": self.name}, "spec": spec})
        sources = {url: permission.source(project, url) for url in needed.sources}
        namespaces = {
            name: permission.destination(project, permission.Destination(IN_CLUSTER, IN_CLUSTER_NAME, name))
            for name in needed.namespaces
        }
        denied = [what for what, verdict in {**sources, **namespaces}.items() if verdict.denied_by is not None]
        if denied:
            what = f"the project {self.name} forbids {', '.join(denied)}"
            remedy = "Use another category or namespace, or remove the entry with ! that says so"
            raise ClusterError(Problem(self.path, what, remedy))
        return Entries(
            tuple(url for url, verdict in sources.items() if not verdict.permitted),
            tuple(name for name, verdict in namespaces.items() if not verdict.permitted),
        )

    def edited(self, add: Entries, remove: Entries) -> str:
        """Its file with these entries. Raises ClusterError if an entry would be a trap, or cannot be written."""
        text = self.text
        for state, entries in (("present", add), ("absent", remove)):
            if entries:
                destinations = tuple(destination(name) for name in entries.namespaces)
                lists: t.Dict[str, t.Tuple[argocd_project.Entry, ...]] = {
                    "sourceRepos": entries.sources,
                    "destinations": destinations,
                }
                request = argocd_project.Request(self.name, "", lists, state)
                plan = argocd_project.plan(_lists(self._found(text)), request, self.path)
                edits = project_file.Edits(plan.add, plan.remove)
                text = project_file.edit(text, self.name, edits, self.path, project_file.delimiters_of(self.path))
        return text

    def _found(self, text: str) -> t.Any:
        projects = project_file.projects(text, self.path, project_file.delimiters_of(self.path))
        found = [project for project in projects if project.name == self.name]
        if len(found) != 1:
            what = f"there are {len(found)} AppProjects {self.name} in it"
            raise ClusterError(Problem(self.path, what, "Correct it, or have it written by playbooks/scaffold.yml"))
        return found[0]

    def _known(self, name: str) -> t.List[t.Any]:
        return [entry for entry in self._lists[name] if not isinstance(entry, argocd_project.Expression)]


def destination(namespace: str) -> t.Dict[str, str]:
    return {"server": IN_CLUSTER, "namespace": namespace}


def _lists(found: t.Any) -> t.Dict[str, t.List[t.Any]]:
    return {
        name: [argocd_project.Expression(str(entry.value)) if entry.is_expression else entry.value for entry in entries]
        for name, entries in found.lists.items()
    }
