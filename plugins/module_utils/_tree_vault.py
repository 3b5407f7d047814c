# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The secrets of a GitOps repository: what .sops.yaml says of its files, and SOPS itself."""

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _sops_format as formats
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine, Staged
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import BrokenError, NoKeyError
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import CONFIG, Rules
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Item, Step
from ansible_collections.homeops.cluster.plugins.module_utils._tree_inputs import SecretStep

# A rule without path_regex matches everything; of everything, these are meant.
SECRET_NAME = ".sops."


class SopsVault:
    """Paths are relative to the repository, whose own .sops.yaml alone counts."""

    def __init__(self, root: str, engine: Engine) -> None:
        self._root, self._engine = root, engine
        self._staged: t.Optional[Staged] = None
        self._pid = os.getpid()
        config = os.path.join(root, CONFIG)
        self._rules: t.Optional[Rules] = None
        if os.path.exists(config):
            with self._relative():
                self._rules = engine.rules(config)

    def encrypts(self, path: str) -> bool:
        named = SECRET_NAME in path.rpartition("/")[2]
        for pattern, _rule in self._rules.rules if self._rules else ():
            if pattern.search(path):
                return named or bool(pattern.pattern)
        if named:
            raise ClusterError(
                Problem(
                    path,
                    f"has the name of a secret, but no creation rule of {CONFIG} matches it",
                    f"Add a rule, or leave {SECRET_NAME!r} out of the template's name",
                )
            )
        return False

    def is_encrypted(self, path: str, content: bytes) -> bool:
        return formats.is_encrypted(formats.format_of(path), content)

    def decrypt(self, path: str, content: bytes) -> bytes:
        self._scratch_of_this_process()
        try:
            return self._engine.sops.decrypt(formats.format_of(path), content)
        except NoKeyError:
            raise ClusterError(
                Problem(
                    path,
                    "is encrypted, and no private key at hand opens it",
                    "Run it where the key is (SOPS_AGE_KEY_FILE, or ~/.config/sops/age/keys.txt)",
                )
            ) from None
        except BrokenError:
            raise ClusterError(
                Problem(path, "was not written by sops as it is now", "Take it from Git, or repair it with sops edit")
            ) from None

    def _scratch_of_this_process(self) -> None:
        """Templates are rendered by several, and sops gives its files numbers, which begin anew in each."""
        if os.getpid() != self._pid:
            self._pid = os.getpid()
            self._engine.sops.scratch = tempfile.mkdtemp(dir=self._engine.sops.scratch)

    def plan(self, plaintexts: t.Mapping[str, bytes]) -> t.List[SecretStep]:
        with self._relative():
            steps = self._engine.plan([Item(self._at(path), content) for path, content in plaintexts.items()])
        return [_secret_step(path, step) for path, step in zip(plaintexts, steps)]

    def stage(self, steps: t.Sequence[SecretStep], removals: t.Sequence[str]) -> None:
        with self._relative():
            removed = self._engine.remove([self._at(path) for path in removals])
            self._staged = self._engine.stage([*(step.step for step in steps), *removed])

    def publish(self) -> None:
        if self._staged:
            with self._relative():
                self._staged.swap()

    def discard(self) -> None:
        if self._staged:
            self._staged.discard()

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _relative(self) -> _Relative:
        return _Relative(self._root)


class _Relative:
    """Problems name files as the user does: relative to the repository."""

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: t.Any, error: t.Any, _traceback: t.Any) -> None:
        if isinstance(error, ClusterError):
            raise ClusterError(
                *(
                    Problem(*(text.replace(self._prefix, "") for text in (one.where, one.what, one.remedy)))
                    for one in error.problems
                )
            ) from None


def _secret_step(path: str, step: Step) -> SecretStep:
    names = step.names
    valued = bool(names.added or names.removed or names.changed is None or names.changed)
    stays = step.content is None and step.action != "refused"  # what is remembered of it may be wrong; the file is not
    same = stays or step.action == "rekeyed" or (step.action == "rotated" and not valued)
    change = step.change()
    return SecretStep(
        path=path,
        action="unchanged" if stays else step.action,
        same=same,
        change=Change(path, change.before or "", change.after or "", change.hidden),
        refused=step.reason if step.action == "refused" else "",
        step=step,
    )
