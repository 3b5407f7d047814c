# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Digests of secrets that say whether a secret changed, and nothing else to whoever lacks the key.

A bare hash of a password can be guessed offline; HMAC-SHA-256 with a random key cannot.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files

Run = t.Callable[[t.List[str]], t.Tuple[int, str, str]]

SHORTEST = 32


class Key:
    """What digests are made with. It never shows itself."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.sha256(secret).digest()
        self.id = self.digest("key")[:16]

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def digest(self, purpose: str, *parts: bytes) -> str:
        """Equal only for the same key, purpose and parts. The length of each part counts, too."""
        total = hmac.new(self._secret, digestmod=hashlib.sha256)
        for part in (purpose.encode(), *parts):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
        return total.hexdigest()

    @classmethod
    def from_text(cls, text: str, where: str) -> Key:
        text = text.strip()
        if len(text) < SHORTEST:
            raise ClusterError(
                Problem(
                    where,
                    f"is too short for a key: {len(text)} characters",
                    f"Use at least {SHORTEST} random ones, such as `openssl rand -hex 32` prints",
                )
            )
        return cls(text.encode())

    @classmethod
    def ephemeral(cls) -> Key:
        return cls(secrets.token_bytes(32))


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


class KeyFile:
    """A key on the machine that runs the module; outside of Git, readable by its owner only."""

    DEFAULT = "~/.config/homeops/checksum.key"

    def __init__(self, path: str, run: Run, system: t.Any = os) -> None:
        self.path = path
        self.run = run
        self.files = Files(system)

    def load(self, create: bool) -> Key:
        """While there is none and none may be created (check mode), a key that fits no digest. Raises ClusterError."""
        text = self._read()
        if text is None:
            self._refuse_git()
            if not create:
                return Key.ephemeral()
            # Whoever comes second takes the key of the first.
            self.files.create(self.path, secrets.token_hex(32).encode() + b"\n", 0o600)
            text = self._read() or ""
        return Key.from_text(text, self.path)

    def _read(self) -> t.Optional[str]:
        content = self.files.read(self.path)
        if content is None:
            return None
        mode = os.stat(self.path).st_mode & 0o777
        if mode & 0o077:
            raise ClusterError(
                Problem(self.path, f"can be read by others (mode {mode:04o})", f"Run chmod 600 {self.path}")
            )
        self._refuse_git()
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise ClusterError(
                Problem(self.path, "is not a text", "Give a file with one line of random letters and digits")
            ) from error

    def _refuse_git(self) -> None:
        """Whoever reads a repository must not get the key together with the digests."""
        directory = os.path.dirname(os.path.realpath(self.path))
        above = directory
        while not os.path.lexists(os.path.join(above, ".git")):
            if above == os.path.dirname(above):
                return
            above = os.path.dirname(above)
        try:
            ignored = self.run(["git", "-C", above, "check-ignore", "-q", os.path.realpath(self.path)])[0] == 0
        except FileNotFoundError:
            ignored = False
        if not ignored:
            raise ClusterError(
                Problem(
                    self.path,
                    f"lies in the Git work tree {above}, which does not ignore it",
                    "Choose a path outside of it, or add it to .gitignore",
                )
            )


def load(text: t.Optional[str], path: str, run: Run, create: bool) -> Key:
    """The key given as a text, otherwise the one in the file."""
    return Key.from_text(text, "checksum_key") if text else KeyFile(path, run).load(create)
