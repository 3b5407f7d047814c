# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""One cluster in a kubeconfig file among others, which stay as they are."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Document = t.Dict[str, t.Any]

EMPTY: Document = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
HIDDEN = "(hidden)"
# section of the file: key of an entry in it
SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}
# All else may be a secret: certificates, passwords, the environment of a login program, a proxy's address.
SHOWN = ("cluster", "namespace", "server", "user")


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach one cluster, and as whom. Both are empty while the cluster does not exist yet (check mode)."""

    cluster: Document = dataclasses.field(default_factory=dict)
    user: Document = dataclasses.field(default_factory=dict)

    @classmethod
    def from_admin(cls, document: t.Any, server: str) -> Access:
        """From the file that K3s writes on a server, which points to the server itself."""
        try:
            cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        except (KeyError, IndexError, TypeError) as error:
            raise ClusterError(
                Problem("content", "has no cluster and no user", "Give the text of /etc/rancher/k3s/k3s.yaml")
            ) from error
        return cls({**cluster, "server": server}, dict(user))


def checked(document: t.Any, path: str) -> Document:
    """A file that is there, but is no kubeconfig, is never overwritten. Raises ClusterError."""
    if document is None:
        return copy.deepcopy(EMPTY)
    if (
        not isinstance(document, dict)
        or document.get("kind", "Config") != "Config"
        or not all(_is_section(document.get(section) or [], key) for section, key in SECTIONS.items())
    ):
        raise ClusterError(Problem(path, "is not a kubeconfig file", "Move it away, or choose another path"))
    return t.cast(Document, document)


def _is_section(entries: t.Any, key: str) -> bool:
    return isinstance(entries, list) and all(
        isinstance(entry, dict) and isinstance(entry.get(key) or {}, dict) for entry in entries
    )


def present(document: Document, name: str, access: Access, set_current: t.Optional[bool]) -> Document:
    """C(set_current) None: only a file without a current context gets this one."""
    context = {"cluster": name, "user": name}
    old = _entry(document, "contexts", name)
    result = document
    for section, value in (
        ("clusters", access.cluster),
        ("users", access.user),
        ("contexts", {**old, **context}),  # a namespace that the user chose stays
    ):
        result = _put(result, section, name, value)
    if set_current or (set_current is None and not document.get("current-context")):
        result = {**result, "current-context": name}
    return result


def absent(document: Document, name: str) -> Document:
    result = dict(document)
    for section in SECTIONS:
        if result.get(section):
            result[section] = [entry for entry in result[section] if entry.get("name") != name]
    if result.get("current-context") == name:
        result["current-context"] = ""
    return result


def view(document: Document, name: str) -> Document:
    """What may be shown of one cluster in the file."""
    found = {key: _entry(document, section, name) for section, key in SECTIONS.items()}
    shown = {key: _redacted(entry) for key, entry in found.items() if entry}
    return {**shown, "current-context": document.get("current-context") or ""} if shown else {}


def _redacted(entry: Document) -> Document:
    return {key: value if key in SHOWN else HIDDEN for key, value in entry.items()}


def _entry(document: Document, section: str, name: str) -> Document:
    for entry in document.get(section) or []:
        if entry.get("name") == name:
            return dict(entry.get(SECTIONS[section]) or {})
    return {}


def _put(document: Document, section: str, name: str, value: Document) -> Document:
    """In its place if it is there, at the end otherwise."""
    new = {"name": name, SECTIONS[section]: value}
    entries = list(document.get(section) or [])
    names = [entry.get("name") for entry in entries]
    if name in names:
        entries[names.index(name)] = new
    else:
        entries.append(new)
    return {**document, section: entries}
