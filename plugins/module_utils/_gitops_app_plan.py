# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What it takes to have applications in a GitOps repository, or gone: decided whole, before any of it happens."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_explicit as explicit
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_ledger as ledger
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import normalize_git_url
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_chart import source
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_ledger import NONE, Entries, Record
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_project import Project, added_to, settle
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_tree import Route, Tree, routes_of
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_plan import unified
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import sha256

App = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Plan:
    """C(contents) by path, None for what goes; C(before) is what is there now, C(begun) what to write down first."""

    contents: t.Mapping[str, t.Optional[str]]
    before: t.Mapping[str, t.Optional[str]]
    apps: t.Tuple[App, ...] = ()
    projects: t.Tuple[t.Dict[str, t.Any], ...] = ()
    begun: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    warnings: t.Tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.contents)

    def files(self) -> t.List[t.Dict[str, str]]:
        return [{"path": path, "action": self._action(path)} for path in sorted(self.contents)]

    def _action(self, path: str) -> str:
        if self.contents[path] is None:
            return "removed"
        return "created" if self.before[path] is None else "updated"

    def changes(self) -> t.List[Change]:
        return [Change(path, self.before[path] or "", content or "") for path, content in sorted(self.contents.items())]

    def first(self) -> t.Dict[str, bytes]:
        return {path: text.encode("utf-8") for path, text in self.begun.items()}

    def encoded(self) -> t.Dict[str, t.Optional[bytes]]:
        return {path: None if text is None else text.encode("utf-8") for path, text in self.contents.items()}


