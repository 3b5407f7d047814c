# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The file of checksums beside encrypted files: what they were encrypted from, told only to who has the key.

One line per file, so that Git merges it; nothing in it is a secret, and nothing depends on it being there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key, same
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

NAME = ".sops-checksums.json"
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Entry:
    """Three digests that hang together: taking one of them from elsewhere makes the entry worthless.

    C(rule) is of the recipients and the selection, C(file) of the ciphertext under it, C(plaintext) of what that
    ciphertext was made from.
    """

    key: str
    rule: str
    file: str
    plaintext: str

    @classmethod
    def of(cls, key: Key, rule: Rule, ciphertext: bytes, plaintext: bytes) -> Entry:
        digest = rule_digest(key, rule)
        file = key.digest("sops-file", digest.encode(), ciphertext)
        return cls(key.id, digest, file, key.digest("sops-plaintext", file.encode(), plaintext))

    @classmethod
    def of_unknown(cls, key: Key, rule: Rule, ciphertext: bytes) -> Entry:
        """Of a file that is about to be replaced, whatever it was made from."""
        return dataclasses.replace(cls.of(key, rule, ciphertext, b""), plaintext="")

    def is_of(self, key: Key) -> bool:
        return same(self.key, key.id)

    def is_file(self, key: Key, ciphertext: bytes) -> bool:
        return same(self.file, key.digest("sops-file", self.rule.encode(), ciphertext))

    def is_plaintext(self, key: Key, plaintext: bytes) -> bool:
        return same(self.plaintext, key.digest("sops-plaintext", self.file.encode(), plaintext))

    def is_rule(self, key: Key, rule: Rule) -> bool:
        return same(self.rule, rule_digest(key, rule))


def rule_digest(key: Key, rule: Rule) -> str:
    meaning = [rule.groups, rule.selector, rule.threshold, rule.mac_only_encrypted]
    return key.digest("sops-rule", json.dumps(meaning).encode())


# Under each name the entries that may hold; two while a file is being replaced, and whichever fits its bytes is true.
Entries = t.Dict[str, t.Tuple[Entry, ...]]


def parse(content: t.Optional[bytes]) -> Entries:
    """A damaged file is worth what is left of it, one with Git's conflict markers nothing."""
    found: Entries = {}
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        document = json.loads(content or b"{}")
        files = document["files"] if document["format"] == FORMAT else {}
        for name, entries in files.items():
            with contextlib.suppress(KeyError, TypeError):
                found[str(name)] = tuple(
                    Entry(**{field.name: str(entry[field.name]) for field in dataclasses.fields(Entry)})
                    for entry in entries
                )
    return found


def render(entries: Entries) -> bytes:
    lines = [
        f"    {json.dumps(name)}: {json.dumps([dataclasses.asdict(entry) for entry in entries[name]])}"
        for name in sorted(entries)
        if entries[name]
    ]
    files = ",\n".join(lines)
    return (f'{{\n  "format": {FORMAT},\n  "files": {{\n{files}\n  }}\n}}\n').encode()
