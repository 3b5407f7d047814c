# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Puts what was planned for a GitOps repository in place: all of it, or nothing of it, or the rest of it next time.

1. The list of outputs is written with what is and what is to come, so that whoever comes after a kill knows both.
2. Every new file is written beside its place. A full disk or a missing permission shows here, and all is taken away.
3. The new files take their places, then orphans go. If one of them cannot, those before it are put back.
4. The list is written as it is to stay, and the memo for the next run.

What lies beside a place is either public or encrypted already.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._tree_inputs import Vault
from ansible_collections.homeops.cluster.plugins.module_utils._tree_manifest import MANIFEST, Manifest
from ansible_collections.homeops.cluster.plugins.module_utils._tree_plan import Plan, Write
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Outputs, sha256

PUBLIC = 0o644
PRIVATE = 0o600
WRITERS = 8


class Swap:
    """One run's changes to the files below C(root)."""

    def __init__(self, root: str, files: Files, vault: Vault, outputs: Outputs) -> None:
        self._root, self._files, self._vault, self._outputs = root, files, vault, outputs

    def apply(self, plan: Plan, memo_path: str, key: Key) -> None:
        """Raises ClusterError; the repository is then as it was."""
        self.clean(plan.manifest)
        if plan.actions:
            self._change(plan)
        else:
            with contextlib.suppress(ClusterError):
                self._vault.stage(plan.records, ())
                self._vault.publish()
        digests = {step.path: sha256(self._outputs.read(step.path) or b"") for step in plan.secrets}
        self._write_manifest(plan.manifest_after(digests))
        # Nothing depends on it: a home that cannot be written to only costs time.
        with contextlib.suppress(ClusterError):
            content = plan.memo_after(digests).text(key)
            if self._files.read(memo_path) != content:
                self._files.replace(memo_path, content, PRIVATE)

    def clean(self, manifest: Manifest) -> None:
        """Take away what a killed run left beside the places it was about to fill."""
        for path in manifest.unfinished:
            self._files.discard(self._at(path))

    def _change(self, plan: Plan) -> None:
        coming = {write.path: sha256(write.content) for write in plan.writes}
        coming.update({step.path: "" for step in plan.secrets}, **dict.fromkeys(plan.removals, ""))
        made = self._missing_directories(coming)
        before = self._files.read(self._at(MANIFEST))
        self._write_manifest(plan.manifest.before(coming))
        try:
            self._stage(plan)
            self._publish(plan)
        except ClusterError:
            self._restore_manifest(before)
            for directory in reversed(made):
                with contextlib.suppress(OSError):
                    self._files.system.rmdir(directory)
            raise

    def _stage(self, plan: Plan) -> None:
        try:
            # Together, as most of the time is spent waiting for the disk.
            with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(self._stage_one, plan.writes))
            self._vault.stage([*plan.secrets, *plan.records], plan.removals)
        except ClusterError:
            self._discard(plan)
            raise

    def _stage_one(self, write: Write) -> None:
        self._files.stage(self._at(write.path), write.content, write.mode)

    def _discard(self, plan: Plan) -> None:
        for write in plan.writes:
            self._files.discard(self._at(write.path))
        self._vault.discard()

    def _publish(self, plan: Plan) -> None:
        undo: t.List[t.Callable[[], None]] = []
        try:
            for write in plan.writes:
                undo.append(self._undo(write.path))
                self._files.publish(self._at(write.path))
            for path in plan.removals:
                undo.append(self._undo(path))
                self._files.remove(self._at(path))
            encrypted = {step.path for step in plan.secrets}
            for path, mode in [*plan.modes.items(), *((write.path, write.mode) for write in plan.writes)]:
                if path not in encrypted:
                    self._chmod(path, mode, undo)
            self._vault.publish()
        except ClusterError:
            for take_back in reversed(undo):
                take_back()
            self._discard(plan)
            raise
        for step in plan.secrets:
            if step.path in plan.modes:
                with contextlib.suppress(ClusterError):  # the next run tries again, and says so
                    self._chmod(step.path, plan.modes[step.path], undo)
        self._files.settle(self._at(path) for path in [*(write.path for write in plan.writes), *plan.removals])
        for path in plan.removals:
            self._remove_empty(os.path.dirname(path))

    def _undo(self, path: str) -> t.Callable[[], None]:
        at = self._at(path)
        content = self._files.read(at)
        mode = PUBLIC if content is None else self._files.system.stat(at).st_mode & 0o777

        def undo() -> None:
            with contextlib.suppress(ClusterError):
                if content is None:
                    self._files.remove(at)
                else:
                    self._files.replace(at, content, mode)

        return undo

    def _chmod(self, path: str, mode: int, undo: t.List[t.Callable[[], None]]) -> None:
        at = self._at(path)
        try:
            before = self._files.system.stat(at).st_mode & 0o777
            if before != mode:
                self._files.system.chmod(at, mode)
                undo.append(lambda: self._files.system.chmod(at, before))
        except OSError as error:
            raise ClusterError(
                Problem(path, f"cannot get the permissions {mode:04o}: {error.strerror}", "Check who owns it")
            ) from error

    def _write_manifest(self, manifest: Manifest) -> None:
        content = manifest.text().encode()
        if self._files.read(self._at(MANIFEST)) != content:
            try:
                self._files.replace(self._at(MANIFEST), content, PUBLIC)
            except ClusterError:
                self._files.discard(self._at(MANIFEST))
                raise

    def _restore_manifest(self, content: t.Optional[bytes]) -> None:
        with contextlib.suppress(ClusterError):
            if content is None:
                self._files.remove(self._at(MANIFEST))
                self._remove_empty(os.path.dirname(MANIFEST))
            else:
                self._files.replace(self._at(MANIFEST), content, PUBLIC)

    def _missing_directories(self, paths: t.Iterable[str]) -> t.List[str]:
        """The folders that are made on the way, outermost first."""
        missing: t.Set[str] = set()
        for path in paths:
            directory = os.path.dirname(self._at(path))
            while directory not in missing and not os.path.isdir(directory):
                missing.add(directory)
                directory = os.path.dirname(directory)
        return sorted(missing)

    def _remove_empty(self, directory: str) -> None:
        """Git knows no empty folders."""
        with contextlib.suppress(OSError):
            while directory:
                self._files.system.rmdir(self._at(directory))
                directory = os.path.dirname(directory)

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path)
