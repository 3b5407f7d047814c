# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What argocd-server refuses in an AppProject (ValidateProject of v3.5.3), and Kubernetes takes without a word."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import GO_SPACE
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_sync_window import window_problem
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob import GlobError, compile_glob
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

Refusal = t.Tuple[str, Problem]  # the status code of Argo CD's answer, and its words as the problem

_ROLE = re.compile(r"[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?\Z")
_ACTION = re.compile(r"(get|create|update|delete|sync|override|\*)\Z|.*(action|update|delete)/", re.DOTALL)
# What makes two sync windows the same.
_WINDOW = ("kind", "schedule", "duration", "applications", "namespaces", "clusters", "timeZone", "andOperator")
_RESOURCES = ("applications", "applicationsets", "logs", "exec", "clusters", "repositories")


def project_problems(object_: t.Mapping[str, t.Any]) -> t.List[Problem]:
    return [problem for _code, problem in refusals(object_)]


def refusals(object_: t.Mapping[str, t.Any]) -> t.Iterator[Refusal]:
    """In Argo CD's order; its server stops at the first."""
    spec = object_.get("spec") or {}
    name = (object_.get("metadata") or {}).get("name") or ""
    yield from _destinations(spec.get("destinations") or ())
    yield from _namespaces(spec.get("sourceNamespaces") or ())
    yield from _repositories(spec.get("sourceRepos") or ())
    yield from _roles(name, spec.get("roles") or ())
    yield from _windows(spec.get("syncWindows") or ())
    yield from _service_accounts(spec.get("destinationServiceAccounts") or ())


def _refused(where: str, what: str, remedy: str, code: str = "InvalidArgument") -> Refusal:
    return code, Problem(where, what, remedy)


_ONCE = "Keep one of them."
_NOT_ALL = "Remove it: an entry can deny something, but not everything."


