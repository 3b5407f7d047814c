# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A GitOps repository from one configuration: all is rendered, or known to be as it was, before anything is written."""

from __future__ import annotations

import dataclasses
import inspect
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _bcrypt, _issuer, _tree_filters, _tree_render
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_sources as sources
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_values as values
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_filters import FILTERS
from ansible_collections.homeops.cluster.plugins.module_utils._tree_inputs import Inputs, Vault
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._tree_manifest import FOLDER, MANIFEST, Manifest
from ansible_collections.homeops.cluster.plugins.module_utils._tree_memo import FORMAT, Entry, Memo
from ansible_collections.homeops.cluster.plugins.module_utils._tree_plan import Plan, Planner, Result
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import (
    CURRENT,
    ENGINE,
    GLOBALS,
    Renderer,
    Trace,
)
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Found, Outputs, Source
from ansible_collections.homeops.cluster.plugins.module_utils._tree_workers import Outcome, render_all

SOPS_CONFIG = ".sops.yaml"
JINJA = Delimiters()


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of the module. Every path is relative to the repository."""

    config: t.Tuple[str, ...] = ("config.yaml",)
    schema: str = "config.schema.json"
    secrets: t.Tuple[str, ...] = ("secrets.sops.yaml",)
    templates: str = "templates"
    output: str = "."
    exclude: t.Tuple[str, ...] = ()
    delimiters: Delimiters = JINJA
    force: bool = False

    @property
    def reserved(self) -> t.Dict[str, str]:
        """Where no output may go."""
        inputs = map(os.path.normpath, (*self.config, *self.secrets, self.schema, self.templates))
        return {
            **dict.fromkeys(inputs, "what it is made from"),
            SOPS_CONFIG: "the rules of SOPS",
            FOLDER: "what is known of the outputs",
        }


class Texts:
    """The sources as Jinja wants them, decoded only if one is read."""

    def __init__(self, found: t.Sequence[Source]) -> None:
        self._contents = {source.name: source.content for source in found}

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._contents)

    def get(self, name: str) -> t.Optional[str]:
        """Raises UnicodeDecodeError."""
        content = self._contents.get(name)
        return None if content is None else content.decode("utf-8")


class Tree:
    """One run over a repository. Whatever is wrong raises ClusterError, all at once, without a secret in it."""

    def __init__(self, settings: Settings, *, outputs: Outputs, vault: Vault, key: Key, memo: Memo) -> None:
        self._settings, self._outputs, self._vault, self._key, self._memo = settings, outputs, vault, key, memo
        self._show = values.Redaction(())
        self._secrets: t.Dict[str, t.List[t.Tuple[values.KeyPath, str]]] = {}

    def plan(self, diff: bool) -> Plan:
        """C(diff): whether the plan is to hold what changes in which file."""
        try:
            return self._plan(diff)
        except ClusterError as error:
            raise ClusterError(*dict.fromkeys(self._show.problem(one) for one in error.problems)) from None

    def _plan(self, diff: bool) -> Plan:
        settings = self._settings
        self._inputs = Inputs(
            config=settings.config,
            secrets=settings.secrets,
            schema=settings.schema,
            read=self._outputs.read,
            vault=self._vault,
            key=self._key,
        )
        found = sources.walk(self._outputs.at("."), settings.templates, settings.output, settings.exclude)
        problems = list(sources.forbidden([source.output for source in found if source.output], settings.reserved))
        if problems:
            raise ClusterError(*problems)
        self._texts = Texts(found)
        digests = {source.name: sources.sha256(source.content) for source in found}
        names = self._inputs.names(self._memo)
        environment = self._environment(names)
        known = self._memo.valid(environment, digests, names)
        results = self._results(found, known)
        memo = Memo(environment, self._inputs.digests, names, digests)
        manifest = Manifest.from_text((self._outputs.read(MANIFEST) or b"").decode("utf-8", errors="replace"))
        planner = Planner(
            manifest=manifest,
            outputs=self._outputs,
            vault=self._vault,
            show=self._show,
            force=settings.force,
            diff=diff,
        )
        return planner.plan(results, memo)

    def _environment(self, names: t.Iterable[str]) -> str:
        """A digest of all that every output depends on."""
        hidden = sorted({*GLOBALS, CURRENT} & set(names))
        rules = self._outputs.read(SOPS_CONFIG) or b""
        settings = dataclasses.replace(self._settings, force=False)
        # Another release of the collection, or of a library, may make another text of the same template.
        code = "".join(map(inspect.getsource, (_bcrypt, _issuer, _tree_filters, _tree_render)))
        versions = (FORMAT, ENGINE, values.ENGINE)
        return self._key.digest("gitops-environment", repr((versions, settings, hidden)).encode(), code.encode(), rules)

    def _results(self, found: t.Sequence[Source], known: t.Mapping[str, Entry]) -> t.List[Result]:
        problems: t.List[Problem] = []
        results: t.List[Result] = []
        pending: t.List[Result] = []
        for source in found:
            try:
                result = self._known(source, known.get(source.name)) if source.output else None
            except ClusterError as error:
                problems += error.problems
                continue
            if result:
                (results if result.entry or result.content is not None else pending).append(result)
        outcomes = self._rendered([result.source for result in pending])
        for result in pending:
            outcome = outcomes[result.source]
            try:
                if isinstance(outcome, ClusterError):
                    raise outcome
                results.append(self._complete(result, *outcome))
            except ClusterError as error:
                problems += error.problems
        if problems:
            raise ClusterError(*_once(problems))
        return results

    def _known(self, source: Source, entry: t.Optional[Entry]) -> Result:
        """Without content and entry, it is still to be rendered."""
        secret = self._vault.encrypts(source.output)
        now = self._outputs.look(source.output)
        if not source.is_template:
            return self._copy(source, now, secret)
        reusable = entry and entry.secret == secret and entry.digest == now.digest
        return Result(source.name, source.output, source.mode, now, secret, entry=entry if reusable else None)

    def _complete(self, result: Result, text: str, trace: Trace) -> Result:
        entry = Entry(trace.templates, trace.names, result.secret, "")
        if not text.strip():
            return dataclasses.replace(result, entry=entry, rendered=True)
        if not result.secret:
            self._refuse_leaks(result, text, trace)
        content = text.encode("utf-8", errors="surrogatepass")
        return dataclasses.replace(result, content=content, entry=entry, rendered=True)

    def _copy(self, source: Source, now: Found, secret: bool) -> Result:
        if secret and not self._vault.is_encrypted(source.output, source.content):
            raise ClusterError(
                Problem(
                    f"{self._settings.templates}/{source.name}",
                    f"is to be encrypted as {source.output}, but lies here in plain text",
                    f"Put its secrets into {' or '.join(self._settings.secrets)}, and make it a template",
                )
            )
        return Result(source.name, source.output, source.mode, now, False, source.content)

    def _rendered(self, names: t.Sequence[str]) -> t.Dict[str, Outcome]:
        if not names:
            return {}
        loaded = self._inputs.values()
        for path, value in loaded.secrets:
            self._secrets.setdefault(str(path[0]), []).append((path, value))
        self._show = values.Redaction(value for _path, value in loaded.secrets)
        renderer = Renderer(
            sources=self._texts,
            values=loaded.data,
            delimiters=self._settings.delimiters,
            filters=FILTERS,
            current=self._current,
            folder=f"{self._settings.templates}/",
        )
        return render_all(renderer.render, names, os.cpu_count() or 1)

    def _current(self, name: str, path: t.Tuple[t.Any, ...]) -> t.Any:
        """What a template's output holds now at a path of keys; None if it is not there."""
        output = sources.output_of(name, self._settings.output)
        content = self._outputs.read(output) if self._outputs.look(output).kind == "file" else None
        if content is None:
            return None
        if self._vault.is_encrypted(output, content):
            content = self._vault.decrypt(output, content)
        return values.pick(content.decode("utf-8", errors="replace"), path)

    def _refuse_leaks(self, result: Result, text: str, trace: Trace) -> None:
        secrets = [secret for name in trace.names for secret in self._secrets.get(name, ())]
        where = f"{self._settings.templates}/{result.source}"
        remedy = "Name it so that a rule matches, or move the value to the configuration if it is none"
        leaks = sorted(values.dotted(path) for path in values.leaked(text, secrets))
        if leaks:
            what = f"into {result.path}, which no rule of {SOPS_CONFIG} encrypts"
            raise ClusterError(*(Problem(where, f"puts the secret {leak} {what}", remedy) for leak in leaks))


def _once(problems: t.Sequence[Problem]) -> t.List[Problem]:
    """What is wrong in a file that others include is told once, with the first of them."""
    seen: t.Dict[t.Tuple[str, str], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.where, problem.what.partition(", used by ")[0]), problem)
    return sorted(seen.values(), key=lambda problem: problem.where)