class Planner:
    def __init__(self, tree: Tree, force: bool) -> None:
        self._tree, self._force = tree, force
        self._before = tree.records()
        self._wanted: t.Dict[str, t.Optional[str]] = {}
        self._problems: t.List[Problem] = []
        self._warnings: t.List[str] = []

    def present(self, apps: t.Sequence[App]) -> Plan:
        """C(apps) are read already. Raises ClusterError with everything that stands in the way."""
        names = collections.Counter(app["name"] for app in apps)
        self._problems += [
            Problem("apps", f"{name} is there {count} times", "Give each a name of its own")
            for name, count in names.items()
            if count > 1
        ]
        after = dict(self._before)
        for app in apps:
            self._collect(self._place, app)
            record = self._collect(self._files, app)
            if record:
                after[app["name"]] = record
        self._hosts(apps)
        return self._finish(after, {app["name"] for app in apps}, apps)

    def absent(self, names: t.Sequence[str]) -> Plan:
        after = dict(self._before)
        for name in dict.fromkeys(names):
            record = after.pop(name, None)
            if record:
                self._remove(record)
            for where in self._tree.homes_of(name) if not record else []:
                self._problem(where, "was not written by add_app", f"Remove it yourself: git rm -r {where}")
        return self._finish(after, set(names), ())

    def _place(self, app: App) -> None:
        """The category is there, and nobody else has the name."""
        name, category, known = app["name"], app["category"], self._before.get(app["name"])
        self._tree.project_file(category)
        if self._tree.look(f"{self._tree.folder}/applicationsets/{category}.yaml.j2").kind != "file":
            self._tree.application_set_file(category)
        home = self._home(app)
        for where in self._tree.homes_of(name):
            if known and where in known.homes:
                continue
            if where != home:
                own = {f"{where}/{file}" for file in app.get("own_files") or []}
                theirs = set(self._tree.files(where)) - own
                remedy = "Give one of them another name" if theirs else f"Move your own_files to {self._folder(app)}"
                self._problem(where, f"is an application {name} already", remedy)
            elif not self._force:
                own = {f"{self._folder(app)}/{file}" for file in app.get("own_files") or []}
                if set(self._tree.files(where)) - own:
                    what = "is there already, and was not written by add_app"
                    self._problem(where, what, "Take another name, name your files in own_files, or use force")

    def _home(self, app: App) -> str:
        """Where nobody else may have anything."""
        return f"{self._tree.folder}/{explicit.FOLDER if explicit.is_explicit(app) else app['category']}/{app['name']}"

    def _folder(self, app: App) -> str:
        """Where Argo CD finds what it is made of."""
        return f"{self._home(app)}/{explicit.MANIFESTS}" if explicit.is_explicit(app) else self._home(app)

    def _files(self, app: App) -> Record:
        category, name = app["category"], app["name"]
        home, folder, known = self._home(app), self._folder(app), self._before.get(name)
        contents = {f"{folder}/{file}": text for file, text in gitops_app.files(app).items()}
        if explicit.is_explicit(app):
            path = self._tree.application_set_file(category)
            contents[f"{home}/{explicit.FILE}"] = explicit.application(app, path, self._tree.read(path) or "")
        for path, text in contents.items():
            self._replace(path, text, known)
        if known:
            self._take_away(known, contents)
            self._strangers(known, home)
            if home not in known.homes:
                self._warnings.append(
                    f"{name} moves from {known.homes[0]} to {home}: to Argo CD one application goes and another comes,"
                    " so that it deletes everything of it, volumes without keep included, and makes it anew"
                )
        return Record(
            name,
            category,
            self._tree.folder,
            {path: frozenset([sha256(text.encode("utf-8"))]) for path, text in contents.items()},
            self._needs(app),
        )

    def _replace(self, path: str, text: str, known: t.Optional[Record]) -> None:
        found = self._tree.look(path)
        self._wanted[path] = text
        ours = known is not None and path in known.digests
        same = found.digest == sha256(text.encode("utf-8")) or (known is not None and known.wrote(path, found.digest))
        if found.kind not in ("absent", "file"):
            self._problem(path, f"is {found.kind}", "Move it away")
        elif found.kind == "file" and not same and not self._force:
            what = "was edited by hand" if ours else "is there already, and was not written by add_app"
            difference = unified(path, self._tree.read(path) or "", text)
            self._problem(path, what, f"Keep it and do without add_app, or use force to replace it\n{difference}")

    def _remove(self, record: Record) -> None:
        self._take_away(record, ())
        self._strangers(record)

    def _strangers(self, record: Record, stays: str = "") -> None:
        """Files beside its own, where it goes away."""
        for home in record.homes if not self._force else ():
            strangers = [path for path in self._tree.files(home) if path not in record.digests]
            if strangers and home != stays:
                what = f"add_app did not write {', '.join(strangers)}, which would stay as an application"
                self._problem(home, what, "Move them away, or use force to leave them there")

    def _take_away(self, record: Record, wanted: t.Container[str]) -> None:
        for path in record.digests:
            if path in wanted:
                continue
            found = self._tree.look(path)
            if found.kind == "absent":
                pass
            elif found.kind != "file":
                self._problem(path, f"is {found.kind}", "Move it away")
            elif not record.wrote(path, found.digest) and not self._force:
                self._problem(path, "was edited by hand", "Move it away, or use force to have it removed")
            self._wanted[path] = None

    def _needs(self, app: App) -> Entries:
        more = app["needs"]
        urls = [source(app["chart"]["repository"])] if app.get("chart") else []
        spaces = {*gitops_app.namespaces(app), *more.get("namespaces", [])}
        spelled = {normalize_git_url(url): url for record in self._before.values() for url in record.needs.sources}
        sources = {spelled.get(normalize_git_url(url) or url, url) for url in [*urls, *more.get("source_repos", [])]}
        return Entries(tuple(sorted(sources)), tuple(sorted(spaces)))

    def _hosts(self, apps: t.Sequence[App]) -> None:
        claimed: t.Dict[Route, str] = {}
        ours = {
            path
            for record in self._before.values()
            for path in record.digests
            if record.name in {a["name"] for a in apps}
        }
        taken = self._tree.routes({host for app in apps for host in app.get("hosts") or []}, ours)
        for app in apps:
            routes = {route for item in gitops_app.objects(app) for route in routes_of(item)}
            for host, path in sorted(routes):
                other = taken.get((host, path)) or claimed.get((host, path))
                if other:
                    where = f"{app['name']}: host"
                    self._problem(where, f"{host}{path} is answered by {other} already", "Take another host or path")
                claimed[(host, path)] = app["name"]

    def _finish(self, after: t.Dict[str, Record], names: t.Set[str], apps: t.Sequence[App]) -> Plan:
        touched = {
            record.project for records in (self._before, after) for name, record in records.items() if name in names
        }
        changed = self._collect(self._settle, after, names, touched) or ()
        for name in names:
            record = after.get(name)
            self._wanted[ledger.path_of(name)] = record.text() if record else None
        if self._problems:
            raise ClusterError(*dict.fromkeys(self._problems))
        before = {path: self._tree.read(path) for path in self._wanted}
        # The list of what is ours is the last to go.
        order = sorted(self._wanted, key=lambda path: (path.startswith(ledger.FOLDER), path))
        contents = {path: self._wanted[path] for path in order if self._wanted[path] != before[path]}
        begun = {
            ledger.path_of(name): (
                self._before[name].until(after[name]) if name in self._before else after[name]
            ).text()
            for name in sorted(names & set(after))
            if len(contents) > 1 and ledger.path_of(name) in contents
        }
        return Plan(contents, before, tuple(apps), tuple(changed), begun, tuple(self._warnings))

    def _settle(
        self, after: t.Dict[str, Record], names: t.Set[str], touched: t.Set[t.Tuple[str, str]]
    ) -> t.List[t.Dict[str, t.Any]]:
        """The entries of the projects, and who has added which."""
        before = [record for record in self._before.values() if record.project in touched]
        concerned = {name: record for name, record in after.items() if record.project in touched}
        projects: t.Dict[t.Tuple[str, str], Project] = {}

        def project(key: t.Tuple[str, str]) -> Project:
            if key not in projects:
                path = self._tree.project_file(key[1])
                projects[key] = Project(path, self._tree.read(path) or "", key[1])
            return projects[key]

        def missing(record: Record, known: Entries) -> Entries:
            return project(record.project).missing(record.needs, known) if record.name in names else NONE

        settled = settle(concerned, before, missing)
        for name, record in settled.items():
            if record != after[name]:
                self._wanted[ledger.path_of(name)] = record.text()
            after[name] = record
        told = []
        for key in sorted(touched):
            had, has = added_to(before, key), added_to(settled.values(), key)
            ours = {path for record in self._before.values() for path in record.digests}
            gone = (had - has) - self._tree.needed_by_others(key[1], had - has, ours)
            # Also what an unfinished run wrote down, but not into the project.
            edited = project(key).edited(has, gone) if has or gone else ""
            if edited and edited != project(key).text:
                self._wanted[project(key).path] = edited
                told.append(
                    {
                        "project": key[1],
                        "path": project(key).path,
                        "added": (has - had).document(),
                        "removed": gone.document(),
                    }
                )
        return told

    def _collect(self, step: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """What a step comes to; its problems are told together with those of others."""
        try:
            return step(*arguments)
        except ClusterError as error:
            self._problems += error.problems
            return None

    def _problem(self, where: str, what: str, remedy: str) -> None:
        self._problems.append(Problem(where, what, remedy))
