# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Files that .sops.yaml says are encrypted, and are not, or not quite."""

from __future__ import annotations

import functools
import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _sops_format as sops_format
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import (
    PARTIAL,
    UNENCRYPTED,
    Finding,
)
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import (
    Text,
    is_scalar,
    items,
    pairs,
    scalar,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import CONFIG, Rule, Rules

# What a rule for a whole folder reaches, too, and what nobody could read encrypted.
_NEVER = re.compile(r"(?:^|/)(?:\.sops\.yaml|\.sops-checksums\.json|\.git[a-z]+|README[^/]*)$")
_KUSTOMIZATION = re.compile(r"(?:^|/)[kK]ustomization(?:\.ya?ml)?$")
# What is rendered first; the rule means what comes of it.
_TEMPLATE = re.compile(r"\.(?:j2|jinja2?|tpl|tmpl|gotmpl)$")
_EVERYTHING = frozenset(("", ".", ".*", ".+", "^", "^.*", "^.*$", ".*$", "^.+$"))

Selector = t.Tuple[str, str]
Keys = t.Tuple[str, ...]


class Config:
    """The creation rules of one .sops.yaml, and what they mean for the files of a repository."""

    def __init__(self, rules: Rules, folder: str) -> None:
        self.rules = rules
        self.prefix = f"{folder}/" if folder else ""
        self._reaches: t.Dict[t.Tuple[int, str], bool] = {}

    def rule_for(self, path: str) -> t.Optional[Rule]:
        """The rule by which this file must be encrypted.

        None if there is none; if the rule has no path_regex of its own, and so says only how; or if it encrypts some
        fields of whatever manifest is there: then Secrets must be encrypted, which are looked for in any case.
        """
        name = path[len(self.prefix) :]
        for number, (pattern, rule) in enumerate(self.rules.rules):
            if pattern.search(name):
                if pattern.pattern in _EVERYTHING or self._selects_secrets(number, name):
                    return None
                return rule
        return None

    def _selects_secrets(self, number: int, name: str) -> bool:
        """Whether it encrypts some fields only, and reaches a file that cannot be encrypted: kustomization.yaml."""
        pattern, rule = self.rules.rules[number]
        if not rule.selector[0].startswith("encrypted_") or not name.endswith((".yaml", ".yml", ".json")):
            return False
        folder = os.path.dirname(name)
        if (number, folder) not in self._reaches:
            self._reaches[number, folder] = bool(pattern.search(os.path.join(folder, "kustomization.yaml")))
        return self._reaches[number, folder]


class Configs:
    """All of a repository; each file obeys the nearest one above it."""

    def __init__(self, configs: t.Mapping[str, Config]) -> None:
        self._configs = configs
        self._nearest: t.Dict[str, t.Optional[Config]] = {}

    def rule_for(self, path: str) -> t.Optional[Rule]:
        if not self._configs:
            return None
        config = self._above(path.rpartition("/")[0])
        return config.rule_for(path) if config else None

    def _above(self, folder: str) -> t.Optional[Config]:
        if folder not in self._nearest:
            found = self._configs.get(folder)
            self._nearest[folder] = found or (self._above(folder.rpartition("/")[0]) if folder else None)
        return self._nearest[folder]


def configs(contents: t.Mapping[str, bytes]) -> Configs:
    """From the .sops.yaml files of a repository, by path. Raises ClusterError."""
    found: t.Dict[str, Config] = {}
    problems: t.List[Problem] = []
    for path, content in contents.items():
        try:
            documents = sops_format.documents("yaml", content, path)
            if documents and isinstance(documents[0], dict) and documents[0].get("creation_rules"):
                folder = path.rpartition("/")[0]
                # A path below the root is compared as the rules see it, so the root itself does not matter.
                found[folder] = Config(Rules.from_document(documents[0], path), folder)
        except ClusterError as error:
            problems += error.problems
    if problems:
        raise ClusterError(*problems)
    return Configs(found)


def is_config(path: str) -> bool:
    return path.rpartition("/")[2] == CONFIG


def encryption(file: Text, rule: t.Optional[Rule]) -> t.Iterator[Finding]:
    """What of this file is in plain text though its rule, or its own metadata, says otherwise."""
    path, content = file.path, file.content
    ciphertext = sops_format.looks_encrypted(content)
    if not ciphertext and (rule is None or not content.strip() or _NEVER.search(path) or _TEMPLATE.search(path)):
        return
    format = sops_format.format_of(path)
    selector = _selector(format, content) if ciphertext else None
    if selector is not None:
        yield from _partly(file, format, {selector, *([rule.selector] if rule else [])})
    elif rule is None or _KUSTOMIZATION.search(path):
        return
    elif ciphertext:
        what = "has values that sops encrypted, but not all that sops wrote with them"
        yield _whole(file, PARTIAL, what, "Take it from Git again, or encrypt the plaintext anew")
    else:
        remedy = f"Run sops encrypt --in-place {path}, or configure.yml if it is rendered"
        yield _whole(file, UNENCRYPTED, "is not encrypted, as a rule of .sops.yaml says", remedy)


_BLOCK = re.compile(rb"\nsops:\n(?!(?s:.*)\nsops:\n)(?P<block>(?:[ ].*\n)+)\Z")
_LINE = re.compile(rb"^[ ]{1,4}(?P<name>[a-z_]*_(?:suffix|regex)|mac): (?P<value>.*)$", re.MULTILINE)


def _selector(format: str, content: bytes) -> t.Optional[Selector]:
    """By which sops chose what to encrypt in this file; None if it holds no complete metadata."""
    match = _BLOCK.search(content) if format == "yaml" else None
    lines = dict(_LINE.findall(match.group("block"))) if match else {}
    simple = all(re.fullmatch(rb"[^'\"|>&*!\[{#].*", value) for value in lines.values())
    if lines.pop(b"mac", b"") and simple:  # as sops writes it, and so almost always
        found = [(name.decode("ascii"), value.decode("utf-8", errors="replace")) for name, value in lines.items()]
        return found[0] if found else ("", "")
    block = sops_format.metadata(format, content)
    return Rule.from_metadata(block).selector if block and block.get("mac") else None


@functools.lru_cache(maxsize=10_000)
def _encrypts(selector: Selector, keys: t.Tuple[str, ...]) -> bool:
    return Rule(groups=(), selector=selector).encrypts(keys)


def _partly(file: Text, format: str, selectors: t.Set[Selector]) -> t.Iterator[Finding]:
    # What a comment in the file decides is not decided here.
    deciding = [selector for selector in selectors if "comment" not in selector[0]]
    if format in ("yaml", "json") and file.documents is None:
        what = "is encrypted by sops, but cannot be read, so that nobody can tell what is in plain text"
        yield _whole(file, PARTIAL, what, "Correct it, as after a merge with a conflict")
        return
    if format in ("yaml", "json"):
        found = [leaf for document in file.documents or () for leaf in _leaves(file, document)]
    elif format == "binary":
        found = []  # one value, and it is ciphertext
    else:
        found = list(_flat(file, format))
    plain = [
        (keys, line)
        for keys, line, text in found
        if text and not text.startswith("ENC[") and any(_encrypts(selector, keys) for selector in deciding)
    ]
    if plain:
        # What looks like a key there may be a line of a value: base64 ends with =.
        names = ", ".join(".".join(keys) if format in ("yaml", "json") else f"line {line}" for keys, line in plain[:3])
        more = f" and {len(plain) - 3} more" if len(plain) > 3 else ""
        what = f"is encrypted by sops, but {names}{more} is in plain text"
        remedy = f"Run sops edit {file.path} and save it, or encrypt the plaintext anew"
        yield Finding(file.path, plain[0][1], PARTIAL, what, remedy, 1, file.lines)


def _leaves(file: Text, document: t.Any) -> t.Iterator[t.Tuple[Keys, int, str]]:
    """Keys as sops counts them: those of mappings, without the numbers in lists."""
    waiting: t.List[t.Tuple[Keys, t.Any]] = [((), document)]
    seen = set()  # sops writes no aliases
    while waiting:
        keys, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if is_scalar(node):
            yield keys, node.start_mark.line + 1 + file.offset, scalar(node)
        below = [((*keys, key.value), value) for key, value in pairs(node) if is_scalar(key)]
        below += [(keys, value) for value in items(node)]
        waiting += reversed([(path, value) for path, value in below if path != ("sops",)])


_DOTENV_VALUE = re.compile(r"\s*([^=]*?)\s*=\s*(.*?)\s*$")
_INI_VALUE = re.compile(r"\s*([^=:]*?)\s*[=:]\s*(.*?)\s*$")


def _flat(file: Text, format: str) -> t.Iterator[t.Tuple[Keys, int, str]]:
    section: Keys = ()
    for number, line in enumerate(file.text.splitlines(), start=1):
        if line.startswith("[") and format == "ini":
            section = (line.strip().strip("[]"),)
        assignment = (_INI_VALUE if format == "ini" else _DOTENV_VALUE).match(line)
        key, value = assignment.groups() if assignment else ("", "")
        if assignment and not line.startswith(("#", ";")) and section != ("sops",) and not key.startswith("sops_"):
            yield (*section, key), number, value


def _whole(file: Text, code: str, what: str, remedy: str) -> Finding:
    return Finding(file.path, 1, code, what, remedy, 1, file.lines)
