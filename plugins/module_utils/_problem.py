# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The one exception of this collection: what is wrong, where, and the way out; as many at once as were found."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong. C(where) is a variable path, a file, a URL or a host; C(remedy) tells what to do."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


class ClusterError(Exception):
    """Everything the user can act on; a module turns it into fail_json(msg=str(error))."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: t.Tuple[Problem, ...] = problems

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([f"{len(self.problems)} problems:", *(f"- {problem}" for problem in self.problems)])
