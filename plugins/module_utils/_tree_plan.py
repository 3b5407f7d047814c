# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What is to become of each file of a GitOps repository: decided before the first of them is touched."""

from __future__ import annotations

import dataclasses
import difflib
import typing as t
from types import MappingProxyType

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_inputs import SecretStep, Vault
from ansible_collections.homeops.cluster.plugins.module_utils._tree_manifest import MANIFEST, Manifest
from ansible_collections.homeops.cluster.plugins.module_utils._tree_memo import Entry, Memo
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Found, Outputs, sha256

LONGEST_DIFF = 20


def refusal(path: str, found: Found, manifest: Manifest, force: bool) -> t.Optional[Problem]:
    """Why a file that differs from what was rendered may not be written over; None if it may."""
    if found.kind not in ("absent", "file"):
        return Problem(path, f"is {found.kind}, where a rendered file goes", "Take it away, or rename the template")
    if found.kind == "absent" or force or manifest.wrote(path, found.digest):
        return None
    if manifest.owns(path):
        return Problem(path, "was edited by hand since it was rendered", "Change its template, then use force")
    return Problem(path, "is there already, and was not rendered by this", "Move it away, or use force to replace it")


def orphan_refusal(path: str, found: Found, manifest: Manifest, force: bool) -> t.Optional[Problem]:
    """Why a file whose template is gone may not be removed."""
    if found.kind in ("absent", "behind a link", "below a file") or force or manifest.wrote(path, found.digest):
        return None
    what = "has lost its template, but is not as it was rendered"
    return Problem(path, what, "Remove it yourself, or use force to have it removed")


def unified(path: str, before: str, after: str) -> str:
    """What would be lost, short enough for a message."""
    names = (path, f"{path} (rendered)")
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=1))
    more = len(lines) - LONGEST_DIFF
    return "\n".join(lines[:LONGEST_DIFF] + ([f"… {more} more lines"] if more > 0 else []))


@dataclasses.dataclass(frozen=True)
class Result:
    """What a template or a file below the templates comes to. No content: it is known to be there already, or empty."""

    source: str
    path: str
    mode: int
    now: Found
    secret: bool
    content: t.Optional[bytes] = dataclasses.field(default=None, repr=False)
    entry: t.Optional[Entry] = None
    rendered: bool = False

    @property
    def is_file(self) -> bool:
        """What comes to nothing is no file."""
        return self.content is not None or bool(self.entry and self.entry.digest)


@dataclasses.dataclass(frozen=True)
class Write:
    """A file that is to be as rendered."""

    path: str
    content: bytes
    mode: int
    created: bool


@dataclasses.dataclass
class Plan:
    """Everything that a run is going to change, decided before the first of it happens."""

    manifest: Manifest
    memo: Memo
    writes: t.List[Write] = dataclasses.field(default_factory=list)
    secrets: t.List[SecretStep] = dataclasses.field(default_factory=list)
    # Files that stay as they are, of which only that is to be remembered.
    records: t.List[SecretStep] = dataclasses.field(default_factory=list)
    modes: t.Dict[str, int] = dataclasses.field(default_factory=dict)
    removals: t.List[str] = dataclasses.field(default_factory=list)
    # Every output with its digest; empty for an encrypted one that is still to be written.
    outputs: t.Dict[str, str] = dataclasses.field(default_factory=dict)
    entries: t.Dict[str, t.Tuple[str, Entry]] = dataclasses.field(default_factory=dict)
    changes: t.List[Change] = dataclasses.field(default_factory=list)
    rendered: int = 0

    @property
    def actions(self) -> t.Dict[str, str]:
        """What happens to which file, in the order of their names."""
        actions = dict.fromkeys(self.modes, "mode")
        actions.update({step.path: step.action for step in self.secrets})
        actions.update({write.path: "created" if write.created else "updated" for write in self.writes})
        actions.update(dict.fromkeys(self.removals, "removed"))
        return dict(sorted(actions.items()))

    @property
    def files(self) -> t.Dict[str, str]:
        """The actions, or the list of outputs if only that changes: it was lost, or holds both sides of a merge."""
        if self.actions or self.manifest_after().text() == self.manifest.written:
            return self.actions
        return {MANIFEST: "updated" if self.manifest.written else "created"}

    @property
    def changed(self) -> bool:
        return bool(self.files)

    def manifest_after(self, digests: t.Mapping[str, str] = MappingProxyType({})) -> Manifest:
        """The outputs as they are to be written down at the end; C(digests) are those of what was encrypted."""
        known = {**self.outputs, **digests}
        return Manifest({path: frozenset({digest}) for path, digest in known.items()})

    def memo_after(self, digests: t.Mapping[str, str]) -> Memo:
        known = {**self.outputs, **digests}
        entries = {
            name: dataclasses.replace(entry, digest=known.get(path, "")) for name, (path, entry) in self.entries.items()
        }
        return dataclasses.replace(self.memo, entries=entries)


