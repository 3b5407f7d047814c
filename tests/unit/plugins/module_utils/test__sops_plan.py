# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case of one file, as a table: what there is, what came of opening it, what is done."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import (
    Choice,
    Opened,
    Readers,
    Seen,
    State,
    Trace,
    Way,
    decide,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

SAME, ADDED = Readers(), Readers(added=("b",), regrouped=True)
REMOVED = Readers(removed=("b",), regrouped=True)
SELECTION, REGROUPED = Readers(alike=False), Readers(regrouped=True)


def encrypted(trace, known=False, readers=SAME, given=True):
    return Seen(given=given, state=State.ENCRYPTED, trace=trace, known=known, readers=readers)


def decided(seen, opened, **choice):
    """Through both steps, as it is done: opened only if that was asked for."""
    decision = decide(seen, None, Choice(**choice))
    if decision.way is not Way.OPEN:
        assert opened is None, "it need not be opened"
        return decision
    assert opened is not None, "it has to be opened"
    return decide(seen, opened, Choice(**choice))


OURS, NONE, TOUCHED = Trace.OURS, Trace.NONE, Trace.TOUCHED
IT, OTHER, NO_KEY, BROKEN = Opened.SAME, Opened.DIFFERENT, Opened.NO_KEY, Opened.BROKEN


@pytest.mark.parametrize(
    ("seen", "opened", "action", "way"),
    [
        # Nothing there yet, or nothing encrypted.
        (Seen(True, State.ABSENT), None, "encrypted", Way.ENCRYPT),
        (Seen(True, State.PLAIN, holds_it=True), None, "encrypted", Way.ENCRYPT),
        (Seen(True, State.PLAIN), None, "refused", Way.NOTHING),
        (Seen(False, State.PLAIN), None, "encrypted", Way.ENCRYPT),
        (Seen(True, State.DAMAGED, known=True), None, "restored", Way.ENCRYPT),
        (Seen(True, State.DAMAGED), None, "refused", Way.NOTHING),
        (Seen(False, State.DAMAGED), None, "refused", Way.NOTHING),
        # A plaintext is given, and the file is as we left it.
        (encrypted(OURS, known=True), None, "unchanged", Way.NOTHING),
        (encrypted(OURS, known=True, readers=ADDED), IT, "rekeyed", Way.UPDATE_KEYS),
        (encrypted(OURS, known=True, readers=ADDED), NO_KEY, "rotated", Way.ENCRYPT),
        (encrypted(OURS, known=True, readers=ADDED), BROKEN, "rotated", Way.ENCRYPT),
        (encrypted(OURS, known=True, readers=REMOVED), None, "rotated", Way.ENCRYPT),
        (encrypted(OURS, known=True, readers=SELECTION), None, "rotated", Way.ENCRYPT),
        (encrypted(OURS, known=True, readers=REGROUPED), None, "rotated", Way.ENCRYPT),
        (encrypted(OURS), OTHER, "updated", Way.EDIT),
        (encrypted(OURS), IT, "restored", Way.RECORD),
        (encrypted(OURS, readers=ADDED), IT, "rekeyed", Way.UPDATE_KEYS),
        (encrypted(OURS), NO_KEY, "updated", Way.ENCRYPT),
        (encrypted(OURS), BROKEN, "updated", Way.ENCRYPT),
        (encrypted(OURS, readers=ADDED), OTHER, "updated", Way.EDIT),
        (encrypted(OURS, readers=REMOVED), None, "rotated", Way.ENCRYPT),
        # … and the checksums are not of it.
        (encrypted(NONE), IT, "restored", Way.RECORD),
        (encrypted(NONE, readers=ADDED), IT, "rekeyed", Way.UPDATE_KEYS),
        (encrypted(NONE, readers=REMOVED), IT, "rotated", Way.ENCRYPT),
        (encrypted(NONE), OTHER, "updated", Way.EDIT),
        (encrypted(NONE), NO_KEY, "refused", Way.NOTHING),
        (encrypted(NONE), BROKEN, "refused", Way.NOTHING),
        # … and somebody has changed it since.
        (encrypted(TOUCHED), IT, "restored", Way.RECORD),
        (encrypted(TOUCHED), OTHER, "refused", Way.NOTHING),
        (encrypted(TOUCHED, known=True), OTHER, "refused", Way.NOTHING),
        (encrypted(TOUCHED, known=True), NO_KEY, "refused", Way.NOTHING),
        (encrypted(TOUCHED), BROKEN, "refused", Way.NOTHING),
        (encrypted(TOUCHED, known=True), BROKEN, "restored", Way.ENCRYPT),
        # No plaintext: it is to stay what it is.
        (encrypted(OURS, given=False), None, "unchanged", Way.NOTHING),
        (encrypted(OURS, given=False, readers=ADDED), IT, "rekeyed", Way.UPDATE_KEYS),
        (encrypted(OURS, given=False, readers=ADDED), NO_KEY, "refused", Way.NOTHING),
        (encrypted(OURS, given=False, readers=REMOVED), IT, "rotated", Way.ENCRYPT),
        (encrypted(OURS, given=False, readers=REMOVED), NO_KEY, "refused", Way.NOTHING),
        (encrypted(OURS, given=False, readers=SELECTION), NO_KEY, "refused", Way.NOTHING),
        (encrypted(NONE, given=False), IT, "restored", Way.RECORD),
        (encrypted(NONE, given=False), NO_KEY, "unchanged", Way.NOTHING),
        (encrypted(NONE, given=False), BROKEN, "refused", Way.NOTHING),
        (encrypted(TOUCHED, given=False), IT, "restored", Way.RECORD),
        (encrypted(TOUCHED, given=False), NO_KEY, "unchanged", Way.NOTHING),
        (encrypted(TOUCHED, given=False, readers=ADDED), NO_KEY, "refused", Way.NOTHING),
        (encrypted(TOUCHED, given=False, readers=REMOVED), IT, "rotated", Way.ENCRYPT),
        (encrypted(TOUCHED, given=False), BROKEN, "refused", Way.NOTHING),
    ],
)
def test_case(seen, opened, action, way):
    decision = decided(seen, opened)
    assert (decision.action, decision.way) == (action, way)
    assert decision.reason or action in ("unchanged", "encrypted", "updated", "rekeyed")


