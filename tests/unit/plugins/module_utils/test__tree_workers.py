# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_workers as workers
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import Trace

NAMES = [str(number) for number in range(3 * workers.SHARE)]


class Render:
    """Every tenth template is wrong; the text tells which process rendered it."""

    def __init__(self, dies=False):
        self.parent, self.dies = os.getpid(), dies

    def __call__(self, name):
        if self.dies and os.getpid() != self.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        if name.endswith("0"):
            raise ClusterError(Problem(name, "is wrong", "Correct it"))
        return str(os.getpid()), Trace(frozenset([name]), frozenset())


def rendered(cores, dies=False):
    """The outcomes, checked, and how many processes they come from."""
    outcomes = workers.render_all(Render(dies), NAMES, cores)
    assert sorted(outcomes) == sorted(NAMES)
    texts = set()
    for name, outcome in outcomes.items():
        if name.endswith("0"):
            assert outcome.problems == (Problem(name, "is wrong", "Correct it"),)
        else:
            assert outcome[1].templates == {name}
            texts.add(outcome[0])
    return len(texts)


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (2, 2), (3, 3), (64, 3)])
def test_as_many_processes_as_are_worth_it(cores, processes):
    assert rendered(cores) == processes


def test_what_a_killed_child_did_not_do_its_parent_does():
    assert rendered(3, dies=True) == 1


def test_without_another_process(monkeypatch):
    def no_fork():
        raise BlockingIOError

    monkeypatch.setattr(workers.os, "fork", no_fork)
    assert rendered(3) == 1


def test_few_templates_are_not_worth_a_process(monkeypatch):
    monkeypatch.setattr(workers.os, "fork", None)
    assert list(workers.render_all(Render(), ["1", "2"], 64)) == ["1", "2"]
