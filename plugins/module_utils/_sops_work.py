# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""One encrypted file: look at it, decide, and make its new content in memory. Nothing is written here."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _sops_format as formats
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sops_edits import edits, is_plain
from ansible_collections.homeops.cluster.plugins.module_utils._sops_ledger import Entry
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import (
    Choice,
    Decision,
    Opened,
    Readers,
    Seen,
    State,
    Trace,
    Way,
    decide,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import BrokenError, Edit, NoKeyError, Sops
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Names, Step, Target

IN_CLEAR = "nothing in it would be encrypted: its rule selects none of its values; correct the rule, or force"
WHOLE = "the change cannot be made value by value: all of it is encrypted anew"


def unchanged(target: Target, key: Key) -> t.Optional[Step]:
    """What the checksums alone prove; no sops and no look into the file. None: they do not."""
    if target.current is None:
        return None
    entry = own_entry(target, key)
    plaintext = target.item.plaintext
    if entry is None or not entry.is_file(key, target.current) or not entry.is_rule(key, target.rule):
        return None
    if plaintext is not None and not entry.is_plaintext(key, plaintext):
        return None
    # A second entry is left over from a run that was killed; it goes when something is written next.
    return Step(target, "unchanged", before=target.rule.recipients, after=target.rule.recipients)


def own_entry(target: Target, key: Key) -> t.Optional[Entry]:
    """The one that fits the file, otherwise any that was made with our key."""
    ours = [entry for entry in target.entries if entry.is_of(key)]
    fitting = [entry for entry in ours if target.current is not None and entry.is_file(key, target.current)]
    return next(iter([*fitting, *ours]), None)


class Work:
    """C(closed): the sets of recipients that no private key at hand belongs to, as found so far."""

    def __init__(self, target: Target, key: Key, sops: Sops, choice: Choice, closed: t.Set[t.Tuple[str, ...]]) -> None:
        self.target = target
        self.key = key
        self.sops = sops
        self.choice = choice
        self.closed = closed
        self.current = target.current or b""
        self.rule_of_current = self._rule_of(self.current)
        self.state = self._state()
        self.wanted = target.item.plaintext
        if self.wanted is None and self.state is State.PLAIN:
            self.wanted = self.current
        if self.wanted is not None:
            formats.check(target.format, self.wanted, target.item.path)
        self.opened: t.Optional[bytes] = None
        self._fresh: t.Optional[bytes] = None
        self._canonical: t.Optional[bytes] = None

    def step(self) -> Step:
        seen = self._seen()
        opened = None
        decision = decide(seen, None, self.choice)
        if decision.way is Way.OPEN:
            opened = self._open()
            decision = decide(seen, opened, self.choice)
        content = None
        if decision.way in (Way.ENCRYPT, Way.EDIT, Way.UPDATE_KEYS):
            content, decision = self._make(seen, decision)
        return self._step(seen, decision, content)

    # looking

    def _state(self) -> State:
        if not self.current and self.target.item.plaintext is not None:
            return State.ABSENT
        if self.rule_of_current is not None:
            return State.ENCRYPTED
        return State.DAMAGED if formats.looks_encrypted(self.current) else State.PLAIN

    def _rule_of(self, content: bytes) -> t.Optional[Rule]:
        if not formats.is_encrypted(self.target.format, content):
            return None
        return Rule.from_metadata(formats.metadata(self.target.format, content) or {})

    def _seen(self) -> Seen:
        entry = own_entry(self.target, self.key)
        trace = Trace.NONE
        if entry is not None:
            trace = Trace.OURS if entry.is_file(self.key, self.current) else Trace.TOUCHED
        return Seen(
            given=self.target.item.plaintext is not None,
            state=self.state,
            holds_it=self.current == self.wanted,
            trace=trace,
            known=bool(entry and self.wanted is not None and entry.is_plaintext(self.key, self.wanted)),
            readers=Readers.between(self.rule_of_current, self.target.rule) if self.rule_of_current else Readers(),
        )

    def _open(self) -> Opened:
        recipients = self.rule_of_current.recipients if self.rule_of_current else ()
        if recipients in self.closed:
            return Opened.NO_KEY
        try:
            self.opened = self.sops.decrypt(self.target.format, self.current)
        except NoKeyError:
            self.closed.add(recipients)
            return Opened.NO_KEY
        except BrokenError:
            return Opened.BROKEN
        if self.wanted is None or formats.same(self.target.format, self.opened, self.wanted):
            return Opened.SAME
        found = self._edits(self.wanted)
        if found and is_plain(found):
            return Opened.DIFFERENT
        # Only sops itself knows for sure how it reads what is wanted.
        canonical = self.canonical()
        alike = canonical is not None and formats.same(self.target.format, self.opened, canonical)
        return Opened.SAME if alike else Opened.DIFFERENT

    # making

    def fresh(self) -> bytes:
        """What is wanted, encrypted with a new data key; complete, and for the right ones."""
        if self._fresh is None:
            target = self.target
            plaintext = self.opened if self.wanted is None else self.wanted
            self._fresh = self.sops.encrypt(target.rule, target.format, target.path, plaintext or b"")
            self._checked(self._fresh)
        return self._fresh

    def canonical(self) -> t.Optional[bytes]:
        """What is wanted, as sops writes it; None where it is encrypted for others than us."""
        if self._canonical is None:
            try:
                self._canonical = self.sops.decrypt(self.target.format, self.fresh())
            except NoKeyError:
                return None
            except BrokenError as error:
                raise self._problem(f"sops cannot read what it encrypted itself ({error})") from error
        return self._canonical

    def _make(self, seen: Seen, decision: Decision) -> t.Tuple[t.Optional[bytes], Decision]:
        if decision.way is Way.UPDATE_KEYS:
            return self._with_keys(self.current), decision
        if decision.way is Way.EDIT:
            edited = self._edited(seen)
            if edited is not None:
                return edited, decision
            decision = dataclasses.replace(decision, reason=WHOLE)
        content = self.fresh()
        if not self.choice.force and formats.encrypts_nothing(content) and self._has_values():
            return None, Decision("refused", Way.NOTHING, IN_CLEAR)
        if self.target.item.plaintext is None:
            # It takes the place of the only copy. Who has no private key, or has just been let out, cannot check.
            canonical = self.canonical()
            given = canonical if self.opened is None else self.opened
            if canonical is not None and not formats.same(self.target.format, canonical, given or b""):
                raise self._problem("sops does not give back what it was given")
        return content, decision

    def _edited(self, seen: Seen) -> t.Optional[bytes]:
        """The current ciphertext with only those values replaced that changed; None if that cannot be done."""
        found = self._edits(self.wanted)
        if found and is_plain(found):
            content = self._with_edits(seen, found, self.wanted or b"")
            if content is not None:
                return content
        # What is wanted may be written so that only sops knows how it reads it.
        canonical = self.canonical()
        found = self._edits(canonical)
        return None if canonical is None or found is None else self._with_edits(seen, found, canonical)

    def _edits(self, new: t.Optional[bytes]) -> t.Optional[t.List[Edit]]:
        format, old, where = self.target.format, self.opened, self.target.item.path
        if old is None or new is None or format == "binary":
            return None
        return edits(
            formats.documents(format, old, where),
            formats.documents(format, new, where),
            comments=formats.has_comments(format, old),
        )

    def _with_edits(self, seen: Seen, found: t.Sequence[Edit], plaintext: bytes) -> t.Optional[bytes]:
        """None if sops cannot do it, or if it does not hold what is wanted afterwards."""
        target = self.target
        content = self.sops.edit(target.rule, target.format, self.current, found)
        if content is None:
            return None
        candidates = [content]
        if not seen.readers.same and self.choice.reconcile_recipients:
            candidates = [self._with_keys(content)]
        elif target.format == "yaml":
            candidates.insert(0, formats.in_layout_of(self.current, content))
        for candidate in dict.fromkeys(candidates):
            with contextlib.suppress(NoKeyError, BrokenError):
                if formats.same(target.format, self.sops.decrypt(target.format, candidate), plaintext):
                    return candidate
        return None

    def _with_keys(self, ciphertext: bytes) -> bytes:
        target = self.target
        try:
            content = self.sops.update_keys(target.rule, target.format, target.item.path, ciphertext)
        except NoKeyError as error:
            raise self._problem("the private key that opened it is gone") from error
        self._checked(content)
        return content

    def _checked(self, content: bytes) -> None:
        """Before it takes the place of anything: it is complete, and for exactly the recipients of the rule."""
        rule = self._rule_of(content)
        if rule is None:
            raise self._problem("sops ends well, but what it wrote is not complete")
        if rule.groups != self.target.rule.groups:
            raise self._problem("sops encrypts it for others than its rule says")

    def _has_values(self) -> bool:
        plaintext = self.opened if self.wanted is None else self.wanted
        found = formats.documents(self.target.format, plaintext or b"", self.target.item.path)
        return any(value not in (None, "", b"", {}, []) for value in formats.leaves(found).values())

    def _problem(self, what: str) -> ClusterError:
        return ClusterError(
            Problem(self.target.item.path, what, "Nothing was written; see what `sops --version` says, and report it")
        )

    # telling

    def _step(self, seen: Seen, decision: Decision, content: t.Optional[bytes]) -> Step:
        plaintext = self.opened if self.wanted is None else self.wanted
        rule = self.rule_of_current if content is None else self._rule_of(content)
        entry = None
        if decision.way is not Way.NOTHING and rule is not None and plaintext is not None:
            entry = Entry.of(self.key, rule, self.current if content is None else content, plaintext)
        before = self.rule_of_current.recipients if self.rule_of_current else ()
        after = before if content is None or rule is None else rule.recipients
        if content is None and not seen.readers.same:
            after = self.target.rule.recipients  # what should be is told also where it cannot be
        interim = None
        if content is not None and self.rule_of_current is not None and seen.trace is not Trace.OURS:
            interim = Entry.of_unknown(self.key, self.rule_of_current, self.current)
        return Step(
            self.target,
            decision.action,
            decision.reason,
            content,
            entry,
            interim,
            self._names(content, seen.known),
            before,
            after,
        )

    def _names(self, content: t.Optional[bytes], known: bool) -> Names:
        """Of values that change; the names in an encrypted file can be read by everybody."""
        format, where = self.target.format, self.target.item.path
        if content is None or self.state is State.DAMAGED:
            return Names()
        new = _places(format, content, where)
        if self.state is not State.ENCRYPTED:
            return Names(added=tuple(formats.shown(path) for path in new))
        old = _places(format, self.current, where)
        changed: t.Optional[t.Tuple[str, ...]] = None
        if known or self.wanted is None:
            changed = ()
        elif self.opened is not None:
            before = formats.leaves(formats.documents(format, self.opened, where))
            after = formats.leaves(formats.documents(format, self._canonical or self.wanted, where))
            changed = tuple(formats.shown(path) for path in after if path in before and before[path] != after[path])
        return Names(
            added=tuple(formats.shown(path) for path in new if path not in old),
            removed=tuple(formats.shown(path) for path in old if path not in new),
            changed=changed,
        )


def _places(format: str, ciphertext: bytes, where: str) -> t.Dict[formats.Path, t.Any]:
    """Of its values, without what sops added."""
    try:
        found = formats.leaves(formats.documents(format, ciphertext, where))
    except ClusterError:  # somebody damaged the old one
        return {}
    if format == "binary":
        return {}
    return {path: None for path in found if path[1] != "sops" and not str(path[1]).startswith("sops_")}