@pytest.mark.parametrize(
    ("seen", "opened", "action", "way"),
    [
        (Seen(True, State.PLAIN), None, "encrypted", Way.ENCRYPT),
        (Seen(True, State.DAMAGED), None, "restored", Way.ENCRYPT),
        (encrypted(NONE), NO_KEY, "updated", Way.ENCRYPT),
        (encrypted(NONE), BROKEN, "restored", Way.ENCRYPT),
        (encrypted(TOUCHED), OTHER, "updated", Way.EDIT),
        (encrypted(TOUCHED), NO_KEY, "updated", Way.ENCRYPT),
        # Without a plaintext there is nothing to force.
        (Seen(False, State.DAMAGED), None, "refused", Way.NOTHING),
        (encrypted(TOUCHED, given=False), BROKEN, "refused", Way.NOTHING),
        (encrypted(OURS, given=False, readers=REMOVED), NO_KEY, "refused", Way.NOTHING),
    ],
)
def test_force(seen, opened, action, way):
    decision = decided(seen, opened, force=True)
    assert (decision.action, decision.way) == (action, way)


@pytest.mark.parametrize("readers", [ADDED, REMOVED, REGROUPED, SELECTION])
@pytest.mark.parametrize("given", [True, False])
def test_recipients_can_be_left_alone_and_it_is_said(readers, given):
    decision = decided(encrypted(OURS, known=True, readers=readers, given=given), None, reconcile_recipients=False)
    assert (decision.action, decision.way) == ("unchanged", Way.NOTHING)
    assert "reconcile_recipients is off" in decision.reason


def test_without_minimal_diff_it_need_not_be_opened():
    decision = decided(encrypted(OURS), None, minimal_diff=False)
    assert (decision.action, decision.way) == ("updated", Way.ENCRYPT)


def test_no_case_is_left_out_and_nothing_is_overwritten_that_nobody_knows():
    for given, state, holds_it, trace, known, readers, opened, minimal, reconcile in itertools.product(
        *((True, False), State, (True, False), Trace, (True, False), (SAME, ADDED, REMOVED, SELECTION)),
        *((None, *Opened), (True, False), (True, False)),
    ):
        seen = Seen(given, state, holds_it, trace, known, readers)
        decision = decide(seen, opened, Choice(minimal, reconcile))
        assert (decision.way is Way.OPEN) is (decision.action == "")
        assert opened is None or decision.way is not Way.OPEN
        if decision.action == "refused":
            assert decision.way is Way.NOTHING
            assert decision.reason
        overwritten = decision.way in (Way.ENCRYPT, Way.EDIT) and state is State.ENCRYPTED
        if overwritten and trace is TOUCHED:
            # It holds what is wanted, or it cannot be read and we know what it was.
            assert opened is IT or (opened is BROKEN and known)
        if overwritten and not given:
            assert opened is IT, "what is encrypted anew was read before"


@pytest.mark.parametrize(
    ("current", "wanted", "expected", "new_key"),
    [
        (("a",), ("a",), Readers(), False),
        (("a",), ("a", "b"), Readers(added=("b",), regrouped=True), False),
        (("a", "b"), ("a",), Readers(removed=("b",), regrouped=True), True),
        (("a",), ("b",), Readers(added=("b",), removed=("a",), regrouped=True), True),
    ],
)
def test_readers_beside_those_of_the_rule(current, wanted, expected, new_key):
    readers = Readers.between(Rule((current,)), Rule((wanted,)))
    assert (readers, readers.need_new_key) == (expected, new_key)
    assert Readers.between(Rule((current,)), Rule((current,), ("encrypted_regex", "x"))).alike is False
    # Another threshold of the same recipients is a matter of the data key's parts.
    assert Readers.between(Rule((current, current), threshold=2), Rule((current, current), threshold=1)).need_new_key
