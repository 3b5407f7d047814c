# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Who may read an encrypted file, and which of its values are encrypted: as .sops.yaml says, and as the file says."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._go_regex import go_regex
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sops_recipients import (
    Groups,
    groups_of_metadata,
    groups_of_rule,
    rule_of_recipients,
)

CONFIG = ".sops.yaml"
HIGHEST = 100  # directories, as many as sops climbs

SELECTORS = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
DEFAULT_SELECTOR = ("unencrypted_suffix", "_unencrypted")

Document = t.Mapping[str, t.Any]


def find(path: str, exists: t.Callable[[str], bool] = os.path.exists) -> t.Optional[str]:
    """The nearest .sops.yaml from the file's own directory upward, wherever the run was started."""
    directory = os.path.dirname(os.path.abspath(path))
    for _level in range(HIGHEST):
        candidate = os.path.join(directory, CONFIG)
        if exists(candidate):
            return candidate
        if directory == os.path.dirname(directory):
            break
        directory = os.path.dirname(directory)
    return None


@dataclasses.dataclass(frozen=True)
class Rule:
    """Two are equal if files under them have the same readers and the same values encrypted."""

    groups: Groups
    selector: t.Tuple[str, str] = DEFAULT_SELECTOR
    threshold: int = 0
    mac_only_encrypted: bool = False
    # How it is written; two rules are compared by what they mean.
    path_regex: str = dataclasses.field(default="", compare=False)
    document: Document = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_document(cls, document: t.Any, where: str, stores: t.Any = None) -> Rule:
        """From a creation rule. Raises ClusterError with everything that is wrong with it."""
        if not isinstance(document, dict):
            raise ClusterError(Problem(where, "is not a rule", "Write a mapping with path_regex and age"))
        problems: t.List[Problem] = []
        chosen = [(name, document[name]) for name in SELECTORS if document.get(name)]
        if len(chosen) > 1:
            names = " and ".join(name for name, _value in chosen)
            problems.append(Problem(where, f"has {names}, but sops takes one of them only", "Keep one"))
        for name, value in chosen:
            if name.endswith("_regex"):
                _compiled(value, f"{where}.{name}", problems)
        groups: Groups = ()
        try:
            groups = groups_of_rule(document, where)
        except ClusterError as error:
            problems.extend(error.problems)
        if problems:
            raise ClusterError(*problems)
        rule = {key: value for key, value in document.items() if key != "path_regex"}
        return cls(
            groups=groups,
            selector=(chosen[0][0], str(chosen[0][1])) if chosen else DEFAULT_SELECTOR,
            threshold=_threshold(document.get("shamir_threshold"), groups),
            mac_only_encrypted=bool(document.get("mac_only_encrypted")),
            path_regex=str(document.get("path_regex") or ""),
            document={"creation_rules": [rule], **({"stores": stores} if stores else {})},
        )

    @classmethod
    def from_metadata(cls, metadata: Document) -> Rule:
        """From what sops has written into an encrypted file."""
        groups = groups_of_metadata(metadata)
        chosen = [(name, str(metadata[name])) for name in SELECTORS if metadata.get(name)]
        return cls(
            groups=groups,
            selector=chosen[0] if chosen else ("", ""),
            threshold=_threshold(metadata.get("shamir_threshold"), groups),
            mac_only_encrypted=str(metadata.get("mac_only_encrypted", "")).lower() == "true",
        )

    def changed(
        self, recipients: t.Sequence[str], selector: t.Optional[t.Tuple[str, str]], mac_only: t.Optional[bool]
    ) -> Rule:
        """With what a user gave instead of the rule's own."""
        rule: t.Dict[str, t.Any] = dict(self.document["creation_rules"][0]) if self.document else {}
        if recipients:
            kept = (*SELECTORS, "mac_only_encrypted")
            rule = {**{key: rule[key] for key in kept if key in rule}, **rule_of_recipients(recipients)}
        if selector:
            rule = {key: value for key, value in rule.items() if key not in SELECTORS}
            rule[selector[0]] = selector[1]
        if mac_only is not None:
            rule["mac_only_encrypted"] = mac_only
        return Rule.from_document(rule, "recipients", self.document.get("stores"))

    def of_format(self, format: str) -> Rule:
        """A binary file is one value, which is always encrypted: sops leaves out what selects."""
        if format != "binary":
            return self
        return dataclasses.replace(self, selector=("", ""), mac_only_encrypted=False)

    @property
    def recipients(self) -> t.Tuple[str, ...]:
        return tuple(sorted({recipient for group in self.groups for recipient in group}))

    def encrypts_alike(self, other: Rule) -> bool:
        """Whether the same values are encrypted, for whomever."""
        return (self.selector, self.mac_only_encrypted) == (other.selector, other.mac_only_encrypted)

    def encrypts(self, components: t.Sequence[str]) -> bool:
        """Whether the value below these keys is encrypted. What a comment decides counts as encrypted."""
        name, value = self.selector
        if name.endswith("_suffix"):
            found = any(component.endswith(value) for component in components)
        elif name in ("encrypted_regex", "unencrypted_regex"):
            pattern = go_regex(value)
            found = any(pattern.search(component) for component in components)
        else:
            return True
        return found is not name.startswith("unencrypted")


def _compiled(value: t.Any, where: str, problems: t.List[Problem]) -> t.Pattern[str]:
    try:
        return go_regex(str(value))
    except ValueError as error:
        problems.append(Problem(where, f"{value}: {error}", "Write it as Go's RE2 wants it"))
        return go_regex("")


def _threshold(value: t.Any, groups: Groups) -> int:
    """sops writes one only where there are several groups, and means all of them by none."""
    if len(groups) < 2:
        return 0
    return int(value or 0) or len(groups)


@dataclasses.dataclass(frozen=True)
class Rules:
    """The creation rules of one .sops.yaml, in their order."""

    path: str
    rules: t.Tuple[t.Tuple[t.Pattern[str], Rule], ...]

    @classmethod
    def from_document(cls, document: t.Any, path: str) -> Rules:
        """Raises ClusterError with everything that is wrong with them."""
        rules = document.get("creation_rules") if isinstance(document, dict) else None
        if not isinstance(rules, list) or not rules:
            raise ClusterError(
                Problem(path, "has no creation_rules", "Write one: creation_rules: [{path_regex: …, age: age1…}]")
            )
        found: t.List[t.Tuple[t.Pattern[str], Rule]] = []
        problems: t.List[Problem] = []
        for number, rule in enumerate(rules):
            where = f"{path}: creation_rules[{number}]"
            pattern = rule.get("path_regex") if isinstance(rule, dict) else ""
            expression = _compiled(pattern or "", f"{where}.path_regex", problems)
            try:
                parsed = Rule.from_document(rule, where, document.get("stores"))
            except ClusterError as error:
                problems.extend(error.problems)
            else:
                found.append((expression, parsed))
        if problems:
            raise ClusterError(*problems)
        return cls(path, tuple(found))

    def rule_for(self, path: str) -> t.Optional[Rule]:
        """The first that matches, as sops looks for it: below the rules' directory without that directory."""
        directory = os.path.dirname(os.path.abspath(self.path)).rstrip(os.sep) + os.sep
        name = os.path.abspath(path)
        name = name[len(directory) :] if name.startswith(directory) else name
        for pattern, rule in self.rules:
            if pattern.search(name):
                return rule
        return None
