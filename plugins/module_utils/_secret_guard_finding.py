# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""One thing that must not be committed, and the comment by which its author says that it is meant to be there."""

from __future__ import annotations

import dataclasses
import re
import typing as t

# Stable names, for comments that allow one and for programs that read the report.
UNENCRYPTED = "sops-unencrypted"
PARTIAL = "sops-partial"
SECRET = "kubernetes-secret"
TEMPLATE = "sealed-secret-template"
PLAIN_FILE = "plain-file"
AGE_KEY = "age-key"
PRIVATE_KEY = "private-key"
CODES = (AGE_KEY, SECRET, PLAIN_FILE, PRIVATE_KEY, TEMPLATE, PARTIAL, UNENCRYPTED)

# The reason is not optional: the next reader wants to know it.
_ALLOW = re.compile(rb"secret-guard: allow (?P<code>[a-z-]+)[^\w\n]+\w")


@dataclasses.dataclass(frozen=True)
class Finding:
    """No field ever holds a value of the file. C(first) and C(last) are the lines that a comment may stand on."""

    path: str
    line: int
    code: str
    what: str
    remedy: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code}: {self.what}. {self.remedy}."

    def answer(self) -> t.Dict[str, t.Any]:
        names = ("path", "line", "code", "what", "remedy")
        return {name: getattr(self, name) for name in names}


def allowed(finding: Finding, content: bytes) -> bool:
    """Whether a comment in the file says so: C(secret-guard: allow CODE reason)."""
    for match in _ALLOW.finditer(content):
        line = content.count(b"\n", 0, match.start()) + 1
        if match.group("code").decode("ascii") == finding.code and finding.first <= line <= finding.last:
            return True
    return False
