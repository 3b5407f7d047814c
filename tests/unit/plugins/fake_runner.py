# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for running a program."""

from __future__ import annotations


class Runner:
    """Answers one call, and only the expected one."""

    def __init__(self, expected, code=0, out="", err=""):
        self.expected, self.answer = expected, (code, out, err)

    def __call__(self, arguments):
        assert list(arguments) == self.expected
        return self.answer
