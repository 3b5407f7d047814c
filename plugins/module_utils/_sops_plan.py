# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What becomes of one encrypted file: every case that there is, decided purely.

Nothing is overwritten unless it is known what it holds: what somebody else wrote into an encrypted file stays until
C(force) says otherwise, or the private key shows that it is what is wanted.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule


class State(enum.Enum):
    """What there is at the path."""

    ABSENT = "absent"  # or an empty file, as a full disk leaves it
    PLAIN = "plain"
    DAMAGED = "damaged"  # some ciphertext, but not what sops ends a file with
    ENCRYPTED = "encrypted"


class Trace(enum.Enum):
    """What the checksums say of an encrypted file."""

    NONE = "none"  # nothing, or nothing that can be checked with our key
    OURS = "ours"  # it is as it was when they were written
    TOUCHED = "touched"  # somebody has changed it since


class Opened(enum.Enum):
    """What came of decrypting it."""

    SAME = "same"  # it holds what is wanted; where nothing else is wanted than what it holds, that it could be read
    DIFFERENT = "different"
    NO_KEY = "no key"
    BROKEN = "broken"


class Way(enum.Enum):
    """How an action is done."""

    NOTHING = "nothing"
    OPEN = "open"  # not decided before the file has been decrypted
    RECORD = "record"  # write checksums only
    ENCRYPT = "encrypt"  # anew, with a new data key
    EDIT = "edit"  # the values that changed
    UPDATE_KEYS = "update keys"


