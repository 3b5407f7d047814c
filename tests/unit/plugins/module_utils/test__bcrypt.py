# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import bcrypt
import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bcrypt import hash_password
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SECRET = "correct horse"
# Made by other programs: the same password and salt in the three notations of one algorithm.
FOREIGN = {letter: f"$2{letter}$04$abcdefghijklmnopqrstuu8w.ZvzyjKDrbUOP8X15pI3nJ3xfpTbW" for letter in "aby"}


@pytest.mark.parametrize("password", ["x", SECRET, " spaces ", "pässwörd", "日本語", "a" * 72, "ä" * 36, "$2b$04$"])
def test_a_new_hash_verifies_and_is_kept(password):
    first = hash_password(password, rounds=4)
    assert first.startswith("$2b$04$")
    assert hash_password(password, current=first, rounds=4) == first


def test_every_new_hash_has_its_own_salt():
    assert len({hash_password(SECRET, rounds=4) for attempt in range(5)}) == 5


def test_the_default_cost_is_12():
    assert hash_password(SECRET).startswith("$2b$12$")


@pytest.mark.parametrize("current", [None, ""])
def test_no_hash_yet(current):
    assert hash_password(SECRET, current=current, rounds=4).startswith("$2b$04$")


@pytest.mark.parametrize("letter", ["a", "b", "y"])
def test_a_hash_of_another_program_is_kept(letter):
    assert hash_password("foreign", current=FOREIGN[letter], rounds=4) == FOREIGN[letter]


@pytest.mark.parametrize(
    ("password", "rounds"),
    [
        pytest.param("another", 4, id="another password"),
        pytest.param(SECRET, 5, id="higher cost"),
        pytest.param(SECRET.upper(), 4, id="another case"),
        pytest.param(SECRET + " ", 4, id="longer"),
    ],
)
def test_a_hash_that_no_longer_fits_is_replaced(password, rounds):
    old = hash_password(SECRET, rounds=4)
    new = hash_password(password, current=old, rounds=rounds)
    assert new != old
    assert hash_password(password, current=new, rounds=rounds) == new


@pytest.mark.parametrize("rounds", [4, 5, 6])
def test_the_cost_is_the_one_asked_for(rounds):
    assert hash_password(SECRET, rounds=rounds).split("$")[2] == f"{rounds:02}"


@pytest.mark.parametrize(
    ("password", "arguments", "expected"),
    [
        pytest.param("", {}, ["password: is empty"], id="empty"),
        pytest.param("p4ss" + "x" * 69, {}, ["password: has 73 bytes"], id="73 bytes"),
        pytest.param("p4ss" + "ä" * 35, {}, ["password: has 74 bytes"], id="39 letters, 74 bytes"),
        pytest.param("p4ss\0word", {}, ["password: contains a NUL"], id="NUL"),
        pytest.param("p4ss\ud800", {}, ["password: is not valid Unicode"], id="lone surrogate"),
        pytest.param("p4ss", {"rounds": 3}, ["rounds: is 3"], id="cost too low"),
        pytest.param("p4ss", {"rounds": 32}, ["rounds: is 32"], id="cost too high"),
        pytest.param("p4ss", {"current": "p4ss"}, ["current: is not a bcrypt hash"], id="plain text"),
        pytest.param("p4ss", {"current": FOREIGN["b"][:-1]}, ["current: is not"], id="cut off"),
        pytest.param("p4ss", {"current": FOREIGN["b"] + "\n"}, ["current: is not"], id="line end"),
        pytest.param("p4ss", {"current": FOREIGN["b"].replace("$04", "$03")}, ["current: is not"], id="cost 3"),
        pytest.param("p4ss", {"current": FOREIGN["b"].replace("$2b", "$2x")}, ["current: is not"], id="$2x$"),
        pytest.param("p4ss", {"current": f"$2b$04${'z' * 53}"}, ["current: is not"], id="a salt that cannot be"),
        pytest.param("p4ss", {"current": f" {FOREIGN['b']}"}, ["current: is not"], id="space in front"),
        pytest.param("p4ss", {"current": "\0"}, ["current: is not"], id="NUL as hash"),
        pytest.param("p4ss", {"current": "$6$salt$p4ss"}, ["current: is not"], id="SHA-512 crypt"),
        pytest.param(
            "p4ss\0" + "x" * 80,
            {"current": "nonsense", "rounds": 99},
            ["password: has 85", "password: contains", "rounds: is 99", "current: is not"],
            id="all at once",
        ),
    ],
)
def test_what_is_refused(password, arguments, expected):
    with pytest.raises(ClusterError) as caught:
        hash_password(password, **arguments)
    assert len(caught.value.problems) == len(expected)
    for problem, start in zip(caught.value.problems, expected):
        assert str(problem).startswith(start)
    assert "p4ss" not in str(caught.value)


@st.composite
def passwords(draw, max_bytes=72):
    """Text of any alphabet that bcrypt takes whole."""
    text = draw(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=72))
    assume(len(text.encode()) <= max_bytes)
    return text


@settings(max_examples=60, deadline=None)
@given(password=passwords(), other=passwords())
def test_a_hash_is_kept_exactly_while_the_password_is_the_same(password, other):
    first = hash_password(password, rounds=4)
    assert bcrypt.checkpw(password.encode(), first.encode())
    kept = hash_password(other, current=first, rounds=4)
    assert (kept == first) == (other == password)
    assert bcrypt.checkpw(other.encode(), kept.encode())


@settings(max_examples=60, deadline=None)
@given(password=passwords(71), letter=st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
def test_no_letter_is_ever_ignored(password, letter):
    """Whatever is added, the longer password is either refused or told apart."""
    first = hash_password(password, rounds=4)
    try:
        assert hash_password(password + letter, current=first, rounds=4) != first
    except ClusterError:
        assert len((password + letter).encode()) > 72


@settings(max_examples=200, deadline=None)
@given(
    current=st.one_of(
        st.text(max_size=64),
        st.from_regex(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{50,54}", fullmatch=True),
    )
)
def test_whatever_is_stored_there_is_a_hash_or_a_clear_error(current):
    if current[4:6].isdigit() and int(current[4:6]) > 5:
        current = current[:4] + "04" + current[6:]  # a cost of 31 takes days
    try:
        assert bcrypt.checkpw(b"p4ss", hash_password("p4ss", current=current, rounds=4).encode())
    except ClusterError as error:
        assert [problem.where for problem in error.problems] == ["current"]  # noqa: PT017
