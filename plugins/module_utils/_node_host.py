# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The host a module works on, as little of it as is needed."""

from __future__ import annotations

import typing as t


class Host(t.Protocol):
    @property
    def kernel(self) -> str:
        """The running kernel's release, as uname -r prints it."""

    @property
    def architecture(self) -> str:
        """The machine's name for its architecture, as uname -m prints it."""

    def read(self, path: str) -> t.Optional[str]:
        """The text of a file (of a .gz file: uncompressed); None if there is none or it cannot be read."""

    def link(self, path: str) -> t.Optional[str]:
        """The target of a symbolic link; None if it is not one."""

    def exists(self, path: str) -> bool: ...

    def run(self, *command: str) -> t.Tuple[int, str]:
        """Exit status and output, both streams; a program that is not there is a status other than 0."""

    def write(self, path: str, text: str) -> None:
        """Replaces a whole file."""

    def write_link(self, path: str, target: str) -> None: ...

    def write_value(self, path: str, value: str) -> None:
        """Writes into a file of /proc; raises OSError if the kernel refuses."""
