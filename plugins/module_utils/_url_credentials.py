# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Passwords and tokens in URLs: known, and never shown."""

from __future__ import annotations

import re
import typing as t

LIKE_A_TOKEN = 20  # characters; what is shorter and has no password is the name of a user


# What a template writes there, with whatever is in it.
_EXPRESSION = r"\{\{[^{}\n]*\}\}"


def _pattern(user: str, password: str, end: str) -> t.Pattern[str]:
    """A port is no password, and who logs in to a host by SSH is no secret, however long."""
    known = rf"({user}*):(?!\d+(?:[{end}]|$))({password}+)"
    return re.compile(rf"(?is)(?:(?<=://){known}|(?:(?<=http://)|(?<=https://))([^@/\s\"']{{{LIKE_A_TOKEN},}}))(?=@)")


# Both may have an @ in them: what counts is the last one before the path. Among other text a URL ends with a space or a
# quote, and may be a template's; one that stands alone may have some in it.
_IN_TEXT = _pattern(
    rf"(?:{_EXPRESSION}|(?!{_EXPRESSION})[^/:\s\"',])",
    rf"(?:{_EXPRESSION}|(?!{_EXPRESSION})[^\s@]|@(?=[^\s@/\"',\]]*@))",
    r"/\"',\]\s",
)
_ALONE = _pattern(r"[^/:\s]", ".", "/")


def masked(text: str) -> str:
    """Any text, without the credentials of the URLs in it."""
    return _IN_TEXT.sub("***", text)


def masked_url(url: str) -> str:
    return _ALONE.sub("***", url)


def secrets(urls: t.Iterable[str]) -> t.Set[str]:
    """What must not be shown wherever it is: passwords and tokens."""
    found = [match.groups() for url in urls for match in _ALONE.finditer(url)]
    users = {user for user, _password, _token in found if user and len(user) >= LIKE_A_TOKEN}
    return users.union(password or token for _user, password, token in found)
