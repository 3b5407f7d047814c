# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Bcrypt hashes that stay the same as long as they verify. No message of this file holds a password or a hash."""

from __future__ import annotations

import re
import traceback
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import bcrypt
except ImportError:
    BCRYPT_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    BCRYPT_IMPORT_ERROR = None

MAX_BYTES = 72  # bcrypt ignores everything after them
MIN_ROUNDS, MAX_ROUNDS = 4, 31

# 22 characters of salt, the last of which holds two bits only, and 31 of the hash. The library fails on other salts.
_HASH = re.compile(r"\$2[aby]\$(?P<rounds>[0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")


def hash_password(password: str, *, current: t.Optional[str] = None, rounds: int = 12) -> str:
    """Return C(current) if it is the hash of C(password) at the cost of C(rounds), else a new hash with a new salt."""
    problems = [*_password_problems(password), *_rounds_problems(rounds), *_current_problems(current)]
    if problems:
        raise ClusterError(*problems)
    secret = password.encode("utf-8")
    if current and _rounds_of(current) == rounds and bcrypt.checkpw(secret, current.encode("ascii")):
        return current
    return bcrypt.hashpw(secret, bcrypt.gensalt(rounds)).decode("ascii")


def _rounds_of(value: str) -> t.Optional[int]:
    """The cost of a bcrypt hash; None when the value is no bcrypt hash."""
    match = _HASH.fullmatch(value)
    rounds = int(match.group("rounds")) if match else 0
    return rounds if MIN_ROUNDS <= rounds <= MAX_ROUNDS else None


def _password_problems(password: str) -> t.Iterator[Problem]:
    length = len(password.encode("utf-8", errors="replace"))
    if not length:
        yield Problem("password", "is empty", "Set a password.")
    if length > MAX_BYTES:
        yield Problem(
            "password",
            f"has {length} bytes, and bcrypt ignores what comes after {MAX_BYTES}",
            f"Use at most {MAX_BYTES} bytes; letters outside ASCII count for 2 to 4.",
        )
    if "\0" in password:
        yield Problem("password", "contains a NUL character", "Remove it: bcrypt would end the password there.")
    if any("\ud800" <= letter <= "\udfff" for letter in password):
        yield Problem("password", "is not valid Unicode", "Save the file that holds it as UTF-8.")


def _rounds_problems(rounds: int) -> t.Iterator[Problem]:
    if not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        yield Problem(
            "rounds",
            f"is {rounds}, and bcrypt knows {MIN_ROUNDS} to {MAX_ROUNDS}",
            "Use 10 or more; each step up doubles the time that a login takes.",
        )


def _current_problems(current: t.Optional[str]) -> t.Iterator[Problem]:
    if current and _rounds_of(current) is None:
        yield Problem(
            "current",
            "is not a bcrypt hash ($2a$, $2b$ or $2y$)",
            "Pass the stored hash as it is, or nothing to get a new one.",
        )
