# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a module is about to change: decided purely, shown as a diff, applied by the module."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Change:
    """Before and after, both normalised by their owner, so that equality means there is nothing to do.

    C(header) names what changes in the diff (a path, a resource). C({}) or C("") stands for absent.
    C(before) and C(after) never hold a secret: their owner redacts them, and says with C(hidden)
    whether something that is not shown differs.
    """

    header: str
    before: t.Union[str, t.Mapping[str, t.Any]]
    after: t.Union[str, t.Mapping[str, t.Any]]
    hidden: bool = False

    @property
    def needed(self) -> bool:
        return self.hidden or self.before != self.after

    def diff(self) -> dict[str, t.Any]:
        """The shape that Ansible prints with --diff."""
        return {
            "before_header": self.header,
            "after_header": self.header,
            "before": self.before,
            "after": self.after,
        }