@dataclasses.dataclass(frozen=True)
class Readers:
    """The recipients and the selection of a file beside those that its rule wants."""

    added: t.Tuple[str, ...] = ()
    removed: t.Tuple[str, ...] = ()
    regrouped: bool = False
    alike: bool = True

    @classmethod
    def between(cls, current: Rule, wanted: Rule) -> Readers:
        return cls(
            added=tuple(one for one in wanted.recipients if one not in current.recipients),
            removed=tuple(one for one in current.recipients if one not in wanted.recipients),
            regrouped=(current.groups, current.threshold) != (wanted.groups, wanted.threshold),
            alike=current.encrypts_alike(wanted),
        )

    @property
    def same(self) -> bool:
        return self.alike and not self.regrouped

    @property
    def need_new_key(self) -> bool:
        """Who was removed knows the old data key; another selection encrypts other values."""
        return bool(self.removed) or not self.alike or (self.regrouped and not self.added)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is known of one file. C(given): there is a plaintext for it; otherwise it is to stay what it is."""

    given: bool
    state: State
    holds_it: bool = False  # a file that is not encrypted has the bytes that are wanted
    trace: Trace = Trace.NONE
    known: bool = False  # the checksums say that the plaintext is the one it was encrypted from
    readers: Readers = Readers()


@dataclasses.dataclass(frozen=True)
class Choice:
    minimal_diff: bool = True
    reconcile_recipients: bool = True
    force: bool = False


@dataclasses.dataclass(frozen=True)
class Decision:
    action: str
    way: Way
    reason: str = ""


OPEN = Decision("", Way.OPEN)
NO_KEY = "no private key at hand"
_NOT_OF_IT = "its checksums were not of it, or made with another checksum key"
BEHIND = "its recipients are not those of its rule, and reconcile_recipients is off"


def _refuse(reason: str) -> Decision:
    return Decision("refused", Way.NOTHING, reason)


def decide(seen: Seen, opened: t.Optional[Opened], choice: Choice) -> Decision:
    """C(opened) None: it has not been tried yet, and is only tried where this asks for it."""
    if seen.state is State.ENCRYPTED:
        return (_given if seen.given else _in_place)(seen, opened, choice)
    if seen.state is State.DAMAGED:
        if seen.given and (seen.known or choice.force):
            return Decision("restored", Way.ENCRYPT, "it was damaged and is encrypted anew")
        return _refuse("it holds ciphertext, but is damaged: take it from Git, or give its plaintext and force")
    if seen.state is State.PLAIN and seen.given and not seen.holds_it and not choice.force:
        return _refuse("it is not encrypted and holds something else: move it away, or force")
    return Decision("encrypted", Way.ENCRYPT)


def _given(seen: Seen, opened: t.Optional[Opened], choice: Choice) -> Decision:
    """An encrypted file and a plaintext for it."""
    if seen.trace is Trace.OURS:
        unchanged = Decision("unchanged", Way.NOTHING)
        return _readers(seen, opened, choice, unchanged) if seen.known else _changed(seen, opened, choice)
    if opened is None:
        return OPEN
    if opened is Opened.SAME:
        restored = Decision("restored", Way.RECORD, f"it holds what is wanted; {_NOT_OF_IT}")
        return _readers(seen, opened, choice, restored)
    if opened is Opened.BROKEN and (choice.force or (seen.trace is Trace.TOUCHED and seen.known)):
        return Decision("restored", Way.ENCRYPT, "it was edited by hand and is encrypted anew")
    if choice.force or (seen.trace is Trace.NONE and opened is Opened.DIFFERENT):
        return _changed(seen, opened, choice)
    return _refuse(_FOREIGN[seen.trace, opened])


_EDITED = "sops cannot read it, it was edited by hand: take it from Git, or force"
_FOREIGN = {
    (Trace.NONE, Opened.BROKEN): _EDITED,
    (Trace.TOUCHED, Opened.BROKEN): _EDITED,
    (Trace.NONE, Opened.NO_KEY): (
        "no checksums made with this checksum key are of it, and no private key tells what it holds: "
        "give the key they were made with (checksum_key), run it where a private key is, or force"
    ),
    (Trace.TOUCHED, Opened.NO_KEY): (
        "somebody changed it, and no private key tells what it holds: run it where one is, or force"
    ),
    (Trace.TOUCHED, Opened.DIFFERENT): (
        "somebody changed it, and it holds other values now: bring them into the plaintext, or force"
    ),
}


def _changed(seen: Seen, opened: t.Optional[Opened], choice: Choice) -> Decision:
    """The plaintext is another one."""
    if seen.readers.need_new_key and choice.reconcile_recipients:
        return Decision("rotated", Way.ENCRYPT, _why_new_key(seen.readers))
    if not choice.minimal_diff or not seen.readers.alike:
        return Decision("updated", Way.ENCRYPT)
    if opened is None:
        return OPEN
    if opened is Opened.SAME:
        rewritten = Decision("restored", Way.RECORD, "the plaintext is written another way, its values are the same")
        return _readers(seen, opened, choice, rewritten)
    if opened is Opened.DIFFERENT:
        return Decision("updated", Way.EDIT)
    why = NO_KEY if opened is Opened.NO_KEY else "sops cannot read the old one"
    return Decision("updated", Way.ENCRYPT, f"{why}: all of it is encrypted anew")


def _readers(seen: Seen, opened: t.Optional[Opened], choice: Choice, otherwise: Decision) -> Decision:
    """The values are right; are the recipients?"""
    if seen.readers.same or not choice.reconcile_recipients:
        return otherwise if seen.readers.same else dataclasses.replace(otherwise, reason=BEHIND)
    if seen.readers.need_new_key:
        return _new_key(seen, opened)
    if opened is None:
        return OPEN
    if opened in (Opened.SAME, Opened.DIFFERENT):
        return Decision("rekeyed", Way.UPDATE_KEYS)
    if seen.given:
        return Decision("rotated", Way.ENCRYPT, f"{NO_KEY} to add a recipient: all of it is encrypted anew")
    return _refuse(f"a recipient was added, but {NO_KEY} to let it in")


def _new_key(seen: Seen, opened: t.Optional[Opened]) -> Decision:
    if opened is None and not seen.given:
        return OPEN
    if seen.given or opened is Opened.SAME:
        return Decision("rotated", Way.ENCRYPT, _why_new_key(seen.readers))
    return _refuse(f"{_why_new_key(seen.readers)}, but {NO_KEY} to give it a new data key")


def _in_place(seen: Seen, opened: t.Optional[Opened], choice: Choice) -> Decision:
    """An encrypted file that is to stay what it is."""
    if seen.trace is Trace.OURS:
        return _readers(seen, opened, choice, Decision("unchanged", Way.NOTHING))
    if opened is None:
        return OPEN
    if opened is Opened.BROKEN:
        return _refuse("sops cannot read it, it was edited by hand: take it from Git")
    if opened is Opened.NO_KEY:
        unverified = Decision("unchanged", Way.NOTHING, f"{NO_KEY}: whether it can be read was not tried")
        return _readers(seen, opened, choice, unverified)
    return _readers(seen, opened, choice, Decision("restored", Way.RECORD, _NOT_OF_IT))


def _why_new_key(readers: Readers) -> str:
    if readers.removed:
        return "a recipient was removed"
    return "other values are to be encrypted" if not readers.alike else "the key groups changed"
