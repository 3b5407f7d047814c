# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""One Application against its project: sources, charts, destination, and every object in its folder."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import Finding, task
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_kinds import Scopes, namespaced
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_projects import (
    DESTINATIONS,
    IN_CLUSTER,
    NAMESPACES,
    SOURCES,
    ProjectInTree,
    Registered,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_values import value_file_problems
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import Destination, Verdict
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import UNKNOWN, Document, Tree
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_manifests import (
    BEHIND,
    Content,
    Fetched,
    Manifest,
    content,
    images,
)
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked_url

Keys = t.Tuple[t.Union[str, int], ...]
Missing = t.Dict[t.Tuple[str, str], t.Dict[str, t.List[t.Any]]]

Place = t.Tuple[str, int]

DEFAULT, GROUP = "default", "argoproj.io"
_NAME, _LONGEST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z"), 253
_TYPES = ("helm", "kustomize", "directory", "plugin")
_ALWAYS_THERE = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of a project. C(entries) is the list that decides, C(missing) what would have to be added."""

    what: str
    value: str
    entries: str
    code: str
    words: str
    place: Place
    missing: t.Mapping[str, t.List[t.Any]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Application:
    """C(under) is where in the document it is written: at the top, or as the template of an ApplicationSet."""

    data: t.Mapping[str, t.Any]
    document: Document
    under: Keys = ()
    applicationset: str = ""

    @property
    def name(self) -> str:
        return str((self.data.get("metadata") or {}).get("name") or "")

    @property
    def namespace(self) -> str:
        return str((self.data.get("metadata") or {}).get("namespace") or "")

    @property
    def spec(self) -> t.Mapping[str, t.Any]:
        spec = self.data.get("spec")
        return spec if isinstance(spec, dict) else {}

    @property
    def project(self) -> str:
        return str(self.spec.get("project") or DEFAULT)

    def line(self, *keys: t.Union[str, int]) -> int:
        return self.document.line(*self.under, *keys)

    def sources(self) -> t.List[t.Tuple[Keys, t.Mapping[str, t.Any]]]:
        """All that Argo CD looks at, with where each is written."""
        spec = self.spec
        if isinstance(spec.get("sourceHydrator"), dict):
            dry = spec["sourceHydrator"].get("drySource") or {}
            found: t.List[t.Tuple[Keys, t.Mapping[str, t.Any]]] = [(("spec", "sourceHydrator", "drySource"), dry)]
            sync = spec["sourceHydrator"].get("syncSource") or {}
            if sync.get("repoURL") not in (None, "", dry.get("repoURL")):
                found.append((("spec", "sourceHydrator", "syncSource"), sync))
            return found
        if isinstance(spec.get("sources"), list) and spec["sources"]:
            return [(("spec", "sources", number), one or {}) for number, one in enumerate(spec["sources"])]
        return [(("spec", "source"), spec.get("source") or {})]


@dataclasses.dataclass(frozen=True)
class World:
    """What all applications have in common."""

    tree: Tree
    projects: t.Mapping[str, ProjectInTree]
    scopes: Scopes
    clusters: t.Tuple[Destination, ...]
    repositories: t.Tuple[Registered, ...]
    namespace: str
    image_policy: bool
    # By the task that is the remedy.
    missing: t.Dict[str, t.Tuple[str, str, t.Mapping[str, t.List[t.Any]]]] = dataclasses.field(default_factory=dict)


class Check:
    """Of one application; C(checks) is what was asked, C(findings) what is wrong."""

    def __init__(self, application: Application, world: World) -> None:
        self.application, self.world = application, world
        self.findings: t.List[Finding] = []
        self.checks: t.List[t.Dict[str, t.Any]] = []
        self.folders: t.List[str] = []  # of the repository, that it deploys
        self.project = world.projects.get(application.project)
        self.destination: t.Optional[Destination] = None
        self.unseen = 0  # sources of which the objects are not known here

    def run(self) -> Check:
        application = self.application
        if UNKNOWN in application.project + application.name:
            self._found("not_evaluated", ("metadata", "name"), "only rendering tells its name or project", "")
            return self
        self._name()
        if self.project is None:
            self._without_project()
        elif application.namespace not in ("", self.world.namespace) and UNKNOWN not in application.namespace:
            verdict = self.project.namespace(application.namespace, self.world.namespace)
            what = f"is in namespace {application.namespace}, which may not use project {application.project}"
            self._asked(
                verdict,
                Question(
                    "application_namespace",
                    application.namespace,
                    NAMESPACES,
                    "application_namespace_not_permitted",
                    what,
                    self._place(("metadata", "namespace")),
                ),
            )
        self._destination()
        for keys, source in application.sources():
            self._source(keys, source)
        if self.project:
            self._created_namespace()
        return self

    def _name(self) -> None:
        """Argo CD never gets to see what an API server does not take."""
        metadata = self.application.data.get("metadata") or {}
        name, remedy = self.application.name, "Use small letters, digits, - and . (a folder's: basenameNormalized)"
        if not name and not metadata.get("generateName"):
            self._found("manifest_malformed", ("metadata", "name"), "has no name", "Give it one")
        elif name and (len(name) > _LONGEST or not _NAME.match(name)):
            self._found("manifest_malformed", ("metadata", "name"), f"has a name that is none: {name!r}", remedy)

    def _without_project(self) -> None:
        name = self.application.project
        if name == DEFAULT:
            what = (
                "is in project default, which is not in the repository: as it comes it permits all, once locked nothing"
            )
            remedy = "Give the Application a project of the repository"
            self._found("default_project", ("spec", "project"), what, remedy)
        else:
            what = f"is in project {name}, which is not in the repository"
            near = ", ".join(sorted(self.world.projects)) or "none"
            self._found(
                "project_missing", ("spec", "project"), what, f"Add an AppProject {name}, or use one of: {near}"
            )

    # Where it comes from.

    def _source(self, keys: Keys, source: t.Mapping[str, t.Any]) -> None:
        url, path, chart = (str(source.get(key) or "") for key in ("repoURL", "path", "chart"))
        is_own = not chart and not url.startswith("oci://") and self.world.tree.is_own(url)
        if keys[1] == "sourceHydrator":
            path = path or "."
        many = keys[1] == "sources"
        if not url or not (path or chart or (many and source.get("ref"))):
            needs = "path, chart or ref" if many else "path or chart"
            self._found("invalid_source", keys, f"has a source without repoURL, or without {needs}", "Complete it")
            return
        if chart and not source.get("targetRevision"):
            self._found("invalid_source", keys, f"has chart {chart} without targetRevision", "Give the chart's version")
        if chart and url.startswith("oci://"):
            shown = masked_url(url)
            what = f"has chart {chart} of {shown}: with oci:// Argo CD fetches {shown} itself, and no chart"
            remedy = "Leave out oci:// for a chart, or put the chart's name at the end of the URL and use path: ."
            self._found("oci_prefix", (*keys, "repoURL"), what, remedy)
        types = [name for name in _TYPES if source.get(name)]
        if len(types) > 1:
            self._found("invalid_source", keys, f"has a source with {' and '.join(types)}", "Keep one of them")
            return
        self.unseen += bool(chart or (path and not is_own))
        place: Keys = (*keys, "repoURL")
        if UNKNOWN in url:
            self._found("not_evaluated", place, "has a repository that only rendering tells", "")
            return
        if self.project:
            verdict, url = self.project.source(url), masked_url(url)
            what = f"comes from {url}, which project {self.project.name} does not permit"
            missing = {"source_repos": [url]}
            question = Question("source", url, SOURCES, "source_not_permitted", what, self._place(place), missing)
            self._asked(verdict, question)
        folder = posixpath.normpath(path).lstrip("/") if is_own and path else None
        others = [one for _keys, one in self.application.sources()] if many else []
        for number, code, what in value_file_problems(self.world.tree, source, others, folder):
            self._found(code, (*keys, "helm", "valueFiles", number), what, "Correct the name, or add what it names")
        if is_own and path:
            self._folder(keys, path, source)

    def _folder(self, keys: Keys, path: str, source: t.Mapping[str, t.Any]) -> None:
        folder = posixpath.normpath(path).lstrip("/")
        folder = "" if folder == "." else folder
        if UNKNOWN in folder:
            self._found("not_evaluated", (*keys, "path"), "has a path that only rendering tells", "")
        elif path.startswith("/"):
            what = f"is to deploy {path}: Argo CD takes no path that begins with /"
            self._found("path_missing", (*keys, "path"), what, "Write it from the top of the repository, without /")
        elif self.world.tree.link(folder):
            self._found("not_evaluated", (*keys, "path"), f"is to deploy {path}, which {BEHIND}", "")
        elif folder not in self.world.tree.folders:
            what = f"is to deploy {path}, which is no folder of the repository"
            self._found("path_missing", (*keys, "path"), what, "Correct the path, or add the folder")
        else:
            self.folders.append(folder)
            found = content(self.world.tree, folder, source)
            self.unseen += found.kind == "Helm"
            self._content(found)

    # What is in its folder.

    def _content(self, found: Content) -> None:
        for note in found.notes:
            remedies = {"path_missing": "Correct the path, or add what it names", "manifest_unreadable": "Correct it"}
            self._at((note.path, note.line), note.code, note.what, remedies.get(note.code, ""))
        for fetched in found.fetched:
            self._fetched(fetched)
        if self.project is None:
            return
        seen: t.Set[t.Tuple[t.Any, ...]] = set()
        for manifest in found.manifests:
            self._manifest(manifest, seen)

    def _created_namespace(self) -> None:
        """With CreateNamespace=true Argo CD makes it, if the project permits that kind, and if it is not there yet."""
        options = (self.application.spec.get("syncPolicy") or {}).get("syncOptions") or []
        namespace = self.destination.namespace if self.destination else ""
        if "CreateNamespace=true" not in options or namespace in ("", *_ALWAYS_THERE, self.world.namespace):
            return
        project = t.cast(ProjectInTree, self.project)
        verdict = project.kind("", "Namespace", namespace, False)
        what = f"has CreateNamespace=true, but project {project.name} does not permit Namespace {namespace}"
        place = self._place(("spec", "syncPolicy", "syncOptions"))
        self._kind(verdict, "Namespace", "clusterResource", what, place)

    def _fetched(self, fetched: Fetched) -> None:
        if not fetched.checked:
            what = (
                f"fetches {masked_url(fetched.url)}, which the project is not asked about, and which is not read here"
            )
            self._at((fetched.path, fetched.line), "fetched_unchecked", what, "Vendor it, if the project shall decide")
            return
        url = fetched.url
        if url.startswith(("@", "alias:")):
            name = url[1:] if url.startswith("@") else url[len("alias:") :]
            known = next((one.url for one in self.world.repositories if one.name == name), "")
            if not known:
                what = f"has a chart of the repository named {name}, which no Secret in this repository describes"
                self._at((fetched.path, fetched.line), "repository_name_unknown", what, "Write its URL instead")
                return
            url = known
        if UNKNOWN in url:
            self._at((fetched.path, fetched.line), "not_evaluated", "has a chart that only rendering tells", "")
        elif self.project:
            # As Argo CD's repo-server compares it.
            url = url[len("oci://") :] if url.startswith("oci://") else url
            verdict, url = self.project.source(url), masked_url(url)
            what = (
                f"has a chart of {url}, which project {self.project.name} does not permit: Argo CD keeps back its "
                "credentials, and refuses it where it cannot be fetched without"
            )
            place, missing = (fetched.path, fetched.line), {"source_repos": [url]}
            question = Question("chart", url, SOURCES, "chart_repository_not_permitted", what, place, missing)
            self._asked(verdict, question)

    def _manifest(self, manifest: Manifest, seen: t.Set[t.Tuple[t.Any, ...]]) -> None:
        project = t.cast(ProjectInTree, self.project)
        group, kind, name = manifest.group, manifest.kind, manifest.name
        if self.world.image_policy:
            self._images(manifest, seen)
        if UNKNOWN in group + kind:
            self._once(seen, manifest, "not_evaluated", "is of a kind that only rendering tells")
            return
        if group == GROUP and kind in ("Application", "ApplicationSet", "AppProject") and Tree.is_hidden(manifest.path):
            self._once(seen, manifest, "not_evaluated", f"has {kind}s in a hidden folder, where they are not looked at")
        inside = namespaced(group, kind, self.world.scopes)
        shown = f"{group}/{kind}" if group else kind
        if inside is None:
            either = {project.kind(group, kind, name, scope).permitted for scope in (True, False)}
            if len(either) == 2:
                what = (
                    f"is a {shown}: whether that is in a namespace is not known here, and the project's answer differs"
                )
                self._once(seen, manifest, "kind_unknown", what, "Add its CustomResourceDefinition to the repository")
                return
            inside = bool(manifest.namespace)
        key = (group, kind, "" if inside else name, inside)
        if key not in seen:
            seen.add(key)
            where = "namespaceResource" if inside else "clusterResource"
            what = f"has {shown} {name}, a kind that project {project.name} does not permit"
            verdict = project.kind(group, kind, name, inside)
            self._kind(verdict, shown, where, what, (manifest.path, manifest.line))
        if inside and self.destination:
            self._namespace(manifest, seen)

    def _namespace(self, manifest: Manifest, seen: t.Set[t.Tuple[t.Any, ...]]) -> None:
        project, destination = t.cast(ProjectInTree, self.project), t.cast(Destination, self.destination)
        namespace = manifest.namespace or destination.namespace
        if (namespace,) in seen:
            return
        seen.add((namespace,))
        if not namespace:
            what = f"has {manifest.kind} {manifest.name} without a namespace, and has none itself"
            self._at((manifest.path, manifest.line), "namespace_missing", what, "Give destination.namespace")
        elif UNKNOWN in namespace:
            self._once(seen, manifest, "not_evaluated", "is in a namespace that only rendering tells")
        elif namespace != destination.namespace:
            verdict = project.destination(dataclasses.replace(destination, namespace=namespace))
            shown = f"{manifest.kind} {manifest.name}"
            what = f"has {shown} in namespace {namespace}, which project {project.name} does not permit"
            document = manifest.document
            line = document.line("metadata", "namespace") if document and document.namespace else manifest.line
            place, missing = (manifest.path, line), self._entry(namespace)
            question = Question("namespace", namespace, DESTINATIONS, "namespace_not_permitted", what, place, missing)
            self._asked(verdict, question)

    def _images(self, manifest: Manifest, seen: t.Set[t.Tuple[t.Any, ...]]) -> None:
        project = t.cast(ProjectInTree, self.project)
        for image, line in images(manifest):
            if ("image", image) in seen:
                continue
            seen.add(("image", image))
            if UNKNOWN in image:
                self._at((manifest.path, line), "not_evaluated", "has an image that only rendering tells", "")
                continue
            what = f"runs the image {image}, for which project {project.name} has no entry"
            place, missing = (manifest.path, line), {"source_repos": [image]}
            question = Question("image", image, SOURCES, "image_not_permitted", what, place, missing)
            self._asked(project.source(image), question)

    def _once(
        self, seen: t.Set[t.Tuple[t.Any, ...]], manifest: Manifest, code: str, what: str, remedy: str = ""
    ) -> None:
        key = (code, manifest.path, manifest.group, manifest.kind)
        if key not in seen:
            seen.add(key)
            self._at((manifest.path, manifest.line), code, what, remedy)

    # Where it goes to.

    def _destination(self) -> None:
        given = self.application.spec.get("destination") or {}
        server, name, namespace = (str(given.get(key) or "") for key in ("server", "name", "namespace"))
        place: Keys = ("spec", "destination")
        if bool(server) == bool(name):
            what = (
                "has a destination with both server and name" if server else "has a destination without server and name"
            )
            self._found("invalid_destination", place, what, "Give one of them")
            return
        if UNKNOWN in server + name + namespace:
            self._found("not_evaluated", place, "has a destination that only rendering tells", "")
            return
        wanted = Destination(server.rstrip("/"), name, namespace)
        known = [one for one in self.world.clusters if wanted.server == one.server or (name and name == one.name)]
        if known:
            wanted = Destination(known[0].server, known[0].name, namespace)
        else:
            what = (
                f"is for the cluster {server or name}, of which only its {'name' if name else 'server'} is known here"
            )
            self._found("unknown_cluster", place, what, "Give its name and server with the option clusters")
        self.destination = wanted
        if self.project:
            verdict = self.project.destination(wanted)
            what = (
                f"is for namespace {namespace or '(none)'} of {wanted.name or wanted.server}, "
                f"which project {self.project.name} does not permit"
            )
            value = f"{wanted.name or wanted.server}/{namespace}"
            missing = self._entry(namespace)
            question = Question(
                "destination", value, DESTINATIONS, "destination_not_permitted", what, self._place(place), missing
            )
            self._asked(verdict, question)

    def _entry(self, namespace: str) -> t.Dict[str, t.List[t.Any]]:
        """What would permit a namespace of the destination's cluster."""
        cluster = t.cast(Destination, self.destination)
        if cluster.server == IN_CLUSTER.server and namespace:
            return {"namespaces": [namespace]}
        pairs = {
            "server": cluster.server,
            "name": "" if cluster.server else cluster.name,
            "namespace": namespace or "*",
        }
        return {"destinations": [{key: value for key, value in pairs.items() if value}]}

    # What becomes of an answer.

    def _asked(self, verdict: Verdict, question: Question) -> None:
        project = t.cast(ProjectInTree, self.project)
        entry = project.entry(question.entries, verdict.entry if verdict.permitted else verdict.denied_by)
        self.checks.append(
            {"what": question.what, "value": question.value, "permitted": verdict.permitted, "entry": entry}
        )
        if verdict.permitted:
            return
        code, words = question.code, question.words
        if project.is_uncertain(question.entries):
            code, words = "not_evaluated", f"{words}, unless by an entry that only rendering tells"
            remedy = f"Render {project.path} first"
        elif verdict.failure:
            words, remedy = f"{words}: Argo CD fails on its patterns ({verdict.failure})", "Correct the patterns"
        elif verdict.denied_by is not None:
            remedy = "Remove or narrow the entry that denies it: no other entry counts against it"
        elif question.missing:
            remedy = task(project.path, project.name, question.missing)
            self.world.missing[remedy] = (project.path, project.name, question.missing)
        else:
            remedy = f"Add it to {question.entries} of AppProject {project.name} in {project.path}"
        self._at(question.place, code, words, remedy, entry)

    def _kind(self, verdict: Verdict, shown: str, where: str, words: str, place: Place) -> None:
        project = t.cast(ProjectInTree, self.project)
        denied = verdict.denied_by is not None
        entries = f"{where}{'Blacklist' if denied else 'Whitelist'}"
        entry = project.entry(entries, verdict.denied_by if denied else verdict.entry)
        self.checks.append({"what": "kind", "value": shown, "permitted": verdict.permitted, "entry": entry})
        if verdict.permitted:
            return
        group, _slash, kind = shown.rpartition("/")
        if denied:
            remedy = f"Remove it from {entries} of AppProject {project.name} in {project.path}"
        else:
            item = f'{{group: "{group}", kind: {kind}}}'
            remedy = f"Add {item} to {entries} of AppProject {project.name} in {project.path}"
        self._at(place, "kind_not_permitted", words, remedy, entry)

    def _place(self, keys: Keys) -> Place:
        return self.application.document.path, self.application.line(*keys)

    def _found(self, code: str, keys: Keys, what: str, remedy: str) -> None:
        self._at(self._place(keys), code, what, remedy)

    def _at(self, place: Place, code: str, what: str, remedy: str, entry: str = "") -> None:
        application = self.application
        self.findings.append(Finding(*place, code, what, remedy, application.name, application.project, entry))
