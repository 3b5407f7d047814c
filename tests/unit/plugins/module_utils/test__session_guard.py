# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _session_guard as guard
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

A, B = "192.0.2.11", "192.0.2.12"


class World:
    """Sessions that follow what is configured; time passes by sleeping only."""

    def __init__(self, states):
        self.now, self.states, self.log = 0.0, states, []
        self.configured, self.since = "old", 0.0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def configure(self, what):
        self.log.append(what)
        self.configured, self.since = what, self.now

    def established(self):
        state = self.states[self.configured](self.now - self.since)
        if state is None:
            raise ClusterError(Problem("router", "it does not answer", "Wait"))
        return frozenset(state)

    def watch(self, timeout=60, steady=3):
        return guard.Watch(self.established, timeout, steady, self.clock, self.sleep)


def up(*sessions, after=0.0, until=1e9):
    return lambda seconds: sessions if after <= seconds < until else ()


@pytest.fixture
def journal(tmp_path):
    return guard.Journal(str(tmp_path / "kept"))


def attempt(world, journal, *, before=frozenset({A}), expected=None, change=None, timeout=60):
    guard.attempt(
        "x",
        guard.Before("old text", frozenset(before)),
        frozenset(before if expected is None else expected),
        journal,
        world.watch(timeout),
        change=change or (lambda: world.configure("new")),
        put_back=lambda: world.configure("old"),
    )


def test_sessions_that_come_back_and_stay_prove_the_change(journal):
    world = World({"old": up(A), "new": up(A, after=20)})
    attempt(world, journal)
    assert world.log == ["new"]
    assert world.now == 23
    assert journal.kept.read() == "old text"
    assert journal.unproven() is None


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(up(), id="never"),
        pytest.param(up(A, until=2), id="falls when the hold time is over"),
        pytest.param(up(B), id="somebody else's"),
        pytest.param(lambda seconds: None, id="the router no longer answers"),
        pytest.param(lambda seconds: (A,) if seconds % 3 < 2 else (), id="flaps"),
    ],
)
def test_sessions_that_do_not_come_back_take_the_change_back(journal, new):
    world = World({"old": up(A, after=7), "new": new})
    with pytest.raises(ClusterError) as error:
        attempt(world, journal)
    assert world.log == ["new", "old"]
    assert f"the sessions with {A} were Established before the change and not within 60 s" in str(error.value)
    assert f"{A} is Established again after 7 s" in str(error.value)
    assert journal.unproven() is None
    assert journal.kept.read() is None


def test_all_sessions_count(journal):
    world = World({"old": up(A, B), "new": up(A)})
    with pytest.raises(ClusterError, match=f"sessions with {B} were"):
        attempt(world, journal, before={A, B})


def test_a_session_that_is_no_longer_wanted_is_not_awaited(journal):
    world = World({"old": up(A, B), "new": up(A)})
    attempt(world, journal, before={A, B}, expected={A})
    assert world.log == ["new"]


@pytest.mark.parametrize(("before", "timeout"), [((), 60), ({A}, 0)], ids=["first configuration", "not asked for"])
def test_without_anything_to_lose_nothing_is_awaited_or_taken_back(journal, before, timeout):
    world = World({"old": up(), "new": up()})
    attempt(world, journal, before=before, timeout=timeout)
    assert (world.log, world.now) == (["new"], 0)


@pytest.mark.parametrize("before", [(), {A}])
def test_a_change_that_fails_is_taken_back_and_its_reason_comes_first(journal, before):
    world = World({"old": up(A)})

    def refuse():
        raise ClusterError(Problem("FRR", "it refuses the change", "See its log"))

    with pytest.raises(ClusterError) as error:
        attempt(world, journal, before=before, change=refuse)
    assert world.log == ["old"]
    assert [problem.where for problem in error.value.problems] == ["FRR", "x"]
    assert "the change failed, so the previous configuration was put back" in error.value.problems[1].what


def test_sessions_that_do_not_return_with_the_old_configuration_are_named(journal):
    world = World({"old": up(), "new": up()})
    with pytest.raises(ClusterError, match=f"put back; {A} did not come back with it either"):
        attempt(world, journal)


def test_what_cannot_be_put_back_stays_remembered(journal):
    world = World({"old": up(), "new": up()})

    def refuse():
        raise ClusterError(Problem("FRR", "it refuses", "See its log"))

    with pytest.raises(ClusterError, match="so did the attempt to take it back"):
        guard.attempt(
            "x",
            guard.Before("old text", frozenset({A})),
            frozenset({A}),
            journal,
            world.watch(),
            change=lambda: world.configure("new"),
            put_back=refuse,
        )
    assert journal.unproven() == guard.Before("old text", frozenset({A}))


def test_a_run_that_is_killed_leaves_what_the_next_one_needs(journal):
    world = World({"old": up(A)})

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(world, journal, change=killed)
    assert journal.unproven() == guard.Before("old text", frozenset({A}))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"text": "x"}'])
def test_a_damaged_memory_falls_back_to_what_was_kept(journal, damage):
    journal.kept.write("kept text")
    journal.pending.write(damage)
    assert journal.unproven() == guard.Before("kept text", frozenset())


def test_nothing_before_is_kept_as_nothing(journal):
    journal.kept.write("older")
    journal.begin(guard.Before(None, frozenset()))
    assert journal.unproven() == guard.Before(None, frozenset())
    journal.keep(guard.Before(None, frozenset()))
    assert journal.kept.read() is None


def test_what_is_kept_is_private(journal):
    journal.begin(guard.Before("password", frozenset()))
    assert os.stat(journal.pending.path).st_mode & 0o777 == 0o600
    journal.keep(guard.Before("password", frozenset()))
    assert os.stat(journal.kept.path).st_mode & 0o777 == 0o600


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("a\r\n")
    real.chmod(0o640)
    link.symlink_to(real)
    guard.WholeFile(str(link)).write("b\r\n")
    assert link.is_symlink()
    assert real.read_bytes() == b"b\r\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".homeops")] == []


def test_what_everybody_could_read_is_not_for_everybody_once_it_may_hold_a_password(tmp_path):
    path = tmp_path / "frr.conf"
    path.write_text("a")
    path.chmod(0o644)
    guard.WholeFile(str(path)).write("b")
    assert path.stat().st_mode & 0o777 == 0o640


def test_bytes_of_others_that_are_not_text_survive(tmp_path):
    path = tmp_path / "frr.conf"
    path.write_bytes(b"! caf\xe9\n")
    file = guard.WholeFile(str(path))
    file.write(file.read() + "x\n")
    assert path.read_bytes() == b"! caf\xe9\nx\n"


def test_what_cannot_be_read_or_written_is_an_error_with_a_way_out(tmp_path):
    for act in (lambda file: file.read(), lambda file: file.write("x")):
        with pytest.raises(ClusterError, match="Run as root"):
            act(guard.WholeFile(str(tmp_path)))
    with pytest.raises(ClusterError, match="Install FRR"), guard.alone(str(tmp_path / "none" / "frr.conf")):
        pass
