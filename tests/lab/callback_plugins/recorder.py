# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes down which tasks changed on which host, one JSON file a run, for the tests to compare runs with each other."""

from __future__ import annotations

DOCUMENTATION = """
name: recorder
type: notification
short_description: Write down which tasks changed
description:
  - Writes C(NUMBER-check.json) or C(NUMBER-real.json) into the directory named by E(LAB_RECORDS), a list of
    C({host, task, changed}), in the order of the runs. Does nothing without E(LAB_RECORDS).
"""

import json
import os
from pathlib import Path

from ansible import context
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, object]] = []
        self.playbook = ""

    def v2_playbook_on_start(self, playbook) -> None:
        self.playbook = os.path.basename(playbook._file_name)

    def v2_runner_on_ok(self, result) -> None:
        self.entries.append(
            {
                "host": result._host.get_name(),
                "task": result._task.get_name(),
                "changed": result._result.get("changed", False),
            }
        )

    def v2_playbook_on_stats(self, stats) -> None:
        if "LAB_RECORDS" not in os.environ or self.playbook in ("create.yml", "destroy.yml"):
            return
        directory = Path(os.environ["LAB_RECORDS"])
        directory.mkdir(parents=True, exist_ok=True)
        mode = "check" if context.CLIARGS.get("check") else "real"
        number = len(list(directory.glob("*.json")))
        record = {"playbook": self.playbook, "check": mode == "check", "tasks": self.entries}
        (directory / f"{number:02}-{mode}.json").write_text(json.dumps(record, indent=1))
