# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What an AppProject permits, decided as Argo CD v3.5.3 decides it (pkg/apis/application/v1alpha1).

The surprises are Argo CD's: a deny entry permits everything that it does not match, a URL that cannot be parsed
equals every other such URL, a pattern that cannot be compiled matches nothing, also where it denies.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import normalize_git_url
from ansible_collections.homeops.cluster.plugins.module_utils._go_path_match import path_match
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob import GlobError, compile_glob
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob_matchers import GlobPanicError
from ansible_collections.homeops.cluster.plugins.module_utils._regexp2 import regexp2_matches

CONTROLLER_NAMESPACE = "argocd"


@dataclasses.dataclass(frozen=True)
class Destination:
    """An entry of a project, or the cluster and namespace that an Application is for."""

    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclasses.dataclass(frozen=True)
class ResourceEntry:
    """An entry of a whitelist or blacklist; C(name) only counts for what is not in a namespace."""

    group: str = ""
    kind: str = ""
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Project:
    """What decides. C(namespace_whitelist) None permits every kind, an empty one none."""

    name: str = ""
    source_repos: t.Tuple[str, ...] = ()
    destinations: t.Tuple[Destination, ...] = ()
    source_namespaces: t.Tuple[str, ...] = ()
    namespace_whitelist: t.Optional[t.Tuple[ResourceEntry, ...]] = None
    namespace_blacklist: t.Tuple[ResourceEntry, ...] = ()
    cluster_whitelist: t.Tuple[ResourceEntry, ...] = ()
    cluster_blacklist: t.Tuple[ResourceEntry, ...] = ()
    only_project_clusters: bool = False

    @classmethod
    def of(cls, object_: t.Mapping[str, t.Any]) -> Project:
        """Of an AppProject as the Kubernetes API has it."""
        spec = object_.get("spec") or {}
        whitelist = spec.get("namespaceResourceWhitelist")
        return cls(
            name=(object_.get("metadata") or {}).get("name") or "",
            source_repos=tuple(spec.get("sourceRepos") or ()),
            destinations=tuple(
                Destination(*(entry.get(key) or "" for key in ("server", "name", "namespace")))
                for entry in spec.get("destinations") or ()
            ),
            source_namespaces=tuple(spec.get("sourceNamespaces") or ()),
            namespace_whitelist=None if whitelist is None else _resources(whitelist),
            namespace_blacklist=_resources(spec.get("namespaceResourceBlacklist")),
            cluster_whitelist=_resources(spec.get("clusterResourceWhitelist")),
            cluster_blacklist=_resources(spec.get("clusterResourceBlacklist")),
            only_project_clusters=bool(spec.get("permitOnlyProjectScopedClusters")),
        )


@dataclasses.dataclass(frozen=True)
class Verdict:
    """C(entry) permits (the first of those that do), C(denied_by) denies; positions in the project's list.

    Neither is set where nothing matches. C(failure): Argo CD's own program fails here, it permits nothing then.
    """

    permitted: bool
    entry: t.Optional[int] = None
    denied_by: t.Optional[int] = None
    failure: str = ""


def source(project: Project, url: str) -> Verdict:
    """IsSourcePermitted: may an Application use this repository?"""
    wanted = normalize_git_url(url)
    entry: t.Optional[int] = None
    for number, pattern in enumerate(project.source_repos):
        normalized = normalized_entry(pattern)
        try:
            matched = _matches(normalized, wanted, "/")
        except GlobPanicError as error:
            return Verdict(False, failure=str(error))
        if matched:
            entry = number if entry is None else entry
        elif _denies(normalized):
            return Verdict(False, denied_by=number)
    return Verdict(entry is not None, entry)


def normalized_entry(pattern: str) -> str:
    """An entry of sourceRepos as it is compared."""
    return "!" + normalize_git_url(pattern[1:]) if _denies(pattern) else normalize_git_url(pattern)


