# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The list of what was rendered, in the repository itself: what is on it is ours to replace and to remove."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

FOLDER = ".homeops"
MANIFEST = f"{FOLDER}/outputs.sha256"
HEAD = """\
# Written by homeops.cluster: the files that it rendered, as `sha256sum --check` reads them. Commit this file.
"""

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>.+)")
_UNFINISHED = re.compile(r"# unfinished: (?P<path>.+)")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The outputs that we wrote, as we wrote them. Of an unfinished run, what was there before and what was to come."""

    digests: t.Mapping[str, t.FrozenSet[str]] = dataclasses.field(default_factory=dict)
    unfinished: t.FrozenSet[str] = frozenset()
    written: str = dataclasses.field(default="", compare=False, repr=False)

    @classmethod
    def from_text(cls, text: str) -> Manifest:
        """Lines that are none of ours, such as Git's marks of a conflict, do not count: both sides of it do."""
        digests: t.Dict[str, t.FrozenSet[str]] = {}
        unfinished = set()
        for line in text.splitlines():
            found = _LINE.fullmatch(line)
            if found and _is_inside(found.group("path")):
                path = found.group("path")
                digests[path] = digests.get(path, frozenset()) | {found.group("digest")}
            mark = _UNFINISHED.fullmatch(line)
            if mark and _is_inside(mark.group("path")):
                unfinished.add(mark.group("path"))
        return cls(digests, frozenset(unfinished), text)

    def text(self) -> str:
        lines = [f"# unfinished: {path}\n" for path in sorted(self.unfinished)]
        for path in sorted(self.digests):
            lines += [f"{digest}  {path}\n" for digest in sorted(self.digests[path])]
        return HEAD + "".join(lines)

    def owns(self, path: str) -> bool:
        return path in self.digests or path in self.unfinished

    def wrote(self, path: str, digest: str) -> bool:
        """Of an unfinished run, the digest of what was encrypted is not known."""
        return digest in self.digests.get(path, frozenset()) or path in self.unfinished

    def before(self, changes: t.Mapping[str, str]) -> Manifest:
        """What to write down before anything changes, so that whoever comes after a kill knows both as ours."""
        digests = dict(self.digests)
        for path, digest in changes.items():
            if digest:
                digests[path] = digests.get(path, frozenset()) | {digest}
        return Manifest(digests, self.unfinished | frozenset(changes))


def _is_inside(path: str) -> bool:
    """Whoever can change the manifest cannot have us remove something else."""
    return os.path.normpath(path) == path and not os.path.isabs(path) and not {"..", ".git"} & set(path.split("/"))
