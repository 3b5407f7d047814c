# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Shell patterns as Go's path/filepath.Match on Linux: what Argo CD compares kinds, groups and resource names with.

A star tries byte by byte, so that a class can also take the rest of a character of which the star took the start.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob_matchers import rune_at

_SPECIAL = re.compile(r"[*?\[\\]")


class _MalformedError(Exception):
    pass


@functools.lru_cache(maxsize=16384)
def path_match(pattern: str, name: str) -> bool:
    """A malformed pattern matches nothing."""
    if not _SPECIAL.search(pattern):
        return pattern == name
    try:
        return _match(pattern.encode("utf-8", "surrogatepass"), name.encode("utf-8", "surrogatepass"))
    except _MalformedError:
        return False


def _match(pattern: bytes, name: bytes) -> bool:
    while pattern:
        star = pattern.startswith(b"*")
        chunk, pattern = _chunk(pattern.lstrip(b"*"))
        if star and not chunk:
            return b"/" not in name
        rest = _after(chunk, name)
        if rest is not None and (not rest or pattern):
            name = rest
            continue
        if not star:
            return False
        at = 0
        while at < len(name) and name[at : at + 1] != b"/":
            at += 1
            rest = _after(chunk, name[at:])
            if rest is not None and (pattern or not rest):
                break
        else:
            return False
        name = rest or b""
    return not name


def _chunk(pattern: bytes) -> t.Tuple[bytes, bytes]:
    """What stands before the next star, without looking for one in a class."""
    in_class = False
    at = 0
    while at < len(pattern):
        character = pattern[at : at + 1]
        if character == b"\\":
            at += 1
        elif character in (b"[", b"]"):
            in_class = character == b"["
        elif character == b"*" and not in_class:
            return pattern[:at], pattern[at:]
        at += 1
    return pattern, b""


def _after(chunk: bytes, text: bytes) -> t.Optional[bytes]:
    """What is left of the text behind the chunk; None where it does not fit. All of the chunk is looked at."""
    failed = False
    while chunk:
        failed = failed or not text
        if chunk.startswith(b"["):
            rune, size = rune_at(text, 0) if not failed else (0, 0)
            text = text[size:]
            fits, chunk = _class(chunk[1:], rune)
            failed = failed or not fits
            continue
        if chunk.startswith(b"?"):
            failed = failed or text.startswith(b"/")
            text = text[rune_at(text, 0)[1] :]
        else:
            if chunk.startswith(b"\\"):
                chunk = chunk[1:]
                if not chunk:
                    raise _MalformedError
            failed = failed or chunk[0] != text[0]
            text = text[1:]
        chunk = chunk[1:]
    return None if failed else text


def _class(chunk: bytes, rune: int) -> t.Tuple[bool, bytes]:
    negated = chunk.startswith(b"^")
    chunk = chunk[negated:]
    found, ranges = False, 0
    while not (ranges and chunk.startswith(b"]")):
        low, chunk = _member(chunk)
        high = low
        if chunk.startswith(b"-"):
            high, chunk = _member(chunk[1:])
        found = found or low <= rune <= high
        ranges += 1
    return found != negated, chunk[1:]


def _member(chunk: bytes) -> t.Tuple[int, bytes]:
    if chunk[:1] in (b"", b"-", b"]"):
        raise _MalformedError
    if chunk.startswith(b"\\"):
        chunk = chunk[1:]
    rune, size = rune_at(chunk, 0)
    if len(chunk) <= size:
        raise _MalformedError
    return rune, chunk[size:]
