# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Modules that are given secrets: their arguments reach the host through a pipe, whatever the user's settings say."""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase


class PipedAction(ActionBase):
    """Runs the module of the same name.

    Without pipelining Ansible writes a module, arguments included, to a temporary file. Killed before it has removed
    the file, it leaves the secrets in it.
    """

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        if wrap_async or constants.DEFAULT_KEEP_REMOTE_FILES:  # asked for by name, and told in their documentation
            return super()._is_pipelining_enabled(module_style, wrap_async)
        return module_style == "new" and self._connection.has_pipelining

    def run(self, tmp: None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        return result
