# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What becomes of a file of SealedSecrets: which values keep their ciphertext, which are sealed anew, and why.

Beside each ciphertext the file keeps a record, in an annotation: the certificate it was sealed with, and a keyed
digest over that certificate, the label, the key, the ciphertext and the value. So an unchanged value is known without
the private key; a ciphertext that someone else put there is not taken for ours; and who lacks the key of the digests,
which is not in Git, cannot try out values against a record.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import (
    OWN_ANNOTATIONS,
    SCOPE_ANNOTATIONS,
    STRICT,
    Secret,
    label_of,
    scope_of,
)

API_VERSION, KIND = "bitnami.com/v1alpha1", "SealedSecret"
RECORDS = "homeops.cluster/sealed-digests"
PURPOSE = "sealed-secret"
DEFAULT_TYPE = "Opaque"

# Why a value is sealed.
NEW, VALUE, SCOPE, CERTIFICATE = "new", "value", "scope", "certificate"
NO_DIGEST, OTHER_KEY = "no digest", "digest key"

Document = t.Dict[str, t.Any]
Seal = t.Callable[[bytes, bytes], str]


class Key(t.Protocol):
    """What digests are made with (_keyed_digest.Key)."""

    @property
    def id(self) -> str:
        """Says which key it is."""

    def digest(self, purpose: str, *parts: bytes) -> str:
        """The keyed digest of the parts."""


@dataclasses.dataclass(frozen=True)
class Record:
    """What is known of a ciphertext; a line of the annotation."""

    key: str
    certificate: str
    key_id: str
    digest: str

    def __str__(self) -> str:
        return f"{self.key} {self.certificate} {self.key_id} {self.digest}"


@dataclasses.dataclass(frozen=True)
class Sealer:
    """C(seal) is None while there is no certificate yet (check mode on a clean system): any one will do then."""

    certificate: t.Optional[str]
    seal: t.Optional[Seal]
    digests: Key

    def record(self, key: str, certificate: str, label: bytes, ciphertext: str, value: bytes) -> Record:
        parts = (certificate.encode("utf-8"), label, key.encode("utf-8"), ciphertext.encode("utf-8"), value)
        return Record(key, certificate, self.digests.id, self.digests.digest(PURPOSE, *parts))

    def sealed(self, key: str, label: bytes, value: bytes) -> t.Tuple[str, Record]:
        ciphertext = self.seal(label, value) if self.seal else ""
        return ciphertext, self.record(key, self.certificate or "", label, ciphertext, value)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happens to one Secret. C(sealed) says why, key by key."""

    namespace: str
    name: str
    scope: str
    action: str
    sealed: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    kept: t.Tuple[str, ...] = ()
    removed: t.Tuple[str, ...] = ()

    def answer(self) -> t.Dict[str, t.Any]:
        return {**dataclasses.asdict(self), "kept": list(self.kept), "removed": list(self.removed)}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one file is to hold. C(documents) empty: there is to be no such file."""

    path: str
    before: t.Sequence[Document]
    documents: t.Sequence[Document]
    outcomes: t.Sequence[Outcome]

    @property
    def action(self) -> str:
        if list(self.before) == list(self.documents):
            return "unchanged"
        if not self.documents:
            return "removed"
        return "updated" if self.before else "created"

    @property
    def seals(self) -> bool:
        return any(outcome.sealed for outcome in self.outcomes)

    def change(self) -> Change:
        """Names of keys only; ciphertexts and digests tell a reader nothing."""
        reasons = {(outcome.namespace, outcome.name): outcome.sealed for outcome in self.outcomes}
        return Change(
            self.path,
            _view(self.before, {}),
            _view(self.documents, reasons),
            hidden=self.action != "unchanged",
        )

    def answer(self) -> t.Dict[str, t.Any]:
        return {
            "path": self.path,
            "action": self.action,
            "secrets": [outcome.answer() for outcome in self.outcomes],
        }


def checked(documents: t.Iterable[t.Any], path: str) -> t.List[Document]:
    """A file that holds anything else is never overwritten. Raises ClusterError."""
    found = [document for document in documents if document is not None]
    for document in found:
        kind = document.get("kind") if isinstance(document, dict) else None
        if kind != KIND:
            what = f"holds {kind if isinstance(kind, str) else 'something'}, which is not a SealedSecret"
            raise ClusterError(Problem(path, what, "Move it away, or choose another path"))
        if not _well_formed(document):
            raise ClusterError(Problem(path, "is not a well-formed SealedSecret", "Move it away, to have it made anew"))
    return found


