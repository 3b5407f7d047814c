# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The files that hold the values of a GitOps repository: read at once, parsed and decrypted only if somebody asks."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _tree_schema as schemas
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_values as values
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_memo import Memo
from ansible_collections.homeops.cluster.plugins.module_utils._tree_values import Values

Read = t.Callable[[str], t.Optional[bytes]]


@dataclasses.dataclass(frozen=True)
class SecretStep:
    """What is to become of an encrypted file. C(same): its values already are what the template says.

    C(refused) is why it stays as it is although they are not; C(change) shows no value; C(step) is SOPS's own plan.
    """

    path: str
    action: str
    same: bool
    change: Change
    refused: str = ""
    step: t.Any = dataclasses.field(default=None, repr=False)


class Vault(t.Protocol):
    """SOPS, as far as a tree needs it."""

    def encrypts(self, path: str) -> bool:
        """Whether a rule of .sops.yaml is for this file."""

    def is_encrypted(self, path: str, content: bytes) -> bool:
        """Whether these bytes are what SOPS wrote."""

    def decrypt(self, path: str, content: bytes) -> bytes:
        """Through a pipe, in memory. Raises ClusterError."""

    def plan(self, plaintexts: t.Mapping[str, bytes]) -> t.List[SecretStep]:
        """What has to happen so that the files hold these; nothing is written. Raises ClusterError."""

    def stage(self, steps: t.Sequence[SecretStep], removals: t.Sequence[str]) -> None:
        """Write what is needed beside its place; of a failure nothing is left. Raises ClusterError."""

    def publish(self) -> None:
        """Let all that was staged take its place. Raises ClusterError."""

    def discard(self) -> None:
        """Take away what was staged."""


class Inputs:
    """Raises ClusterError for what is missing as soon as it is made, and for what is wrong when it is asked for."""

    def __init__(
        self, *, config: t.Sequence[str], secrets: t.Sequence[str], schema: str, read: Read, vault: Vault, key: Key
    ) -> None:
        self._read_schema, self._vault, self._key = schema, vault, key
        self._config = {name: read(name) for name in config}
        self._secrets = {name: content for name in secrets for content in [read(name)] if content is not None}
        self._schema = read(schema) if schema else None
        self._values: t.Optional[Values] = None
        problems = [
            Problem(name, "is not there", "Write your values into it, as in the example repository")
            for name, content in self._config.items()
            if content is None
        ]
        problems += [
            Problem(
                name,
                "is not encrypted",
                f"Run sops encrypt --in-place {name}, and change what was committed",
            )
            for name, content in self._secrets.items()
            if not vault.is_encrypted(name, content)
        ]
        if problems:
            raise ClusterError(*problems)
        files = {**self._config, **self._secrets, schema: self._schema}
        self.digests = {name: key.digest("gitops-source", content or b"") for name, content in files.items()}

    def names(self, memo: Memo) -> t.Mapping[str, str]:
        """A digest of each value. They are remembered, so nothing is decrypted while no file of values changed."""
        if self.digests == memo.sources:
            return memo.names
        loaded = self.values()
        secret: t.Dict[str, t.List[values.KeyPath]] = {}
        for path, document in loaded.leaves.items():
            if document.secret:
                secret.setdefault(path[0], []).append(path)
        # repr, as it keeps the order of a mapping, which a template may show, and tells 1 from "1" and True.
        return {
            name: self._key.digest(
                "gitops-value",
                repr(value).encode("utf-8", errors="surrogatepass"),
                repr(secret.get(name)).encode("utf-8", errors="surrogatepass"),
            )
            for name, value in loaded.data.items()
        }

    def values(self) -> Values:
        """Everything the templates may use, checked. Raises ClusterError with all that is wrong with it."""
        if self._values is None:
            self._values = self._load()
        return self._values

    def _load(self) -> Values:
        documents: t.List[values.Document] = []
        problems: t.List[Problem] = []
        for name, content in {**self._config, **self._secrets}.items():
            secret = name in self._secrets
            try:
                text = _text(name, content or b"")
                plain = _text(name, self._vault.decrypt(name, content or b"")) if secret else text
                documents.append(values.parse(name, plain, secret, lines_of=text if secret else None))
            except ClusterError as error:
                problems += error.problems
        if problems:
            raise ClusterError(*problems)
        merged = values.merge(documents)
        if self._schema is not None:
            problems = schemas.check(merged, self._parsed_schema(), self._read_schema)
        if problems:
            raise ClusterError(*problems)
        return merged

    def _parsed_schema(self) -> t.Any:
        text = _text(self._read_schema, self._schema or b"")
        if not self._read_schema.endswith(".json"):
            return values.parse(self._read_schema, text).data
        try:
            return json.loads(text)
        except ValueError as error:
            raise ClusterError(Problem(self._read_schema, f"is not valid JSON: {error}", "Repair it")) from None


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ClusterError(Problem(name, "is not text in UTF-8", "Save it as UTF-8")) from None