class Planner:
    """Compares what was rendered with what is there. Raises ClusterError with everything that stands in the way."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        outputs: Outputs,
        vault: Vault,
        show: t.Callable[[str], str],
        force: bool,
        diff: bool,
    ) -> None:
        self._manifest, self._outputs, self._vault, self._show = manifest, outputs, vault, show
        self._force, self._diff = force, diff
        self._problems: t.List[Problem] = []

    def plan(self, results: t.Sequence[Result], memo: Memo) -> Plan:
        plan = self._plan = Plan(self._manifest, memo)
        secrets: t.Dict[str, Result] = {}
        for result in results:
            plan.rendered += result.rendered
            if result.entry:
                plan.entries[result.source] = (result.path, result.entry)
            if result.content is None:
                if result.is_file:
                    self._keep(result)
            elif result.secret:
                secrets[result.path] = result
            else:
                self._write(result)
        self._encrypt(secrets)
        self._remove({result.path for result in results if result.is_file})
        if self._problems:
            raise ClusterError(*self._problems)
        if self._diff and MANIFEST in plan.files:
            plan.changes.append(Change(MANIFEST, plan.manifest.written, plan.manifest_after().text()))
        return plan

    def _keep(self, result: Result) -> None:
        self._plan.outputs[result.path] = result.now.digest
        if result.now.mode != result.mode:
            self._plan.modes[result.path] = result.mode
            self._plan.changes.append(
                Change(result.path, f"mode: {result.now.mode:04o}\n", f"mode: {result.mode:04o}\n")
            )

    def _write(self, result: Result) -> None:
        content = result.content or b""
        digest = sha256(content)
        if result.now.kind == "file" and result.now.digest == digest:
            self._keep(result)
            return
        refused = refusal(result.path, result.now, self._manifest, self._force)
        if refused and result.now.kind == "file":
            difference = unified(result.path, self._text(self._outputs.read(result.path)), self._text(content))
            refused = Problem(refused.where, refused.what, f"{refused.remedy}\n{difference}")
        if refused:
            self._problems.append(refused)
            return
        self._plan.outputs[result.path] = digest
        self._plan.writes.append(Write(result.path, content, result.mode, result.now.kind == "absent"))
        if self._diff:
            before = self._text(self._outputs.read(result.path))
            self._plan.changes.append(Change(result.path, before, self._text(content)))

    def _encrypt(self, secrets: t.Mapping[str, Result]) -> None:
        ready: t.Dict[str, bytes] = {}
        for path, result in secrets.items():
            if result.now.kind in ("absent", "file"):
                ready[path] = result.content or b""
            else:
                self._problems += filter(None, [refusal(path, result.now, self._manifest, self._force)])
        for step in self._planned(ready):
            result = secrets[step.path]
            if step.refused:
                self._problems.append(Problem(step.path, step.refused, "Or use force to have it as rendered"))
                continue
            refused = None if step.same else refusal(step.path, result.now, self._manifest, self._force)
            if refused and self._outputs.read(step.path) != result.content:
                self._problems.append(refused)
                continue
            if step.action == "unchanged":
                self._keep(result)
                self._plan.records.append(step)
                continue
            self._plan.outputs[step.path] = ""
            self._plan.secrets.append(step)
            self._plan.changes.append(step.change)
            if result.now.kind == "absent" or result.now.mode != result.mode:
                self._plan.modes[step.path] = result.mode

    def _planned(self, ready: t.Mapping[str, bytes]) -> t.List[SecretStep]:
        try:
            return self._vault.plan(ready) if ready else []
        except ClusterError as error:
            self._problems += error.problems
            return []

    def _remove(self, wanted: t.Set[str]) -> None:
        for path in sorted({*self._manifest.digests, *self._manifest.unfinished} - wanted):
            now = self._outputs.look(path)
            refused = orphan_refusal(path, now, self._manifest, self._force)
            if refused:
                self._problems.append(refused)
            elif now.kind == "file":
                self._plan.removals.append(path)
                if self._diff:
                    content = self._outputs.read(path) or b""
                    encrypted = self._vault.is_encrypted(path, content)
                    self._plan.changes.append(Change(path, "(encrypted)\n" if encrypted else self._text(content), ""))

    def _text(self, content: t.Optional[bytes]) -> str:
        if content is None:
            return ""
        try:
            return self._show(content.decode("utf-8"))
        except UnicodeDecodeError:
            return f"(binary, {len(content)} bytes, {sha256(content)[:12]})\n"