def plan(path: str, current: t.Sequence[Document], secrets: t.Sequence[Secret], sealer: Sealer, merge: bool) -> Plan:
    """C(merge): what is not mentioned stays, documents and keys. Raises ClusterError."""
    before = {_identity(document): document for document in current}
    after: t.Dict[t.Tuple[str, str], Document] = dict(before) if merge else {}
    outcomes: t.List[Outcome] = []
    problems: t.List[Problem] = []
    for secret in secrets:
        old = before.get(secret.identity)
        if secret.absent:
            after.pop(secret.identity, None)
            if old is not None:
                outcomes.append(_removed(old))
            continue
        try:
            after[secret.identity], outcome = _resealed(path, old, secret, sealer, merge)
        except ClusterError as error:
            problems += error.problems
        else:
            outcomes.append(outcome)
    mentioned = {secret.identity for secret in secrets}
    outcomes += [_removed(old) for identity, old in before.items() if identity not in mentioned and not merge]
    if problems:
        raise ClusterError(*problems)
    return Plan(path, list(current), list(after.values()), outcomes)


def _resealed(
    path: str, old: t.Optional[Document], secret: Secret, sealer: Sealer, merge: bool
) -> t.Tuple[Document, Outcome]:
    where = f"{path}: {secret.namespace}/{secret.name}"
    old_scope = scope_of(_metadata(old).get("annotations")) if old is not None else STRICT
    scope = secret.scope or (old_scope if merge else STRICT)
    label, old_label = label_of(secret.identity, scope), label_of(secret.identity, old_scope)
    ciphertexts = _encrypted(old) if old is not None else {}
    records = read_records(old)
    stay = set(ciphertexts) - secret.removed_keys - set(secret.values) if merge else set()
    if stay and label != old_label:
        what = f"changes its scope, and the values of {', '.join(sorted(stay))} are not given"
        raise ClusterError(Problem(where, what, "Give all values: each is bound to the scope"))
    if not stay and not secret.values:
        raise ClusterError(Problem(where, "has no data", "Give it values, or remove it with state absent"))
    encrypted = {key: ciphertexts[key] for key in stay}
    noted = {key: records[key] for key in stay if key in records}
    reasons: t.Dict[str, str] = {}
    for key, value in secret.values.items():
        why = _reason(
            sealer,
            key=key,
            value=value,
            ciphertext=ciphertexts.get(key),
            record=records.get(key),
            label=label,
            old_label=old_label,
        )
        if why:
            reasons[key] = why
            encrypted[key], noted[key] = sealer.sealed(key, label, value)
        else:
            encrypted[key], noted[key] = ciphertexts[key], records[key]
    document = _document(old, secret, scope=scope, encrypted=encrypted, records=noted, merge=merge)
    return document, Outcome(
        secret.namespace,
        secret.name,
        scope,
        "created" if old is None else "unchanged" if document == old else "updated",
        {key: reasons[key] for key in sorted(reasons)},
        tuple(sorted(set(encrypted) - set(reasons))),
        tuple(sorted(set(ciphertexts) - set(encrypted))),
    )


def _reason(
    sealer: Sealer,
    *,
    key: str,
    value: bytes,
    ciphertext: t.Optional[str],
    record: t.Optional[Record],
    label: bytes,
    old_label: bytes,
) -> str:
    """Why the value must be sealed; empty if its ciphertext is still good."""
    if ciphertext is None:
        return NEW
    if record is None:
        return NO_DIGEST
    if record.key_id != sealer.digests.id:
        return OTHER_KEY
    if sealer.record(key, record.certificate, old_label, ciphertext, value) != record:
        return VALUE
    if label != old_label:
        return SCOPE
    return "" if sealer.certificate in (None, record.certificate) else CERTIFICATE


