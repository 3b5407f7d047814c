# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which Applications waited for a change of their AppProject: forbidden before, permitted after, and told so.

Argo CD does not look at an Application again because its project changed.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import as_destination
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Object

REFRESH = "argocd.argoproj.io/refresh"
# What repo-server failed to render it remembers for an hour; only a hard refresh asks it again.
NORMAL, HARD = "normal", "hard"
DEFAULT = "default"  # the project of an Application that names none

_CHARTS = re.compile(r"helm repos (.+?) are not permitted in project '")


def waiting(
    applications: t.Iterable[Object], before: Object, after: Object, controller_namespace: str
) -> t.Iterator[t.Tuple[Object, str]]:
    """The Applications, and the refresh that each needs. C(before) and C(after) are the AppProject."""
    old, new = _project(before), _project(after)
    for application in applications:
        spec, metadata = application.get("spec") or {}, application["metadata"]
        if (spec.get("project") or DEFAULT) != after["metadata"]["name"]:
            continue
        if not permission.app_namespace(new, metadata["namespace"], controller_namespace).permitted:
            continue
        refresh = _refresh(application, spec, old, new)
        # One that is asked for already is about to happen.
        if refresh and REFRESH not in (metadata.get("annotations") or {}):
            yield application, refresh


def _project(live: Object) -> permission.Project:
    """Without the clusters of its own, as their Secrets are not read: what they would forbid, a refresh will tell."""
    spec = {key: value for key, value in (live.get("spec") or {}).items() if key != "permitOnlyProjectScopedClusters"}
    return permission.Project.of({"metadata": {"name": live["metadata"]["name"]}, "spec": spec})


def _refresh(application: Object, spec: Object, old: permission.Project, new: permission.Project) -> str:
    for condition in (application.get("status") or {}).get("conditions") or []:
        message = condition.get("message") or ""
        invalid = condition.get("type") == "InvalidSpecError"
        if invalid and not _permitted(old, spec, after=False) and _permitted(new, spec, after=True):
            return NORMAL
        for charts in _CHARTS.findall(message):
            urls = charts.split(", ")
            if not _sources(old, urls) and _sources(new, urls):
                return HARD
    return ""


def _permitted(project: permission.Project, spec: Object, after: bool) -> bool:
    return _sources(project, repositories(spec)) and _destination(project, spec.get("destination") or {}, after)


def _sources(project: permission.Project, urls: t.Iterable[str]) -> bool:
    return all(permission.source(project, url).permitted for url in urls)


def repositories(spec: Object) -> t.List[str]:
    """Those that Argo CD checks, in its order of precedence."""
    hydrator = spec.get("sourceHydrator")
    if hydrator:
        dry = (hydrator.get("drySource") or {}).get("repoURL") or ""
        return [dry, (hydrator.get("syncSource") or {}).get("repoURL") or dry]
    sources = spec.get("sources") or [spec.get("source") or {}]
    return [source.get("repoURL") or "" for source in sources]


def _destination(project: permission.Project, destination: Object, after: bool) -> bool:
    found = as_destination(destination)
    if permission.destination(project, found).permitted:
        return True
    # Argo CD knows the name of this server, or the server of this name; nothing here tells that it is forbidden then.
    return after and not (found.server and found.name)
