# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A GitOps repository before it is committed: is every Application permitted by its project, by which entry, and if
not, what is to be added. Nothing but the repository is read."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_tree as argocd_tree
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset import evaluate
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_application import (
    Application,
    Check,
    Missing,
    World,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import INFO, Finding, allowed
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_kinds import scope
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_projects import (
    IN_CLUSTER,
    ProjectInTree,
    Registered,
    registered,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_report import Report
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import Destination
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import (
    KUSTOMIZATIONS,
    UNKNOWN,
    Document,
    Templates,
    Tree,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_manifests import patches
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked_url

GROUP = "argoproj.io"
EXPLICIT = "app.yaml"


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of the module."""

    repositories: t.Tuple[str, ...] = ()
    namespace: str = "argocd"
    image_policy: bool = False
    unused: bool = False
    staged: bool = False
    clusters: t.Tuple[Destination, ...] = ()
    templates: Templates = dataclasses.field(default_factory=Templates)


@dataclasses.dataclass
class _Parts:
    """What a repository tells Argo CD itself."""

    applications: t.List[Application] = dataclasses.field(default_factory=list)
    applicationsets: t.List[Document] = dataclasses.field(default_factory=list)
    projects: t.List[Document] = dataclasses.field(default_factory=list)
    definitions: t.List[Document] = dataclasses.field(default_factory=list)
    registered: t.List[Registered] = dataclasses.field(default_factory=list)


def lint(folder: str, settings: Settings) -> Report:
    """Of the repository that C(folder) is in; only what is wrong below C(folder) is told."""
    try:
        tree, below = argocd_tree.read(folder, settings.staged)
    except ClusterError as error:
        return Report(problems=error.problems)
    return lint_tree(tree, settings, below)


def lint_tree(tree: Tree, settings: Settings, below: str = "") -> Report:
    on_disk = tree.contents
    origins: t.Dict[str, str] = {}
    if _has_templates(tree, settings.templates):
        # Jinja takes as long to load as a hundred applications to be looked at.
        from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_templates import (  # noqa: PLC0415
            rendered,
        )

        tree, origins = rendered(tree, settings.templates)
    parts = _parts(tree)
    findings: t.List[Finding] = []
    findings += _own(tree, parts, settings)
    world = World(
        tree=tree,
        projects=_projects(parts, settings, findings),
        scopes=dict(scope(document.object) for document in parts.definitions),
        clusters=(
            IN_CLUSTER,
            *settings.clusters,
            *(Destination(one.url, one.name) for one in parts.registered if one.kind == "cluster"),
        ),
        repositories=tuple(one for one in parts.registered if one.kind == "repository"),
        namespace=settings.namespace,
        image_policy=settings.image_policy,
    )
    generated = [one for document in parts.applicationsets for one in _generated(document, tree, world, findings)]
    checks = [Check(application, world).run() for application in (*parts.applications, *generated)]
    findings += [finding for check in checks for finding in check.findings]
    findings += _malformed(tree)
    findings += _broken(tree, {finding.path for finding in findings if finding.code == "manifest_unreadable"})
    findings += _twice(checks, settings.namespace)
    findings += _deployed_twice(checks, tree)
    for project in world.projects.values():
        findings += project.findings()
        findings += project.unused() if settings.unused else ()
    return _report(findings, checks, world, below=below, origins=origins, on_disk=on_disk)


def _malformed(tree: Tree) -> t.Iterator[Finding]:
    """In all that somebody asked for its content."""
    for document in tree.read():
        for keys, what in document.malformed:
            where = ".".join(map(str, keys)) or "it"
            line = document.line(*keys)
            yield Finding(document.path, line, "manifest_malformed", f"{where} {what}", "Write what it must be")
        for line, key in document.twice:
            yield Finding(document.path, line, "manifest_malformed", f"{key} is given twice", "Keep one")


def _broken(tree: Tree, told: t.Container[str]) -> t.Iterator[Finding]:
    """What would be an Application, ApplicationSet or project, if it could be read."""
    for path in tree.broken():
        line, what = tree.unreadable[path]
        if path in tree.templates:
            what = f"is a template that cannot be read unrendered: {what}"
            yield Finding(path, line, "not_evaluated", what, "")
        elif path not in told:
            yield Finding(path, line, "manifest_unreadable", what, "Correct it")


def _has_templates(tree: Tree, templates: Templates) -> bool:
    folder = templates.folder.strip("/") + "/"
    return any(path.endswith(".j2") or path.startswith(folder) for path in tree.contents)


def _parts(tree: Tree) -> _Parts:
    parts = _Parts()
    patches = _patches(tree)
    for document in tree.of_argocd():
        if document.path in patches:
            continue
        if document.kind == "CustomResourceDefinition":
            parts.definitions.append(document)
        elif document.kind in ("Secret", "SealedSecret"):
            parts.registered += filter(None, [registered(document)])
        elif document.group == GROUP and document.kind == "Application":
            parts.applications.append(Application(document.object, document))
        elif document.group == GROUP and document.kind == "ApplicationSet":
            parts.applicationsets.append(document)
        elif document.group == GROUP and document.kind == "AppProject":
            parts.projects.append(document)
    return parts


def _patches(tree: Tree) -> t.Set[str]:
    """Files that are no objects, but what a kustomization changes on some."""
    found: t.Set[str] = set()
    for path, content in tree.contents.items():
        folder, _slash, name = path.rpartition("/")
        if name not in KUSTOMIZATIONS or b"patches" not in content:
            continue
        for document in tree.documents(path):
            found |= patches(folder, document.object)
    return found


def _projects(parts: _Parts, settings: Settings, findings: t.List[Finding]) -> t.Dict[str, ProjectInTree]:
    found: t.Dict[str, ProjectInTree] = {}
    for document in parts.projects:
        if UNKNOWN in document.name or document.namespace not in ("", settings.namespace):
            continue
        first = found.setdefault(document.name, ProjectInTree(document, parts.registered))
        if first.document is not document:
            what = f"there is another AppProject {document.name} in {first.path}:{first.document.line()}"
            line = document.line("metadata", "name")
            findings.append(Finding(document.path, line, "project_twice", what, "Keep one", project=document.name))
    return found


def _deployed(tree: Tree, parts: _Parts) -> t.Counter[str]:
    """The repositories that folders are deployed from, with how many of the paths there are in this one, too."""
    fitting: t.Counter[str] = collections.Counter()
    for application in parts.applications:
        for _keys, source in application.sources():
            url, path = str(source.get("repoURL") or ""), str(source.get("path") or "")
            if url and path and not source.get("chart") and UNKNOWN not in url:
                fitting[url] += path.strip("./") in tree.folders
    for document in parts.applicationsets:
        for generator in (document.object.get("spec") or {}).get("generators") or ():
            for git in _git_generators(generator):
                url = str(git.get("repoURL") or "")
                if url and UNKNOWN not in url and "{{" not in url:
                    paths = [str(one.get("path") or "") for one in git.get("directories") or git.get("files") or ()]
                    fitting[url] += any(path.split("*")[0].rpartition("/")[0] in tree.folders for path in paths)
    return fitting


def _own(tree: Tree, parts: _Parts, settings: Settings) -> t.Iterator[Finding]:
    """Settles which repository this is, and tells if that is a guess, or if none of the Applications means it."""
    tree.own(settings.repositories or tree.urls)
    deployed = _deployed(tree, parts)
    if not deployed or any(map(tree.is_own, deployed)):
        return
    documents = [*(one.document for one in parts.applications), *parts.applicationsets]
    path, line = documents[0].path, documents[0].line()
    url, fitting = deployed.most_common(1)[0]
    if fitting and not settings.repositories:
        tree.own((*tree.urls, url))
        what = f"seems to be {masked_url(url)}, as no remote of Git is a repository of its Applications"
        remedy = "Give its URL with the option repositories, if it is not"
        yield Finding(path, line, "repository_guessed", what, remedy)
    else:
        what = f"deploys {masked_url(url)} and the like, none of which is this repository: no folder was looked at"
        yield Finding(path, line, "repository_unknown", what, "Give its URL with the option repositories")


def _git_generators(generator: t.Any) -> t.Iterator[t.Mapping[str, t.Any]]:
    if not isinstance(generator, dict):
        return
    if isinstance(generator.get("git"), dict):
        yield generator["git"]
    for kind in ("matrix", "merge"):
        for nested in (generator.get(kind) or {}).get("generators") or ():
            yield from _git_generators(nested)


def _generated(document: Document, tree: Tree, world: World, findings: t.List[Finding]) -> t.List[Application]:
    name, project = document.name, _template_project(document)

    def found(keys: t.Sequence[t.Union[str, int]], code: str, what: str, remedy: str, application: str = "") -> None:
        line = document.line(*keys)
        findings.append(Finding(document.path, line, code, what, remedy, application, project))

    if document.is_template and UNKNOWN in repr(document.object.get("spec")):
        found(("spec",), "not_evaluated", f"ApplicationSet {name} has texts that only rendering tells", "")
        return []
    lacking = [key for key in ("generators", "template") if key not in (document.object.get("spec") or {})]
    if lacking:
        what = f"ApplicationSet {name} makes no Applications: it has no {' and no '.join(lacking)}"
        found(("spec",), "applicationset_refused", what, "Complete it")
        return []
    outcome = evaluate(document.object, tree)
    for trouble in outcome.troubles:
        if trouble.refused:
            what = f"ApplicationSet {name} makes no Applications: {trouble.what}"
            found(trouble.keys, "applicationset_refused", what, "Correct it")
        else:
            what = f"ApplicationSet {name} cannot be evaluated offline: {trouble.what}"
            found(trouble.keys, "not_evaluated", what, "Check its Applications in the cluster")
    refused = any(trouble.refused for trouble in outcome.troubles)
    if project and "{{" not in project and project not in world.projects and not outcome.applications and not refused:
        what = f"ApplicationSet {name} is for project {project}, which is not in the repository"
        found(("spec", "template", "spec", "project"), "project_missing", what, f"Add an AppProject {project}")
    names: t.Counter[str] = collections.Counter(
        str((data.get("metadata") or {}).get("name") or "") for data in outcome.applications
    )
    for one, count in names.items():
        if count > 1:
            what = f"ApplicationSet {name} makes {count} Applications named {one}, of which Argo CD takes the first"
            keys = ("spec", "template", "metadata", "name")
            found(keys, "application_twice", what, "Make the name depend on what tells them apart", one)
    return [Application(data, document, ("spec", "template"), name) for data in outcome.applications]


def _template_project(document: Document) -> str:
    template = (document.object.get("spec") or {}).get("template") or {}
    project = str((template.get("spec") or {}).get("project") or "")
    return "" if "{{" in project else project


def _twice(checks: t.Sequence[Check], namespace: str) -> t.Iterator[Finding]:
    """One name for Applications that are written in different places."""
    first: t.Dict[t.Tuple[str, str], Application] = {}
    for application in (check.application for check in checks):
        if not application.name or UNKNOWN in application.name:
            continue
        other = first.setdefault((application.namespace or namespace, application.name), application)
        if other.document is not application.document:
            where = f"{other.document.path}:{other.line('metadata', 'name')}"
            what = f"there is another Application {application.name} in {where}"
            line, path = application.line("metadata", "name"), application.document.path
            yield Finding(
                path, line, "application_twice", what, "Rename one, or remove it", application.name, application.project
            )


def _deployed_twice(checks: t.Sequence[Check], tree: Tree) -> t.Iterator[Finding]:
    """A folder that discovery finds although it has an Application of its own, or that two Applications deploy."""
    by_folder: t.Dict[str, t.List[Check]] = {}
    explicit: t.Dict[str, t.List[Application]] = {}
    for check in checks:
        for folder in dict.fromkeys(check.folders):
            by_folder.setdefault(folder, []).append(check)
        path = check.application.document.path
        if not check.application.applicationset and path.rpartition("/")[2] == EXPLICIT:
            explicit.setdefault(path.rpartition("/")[0], []).append(check.application)
    for folder, found in by_folder.items():
        for number, check in enumerate(found):
            application = check.application
            others = [one for one in explicit.get(folder, ()) if application.applicationset and one is not application]
            others += [other.application for other in found[:number] if _is_same_place(other, check)]
            if not others:
                continue
            where = f"{others[0].document.path}:{others[0].line('metadata', 'name')}"
            what = f"deploys {folder or 'the repository'}, which Application {others[0].name} ({where}) is for, too"
            remedy = (
                f"Exclude {folder} from the generator: {{path: {folder}, exclude: true}}"
                if application.applicationset
                else "Remove one of them"
            )
            line = application.line("metadata", "name")
            yield Finding(
                application.document.path, line, "deployed_twice", what, remedy, application.name, application.project
            )


def _is_same_place(one: Check, other: Check) -> bool:
    if one.destination != other.destination:
        return False
    kept = ("directory", "helm", "kustomize", "plugin", "targetRevision")
    texts = [
        repr([{key: source.get(key) for key in kept} for _keys, source in check.application.sources()])
        for check in (one, other)
    ]
    return texts[0] == texts[1]


def _report(
    findings: t.Sequence[Finding],
    checks: t.Sequence[Check],
    world: World,
    *,
    below: str,
    origins: t.Mapping[str, str],
    on_disk: t.Mapping[str, bytes],
) -> Report:
    prefix = f"{below}/" if below else ""
    lines: t.Dict[str, str] = {}

    def told(finding: Finding) -> Finding:
        """With the template's name and line instead of those of what it comes to."""
        origin = origins.get(finding.path)
        if not origin:
            return finding
        line = finding.line
        if finding.path not in world.tree.templates:
            template = lines.setdefault(origin, on_disk.get(origin, b"").decode("utf-8", "replace"))
            text = lines.setdefault(finding.path, world.tree.contents[finding.path].decode("utf-8", "replace"))
            line = _line_in(template, text, line)
        return dataclasses.replace(finding, path=origin, line=line)

    done = [told(finding) for finding in dict.fromkeys(findings) if finding.path.startswith(prefix)]
    meant = [finding for finding in done if allowed(finding, on_disk.get(finding.path, b""))]
    left = [finding for finding in done if finding not in meant] if meant else done
    missing: Missing = {}
    for finding in left:
        if finding.remedy in world.missing:
            path, name, lists = world.missing[finding.remedy]
            known = missing.setdefault((origins.get(path, path), name), {})
            for entries, values in lists.items():
                known.setdefault(entries, []).extend(one for one in values if one not in known.get(entries, ()))
    return Report(
        findings=tuple(
            sorted(left, key=lambda one: (one.severity == INFO, one.path, one.line, one.code, one.application))
        ),
        allowed=tuple(meant),
        applications=tuple(checks),
        projects=len(world.projects),
        missing=missing,
        unseen=sum(check.unseen for check in checks),
    )


def _line_in(template: str, text: str, line: int) -> int:
    """Where in a template a line of its rendered text comes from: the nearest that reads the same, or begins so."""
    lines = text.split("\n")
    wanted = lines[line - 1].strip() if line <= len(lines) else ""
    key = wanted.partition(":")[0]
    written = template.split("\n")
    for found in (
        [number for number, one in enumerate(written, start=1) if one.strip() == wanted],
        [number for number, one in enumerate(written, start=1) if key and one.strip().partition(":")[0] == key],
    ):
        if found:
            return min(found, key=lambda number: abs(number - line))
    return min(line, len(written))
