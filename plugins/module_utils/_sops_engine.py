# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Many encrypted files at once: planned in memory, then swapped in; whoever is killed on the way loses nothing."""

from __future__ import annotations

import collections
import concurrent.futures
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _sops_format as formats
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_ledger as ledgers
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import BrokenError, NoKeyError, Sops
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import CONFIG, Rule, Rules, find
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Item, Settings, Step, Target
from ansible_collections.homeops.cluster.plugins.module_utils._sops_work import Work, unchanged

CIPHERTEXT_MODE = 0o600  # of a new file; one that is there keeps its own
LEDGER_MODE = 0o644

T = t.TypeVar("T")
R = t.TypeVar("R")


class Engine:
    def __init__(self, key: Key, sops: Sops, files: Files, settings: Settings) -> None:
        self.key = key
        self.sops = sops
        self.files = files
        self.settings = settings
        self._rules: t.Dict[str, Rules] = {}
        self._configs: t.Dict[str, t.Optional[str]] = {}
        self._changed_rules: t.Dict[int, Rule] = {}
        self._ledgers: t.Dict[str, ledgers.Entries] = {}

    def locked(self, directories: t.Iterable[str]) -> t.ContextManager[None]:
        """For the time from planning to writing below them: two runs at once do one thing after the other."""
        elsewhere = [self.settings.checksum_dir] if self.settings.checksum_dir else []
        return self.files.alone([*directories, *elsewhere])

    def plan(self, items: t.Sequence[Item]) -> t.List[Step]:
        """Reads and decides, writes nothing. Raises ClusterError with everything that is wrong with any of them."""
        steps: t.Dict[int, Step] = {}
        rest: t.List[t.Tuple[int, Target]] = []
        for number, target in enumerate(_all(self._targets(items), self._complete)):
            step = unchanged(target, self.key)
            if step:
                steps[number] = step
            else:
                rest.append((number, target))
        closed: t.Set[t.Tuple[str, ...]] = set()

        def work(numbered: t.Tuple[int, Target]) -> Step:
            return Work(numbered[1], self.key, self.sops, self.settings.choice, closed).step()

        for (number, _target), step in zip(rest, self._together(rest, work)):
            steps[number] = step
        return [steps[number] for number in range(len(items))]

    def remove(self, paths: t.Sequence[str]) -> t.List[Step]:
        """The plan of taking files away, whatever they hold, and their checksums."""
        steps = []
        for path in paths:
            final = os.path.realpath(path)
            ledger, name = self._ledger_of(final)
            current = self.files.read(final)
            target = Target(
                Item(path),
                final,
                formats.format_of(final),
                Rule(()),
                ledger,
                name,
                current,
                self._entries(ledger, name),
            )
            steps.append(Step(target, "unchanged" if current is None and not target.entries else "removed"))
        return steps

    def decrypt(self, paths: t.Sequence[str]) -> t.Dict[str, bytes]:
        """What files hold. Raises ClusterError with every one that cannot be read."""

        def open_one(path: str) -> bytes:
            content = self.files.read(path)
            if content is None:
                raise ClusterError(Problem(path, "is not there", "Correct the path"))
            try:
                return self.sops.decrypt(formats.format_of(path), content)
            except NoKeyError as error:
                raise ClusterError(
                    Problem(path, "no private key at hand opens it", "Set SOPS_AGE_KEY_FILE, or ask a recipient")
                ) from error
            except BrokenError as error:
                raise ClusterError(
                    Problem(path, f"cannot be decrypted ({error})", "Take it from Git; it was edited by hand")
                ) from error

        return dict(zip(paths, self._together(paths, open_one)))

    def apply(self, steps: t.Sequence[Step]) -> None:
        self.stage(steps).swap()

    def stage(self, steps: t.Sequence[Step]) -> Staged:
        """Everything that can fail for want of space or permission. Raises ClusterError, and then nothing is left."""
        _all(steps, self._still_the_same)
        staged = Staged(self.files, steps, self.settings.checksum_dir)
        staged.prepare()
        return staged

    def _still_the_same(self, step: Step) -> None:
        if (step.content is not None or step.entry) and self.files.read(step.target.path) != step.target.current:
            raise ClusterError(Problem(step.path, "was changed by somebody else meanwhile", "Run it again"))

    # what is known of a file without sops

    def _targets(self, items: t.Sequence[Item]) -> t.Iterator[t.Tuple[Item, str]]:
        counts = collections.Counter(os.path.realpath(item.path) for item in items)
        twice = sorted(path for path, count in counts.items() if count > 1)
        if twice:
            raise ClusterError(*(Problem(path, "is given more than once", "Give it once") for path in twice))
        for item in items:
            yield item, os.path.realpath(item.path)

    def _complete(self, found: t.Tuple[Item, str]) -> Target:
        item, path = found
        if os.path.lexists(path) and not os.path.isfile(path):
            raise ClusterError(Problem(item.path, "is not a regular file", "Give the path of a file"))
        current = self.files.read(path)
        if current is None and (item.plaintext is None or os.path.islink(item.path)):
            raise ClusterError(Problem(item.path, "is not there", "Correct the path"))
        format = formats.format_of(path)
        ledger, name = self._ledger_of(path)
        rule = self._rule(path, item.path).of_format(format)
        return Target(item, path, format, rule, ledger, name, current, self._entries(ledger, name))

    def _ledger_of(self, path: str) -> t.Tuple[str, str]:
        directory = os.path.dirname(path)
        if self.settings.checksum_dir:
            directory = os.path.realpath(self.settings.checksum_dir)
        return os.path.join(directory, ledgers.NAME), os.path.relpath(path, directory)

    def _entries(self, ledger: str, name: str) -> t.Tuple[ledgers.Entry, ...]:
        if ledger not in self._ledgers:
            self._ledgers[ledger] = ledgers.parse(self.files.read(ledger))
        return self._ledgers[ledger].get(name, ())

    def _rule(self, path: str, shown: str) -> Rule:
        settings = self.settings
        directory = os.path.dirname(path)
        if directory not in self._configs:
            self._configs[directory] = settings.config_path or find(path)
        config = self._configs[directory]
        rule = self.rules(config).rule_for(path) if config else None
        if rule is None and not settings.recipients:
            problem = (
                Problem(shown, f"no creation rule in {config} matches it", "Add a rule, or give recipients")
                if config
                else Problem(shown, f"there is no {CONFIG} in its directory or above", "Write one, or give recipients")
            )
            raise ClusterError(problem)
        if not (settings.recipients or settings.selector or settings.mac_only_encrypted is not None):
            return t.cast(Rule, rule)
        if id(rule) not in self._changed_rules:
            self._changed_rules[id(rule)] = (rule or Rule(())).changed(
                settings.recipients, settings.selector, settings.mac_only_encrypted
            )
        return self._changed_rules[id(rule)]

    def rules(self, config: str) -> Rules:
        if config not in self._rules:
            content = self.files.read(config)
            if content is None:
                raise ClusterError(Problem(config, "is not there", "Correct config_path"))
            document = (formats.documents("yaml", content, config) or [None])[0]
            # Paths of files have no symbolic links any more; below which directory they lie is to be seen all the same.
            directory, name = os.path.split(config)
            self._rules[config] = Rules.from_document(document, os.path.join(os.path.realpath(directory), name))
        return self._rules[config]

    def _together(self, inputs: t.Sequence[T], work: t.Callable[[T], R]) -> t.List[R]:
        if not inputs:
            return []
        with concurrent.futures.ThreadPoolExecutor(max(self.settings.concurrency, 0) or os.cpu_count() or 1) as pool:
            futures = [pool.submit(work, one) for one in inputs]
            return _all(futures, lambda future: future.result())


