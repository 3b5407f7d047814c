# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What was written for each application, in the repository itself: a file for each, so that branches merge well."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import dump

try:
    import yaml

    # LibYAML is ten times as fast, where there is one.
    _LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    yaml = None  # type: ignore[assignment]

FOLDER = ".homeops/applications"
HEAD = (
    "# Written by homeops.cluster.gitops_app: what an application came to, so that it can be taken away. Commit it.\n"
)

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Entries:
    """Of a project: repositories that it permits, and namespaces of the cluster."""

    sources: t.Tuple[str, ...] = ()
    namespaces: t.Tuple[str, ...] = ()

    @classmethod
    def of(cls, document: t.Mapping[str, t.Any]) -> Entries:
        sources, namespaces = document.get("sources") or (), document.get("namespaces") or ()
        return cls(tuple(map(str, sources)), tuple(map(str, namespaces)))

    def document(self) -> t.Dict[str, t.List[str]]:
        both = {"sources": list(self.sources), "namespaces": list(self.namespaces)}
        return {name: entries for name, entries in both.items() if entries}

    def __or__(self, other: Entries) -> Entries:
        return Entries(
            tuple(sorted({*self.sources, *other.sources})), tuple(sorted({*self.namespaces, *other.namespaces}))
        )

    def __sub__(self, other: Entries) -> Entries:
        return Entries(
            tuple(entry for entry in self.sources if entry not in other.sources),
            tuple(entry for entry in self.namespaces if entry not in other.namespaces),
        )

    def __and__(self, other: Entries) -> Entries:
        return self - (self - other)

    def __bool__(self) -> bool:
        return bool(self.sources or self.namespaces)


NONE = Entries()


@dataclasses.dataclass(frozen=True)
class Record:
    """C(needs) is what the project must permit; C(added) is what it did not before this application came.

    Of a run that was not finished, a file has two C(digests): what was there and what was to come.
    """

    name: str
    category: str
    folder: str
    digests: t.Mapping[str, t.FrozenSet[str]]
    needs: Entries = NONE
    added: Entries = NONE

    @property
    def homes(self) -> t.Tuple[str, ...]:
        """The folders that its files are in: more than one if it moves, and the run was not finished."""
        depth = self.folder.count("/") + 3
        return tuple(sorted({"/".join(path.split("/")[:depth]) for path in self.digests}))

    def wrote(self, path: str, digest: str) -> bool:
        return digest in self.digests.get(path, ())

    def until(self, after: Record) -> Record:
        """What to write down before this becomes C(after), so that whoever comes after a kill knows both as ours."""
        paths = sorted({*self.digests, *after.digests})
        none: t.FrozenSet[str] = frozenset()
        digests = {path: self.digests.get(path, none) | after.digests.get(path, none) for path in paths}
        if self.project != after.project:
            return dataclasses.replace(self, digests=digests)
        return dataclasses.replace(
            after,
            digests=digests,
            needs=self.needs | after.needs,
            added=self.added | after.added,
        )

    @property
    def project(self) -> t.Tuple[str, str]:
        return self.folder, self.category

    def text(self) -> str:
        document: t.Dict[str, t.Any] = {"name": self.name, "category": self.category, "folder": self.folder}
        for key, entries in (("needs", self.needs), ("added", self.added)):
            if entries:
                document[key] = entries.document()
        document["files"] = {
            path: sorted(digests) if len(digests) > 1 else next(iter(digests), "")
            for path, digests in self.digests.items()
        }
        return f"---\n{HEAD}{dump(document)}"


def path_of(name: str) -> str:
    return f"{FOLDER}/{name}.yaml"


def read(path: str, text: str) -> Record:
    """Raises ClusterError, also for one that would have us touch something else in the repository, or outside of it."""
    try:
        document = yaml.load(text, Loader=_LOADER)
        record = Record(
            str(document["name"]),
            str(document["category"]),
            str(document["folder"]),
            {
                str(name): frozenset(map(str, digests if isinstance(digests, list) else [digests]))
                for name, digests in document["files"].items()
            },
            Entries.of(document.get("needs") or {}),
            Entries.of(document.get("added") or {}),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ClusterError(_broken(path, "is damaged")) from error
    top = record.folder
    ours = re.compile(rf"{re.escape(top)}/[^/]+/{re.escape(record.name)}/.+", re.DOTALL)
    inside = all(
        ours.fullmatch(name) and os.path.normpath(name) == name and all(map(_DIGEST.fullmatch, digests))
        for name, digests in record.digests.items()
    )
    steps = {*top.split("/"), record.category, record.name}
    if path != path_of(record.name) or not inside or {"..", ".git"} & steps or os.path.isabs(top):
        raise ClusterError(_broken(path, "names files that are not of this application"))
    return record


def _broken(path: str, what: str) -> Problem:
    return Problem(path, what, f"Restore it: git checkout -- {path}")
