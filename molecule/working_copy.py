# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A working copy of a Git repository of the lab's mirror: what somebody commits and pushes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = ("-c", "user.name=scenario", "-c", "user.email=scenario@localhost", "-c", "init.defaultBranch=main")


class WorkingCopy:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._run("clone", "--quiet", url, str(folder))

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """Commit and push these files, and whatever else was changed in the folder; the commit."""
        for name, text in (files or {}).items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        self._git("push", "--quiet", "origin", "HEAD:main")
        return self._git("rev-parse", "HEAD").strip()

    def remove(self, message: str, *names: str) -> str:
        for name in names:
            shutil.rmtree(self.folder / name)
        return self.commit(message)

    def tree(self) -> str:
        """The name that Git has for all that is committed."""
        return self._git("rev-parse", "HEAD^{tree}").strip()

    def _git(self, *arguments: str) -> str:
        return self._run("-C", str(self.folder), *arguments)

    @staticmethod
    def _run(*arguments: str) -> str:
        done = subprocess.run(("git", *IDENTITY, *arguments), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
