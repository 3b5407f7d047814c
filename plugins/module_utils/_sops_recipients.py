# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Who may read: recipients as .sops.yaml writes them and as an encrypted file lists them, in one spelling."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Document = t.Mapping[str, t.Any]
# Per key group of sops, sorted: "age:age1…", "pgp:0123…", "kms:arn:…"
Groups = t.Tuple[t.Tuple[str, ...], ...]

# In a rule: a text with commas, or a list of texts; in a key group: a list, of mappings for some.
KINDS = ("age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault")
IN_RULE = {**{kind: kind for kind in KINDS if kind != "hc_vault"}, "hc_vault_transit_uri": "hc_vault"}
IN_METADATA = {**{kind: kind for kind in KINDS if kind != "azure_keyvault"}, "azure_kv": "azure_keyvault"}

# How an option's text tells its kind.
SPELLINGS = (
    (re.compile(r"(age1[0-9a-z]+|ssh-(ed25519|rsa) \S+.*)$"), "age"),
    (re.compile(r"[0-9A-Fa-f ]{40,}$"), "pgp"),
    (re.compile(r"arn:aws[\w-]*:kms:"), "kms"),
    (re.compile(r"projects/.+/cryptoKeys/"), "gcp_kms"),
    (re.compile(r"https://[^/]+/keys/"), "azure_keyvault"),
    (re.compile(r"https?://.+/v1/.+/keys/"), "hc_vault_transit_uri"),
)
PRIVATE = re.compile(r"AGE-SECRET-KEY-|PRIVATE KEY", re.IGNORECASE)


def groups_of_rule(rule: Document, where: str) -> Groups:
    """Raises ClusterError with everything that is wrong with them."""
    problems: t.List[Problem] = []
    if rule.get("key_groups"):
        groups = [
            _group(group, f"{where}.key_groups[{number}]", problems) for number, group in enumerate(rule["key_groups"])
        ]
    else:
        groups = [
            sorted(
                {
                    _canonical(kind, text)
                    for key, kind in IN_RULE.items()
                    for text in _texts(rule.get(key), f"{where}.{key}", problems)
                }
            )
        ]
    if not problems and not any(groups):
        problems.append(Problem(where, "names no recipient", "Add one: age: age1…"))
    if problems:
        raise ClusterError(*problems)
    return tuple(tuple(group) for group in groups)


def groups_of_metadata(metadata: Document) -> Groups:
    """What sops has written; never wrong, at worst empty."""
    groups = metadata.get("key_groups") or [metadata]
    return tuple(
        tuple(
            sorted(
                {
                    _canonical(kind, entry)
                    for key, kind in IN_METADATA.items()
                    for entry in (group.get(key) or [])
                    if isinstance(entry, dict)
                }
            )
        )
        for group in groups
        if isinstance(group, dict)
    )


def rule_of_recipients(recipients: t.Sequence[str]) -> t.Dict[str, t.List[str]]:
    """As a creation rule writes them. Raises ClusterError with everyone who is not known."""
    rule: t.Dict[str, t.List[str]] = {}
    problems: t.List[Problem] = []
    for number, recipient in enumerate(recipients):
        where = f"recipients[{number}]"
        kind = next((kind for spelling, kind in SPELLINGS if spelling.match(recipient)), "")
        if PRIVATE.search(recipient):
            problems.append(_private(where))
        elif not kind:
            problems.append(Problem(where, f"{recipient} is no recipient", "Give an age1…, ssh-ed25519 … or the like"))
        else:
            rule.setdefault(kind, []).append(recipient)
    if problems:
        raise ClusterError(*problems)
    return rule


def _private(where: str) -> Problem:
    return Problem(where, "is a private key", "Give the public one (age-keygen -y), and replace this one everywhere")


def _texts(value: t.Any, where: str, problems: t.List[Problem]) -> t.List[str]:
    entries = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        problems.append(Problem(where, "is neither a text nor a list of texts", "Write the recipients as a list"))
        return []
    texts = [text.strip() for entry in entries for text in entry.split(",") if text.strip()]
    if any(PRIVATE.search(text) for text in texts):
        problems.append(_private(where))
        return []
    return texts


def _group(group: t.Any, where: str, problems: t.List[Problem]) -> t.List[str]:
    if not isinstance(group, dict):
        problems.append(Problem(where, "is not a key group", "Write a mapping: age: [age1…]"))
        return []
    found = {recipient for merged in group.get("merge") or [] for recipient in _group(merged, where, problems)}
    for kind in KINDS:
        entries = group.get(kind) or []
        if not isinstance(entries, list):
            problems.append(Problem(f"{where}.{kind}", "is not a list", "Write the recipients as a list"))
            continue
        found.update(_canonical(kind, entry) for entry in entries if isinstance(entry, dict))
        texts = [entry for entry in entries if not isinstance(entry, dict)]
        found.update(_canonical(kind, text) for text in _texts(texts, f"{where}.{kind}", problems))
    return sorted(found)


def _canonical(kind: str, entry: t.Union[str, Document]) -> str:
    """The same for a rule's text, a key group's mapping and a file's metadata."""
    return f"{kind}:{_identity(kind, {'text': entry} if isinstance(entry, str) else entry)}"


def _identity(kind: str, entry: Document) -> str:
    def first(*names: str) -> str:
        return next((str(entry[name]) for name in (*names, "text") if entry.get(name)), "")

    if kind == "pgp":
        return first("fp").replace(" ", "")
    if kind == "kms":
        role, context = entry.get("role"), entry.get("context") or {}
        parts = [first("arn") + (f"+{role}" if role else "")]
        parts.extend(f"{key}:{context[key]}" for key in sorted(context))
        return "|".join(parts)
    if kind == "azure_keyvault":
        # Without the version: sops asks Azure for the newest where a rule names none.
        text = first()
        url, name = first("vaultUrl", "vault_url"), first("key", "name")
        return "/".join((text or f"{url.rstrip('/')}/keys/{name}").split("/")[:5])
    if kind == "hc_vault" and "text" not in entry:
        return f"{first('vault_address')}/v1/{first('engine_path')}/keys/{first('key_name')}"
    return first("recipient", "resource_id", "key_id")
