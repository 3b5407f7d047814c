# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What Git would commit: the names of the files, and what is in them, in the work tree or in the index."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import threading
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

REGULAR = ("100644", "100755")


@dataclasses.dataclass(frozen=True)
class Entry:
    """A regular file below the top of the work tree. C(blob) is empty for what is not in the index yet."""

    path: str
    blob: str = ""


def top(folder: str) -> str:
    """Of the work tree that C(folder) is in. Raises ClusterError."""
    if not os.path.isdir(folder):
        raise ClusterError(Problem(folder, "is no folder", "Give a folder of a Git work tree"))
    return os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))


def entries(root: str, staged: bool) -> t.List[Entry]:
    """Tracked files, and with C(staged) false those that are neither tracked nor ignored. No links, no submodules."""
    found: t.Dict[str, Entry] = {}
    for line in _git(root, "ls-files", "-z", "--stage").split(b"\0"):
        information, _tab, name = line.partition(b"\t")
        mode, blob = information.decode("ascii").split(" ")[:2] if name else ("", "")
        if mode in REGULAR:
            found[os.fsdecode(name)] = Entry(os.fsdecode(name), blob)
    if not staged:
        for name in _git(root, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0"):
            if name and not name.endswith(b"/"):  # another repository in this one
                found[os.fsdecode(name)] = Entry(os.fsdecode(name))
    return list(found.values())


def links(root: str) -> t.Set[str]:
    """Tracked symbolic links and submodules, which are not followed."""
    lines = _git(root, "ls-files", "-z", "--stage").split(b"\0")
    return {os.fsdecode(line.partition(b"\t")[2]) for line in lines if line.startswith((b"120000 ", b"160000 "))}


def work_tree(root: str, files: t.Iterable[Entry]) -> t.Iterator[t.Tuple[str, bytes]]:
    """Each file as it is on the disk; what was deleted there has no content. Raises ClusterError."""
    problems = []
    for entry in files:
        try:
            descriptor = os.open(os.path.join(root, entry.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            # Gone, became a link, or lies below what became a file or a link.
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                problems.append(Problem(entry.path, f"cannot be read: {error.strerror}", "Correct its permissions"))
            continue
        try:
            with os.fdopen(descriptor, "rb", buffering=0) as stream:
                content = stream.read()
        except IsADirectoryError:  # a submodule took its place
            continue
        yield entry.path, content
    if problems:
        raise ClusterError(*problems)


def index(root: str, files: t.Sequence[Entry]) -> t.Iterator[t.Tuple[str, bytes]]:
    """Each file as it is staged, whatever is on the disk. Raises ClusterError."""
    command = ("git", "-C", root, "cat-file", "--batch", "--buffer")
    wanted = "".join(f"{entry.blob}\n" for entry in files).encode("ascii")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        stdin, stdout = t.cast(t.IO[bytes], process.stdin), t.cast(t.IO[bytes], process.stdout)

        def ask() -> None:
            # Beside the reading: with both pipes full each side would wait for the other.
            with stdin:
                stdin.write(wanted)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        for entry in files:
            header = stdout.readline().split()
            if len(header) != 3:
                process.kill()
                raise ClusterError(Problem(entry.path, "is not in Git's object store", "Run git fsck"))
            content = stdout.read(int(header[2]))
            stdout.read(1)
            yield entry.path, content
        asking.join()


def _git(folder: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(("git", "-C", folder, *arguments), capture_output=True, check=False)
    except FileNotFoundError as error:
        raise ClusterError(
            Problem("git", "is not installed", "Install it: the guard asks it what is committed")
        ) from error
    if done.returncode:
        what = done.stderr.decode("utf-8", errors="replace").strip().partition("\n")[0]
        raise ClusterError(Problem(folder, what or "git failed", "Give a folder of a Git work tree"))
    return done.stdout