def _document(
    old: t.Optional[Document],
    secret: Secret,
    *,
    scope: str,
    encrypted: t.Mapping[str, str],
    records: t.Mapping[str, Record],
    merge: bool,
) -> Document:
    """What others added stays: labels and annotations of the SealedSecret itself, and template.data."""
    document: Document = copy.deepcopy(old) if old is not None else {}
    document.update(apiVersion=API_VERSION, kind=KIND)
    template = document.get("spec", {}).get("template") or {}
    template_metadata = template.get("metadata") or {}
    names = {"name": secret.name, **({"namespace": secret.namespace} if secret.namespace else {})}
    scopes = {SCOPE_ANNOTATIONS[scope]: "true"} if scope in SCOPE_ANNOTATIONS else {}

    metadata = document.pop("metadata", {})
    metadata.pop("creationTimestamp", None)
    lines = "".join(f"{records[key]}\n" for key in sorted(records))
    annotations = {**_plain_annotations(metadata.get("annotations")), **scopes, RECORDS: lines}
    if not lines:
        del annotations[RECORDS]
    document["metadata"] = _without_empty({**metadata, **names, "annotations": annotations})

    inherited = template_metadata if merge else {}
    template["metadata"] = _without_empty(
        {
            **names,
            "labels": {**(inherited.get("labels") or {}), **secret.labels},
            "annotations": {**_plain_annotations(inherited.get("annotations")), **secret.annotations, **scopes},
        }
    )
    inherited_template = template if merge else {}
    template["type"] = secret.type or inherited_template.get("type") or DEFAULT_TYPE
    immutable = secret.immutable if secret.immutable is not None else inherited_template.get("immutable")
    template.pop("immutable", None)
    if immutable is not None:
        template["immutable"] = immutable
    document["spec"] = {"encryptedData": {key: encrypted[key] for key in sorted(encrypted)}, "template": template}
    document.pop("status", None)
    return document


def read_records(document: t.Optional[Document]) -> t.Dict[str, Record]:
    """A line that is not a record is none: its value will be sealed anew."""
    text = (_metadata(document).get("annotations") or {}).get(RECORDS) if document else None
    lines = (line.split() for line in text.splitlines()) if isinstance(text, str) else ()
    return {parts[0]: Record(*parts) for parts in lines if len(parts) == 4}


def _removed(document: Document) -> Outcome:
    namespace, name = _identity(document)
    scope = scope_of(_metadata(document).get("annotations"))
    return Outcome(namespace, name, scope, "removed", removed=tuple(sorted(_encrypted(document))))


def _view(documents: t.Sequence[Document], reasons: t.Mapping[t.Tuple[str, str], t.Mapping[str, str]]) -> Document:
    shown = {}
    for document in documents:
        template = _template(document)
        why = reasons.get(_identity(document), {})
        shown["/".join(filter(None, _identity(document)))] = {
            "scope": scope_of(_metadata(document).get("annotations")),
            "type": template.get("type", DEFAULT_TYPE),
            "immutable": template.get("immutable", False),
            "labels": (template.get("metadata") or {}).get("labels") or {},
            "annotations": _plain_annotations((template.get("metadata") or {}).get("annotations")),
            "keys": {
                key: f"sealed anew ({why[key]})" if key in why else "sealed" for key in sorted(_encrypted(document))
            },
        }
    return shown


def _identity(document: Document) -> t.Tuple[str, str]:
    metadata = _metadata(document)
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def _metadata(document: t.Optional[Document]) -> t.Any:
    return (document or {}).get("metadata") or {}


def _spec(document: Document) -> t.Any:
    return document.get("spec") or {}


def _template(document: Document) -> t.Any:
    spec = _spec(document)
    return (spec.get("template") or {}) if isinstance(spec, dict) else None


def _encrypted(document: Document) -> t.Any:
    spec = _spec(document)
    return (spec.get("encryptedData") or {}) if isinstance(spec, dict) else None


def _well_formed(document: Document) -> bool:
    """Whether all that is looked into is a mapping."""
    metadata, template = _metadata(document), _template(document)
    inner: t.Any = (template.get("metadata") or {}) if isinstance(template, dict) else None
    if not all(isinstance(part, dict) for part in (metadata, inner, _encrypted(document))):
        return False
    texts = (metadata.get("annotations"), inner.get("annotations"), inner.get("labels"))
    return all(isinstance(part or {}, dict) for part in texts)


def _plain_annotations(annotations: t.Optional[t.Mapping[str, str]]) -> t.Dict[str, str]:
    return {key: value for key, value in (annotations or {}).items() if key not in OWN_ANNOTATIONS}


def _without_empty(mapping: Document) -> Document:
    return {key: value for key, value in mapping.items() if value != {}}
