# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Files around secrets: read as bytes, written whole and atomically, one run at a time. No decisions here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

CHUNK = 1024 * 1024
MOST_LOCKS = 8  # of directories far apart; more of them are locked by the one above them all


class Files:
    """Whoever is killed leaves the old file or the new one. C(system) is the module os, or a test's stand-in for it.

    What is about to take the place of a file lies beside it under a name of its own, readable by its owner only.
    A run that was killed may leave it there; the next one that writes the file takes it away.
    """

    def __init__(self, system: t.Any = os) -> None:
        self.system = system

    def read(self, path: str) -> t.Optional[bytes]:
        """None if there is no such file. Raises ClusterError."""
        try:
            descriptor = self.system.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            parts: t.List[bytes] = []
            while True:
                part = self.system.read(descriptor, CHUNK)
                if not part:
                    return b"".join(parts)
                parts.append(part)
        except OSError as error:
            raise _unreadable(path, error) from error
        finally:
            self.system.close(descriptor)

    def stage(self, path: str, content: bytes, mode: int) -> None:
        """Write what is to become C(path) beside it, down to the disk. Mode and owner are kept where there are any."""
        final = os.path.realpath(path)
        temporary = _beside(final)
        try:
            self.system.makedirs(os.path.dirname(final), mode=0o755, exist_ok=True)
            self._forget(temporary)
            descriptor = self.system.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                view = memoryview(content)
                while view:
                    view = view[self.system.write(descriptor, view) :]
                with contextlib.suppress(FileNotFoundError):
                    old = self.system.stat(final)
                    mode = stat.S_IMODE(old.st_mode)
                    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                        self.system.fchown(descriptor, old.st_uid, old.st_gid)
                self.system.fchmod(descriptor, mode)
                self.system.fsync(descriptor)
            finally:
                self.system.close(descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._forget(temporary)
            raise _unwritable(path, error) from error

    def publish(self, path: str) -> None:
        """Let what was staged take the place of C(path)."""
        final = os.path.realpath(path)
        try:
            self.system.replace(_beside(final), final)
        except OSError as error:
            raise _unwritable(path, error) from error

    def discard(self, path: str) -> None:
        """Take away what was staged for C(path), if it is still there."""
        with contextlib.suppress(OSError):
            self._forget(_beside(os.path.realpath(path)))

    def create(self, path: str, content: bytes, mode: int) -> bool:
        """A file that nobody else has created meanwhile; never an incomplete one. False if somebody has."""
        with self.alone([os.path.dirname(path)]):
            if os.path.lexists(path):
                return False
            self.replace(path, content, mode)
            return True

    def replace(self, path: str, content: bytes, mode: int) -> None:
        self.stage(path, content, mode)
        self.publish(path)
        self.settle([path])

    def remove(self, path: str) -> None:
        try:
            self._forget(path)
        except OSError as error:
            raise _unwritable(path, error) from error

    def settle(self, paths: t.Iterable[str]) -> None:
        """See to it that the new names survive a power failure, too."""
        for directory in sorted({os.path.dirname(os.path.realpath(path)) for path in paths}):
            with contextlib.suppress(OSError):  # not every file system can
                descriptor = self.system.open(directory, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    self.system.fsync(descriptor)
                finally:
                    self.system.close(descriptor)

    @contextlib.contextmanager
    def alone(self, directories: t.Iterable[str]) -> t.Iterator[None]:
        """Whoever wants files at or below these directories this way waits. No lock outlives its process.

        They are locked for us alone, those above them together with others: so whoever wants a directory further up
        waits for us, and neighbours do not. In the order of their names, nobody waits in a circle.
        """
        ours = {_existing(os.path.realpath(directory)) for directory in directories}
        ours = {directory for directory in ours if not ours.intersection(_above(directory))}
        if len(ours) > MOST_LOCKS:
            ours = {os.path.commonpath(ours)}
        shared = {above for directory in ours for above in _above(directory)}
        with contextlib.ExitStack() as at_last:
            for directory in sorted(ours | shared):
                # We may not be allowed to look into one further up, and not every network file system has locks.
                with contextlib.suppress(OSError):
                    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
                    at_last.callback(os.close, descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX if directory in ours else fcntl.LOCK_SH)
            yield

    def _forget(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.system.unlink(path)


def _above(directory: str) -> t.Iterator[str]:
    while directory != os.path.dirname(directory):
        directory = os.path.dirname(directory)
        yield directory


def _existing(directory: str) -> str:
    """The nearest one that is there; the others are yet to be made."""
    return next((one for one in (directory, *_above(directory)) if os.path.isdir(one)), os.sep)


def _beside(final: str) -> str:
    return os.path.join(os.path.dirname(final), f".{os.path.basename(final)}.new")


def _unreadable(path: str, error: OSError) -> ClusterError:
    return ClusterError(
        Problem(path, f"cannot be read: {error.strerror}", "Check that it is a file, and its permissions")
    )


def _unwritable(path: str, error: OSError) -> ClusterError:
    return ClusterError(
        Problem(
            path,
            f"cannot be written: {error.strerror}; it is as it was",
            "Check the directory's permissions and the disk's space (ls -ld, df)",
        )
    )
