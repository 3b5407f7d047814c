# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Private keys in any file: age, and what begins with BEGIN … PRIVATE KEY, also when encoded once more (kubeconfig)."""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import (
    AGE_KEY,
    PRIVATE_KEY,
    Finding,
)
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import Text

# Bech32 in capitals; the newer keys are longer.
_AGE = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{50,}")
_PEM = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(rb"[A-Za-z0-9+/]{40,}")
_PUTTY = re.compile(rb"PuTTY-User-Key-File-\d: [^\0]{0,2000}?Private-Lines: \d")
_ENCODED_PEM = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/\s]{60,}")  # base64 writes lines of 76

_SIGNS = (b"PRIVATE KEY", b"AGE-SECRET-KEY-", b"LS0tLS1CRUdJTi", b"PuTTY-User-Key-File")
_WINDOW = 600  # a body begins this close to its header, whatever comments or quotes are between
_VARIETY = 12  # a documentation's xxxx… has fewer different characters


def keys(file: Text) -> t.Iterator[Finding]:
    content = file.content
    if not any(sign in content for sign in _SIGNS):
        return
    for match in _AGE.finditer(content):
        if _varied(match.group()[16:]):
            yield _finding(file, match.start(), AGE_KEY)
    places = [
        *(match.start() for match in _PEM.finditer(content) if _has_body(content, match.end())),
        *(match.start() for match in _PUTTY.finditer(content)),
        *(match.start() for match in _ENCODED_PEM.finditer(content) if _holds_key(match.group())),
    ]
    for place in sorted(places):
        yield _finding(file, place, PRIVATE_KEY)


def _has_body(content: bytes, start: int) -> bool:
    """Whether a key follows; a header alone is documentation, or a program that looks for one."""
    tail = content[start : start + _WINDOW].partition(b"-----")[0]
    return any(_varied(match.group()) for match in _BODY.finditer(tail))


def _holds_key(encoded: bytes) -> bool:
    encoded = b"".join(encoded.split())
    decoded = base64.b64decode(encoded[: len(encoded) // 4 * 4])
    return any(_has_body(decoded, match.end()) for match in _PEM.finditer(decoded))


def _varied(text: bytes) -> bool:
    return len(set(text)) >= _VARIETY


_WORDS = {
    AGE_KEY: (
        "holds the private key of an age recipient",
        "Remove it and make another: whoever has it reads all that was encrypted to it",
    ),
    PRIVATE_KEY: ("holds a private key", "Remove it and make another, or encrypt the file with sops"),
}


def _finding(file: Text, place: int, code: str) -> Finding:
    line = file.line(place)
    return Finding(file.path, line, code, *_WORDS[code], first=line - 1, last=line)
