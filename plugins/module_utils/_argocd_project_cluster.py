# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""An AppProject in the cluster: read once, written once, and the Applications that waited for it told to look again."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project as argocd_project
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import Entries, Outcome, Request
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_waiting import REFRESH, waiting
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    FIELD_MANAGER,
    ConflictError,
    Kubernetes,
    Object,
    Resource,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import owned_fields
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

API_VERSION = "argoproj.io/v1alpha1"
PROJECT = Resource(API_VERSION, "AppProject", "appprojects")
APPLICATION = Resource(API_VERSION, "Application", "applications")
TRACKING_ID = "argocd.argoproj.io/tracking-id"
# Not that of the role argocd: the server's record of who set a list last tells the two apart.
MANAGER = f"{FIELD_MANAGER}.argocd_project_repo"
ATTEMPTS = 20  # of those who write at the same time, one gets through each time


def reconcile(cluster: Kubernetes, request: Request, dry_run: bool) -> Outcome:
    """With C(dry_run) the server tries the write and stores nothing."""
    for _attempt in range(ATTEMPTS):
        live = _read(cluster, request)
        where = _where(request)
        current = _lists(live)
        plan = argocd_project.plan(current, request, where)
        changed = {name: plan.after(name, current[name]) for name in current if plan.touches(name)}
        before = {name: argocd_project.told(current[name]) for name in changed}
        change = Change(where, before, {name: argocd_project.told(entries) for name, entries in changed.items()})
        if not plan.changed:
            return Outcome(current, plan, change, plan.warnings)
        try:
            _write(cluster, live, changed, dry_run)
        except ConflictError:
            continue  # what was planned for is no longer there
        after = {**live, "spec": {**(live.get("spec") or {}), **changed}}
        refreshed, failures = _refresh(cluster, live, after, dry_run)
        return Outcome(current, plan, change, (*plan.warnings, *_owners(live, where), *failures), refreshed)
    what = f"somebody else changed it between reading and writing, {ATTEMPTS} times in a row"
    remedy = "See who does (kubectl get appproject --show-managed-fields), and run this again"
    raise ClusterError(Problem(_where(request), what, remedy))


def _where(request: Request) -> str:
    return f"AppProject {request.namespace}/{request.project}"


def _read(cluster: Kubernetes, request: Request) -> Object:
    """All of the namespace in one request, so that it can be told what there is instead."""
    there = {item["metadata"]["name"]: item for item in cluster.list(PROJECT, namespace=request.namespace)}
    if request.project in there:
        return there[request.project]
    if there:
        what = f"there is no such project, only {', '.join(sorted(there))}"
        remedy = "Correct project or namespace, or create it first"
    else:
        what = "there are no projects in this namespace"
        remedy = "Correct namespace, and check that Argo CD is installed"
    raise ClusterError(Problem(_where(request), what, remedy))


def _lists(live: Object) -> t.Dict[str, Entries]:
    spec = live.get("spec") or {}
    return {name: spec.get(name) or [] for name in argocd_project.LISTS}


def _write(cluster: Kubernetes, live: Object, changed: t.Mapping[str, t.Any], dry_run: bool) -> None:
    """Only the changed lists, and only if the project is still as it was read."""
    metadata = live["metadata"]
    patch = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": dict(changed)}
    cluster.merge(PROJECT, metadata["name"], metadata["namespace"], patch, dry_run=dry_run, manager=MANAGER)


def _owners(live: Object, where: str) -> t.Iterator[str]:
    """Whoever else keeps the project undoes the change sooner or later; the role leaves alone what comes from Git."""
    tracked = ((live["metadata"].get("annotations") or {}).get(TRACKING_ID) or "").partition(":")[0]
    if tracked:
        yield (
            f"{where} comes from Git, by the Application {tracked}, which undoes this when it is synchronised. "
            "Change it in the repository too: the same task with path, the project's file"
        )
    elif any("f:spec" in fields for fields in owned_fields(live, FIELD_MANAGER)):
        yield (
            f"{where} is applied by the role argocd, whose next run undoes this. "
            "Describe it there too (argocd_project_specs)"
        )


def _refresh(
    cluster: Kubernetes, before: Object, after: Object, dry_run: bool
) -> t.Tuple[t.Tuple[str, ...], t.Tuple[str, ...]]:
    """Who was told, and what failed: Argo CD would look again within minutes by itself, so that takes nothing back."""
    namespace = after["metadata"]["namespace"]
    try:
        applications = cluster.list(APPLICATION, namespace="" if after["spec"].get("sourceNamespaces") else namespace)
    except ClusterError as error:
        return (), (f"Applications that waited for this notice within minutes, as they cannot be listed: {error}",)
    told: t.List[str] = []
    failures: t.List[str] = []
    for application, refresh in waiting(applications, before, after, namespace):
        name, where = (application["metadata"][key] for key in ("name", "namespace"))
        patch = {"metadata": {"annotations": {REFRESH: refresh}}}
        try:
            if not dry_run:
                cluster.merge(APPLICATION, name, where, patch, dry_run=False, manager=MANAGER)
        except ClusterError as error:
            failures.append(f"{where}/{name} waited for this and notices within minutes, as it cannot be told: {error}")
        else:
            told.append(f"{where}/{name}")
    return tuple(told), tuple(failures)
