# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Entries of an AppProject that do not mean what they say.

A trap is an entry that Argo CD takes and reads otherwise than whoever wrote it; a risk works as written, and can be
got around. What Argo CD's own server refuses is in _argocd_project_validation.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import normalized_entry
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_validation import project_problems
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import normalize_git_url
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob import GlobError, compile_glob

__all__ = ["CODES", "Trap", "destination_traps", "project_problems", "source_risks", "source_traps"]

# As accept_risk takes them.
CODES: t.Tuple[str, ...] = (
    "deny_opens_rest",
    "deny_without_effect",
    "deny_without_server",
    "unparsable_url",
    "bad_glob",
    "braces",
    "space",
    "trailing_slash",
    "no_cluster",
    "server_or_name",
)
_WILDCARD = re.compile(r"[*?\[]")


@dataclasses.dataclass(frozen=True)
class Trap:
    """C(code) is the name by which it can be accepted, C(entry) the position in the given list."""

    code: str
    where: str
    what: str
    remedy: str
    entry: int = 0

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


def source_traps(entries: t.Sequence[str]) -> t.List[Trap]:
    return [
        Trap(code, f"sourceRepos[{number}]", what, remedy, number)
        for number, entry in enumerate(entries)
        for code, what, remedy in _source(entry)
    ]


def source_risks(entries: t.Sequence[str]) -> t.List[Trap]:
    """Patterns that can be got around by a URL made for it."""
    return [
        Trap(code, f"sourceRepos[{number}]", what, remedy, number)
        for number, entry in enumerate(entries)
        for code, what, remedy in _risks(entry)
    ]


def destination_traps(entries: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[Trap]:
    return [
        Trap(code, f"destinations[{number}]{field}", what, remedy, number)
        for number, entry in enumerate(entries)
        for code, field, what, remedy in _destination({key: str(value or "") for key, value in entry.items()})
    ]


_Found = t.Iterator[t.Tuple[str, str, str]]


def _source(entry: str) -> _Found:
    normalized = normalized_entry(entry)
    denies = normalized.startswith("!")
    pattern = entry[1:] if entry.startswith("!") else entry
    shown = repr(entry)
    without_effect = []
    if pattern.strip() != pattern or re.search(r"\s", pattern):
        without_effect.append("space")
        yield (
            "space",
            f"{shown} has a space: Argo CD cuts it off at both ends and escapes it and every * of the path within",
            "Write the URL without spaces.",
        )
    if re.search(r"[{}]", pattern):
        without_effect.append("braces")
        yield (
            "braces",
            f"{shown} has braces: Argo CD escapes them, and every * of the path with them, so they match nothing",
            "Write one entry for each alternative.",
        )
    if not normalize_git_url(pattern):
        without_effect.append("unparsable_url")
        yield (
            "unparsable_url",
            f"{shown} is no URL that Argo CD can parse, so it equals every other such URL and permits them all",
            "Write it as https://host/path or git@host:path; a port needs a scheme before the host.",
        )
    elif not _compiles(normalized[1:] if denies else normalized, "/"):
        without_effect.append("bad_glob")
        yield (
            "bad_glob",
            f"{shown} is no pattern that Argo CD can read, so it matches nothing",
            "Close its brackets, or escape them with a backslash.",
        )
    if not denies and not entry.lstrip().startswith("!"):
        return
    if without_effect or pattern in ("*", "**") or pattern.startswith("!"):
        yield (
            "deny_without_effect",
            f"{shown} is meant to deny, and denies nothing of what it names",
            "List what is permitted instead.",
        )
    if denies:
        yield (
            "deny_opens_rest",
            f"{shown} permits every repository on earth that it does not match",
            "List what is permitted instead; what no entry matches is denied anyway.",
        )


def _risks(entry: str) -> _Found:
    if entry in ("*", "**") or entry.startswith("!"):
        return
    host, _slash, path = entry.rpartition("://")[2].partition("/")
    if _WILDCARD.search(host):
        yield (
            "wildcard_host",
            f"{entry!r} has a wildcard in its host, which also takes the end of another one: https://evil.test?{host}/x",
            "Name each host.",
        )
    if "**" in path:
        yield (
            "wildcard_parent",
            f"{entry!r} also permits what is beside it, as in {entry.replace('**', '../other/repository')}",
            "Use a single * for each part of the path.",
        )


def _destination(entry: t.Mapping[str, str]) -> t.Iterator[t.Tuple[str, str, str, str]]:
    server, name, namespace = (entry.get(key, "") for key in ("server", "name", "namespace"))
    denied = [key for key in ("server", "name", "namespace") if entry.get(key, "").startswith("!")]
    for key in ("server", "name", "namespace"):
        value = entry.get(key, "")
        shown = repr(value)
        if re.search(r"\s", value):
            yield "space", f".{key}", f"{shown} has a space, which Argo CD compares as written", "Remove it."
        pattern = value[1:] if key in denied else value
        if not _compiles(pattern):
            yield (
                "bad_glob",
                f".{key}",
                f"{shown} is no pattern that Argo CD can read, so it matches nothing",
                "Close its brackets, or escape them with a backslash.",
            )
        if key in denied and (pattern in ("*", "**") or pattern.startswith("!")):
            yield (
                "deny_without_effect",
                f".{key}",
                f"{shown} is meant to deny, and permits what its author did not name",
                "List what is permitted instead.",
            )
    if server.endswith("/"):
        yield (
            "trailing_slash",
            ".server",
            f"{server!r} ends with a slash; Argo CD's clusters have none, so it matches no cluster",
            f"Write {server.rstrip('/')!r}.",
        )
    if denied:
        yield (
            "deny_opens_rest",
            f".{denied[0]}",
            f"{entry.get(denied[0], '')!r} permits everything that it does not match",
            "List what is permitted instead; what no entry matches is denied anyway.",
        )
    if "namespace" in denied and not server:
        yield (
            "deny_without_server",
            ".namespace",
            f"{namespace!r} denies nothing in an entry without a server: Argo CD looks at the server only",
            "Give the cluster's server instead of its name.",
        )
    if not server and not name:
        yield (
            "no_cluster",
            "",
            "the entry names no cluster, so it matches none",
            "Add server: https://kubernetes.default.svc, or the cluster that is meant.",
        )
    if server and name and bool(_WILDCARD.search(server)) != bool(_WILDCARD.search(name)) and not denied:
        yield (
            "server_or_name",
            "",
            f"one of server {server!r} and name {name!r} is enough for Argo CD, so the wildcard opens more clusters",
            "Keep only the one that is meant.",
        )


def _compiles(pattern: str, separators: str = "") -> bool:
    try:
        compile_glob(pattern, separators)
    except GlobError:
        return False
    return True
