# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What is wanted of encrypted files, and what is done about one of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._sops_ledger import Entry
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import Choice
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

HIDDEN = "(hidden)"


@dataclasses.dataclass(frozen=True)
class Item:
    """C(plaintext) None: the file as it lies there is to be encrypted, or is already."""

    path: str
    plaintext: t.Optional[bytes] = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What holds for all files of a run. C(selector): name and value, as in .sops.yaml, instead of the rule's."""

    choice: Choice = dataclasses.field(default_factory=Choice)
    config_path: str = ""
    recipients: t.Tuple[str, ...] = ()
    selector: t.Optional[t.Tuple[str, str]] = None
    mac_only_encrypted: t.Optional[bool] = None
    checksum_dir: str = ""
    concurrency: int = 0


@dataclasses.dataclass(frozen=True)
class Target:
    """One file, and all that was found out about it without sops."""

    item: Item
    path: str  # without symbolic links
    format: str
    rule: Rule
    ledger: str
    name: str  # in the ledger
    current: t.Optional[bytes] = dataclasses.field(repr=False)
    entries: t.Tuple[Entry, ...] = ()


@dataclasses.dataclass(frozen=True)
class Names:
    """Places in a file, before and after, never values. C(changed) None: nobody knows without the private key."""

    added: t.Tuple[str, ...] = ()
    removed: t.Tuple[str, ...] = ()
    changed: t.Optional[t.Tuple[str, ...]] = ()


@dataclasses.dataclass(frozen=True)
class Step:
    """C(content) None: the file stays as it is. C(entry) None: and so do its checksums.

    C(interim) is of the file as it was: until it is replaced, both hold.
    """

    target: Target = dataclasses.field(repr=False)
    action: str
    reason: str = ""
    content: t.Optional[bytes] = dataclasses.field(default=None, repr=False)
    entry: t.Optional[Entry] = None
    interim: t.Optional[Entry] = None
    names: Names = Names()
    before: t.Tuple[str, ...] = ()  # recipients
    after: t.Tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return self.target.item.path

    @property
    def changed(self) -> bool:
        return self.action not in ("unchanged", "refused")

    @property
    def recipients_added(self) -> t.List[str]:
        return [one for one in self.after if one not in self.before]

    @property
    def recipients_removed(self) -> t.List[str]:
        return [one for one in self.before if one not in self.after]

    def result(self) -> t.Dict[str, t.Any]:
        return {
            "path": self.path,
            "action": self.action,
            "reason": self.reason,
            "keys_added": list(self.names.added),
            "keys_removed": list(self.names.removed),
            "keys_changed": None if self.names.changed is None else list(self.names.changed),
            "recipients_added": self.recipients_added,
            "recipients_removed": self.recipients_removed,
        }

    def change(self) -> Change:
        """Of a file that stays, the recipients that it should have are shown, too."""
        changed = self.names.changed or ()
        before = {**dict.fromkeys(self.names.removed, HIDDEN), **dict.fromkeys(changed, HIDDEN)}
        after = {**dict.fromkeys(self.names.added, HIDDEN), **dict.fromkeys(changed, f"{HIDDEN[:-1]}, another one)")}
        return Change(
            self.path,
            _side(self.before, before) if self.target.current else {},
            _side(self.after, after) if self.action != "removed" else {},
            hidden=self.changed,
        )


def _side(recipients: t.Sequence[str], values: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    return {"recipients": list(recipients), "values": {name: values[name] for name in sorted(values)}}
