# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A change to a router that stays only if the BGP sessions that were up before come back; otherwise it is taken back.

Without sessions before, as at the first time, there is nothing to lose, and nothing is awaited.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import tempfile
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SECONDS_BETWEEN_LOOKS = 1.0
INTERRUPTED = "The run before was interrupted; what it changed is proven now, or taken back with this change"
Sessions = t.FrozenSet[str]


class WholeFile:
    """A file that is written whole or not at all. It keeps its mode and owner, but is for nobody else's eyes."""

    def __init__(self, path: str, mode: int = 0o600, owner: t.Optional[t.Tuple[int, int]] = None) -> None:
        self.path = os.path.realpath(path)
        self._mode, self._owner = mode, owner

    def read(self) -> t.Optional[str]:
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
                return stream.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._problem("read", error) from error

    def write(self, text: str) -> None:
        try:
            self._replace(text)
        except OSError as error:
            raise self._problem("written", error) from error

    def remove(self) -> None:
        try:
            if os.path.lexists(self.path):
                os.unlink(self.path)
        except OSError as error:
            raise self._problem("removed", error) from error

    def _replace(self, text: str) -> None:
        directory = os.path.dirname(self.path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        mode, owner = self._mode, self._owner
        if os.path.exists(self.path):
            found = os.stat(self.path)
            mode, owner = found.st_mode & 0o7770, (found.st_uid, found.st_gid)
        handle, part = tempfile.mkstemp(dir=directory, prefix=".homeops-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                if owner and owner != (os.geteuid(), os.getegid()):
                    os.fchown(stream.fileno(), *owner)
                os.fchmod(stream.fileno(), mode)
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, self.path)
        except BaseException:
            os.unlink(part)
            raise

    def _problem(self, verb: str, error: OSError) -> ClusterError:
        what = f"it cannot be {verb} ({error.strerror})"
        return ClusterError(Problem(self.path, what, "Run as root, and see that the disk has room and can be written"))


@contextlib.contextmanager
def alone(path: str) -> t.Iterator[None]:
    """Whoever else wants to change C(path) waits. The lock ends with its process, however that ends."""
    directory = os.path.dirname(os.path.realpath(path))
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        remedy = "Install FRR on this host, and run as root"
        raise ClusterError(Problem(directory, f"it cannot be opened ({error.strerror})", remedy)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@dataclasses.dataclass(frozen=True)
class Before:
    """What was there when all was well: the configuration, as text or nothing, and the sessions that were up."""

    text: t.Optional[str]
    sessions: Sessions


class Journal:
    """Remembers a change that is not proven yet, so that the next run can still take it back after a power cut.

    C(path) keeps the configuration before the last proven change, for people.
    """

    def __init__(self, path: str) -> None:
        self.kept = WholeFile(path)
        self.pending = WholeFile(f"{path}.pending")

    def unproven(self) -> t.Optional[Before]:
        text = self.pending.read()
        if text is None:
            return None
        try:
            document = json.loads(text)
            return Before(document["text"], frozenset(document["sessions"]))
        except (KeyError, TypeError, ValueError):
            return Before(self.kept.read(), frozenset())

    def begin(self, before: Before) -> None:
        self.pending.write(json.dumps({"text": before.text, "sessions": sorted(before.sessions)}))

    def keep(self, before: Before) -> None:
        """The change is proven."""
        if before.text is None:
            self.kept.remove()
        else:
            self.kept.write(before.text)
        self.pending.remove()

    def forget(self) -> None:
        """The change was taken back."""
        self.pending.remove()

    def clear(self) -> None:
        """There is nothing any more that one could go back from."""
        self.kept.remove()
        self.pending.remove()


@dataclasses.dataclass(frozen=True)
class Watch:
    """Looks at the sessions for up to C(timeout) seconds. They must stay up for C(steady) seconds to count as back.

    C(established) gives who has a session now; a ClusterError of it means that nobody can be seen at the moment.
    """

    established: t.Callable[[], Sessions]
    timeout: float
    steady: float
    clock: t.Callable[[], float]
    sleep: t.Callable[[float], None]

    def seen(self) -> Sessions:
        try:
            return self.established()
        except ClusterError:
            return frozenset()

    def missing(self, expected: Sessions) -> Sessions:
        """Who of C(expected) did not come back, or not for good."""
        deadline = self.clock() + self.timeout
        since: t.Optional[float] = None
        while True:
            missing = expected - self.seen()
            now = self.clock()
            if missing:
                since = None
                if now >= deadline:
                    return missing
            else:
                since = now if since is None else since
                if now - since >= self.steady:
                    return missing
            self.sleep(SECONDS_BETWEEN_LOOKS)


def attempt(
    where: str,
    before: Before,
    expected: Sessions,
    journal: Journal,
    watch: Watch,
    *,
    change: t.Callable[[], None],
    put_back: t.Callable[[], None],
) -> Sessions:
    """Do C(change) and prove it by C(expected), the result.

    Otherwise C(put_back), await the sessions of C(before) and raise a ClusterError.
    """
    expected = expected if watch.timeout else frozenset()
    journal.begin(before)
    failed: t.Tuple[Problem, ...] = ()
    try:
        change()
        missing = watch.missing(expected) if expected else frozenset()
    except ClusterError as error:
        missing, failed = expected, error.problems
    if not missing and not failed:
        journal.keep(before)
        return expected
    begun = watch.clock()
    try:
        put_back()
    except ClusterError as error:
        remedy = f"The configuration before is in {journal.pending.path}; run again to try the new one again"
        what = "the change failed, and so did the attempt to take it back"
        raise ClusterError(*failed, Problem(where, what, remedy), *error.problems) from error
    lost = watch.missing(before.sessions) if before.sessions and watch.timeout else frozenset()
    journal.forget()
    what = _story(
        missing if not failed else frozenset(),
        before.sessions,
        lost,
        watch.timeout,
        watch.clock() - begun - watch.steady,
    )
    remedy = "Correct the description (AS numbers, password and addresses are as on the other end?) and run again"
    raise ClusterError(*failed, Problem(where, what, remedy))


def _story(missing: Sessions, before: Sessions, lost: Sessions, timeout: float, seconds: float) -> str:
    if missing:
        first = (
            f"the sessions with {', '.join(sorted(missing))} were Established before the change and not within "
            f"{timeout:g} s after it, so the previous configuration was put back"
        )
    else:
        first = "the change failed, so the previous configuration was put back"
    if lost:
        return f"{first}; {', '.join(sorted(lost))} did not come back with it either"
    back = ", ".join(sorted(before))
    return (
        f"{first}; {back} {'is' if len(before) == 1 else 'are'} Established again after {seconds:.0f} s"
        if back
        else first
    )