def destination(project: Project, wanted: Destination, project_clusters: t.Sequence[Destination] = ()) -> Verdict:
    """IsDestinationPermitted: may an Application be for this cluster and namespace?

    C(wanted) has both of the cluster's names, as Argo CD looks them up; C(project_clusters) are those whose Secret
    names this project, they only count where the project wants it.
    """
    try:
        verdict = _destination(project, wanted)
    except GlobPanicError as error:
        return Verdict(False, failure=str(error))
    if not verdict.permitted or not project.only_project_clusters:
        return verdict
    own = any(cluster.name == wanted.name or cluster.server == wanted.server for cluster in project_clusters)
    return verdict if own else Verdict(False)


def _destination(project: Project, wanted: Destination) -> Verdict:
    entry: t.Optional[int] = None
    for number, item in enumerate(project.destinations):
        name = wanted.name != "" and _matches(item.name, wanted.name)
        server = wanted.server != "" and _matches(item.server, wanted.server)
        namespace = _matches(item.namespace, wanted.namespace)
        if (server or name) and namespace:
            entry = number if entry is None else entry
            continue
        by_name = not name and _denies(item.name)
        by_server = not server and _denies(item.server) and namespace
        by_namespace = not namespace and _denies(item.namespace) and server
        if by_name or by_server or by_namespace:
            return Verdict(False, denied_by=number)
    return Verdict(entry is not None, entry)


def kind(project: Project, group: str, kind: str, name: str, namespaced: bool) -> Verdict:
    """IsGroupKindNamePermitted: may this kind of resource be deployed?"""
    if namespaced:
        allowed, denied = project.namespace_whitelist, project.namespace_blacklist
        name_counts = False
    else:
        allowed, denied = project.cluster_whitelist, project.cluster_blacklist
        name_counts = True
    entry = None if allowed is None else _listed(allowed, group, kind, name, name_counts)
    denied_by = _listed(denied, group, kind, name, name_counts)
    permitted = (allowed is None or entry is not None) and denied_by is None
    return Verdict(permitted, entry if permitted else None, denied_by)


def resource(  # noqa: PLR0917
    project: Project,
    group: str,
    kind_: str,
    name: str,
    wanted: Destination,
    project_clusters: t.Sequence[Destination] = (),
) -> Verdict:
    """IsResourcePermitted: kind and destination; the kind alone where C(wanted) has no namespace."""
    verdict = kind(project, group, kind_, name, wanted.namespace != "")
    if verdict.permitted and wanted.namespace:
        return destination(project, wanted, project_clusters)
    return verdict


def app_namespace(project: Project, namespace: str, controller_namespace: str = CONTROLLER_NAMESPACE) -> Verdict:
    """IsAppNamespacePermitted: may an Application of this project be in this namespace?"""
    if namespace in ("", controller_namespace):
        return Verdict(True)
    for number, pattern in enumerate(project.source_namespaces):
        if pattern == "/":
            return Verdict(False, failure="slice bounds out of range [1:0]")  # it looks for a pattern between slashes
        try:
            regular = pattern.startswith("/") and pattern.endswith("/")
            if (regular and regexp2_matches(pattern[1:-1], namespace)) or _globs(pattern, namespace):
                return Verdict(True, number)
        except GlobPanicError as error:
            return Verdict(False, failure=str(error))
    return Verdict(False)


def _denies(pattern: str) -> bool:
    return pattern.startswith("!")


def _matches(pattern: str, value: str, separators: str = "") -> bool:
    """Argo CD's globMatch: an entry that denies fits what its pattern does not."""
    if _denies(pattern):
        return not _globs(pattern[1:], value, separators)
    return pattern == "*" or _globs(pattern, value, separators)


def _globs(pattern: str, value: str, separators: str = "") -> bool:
    try:
        return compile_glob(pattern, separators).match(value)
    except GlobError:
        return False


def _resources(entries: t.Optional[t.Sequence[t.Mapping[str, t.Any]]]) -> t.Tuple[ResourceEntry, ...]:
    return tuple(ResourceEntry(*(entry.get(key) or "" for key in ("group", "kind", "name"))) for entry in entries or ())


def _listed(
    entries: t.Sequence[ResourceEntry], group: str, kind_: str, name: str, name_counts: bool
) -> t.Optional[int]:
    for number, entry in enumerate(entries):
        named = not (name_counts and entry.name) or path_match(entry.name, name)
        if named and path_match(entry.kind, kind_) and path_match(entry.group, group):
            return number
    return None
