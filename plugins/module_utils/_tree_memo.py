# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the last run read and wrote, so that the next one renders only what changed. Losing it costs time.

It holds no value, only digests with a key, and it is believed only if it was written with that key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key, same

# To be raised whenever what is remembered means something else.
FORMAT = 1
NAME = "memo.json"


@dataclasses.dataclass(frozen=True)
class Entry:
    """What a template read, and the digest of the file that came of it; none if it was empty."""

    templates: t.FrozenSet[str]
    names: t.FrozenSet[str]
    secret: bool
    digest: str


@dataclasses.dataclass(frozen=True)
class Memo:
    """All digests are of one moment: the inputs as they were when the outputs were written."""

    environment: str = ""
    sources: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    templates: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    entries: t.Mapping[str, Entry] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_text(cls, content: t.Optional[bytes], key: Key) -> Memo:
        """An empty one if there is none, or if it is damaged or somebody else's."""
        digest, _newline, body = (content or b"").partition(b"\n")
        if not same(digest.decode("ascii", errors="replace"), key.digest("gitops-memo", body)):
            return cls()
        data = json.loads(body)
        entries = {
            name: Entry(frozenset(templates), frozenset(names), secret, output)
            for name, (templates, names, secret, output) in data["entries"].items()
        }
        return cls(data["environment"], data["sources"], data["names"], data["templates"], entries)

    def text(self, key: Key) -> bytes:
        entries = {
            name: (sorted(entry.templates), sorted(entry.names), entry.secret, entry.digest)
            for name, entry in self.entries.items()
        }
        data = {**dataclasses.asdict(dataclasses.replace(self, entries={})), "entries": entries}
        body = json.dumps(data, separators=(",", ":")).encode()
        return key.digest("gitops-memo", body).encode() + b"\n" + body

    def valid(
        self, environment: str, templates: t.Mapping[str, str], names: t.Mapping[str, str]
    ) -> t.Mapping[str, Entry]:
        """The entries of which nothing that they read has changed, appeared or disappeared."""
        if environment != self.environment:
            return {}
        changed_templates = _changed(self.templates, templates)
        changed_names = _changed(self.names, names)
        if not changed_templates and not changed_names:
            return self.entries
        return {
            name: entry
            for name, entry in self.entries.items()
            if changed_templates.isdisjoint(entry.templates) and changed_names.isdisjoint(entry.names)
        }


def folder_of(root: str, cache_dir: str) -> str:
    """Each repository has one of its own for what is remembered of it."""
    return os.path.join(cache_dir, f"gitops-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}")


def _changed(before: t.Mapping[str, str], after: t.Mapping[str, str]) -> t.Set[str]:
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}