def _destinations(entries: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[Refusal]:
    known = set()
    for number, entry in enumerate(entries):
        where = f"spec.destinations[{number}]"
        for key in ("name", "server", "namespace"):
            if entry.get(key) == "!*":
                yield _refused(f"{where}.{key}", f"{key} has an invalid format, '!*'", _NOT_ALL)
        cluster = entry.get("server") or entry.get("name") or ""
        identity = f"{cluster}/{entry.get('namespace') or ''}"
        if identity in known:
            yield _refused(where, f"destination '{identity}' already added", _ONCE)
        known.add(identity)


def _namespaces(entries: t.Sequence[str]) -> t.Iterator[Refusal]:
    for number, entry in enumerate(entries):
        if entry in entries[:number]:
            yield _refused(f"spec.sourceNamespaces[{number}]", f"source namespace '{entry}' already added", _ONCE)


def _repositories(entries: t.Sequence[str]) -> t.Iterator[Refusal]:
    for number, entry in enumerate(entries):
        where = f"spec.sourceRepos[{number}]"
        if entry == "!*":
            yield _refused(where, "source repository has an invalid format, '!*'", _NOT_ALL)
        elif entry in entries[:number]:
            yield _refused(where, f"source repository '{entry}' already added", _ONCE)


def _roles(project: str, roles: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[Refusal]:
    names = set()
    for number, role in enumerate(roles):
        where = f"spec.roles[{number}]"
        name = role.get("name") or ""
        if name in names:
            yield _refused(where, f"role '{name}' already exists", _ONCE, "AlreadyExists")
        names.add(name)
        if not _ROLE.match(name):
            what = "Must consist of alphanumeric characters, '-' or '_', and must start and end with an alphanumeric"
            yield _refused(where, f"invalid role name '{name}'. {what} character", "Choose another name.")
        policies = role.get("policies") or ()
        for position, policy in enumerate(policies):
            here = f"{where}.policies[{position}]"
            if policy in policies[:position]:
                what = f"policy '{policy}' already exists for role '{name}'"
                yield _refused(here, what, _ONCE, "AlreadyExists")
            else:
                yield from _policy(here, project, name, policy)
        groups = role.get("groups") or ()
        for position, group in enumerate(groups):
            here = f"{where}.groups[{position}]"
            if group in groups[:position]:
                yield _refused(here, f"group '{group}' already exists for role '{name}'", _ONCE, "AlreadyExists")
            else:
                yield from _group(here, group)


def _policy(where: str, project: str, role: str, policy: str) -> t.Iterator[Refusal]:
    parts = [part.strip(" ") for part in policy.split(",")]
    if len(parts) != 6 or parts[0] != "p":
        problem = "must be of the form: 'p, sub, res, act, obj, eft'"
        remedy = "Write all six parts."
    else:
        problem, remedy = _policy_parts(project, role, parts)
    if problem:
        yield _refused(where, f"invalid policy rule '{policy}': {problem}", remedy)


def _policy_parts(project: str, role: str, parts: t.Sequence[str]) -> t.Tuple[str, str]:
    _p, subject, resource, action, object_, effect = parts
    expected = f"proj:{project}:{role}"
    if subject != expected:
        return f"policy subject must be: '{expected}', not '{subject}'", f"Write {expected}."
    if resource not in _RESOURCES:
        known = "'applications', 'applicationsets', 'repositories', 'exec', 'logs' or 'clusters'"
        return f"project resource must be: {known}, not '{resource}'", "Choose one of them."
    if not _ACTION.match(action):
        return f"invalid action '{action}'", "Choose get, create, update, delete, sync, override, action/… or *."
    if not re.match(re.escape(project) + r"(/[*0-9A-Za-z_.-]+)?/[*0-9A-Za-z_.-]+\Z", object_):
        forms = f"'{project}/*', '{project}[/<NAMESPACE>]/<APPNAME>' or '{project}/<APPNAME>'"
        return f"object must be of form {forms}, not '{object_}'", f"Write {project}/* for all of the project."
    if effect not in ("allow", "deny"):
        return "effect must be: 'allow' or 'deny'", "Choose one of them."
    return "", ""


def _group(where: str, group: str) -> t.Iterator[Refusal]:
    name = group.strip(GO_SPACE)
    problem = ""
    if len(name.encode("utf-8", "surrogatepass")) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    elif "," in name:
        problem = "must be quoted"
    if problem:
        pass
    elif not name:
        problem = "is empty"
    elif re.search('["\n\r\t]', name):
        problem = "contains invalid characters"
    elif len(group) > 1 and group[0] in GO_SPACE:
        problem = "contains a leading space"
    elif len(group) > 1 and group[-1] in GO_SPACE:
        problem = "contains a trailing space"
    if problem:
        yield _refused(where, f"group '{name}' {problem}", "Write the group's name as the identity provider has it.")


def _windows(windows: t.Sequence[t.Optional[t.Mapping[str, t.Any]]]) -> t.Iterator[Refusal]:
    known = []
    for number, window in enumerate(windows):
        if window is None:
            continue
        where = f"spec.syncWindows[{number}]"
        kind, schedule, duration = (window.get(key) or "" for key in ("kind", "schedule", "duration"))
        named = f"kind '{kind}', schedule '{schedule}', and duration '{duration}'"
        identity = [window.get(key) or "" for key in _WINDOW]
        if identity in known:
            yield _refused(where, f"sync window with {named} already exists", _ONCE, "AlreadyExists")
        known.append(identity)
        field, problem = window_problem(window)
        if problem:
            yield _refused(where + field, problem, "See Argo CD's documentation of sync windows.", "")
        elif not any(window.get(key) for key in ("applications", "namespaces", "clusters")):
            what = f"window '{kind}':'{schedule}':'{duration}' requires one of application, cluster or namespace"
            yield _refused(where, what, "Name what it is for.", "OutOfRange")


def _service_accounts(entries: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[Refusal]:
    known = set()
    for number, entry in enumerate(entries):
        where = f"spec.destinationServiceAccounts[{number}]"
        server, namespace, account = (entry.get(key) or "" for key in ("server", "namespace", "defaultServiceAccount"))
        for key, value in (("server", server), ("namespace", namespace)):
            if "!" in value:
                yield _refused(f"{where}.{key}", f"{key} has an invalid format, '{value}'", "It cannot deny.")
        if not account.strip(" ") or any(character in account for character in "!*[]{}\\/"):
            what = f"defaultServiceAccount has an invalid format, '{account}'"
            yield _refused(f"{where}.defaultServiceAccount", what, "Write the name of a ServiceAccount.")
        for key, value in (("server", server), ("namespace", namespace)):
            if "!" not in value and not _compiles(value):
                yield _refused(f"{where}.{key}", f"{key} has an invalid format, '{value}'", "Close its brackets.")
        identity = f"{server}/{namespace}"
        if identity in known:
            yield _refused(where, f"destinationServiceAccount '{identity}' already added", _ONCE)
        known.add(identity)


def _compiles(pattern: str) -> bool:
    try:
        compile_glob(pattern)
    except GlobError:
        return False
    return True
