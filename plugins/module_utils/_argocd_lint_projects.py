# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The AppProjects of a repository: what they permit and by which line, and what is wrong with them by themselves."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import Finding
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import Destination, Project, Verdict
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import open_anyway
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_rules import (
    destination_traps,
    project_problems,
    source_traps,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import UNKNOWN, Document
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked_url

SOURCES, DESTINATIONS, NAMESPACES = "sourceRepos", "destinations", "sourceNamespaces"
IN_CLUSTER = Destination("https://kubernetes.default.svc", "in-cluster")


@dataclasses.dataclass(frozen=True)
class Registered:
    """A repository or cluster that a Secret in the repository tells Argo CD of. With a project it belongs to it."""

    document: Document
    kind: str
    name: str
    url: str
    project: str

    @property
    def place(self) -> str:
        return f"{self.document.path}:{self.document.line()}"


def registered(document: Document) -> t.Optional[Registered]:
    labels = (document.object.get("metadata") or {}).get("labels") or {}
    kind = labels.get("argocd.argoproj.io/secret-type")
    if document.kind not in ("Secret", "SealedSecret") or kind not in ("repository", "cluster"):
        return None
    data = document.object.get("stringData") or {}
    texts = {key: value for key, value in data.items() if isinstance(value, str) and not value.startswith("ENC[")}
    url = texts.get("server" if kind == "cluster" else "url", "")
    return Registered(document, kind, texts.get("name", ""), url, texts.get("project", "")) if url else None


class ProjectInTree:
    """With all that Argo CD adds to it from Secrets. Verdicts are remembered: most applications ask the same."""

    def __init__(self, document: Document, more: t.Sequence[Registered] = ()) -> None:
        self.document = document
        own = [one for one in more if one.project == document.name]
        self._repositories = [one for one in own if one.kind == "repository"]
        self._clusters = [one for one in own if one.kind == "cluster"]
        base = Project.of(_safe(document.object))
        self._own_sources, self._own_destinations = len(base.source_repos), len(base.destinations)
        self.project = dataclasses.replace(
            base,
            source_repos=(*base.source_repos, *(one.url for one in self._repositories)),
            destinations=(*base.destinations, *(Destination(one.url, "", "*") for one in self._clusters)),
        )
        self._known: t.Dict[t.Tuple[t.Any, ...], Verdict] = {}
        self.needed: t.Dict[str, t.Set[t.Any]] = {SOURCES: set(), DESTINATIONS: set(), NAMESPACES: set()}

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def path(self) -> str:
        return self.document.path

    def source(self, url: str) -> Verdict:
        self.needed[SOURCES].add(url)
        return self._asked(("source", url), lambda: permission.source(self.project, url))

    def destination(self, wanted: Destination) -> Verdict:
        self.needed[DESTINATIONS].add(wanted)
        clusters = [Destination(one.url, one.name) for one in self._clusters]
        return self._asked((wanted,), lambda: permission.destination(self.project, wanted, clusters))

    def kind(self, group: str, kind: str, name: str, namespaced: bool) -> Verdict:
        key = (group, kind, "" if namespaced else name, namespaced)
        return self._asked(key, lambda: permission.kind(self.project, group, kind, name, namespaced))

    def namespace(self, namespace: str, controller: str) -> Verdict:
        self.needed[NAMESPACES].add(namespace)
        return permission.app_namespace(self.project, namespace, controller)

    def _asked(self, key: t.Tuple[t.Any, ...], ask: t.Callable[[], Verdict]) -> Verdict:
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]

    def entry(self, name: str, number: t.Optional[int]) -> str:
        """An entry with its place, empty for none. Of kinds C(name) is the list that decides."""
        if number is None:
            return ""
        if name == SOURCES and number >= self._own_sources:
            one = self._repositories[number - self._own_sources]
            return f"{one.place} {masked_url(one.url)}"
        if name == DESTINATIONS and number >= self._own_destinations:
            one = self._clusters[number - self._own_destinations]
            return f"{one.place} {masked_url(one.url)}"
        entries = (self.document.object.get("spec") or {}).get(name) or []
        shown = entries[number] if number < len(entries) else ""
        if isinstance(shown, dict):
            shown = ", ".join(f"{key}: {value}" for key, value in shown.items())
        return f"{self.path}:{self.document.line('spec', name, number)} {masked_url(str(shown))}"

    def is_uncertain(self, name: str) -> bool:
        """Whether an entry of a list is only known when a template is rendered."""
        return self.document.is_template and UNKNOWN in repr((self.document.object.get("spec") or {}).get(name))

    # What is wrong with it by itself.

    def findings(self) -> t.Iterator[Finding]:
        spec = _safe(self.document.object).get("spec") or {}
        sources = [str(entry) for entry in spec.get(SOURCES) or ()]
        traps = [(SOURCES, trap) for trap in source_traps(sources)]
        traps += [(DESTINATIONS, trap) for trap in destination_traps(spec.get(DESTINATIONS) or ())]
        for name, trap in traps:
            entry = self.entry(name, trap.entry)
            if trap.code == "deny_opens_rest" and open_anyway(spec[name][trap.entry], spec[name]):
                continue
            if UNKNOWN not in entry:
                yield self._finding(trap.code, (name, trap.entry), trap.what, trap.remedy, entry)
        for problem in project_problems(_safe(self.document.object)) if not self.document.is_template else ():
            yield self._finding("project_invalid", _keys(problem.where), problem.what, problem.remedy)

    def unused(self) -> t.Iterator[Finding]:
        """Entries that permit nothing that an application of the repository needs."""
        spec = self.document.object.get("spec") or {}
        empty = Project(self.name, only_project_clusters=self.project.only_project_clusters)
        sources = [dataclasses.replace(empty, source_repos=(one,)) for one in self.project.source_repos]
        destinations = [dataclasses.replace(empty, destinations=(one,)) for one in self.project.destinations]
        asked: t.List[t.Tuple[str, int, bool]] = [
            (SOURCES, number, any(permission.source(one, url).permitted for url in self.needed[SOURCES]))
            for number, one in enumerate(sources[: self._own_sources])
        ]
        asked += [
            (DESTINATIONS, number, any(permission.destination(one, to).permitted for to in self.needed[DESTINATIONS]))
            for number, one in enumerate(destinations[: self._own_destinations])
        ]
        for name, number, is_needed in asked:
            entry = spec[name][number]
            denies = any(str(part).startswith("!") for part in (entry.values() if isinstance(entry, dict) else [entry]))
            if not is_needed and not denies and UNKNOWN not in repr(entry):
                what = "permits nothing that an application in this repository needs"
                remedy = "Remove it with argocd_project_repo and state: absent, if nothing elsewhere needs it"
                yield self._finding("entry_unused", (name, number), what, remedy, self.entry(name, number))

    def _finding(
        self, code: str, keys: t.Sequence[t.Union[str, int]], what: str, remedy: str, entry: str = ""
    ) -> Finding:
        line = self.document.line("spec", *keys)
        return Finding(self.path, line, code, what, remedy, project=self.name, entry=entry)


def _keys(where: str) -> t.List[t.Union[str, int]]:
    """Of a place like spec.destinations[1].server."""
    parts = where.replace("]", "").replace("[", ".").split(".")
    keys: t.List[t.Union[str, int]] = [int(part) if part.isdigit() else part for part in parts if part]
    return keys[1:] if keys[:1] == ["spec"] else keys


def _safe(value: t.Any, depth: int = 0) -> t.Any:
    """Lists hold what the API server would take: no null, and texts where it wants texts."""
    if isinstance(value, dict):
        return {key: _safe(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_safe(one, depth + 1) for one in value if one is not None]
    return value
