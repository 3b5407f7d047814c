# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The program sops. Plaintext goes through pipes only; what lies in files meanwhile is ciphertext or public."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import subprocess
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import Rule

# Arguments, standard input → status, standard output, standard error
Run = t.Callable[[t.List[str], bytes], t.Tuple[int, bytes, bytes]]

NO_KEY = 128  # no private key at hand opens the file
# sops takes recipients from the first ones in place of the rule's; the last one is none of its business.
KEPT_BACK = (
    "SOPS_AGE_RECIPIENTS",
    "SOPS_AZURE_KEYVAULT_URLS",
    "SOPS_CONFIG",
    "SOPS_GCP_KMS_IDS",
    "SOPS_HUAWEICLOUD_KMS_IDS",
    "SOPS_KMS_ARN",
    "SOPS_PGP_FP",
    "SOPS_VAULT_URIS",
    "HOMEOPS_CHECKSUM_KEY",
)
VERSION = "3.11"  # the first that takes a value for `sops set` by standard input


GONE: t.Any = object()


class Edit(t.NamedTuple):
    """One value in the first document of a file. C(place) is written as sops wants it: C(["a"][0])."""

    place: str
    value: t.Any  # or GONE

    def __repr__(self) -> str:
        return f"Edit({self.place})"


class NoKeyError(Exception):
    """No private key at hand opens the file."""


class BrokenError(Exception):
    """The file is no longer what sops wrote."""


def runner(environment: t.Mapping[str, str]) -> Run:
    """Runs programs in this environment, without what would overrule .sops.yaml."""
    kept = {key: value for key, value in environment.items() if key not in KEPT_BACK}

    def run(arguments: t.List[str], content: bytes) -> t.Tuple[int, bytes, bytes]:
        done = subprocess.run(arguments, input=content, capture_output=True, check=False, env=kept)
        return done.returncode, done.stdout, done.stderr

    return run


class Sops:
    """C(scratch) is a directory for copies of ciphertext and for rules, which its owner removes at the end."""

    def __init__(self, run: Run, scratch: str, binary: str = "sops") -> None:
        self.run = run
        self.scratch = scratch
        self.binary = binary
        self._numbers = itertools.count()

    def encrypt(self, rule: Rule, format: str, path: str, plaintext: bytes) -> bytes:
        """Raises ClusterError."""
        status, out, err = self._call(
            ["--config", self._config(rule.document), "encrypt", "--filename-override", path, *_types(format)],
            plaintext,
        )
        if status != 0:
            raise _refused(path, "encrypt", status, err)
        return out

    def decrypt(self, format: str, ciphertext: bytes) -> bytes:
        """Raises NoKeyError or BrokenError."""
        # An empty configuration, or sops would read the one of the directory where the run was started.
        status, out, _err = self._call(["--config", self._config({}), "decrypt", *_types(format)], ciphertext)
        if status == NO_KEY:
            raise NoKeyError
        if status != 0:
            raise BrokenError(f"sops decrypt ends with status {status}")
        return out

    def update_keys(self, rule: Rule, format: str, path: str, ciphertext: bytes) -> bytes:
        """The same data key for the rule's recipients. Raises NoKeyError or ClusterError."""
        with self._copy(ciphertext) as copy:
            status, _out, err = self._call(
                ["--config", self._config(rule.document), "updatekeys", "--yes", "--input-type", format, copy], b""
            )
            if status == NO_KEY:
                raise NoKeyError
            if status != 0:
                raise _refused(path, "updatekeys", status, err)
            return _read(copy)

    def edit(self, rule: Rule, format: str, ciphertext: bytes, edits: t.Sequence[Edit]) -> t.Optional[bytes]:
        """One value after the other; values that stay keep their ciphertext. None if sops cannot do one of them."""
        with self._copy(ciphertext) as copy:
            for edit in edits:
                verb = ["unset"] if edit.value is GONE else ["set", "--value-stdin"]
                value = b"" if edit.value is GONE else json.dumps(edit.value).encode()
                status, _out, _err = self._call(
                    ["--config", self._config(rule.document), *verb, *_types(format), copy, edit.place], value
                )
                if status != 0:
                    return None
            return _read(copy)

    def _call(self, arguments: t.List[str], content: bytes) -> t.Tuple[int, bytes, bytes]:
        try:
            return self.run([self.binary, *arguments], content)
        except OSError as error:
            raise ClusterError(
                Problem(
                    "sops_binary",
                    f"{self.binary} cannot be started: {error.strerror}",
                    f"Install sops {VERSION} or later (https://getsops.io), or give its path",
                )
            ) from error

    def _config(self, document: t.Mapping[str, t.Any]) -> str:
        """The rule that was chosen for a file, and no other; the copies have names that no rule knows."""
        text = json.dumps(document, sort_keys=True).encode()
        path = os.path.join(self.scratch, f"rule-{hashlib.sha256(text).hexdigest()[:16]}.yaml")
        if not os.path.exists(path):
            part = f"{path}.{next(self._numbers)}"
            _write(part, text)
            os.replace(part, path)
        return path

    @contextlib.contextmanager
    def _copy(self, ciphertext: bytes) -> t.Iterator[str]:
        """sops changes files in place, and not atomically: it gets one of its own."""
        path = os.path.join(self.scratch, f"copy-{next(self._numbers)}")
        try:
            _write(path, ciphertext)
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _types(format: str) -> t.List[str]:
    return ["--input-type", format, "--output-type", format]


def _refused(path: str, verb: str, status: int, err: bytes) -> ClusterError:
    """The message of sops may quote the plaintext; of it, only the number of a line is shown."""
    line = re.search(rb"\bline (\d+)", err)
    where = f", line {line.group(1).decode()}" if line else ""
    return ClusterError(
        Problem(
            path,
            f"sops {verb} refuses it (status {status}{where})",
            f"Run sops {verb} on it by hand; what it says may hold parts of the secret",
        )
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _write(path: str, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
