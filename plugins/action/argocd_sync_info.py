# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

SLICE = 20  # seconds between two signs of life


class ActionModule(ActionBase):
    """A module is silent until it ends, so a long wait is cut into short ones, with signs of life between them."""

    def run(self, tmp: None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        wanted = str(self._task.args.get("wait_timeout") or 0)
        if not wanted.isdecimal():  # the module says what it thinks of it
            return {**result, **self._execute_module(task_vars=task_vars)}
        end = time.monotonic() + int(wanted)
        shown = ""
        while True:
            left = max(int(end - time.monotonic()), 0)
            arguments = {**self._task.args, "wait_timeout": min(left, SLICE)}
            answer = self._execute_module(module_args=arguments, task_vars=task_vars)
            if answer.get("failed") or answer["synced"] or answer["stuck"] or left <= SLICE:
                return {**result, **answer}
            if answer["reason"] != shown:
                shown = answer["reason"]
                Display().display(f"  {left - SLICE} s left. {shown}")
