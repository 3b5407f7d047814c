# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""No plain secret in Git: what of a repository must not be committed as it is.

Quick, because most files need no more than a look at their bytes.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _git_files as git_files
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import PLAIN_SUFFIX
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import (
    PLAIN_FILE,
    Finding,
    allowed,
)
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_keys import keys
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_kubernetes import manifests
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_sops import (
    Configs,
    configs,
    encryption,
    is_config,
)
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import Text
from ansible_collections.homeops.cluster.plugins.module_utils._sops_format import format_of, is_encrypted

OK, FOUND, ERROR = 0, 2, 3  # exit codes
STATUS = {OK: "ok", FOUND: "found", ERROR: "error"}


@dataclasses.dataclass(frozen=True)
class Report:
    examined: int = 0
    findings: t.Tuple[Finding, ...] = ()
    allowed: t.Tuple[Finding, ...] = ()
    problems: t.Tuple[Problem, ...] = ()

    @property
    def exit_code(self) -> int:
        """Not to have seen everything is worse than to have found something."""
        return ERROR if self.problems else FOUND if self.findings else OK

    def answer(self) -> t.Dict[str, t.Any]:
        return {
            "status": STATUS[self.exit_code],
            "exit_code": self.exit_code,
            "examined": self.examined,
            "findings": [finding.answer() for finding in self.findings],
            "allowed": [finding.answer() for finding in self.allowed],
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
        }

    def text(self) -> str:
        lines = [
            *(str(finding) for finding in self.findings),
            *(f"error: {problem}" for problem in self.problems),
            f"{self.examined} files examined, {len(self.findings)} found"
            + (f", {len(self.allowed)} allowed by a comment" if self.allowed else ""),
        ]
        # The name of a file may hold anything, also what a terminal obeys or cannot show.
        return "\n".join(map(_printable, lines))


def examine(path: str, content: bytes, rules: Configs) -> t.Iterator[Finding]:
    """All that is wrong with one file."""
    file = Text(path, content)
    yield from keys(file)
    yield from manifests(file)
    yield from encryption(file, rules.rule_for(path))
    if path.endswith(PLAIN_SUFFIX) and not is_encrypted(format_of(path), content):
        what = f"is named {PLAIN_SUFFIX}, for plain Secrets that stay out of Git"
        remedy = f"Run git rm --cached {path}, add *{PLAIN_SUFFIX} to .gitignore, and commit the sealed file"
        yield Finding(path, 1, PLAIN_FILE, what, remedy, 1, file.lines)


def guard(folder: str, staged: bool = False) -> Report:
    """Of the files below C(folder) that Git would commit; with C(staged) as they are in the index."""
    try:
        root = git_files.top(folder)
        files = git_files.entries(root, staged)
    except ClusterError as error:
        return Report(problems=error.problems)
    below = os.path.relpath(os.path.realpath(folder), os.path.realpath(root))
    prefix = "" if below == "." else f"{below}{os.sep}"
    read = git_files.index if staged else git_files.work_tree
    examined = 0
    found: t.List[Finding] = []
    meant: t.List[Finding] = []
    problems: t.List[Problem] = []
    try:
        rules = configs(dict(read(root, [entry for entry in files if is_config(entry.path)])))
    except ClusterError as error:
        problems += error.problems
        rules = Configs({})
    try:
        for path, content in read(root, [entry for entry in files if entry.path.startswith(prefix)]):
            examined += 1
            for finding in examine(path, content, rules):
                (meant if allowed(finding, content) else found).append(finding)
    except ClusterError as error:
        problems += error.problems
    return Report(examined, _sorted(found), _sorted(meant), tuple(problems))


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def _sorted(findings: t.Iterable[Finding]) -> t.Tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.path, finding.line, finding.code)))