class Staged:
    """New content beside the files that it is to replace, and checksums that hold before and after."""

    def __init__(self, files: Files, steps: t.Sequence[Step], checksum_dir: str) -> None:
        self.files = files
        self.removed = [step for step in steps if step.action == "removed"]
        self.replaced = [step for step in steps if step.content is not None]
        self.recorded = [step for step in steps if step.entry is not None]
        self.checksum_dir = checksum_dir
        self._new: t.List[str] = []

    def prepare(self) -> None:
        try:
            for step in self.replaced:
                self._new.append(step.target.path)
                self.files.stage(step.target.path, step.content or b"", CIPHERTEXT_MODE)
            # Whichever file is there when we are killed, one of the entries is of it.
            self._record(self.replaced, lambda step, old: _entries(*old, step.interim, step.entry))
        except BaseException:
            self.discard()
            raise

    def swap(self) -> None:
        try:
            for step in self.replaced:
                self.files.publish(step.target.path)
                self._new.remove(step.target.path)
            for step in self.removed:
                self.files.remove(step.target.path)
        except ClusterError:
            self.discard()
            raise
        self.files.settle(step.target.path for step in (*self.replaced, *self.removed))
        self._record([*self.recorded, *self.removed], lambda step, old: _entries(step.entry))

    def discard(self) -> None:
        for path in self._new:
            self.files.discard(path)

    def _record(
        self,
        steps: t.Sequence[Step],
        entries: t.Callable[[Step, t.Tuple[ledgers.Entry, ...]], t.Tuple[ledgers.Entry, ...]],
    ) -> None:
        """Read again: others may have written beside us. Entries of files that are gone go with them."""
        by_ledger: t.Dict[str, t.List[Step]] = collections.defaultdict(list)
        for step in steps:
            by_ledger[step.target.ledger].append(step)
        written = []
        for ledger, members in sorted(by_ledger.items()):
            before = self.files.read(ledger)
            found = ledgers.parse(before)
            for step in members:
                found[step.target.name] = entries(step, found.get(step.target.name, ()))
            directory = os.path.dirname(ledger)
            ours = {step.target.name for step in members}
            kept = {
                name: value
                for name, value in found.items()
                if name in ours or os.path.lexists(os.path.join(directory, name))
            }
            content = ledgers.render(kept)
            if content == before:
                continue
            if not any(kept.values()):
                self.files.remove(ledger)
            else:
                self.files.stage(ledger, content, LEDGER_MODE)
                self.files.publish(ledger)
            written.append(ledger)
        self.files.settle(written)


def _entries(*entries: t.Optional[ledgers.Entry]) -> t.Tuple[ledgers.Entry, ...]:
    return tuple(dict.fromkeys(entry for entry in entries if entry is not None))


def _all(inputs: t.Iterable[T], work: t.Callable[[T], R]) -> t.List[R]:
    """The results, or all problems at once."""
    results: t.List[R] = []
    problems: t.Dict[Problem, None] = {}
    for one in inputs:
        try:
            results.append(work(one))
        except ClusterError as error:
            problems.update(dict.fromkeys(error.problems))
    if problems:
        raise ClusterError(*problems)
    return results
