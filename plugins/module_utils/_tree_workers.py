# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Renders many templates on all cores: compiling one takes a millisecond, and Python's threads would take turns."""

from __future__ import annotations

import contextlib
import os
import pickle
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import Trace

Render = t.Callable[[str], t.Tuple[str, Trace]]
Outcome = t.Union[t.Tuple[str, Trace], ClusterError]

# So many templates are worth a process.
SHARE = 100


def render_all(render: Render, names: t.Sequence[str], cores: int) -> t.Dict[str, Outcome]:
    """What comes of each template: its text and what it read, or what is wrong with it."""
    processes = max(1, min(cores, len(names) // SHARE))
    shares = [names[number::processes] for number in range(processes)]
    children = [_Child(render, share) for share in shares[1:]]
    outcomes = _render(render, shares[0])
    for child, share in zip(children, shares[1:]):
        outcomes.update(child.outcomes() or _render(render, share))
    return outcomes


def _render(render: Render, names: t.Sequence[str]) -> t.Dict[str, Outcome]:
    outcomes: t.Dict[str, Outcome] = {}
    for name in names:
        try:
            outcomes[name] = render(name)
        except ClusterError as error:
            outcomes[name] = error
    return outcomes


class _Child:
    """A copy of this process with a share of the work. What it renders comes back through a pipe, never by a file."""

    def __init__(self, render: Render, names: t.Sequence[str]) -> None:
        self._read, write = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:  # no more processes: the parent does it
            self._pid = 0
            os.close(write)
            return
        if self._pid == 0:
            # Whatever happens: this process must not go on with what its parent does.
            with contextlib.suppress(BaseException):
                os.close(self._read)
                with os.fdopen(write, "wb") as stream:
                    pickle.dump(_render(render, names), stream, -1)
            os._exit(0)
        os.close(write)

    def outcomes(self) -> t.Optional[t.Dict[str, Outcome]]:
        """None if the child did not come to its end."""
        with os.fdopen(self._read, "rb") as stream:
            content = stream.read()
        if self._pid:
            os.waitpid(self._pid, 0)
        try:
            found: t.Dict[str, Outcome] = pickle.loads(content)
        except Exception:  # half of a pickle can raise anything
            return None
        return found
