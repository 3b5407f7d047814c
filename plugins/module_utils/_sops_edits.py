# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What has to be set and unset in an encrypted file, so that only the values that changed get a new ciphertext."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import GONE, Edit

# Each edit is a run of sops. With more of them, encrypting the file anew is quicker, and its diff no longer.
MOST = 64

Steps = t.Tuple[t.Union[str, int], ...]


# Texts that are something else to one reader of YAML or another: numbers, dates, words of old YAML.
_DOUBTFUL = re.compile(r"[-+.0-9]|(?:y|n|yes|no|on|off|true|false|null|~)?\Z", re.IGNORECASE)


class _CannotError(Exception):
    """sops has no command for this."""


def edits(old: t.Sequence[t.Any], new: t.Sequence[t.Any], comments: bool) -> t.Optional[t.List[Edit]]:
    """From one list of documents to another; None if sops cannot express it. C(comments): the old text has some."""
    if not old or len(old) != len(new) or list(old[1:]) != list(new[1:]):
        return None  # sops sets values in the first document only
    try:
        found = list(_mapping(old[0], new[0], (), comments))
    except _CannotError:
        return None
    return found if len(found) <= MOST else None


def is_plain(found: t.Sequence[Edit]) -> bool:
    """Whether everybody reads these values as the same."""
    return all(edit.value is GONE or _is_plain(edit.value) for edit in found)


def _is_plain(value: t.Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(below) for key, below in value.items())
    if isinstance(value, list):
        return all(_is_plain(below) for below in value)
    return isinstance(value, str) and not _DOUBTFUL.match(value)


def _value(old: t.Any, new: t.Any, at: Steps, comments: bool) -> t.Iterator[Edit]:
    if type(old) is type(new) and old == new and not isinstance(old, (dict, list)):
        return
    if isinstance(old, dict) and isinstance(new, dict) and old and new:
        yield from _mapping(old, new, at, comments)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        yield from _list(old, new, at, comments)
    elif type(old) is not type(new) or old != new:
        yield from _set(new, at)


def _mapping(old: t.Mapping[str, t.Any], new: t.Mapping[str, t.Any], at: Steps, comments: bool) -> t.Iterator[Edit]:
    if at and not comments and list(old) != list(new):
        # All of it at once keeps the order. What did not change in it keeps its ciphertext nevertheless.
        yield Edit(_index(at), new)
        return
    for key in old:
        if key not in new:
            yield Edit(_index((*at, key)), GONE)
    for key, value in new.items():
        if key in old:
            yield from _value(old[key], value, (*at, key), comments)
        else:
            yield from _set(value, (*at, key))


def _list(old: t.Sequence[t.Any], new: t.Sequence[t.Any], at: Steps, comments: bool) -> t.Iterator[Edit]:
    for number in range(len(old) - 1, len(new) - 1, -1):
        yield Edit(_index((*at, number)), GONE)
    for number, value in enumerate(new):
        if number < len(old):
            yield from _value(old[number], value, (*at, number), comments)
        else:
            yield from _set(value, (*at, number))


def _set(value: t.Any, at: Steps) -> t.Iterator[Edit]:
    if isinstance(value, list):
        if not value:
            raise _CannotError
        for number, below in enumerate(value):
            yield from _set(below, (*at, number))
    else:
        yield Edit(_index(at), value)


def _index(at: Steps) -> str:
    """As sops reads it: what is between the quotes is taken as it is, and nothing is escaped."""
    if any(isinstance(step, str) and ("[" in step or not step) for step in at):
        raise _CannotError
    return "".join(f"[{step}]" if isinstance(step, int) else f'["{step}"]' for step in at)
