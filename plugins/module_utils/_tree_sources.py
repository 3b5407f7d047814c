# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What lies in a GitOps repository: the templates, and what stands where their outputs go."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import os
import stat
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SUFFIX = ".j2"


@dataclasses.dataclass(frozen=True)
class Source:
    """A file below the folder of the templates. C(output) is where it goes; empty for what others only include."""

    name: str
    content: bytes
    mode: int
    output: str

    @property
    def is_template(self) -> bool:
        return self.name.endswith(SUFFIX)


@dataclasses.dataclass(frozen=True)
class Found:
    """What stands at a path: its kind, and of a file what it holds and its permissions."""

    kind: str = "absent"
    digest: str = ""
    mode: int = 0


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def walk(root: str, folder: str, output: str, exclude: t.Sequence[str]) -> t.List[Source]:
    """Every file below the folder of the templates, ordered by name. Raises ClusterError with all problems."""
    problems: t.List[Problem] = []
    sources: t.List[Source] = []
    top = os.path.join(root, folder)
    if not os.path.isdir(top):
        raise ClusterError(Problem(folder, "is not a folder", "Put the templates there, or name another one"))
    for path, entry in _files(top, top, problems):
        name = path[len(top) + 1 :]
        shown = f"{folder}/{name}"
        try:
            with open(path, "rb") as stream:
                content = stream.read()
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o777
        except OSError as error:
            problems.append(Problem(shown, f"cannot be read: {error.strerror}", "Check its permissions"))
            continue
        if entry.is_symlink() and not os.path.realpath(path).startswith(os.path.realpath(top) + os.sep):
            problems.append(Problem(shown, f"is a link to a place outside of {folder}", "Copy the file here"))
        sources.append(Source(name, content, mode, "" if _is_excluded(name, exclude) else output_of(name, output)))
    problems += _collisions(sources, folder)
    if problems:
        raise ClusterError(*problems)
    return sources


def _files(top: str, directory: str, problems: t.List[Problem]) -> t.Iterator[t.Tuple[str, t.Any]]:
    shown = os.path.basename(top) + directory[len(top) :]
    try:
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(shown, f"cannot be read: {error.strerror}", "Check its permissions"))
        return
    for entry in entries:
        if not entry.name.isprintable():
            problems.append(Problem(f"{shown}/{entry.name!r}", "has unprintable letters in its name", "Rename it"))
        elif entry.is_dir(follow_symlinks=False):
            yield from _files(top, entry.path, problems)
        elif entry.is_file():
            yield entry.path, entry
        else:
            what = "is a link to no file" if entry.is_symlink() else "is neither a file nor a folder"
            problems.append(Problem(f"{shown}/{entry.name}", what, "Take it away"))


def output_of(name: str, output: str) -> str:
    """Where a template or a file goes: the same path, without the suffix."""
    name = name[: -len(SUFFIX)] if name.endswith(SUFFIX) else name
    return os.path.normpath(os.path.join(output, name))


def _is_excluded(name: str, exclude: t.Sequence[str]) -> bool:
    base = name.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(base, pattern) for pattern in exclude)


def _collisions(sources: t.Sequence[Source], folder: str) -> t.Iterator[Problem]:
    first: t.Dict[str, str] = {}
    for source in sources:
        if not source.output:
            continue
        other = first.setdefault(source.output, source.name)
        if other != source.name:
            yield Problem(
                f"{folder}/{source.name}", f"and {folder}/{other} both become {source.output}", "Keep one of them"
            )
        if source.name.rpartition("/")[2] == SUFFIX:
            yield Problem(f"{folder}/{source.name}", f"has no name but {SUFFIX}", "Rename it")
    for output in first:
        parts = output.split("/")
        for above in ("/".join(parts[:length]) for length in range(1, len(parts))):
            if above in first:
                what = f"becomes {above}, which is the folder of {output}"
                yield Problem(f"{folder}/{first[above]}", what, "Rename one of them")


def forbidden(outputs: t.Iterable[str], reserved: t.Mapping[str, str]) -> t.Iterator[Problem]:
    """Outputs that would land on what they are made from, or in Git's own folder. C(reserved): path to what it is."""
    for output in outputs:
        if output.split("/", 1)[0] == ".." or os.path.isabs(output):
            yield Problem(output, "is outside of the repository", "Keep outputs inside of it")
        if ".git" in output.lower().split("/"):
            yield Problem(output, "is in Git's own folder", "Rename the template")
        for path, what in reserved.items():
            if output == path or output.startswith(path + "/"):
                yield Problem(output, f"would be written over {what}", "Rename the template, or choose another output")


class Outputs:
    """What stands in the repository now."""

    def __init__(self, root: str, system: t.Any = os) -> None:
        self._root, self._system = os.path.realpath(root), system
        self._direct: t.Dict[str, bool] = {}

    def at(self, name: str) -> str:
        return os.path.join(self._root, name)

    def look(self, name: str) -> Found:
        path = os.path.join(self._root, name)
        try:
            descriptor = self._system.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return Found() if self._is_direct(os.path.dirname(name)) else Found("behind a link")
        except NotADirectoryError:
            return Found("below a file")
        except OSError as error:
            return Found("a link" if os.path.islink(path) else f"unreadable ({error.strerror})")
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return Found("a folder" if stat.S_ISDIR(status.st_mode) else "a special file")
        with os.fdopen(descriptor, "rb") as stream:
            if not self._is_direct(os.path.dirname(name)):
                return Found("behind a link")
            return Found("file", sha256(stream.read()), stat.S_IMODE(status.st_mode) & 0o777)

    def read(self, name: str) -> t.Optional[bytes]:
        try:
            with open(os.path.join(self._root, name), "rb") as stream:
                return stream.read()
        except OSError:
            return None

    def _is_direct(self, directory: str) -> bool:
        """Whether a folder is where its name says, without a symbolic link on the way."""
        if directory not in self._direct:
            path = os.path.normpath(os.path.join(self._root, directory))
            self._direct[directory] = os.path.realpath(path) == path
        return self._direct[directory]
