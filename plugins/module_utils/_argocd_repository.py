# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""When Argo CD takes two repository URLs for the same: NormalizeGitURL and SameURL of v3.5.3."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._go_url import GoUrlError, parse

_SSH = re.compile(r"(?:ssh://)?[^/:]*?@[^@]+\Z")
# What Go calls space: Python's strip() would also take the separators 0x1C to 0x1F.
GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# Go's lower case is one character for one, of Unicode 15; Python's is that of its own Unicode (13 in Python 3.9).
_LOWER: t.Dict[str, str] = {
    "\u0130": "i",
    **{chr(upper): chr(upper + 1) for upper in (0xA7C0, 0xA7D0, 0xA7D6, 0xA7D8)},
    "\u2c2f": "\u2c5f",
    **{chr(upper): chr(upper + 39) for upper in range(0x10570, 0x10596) if upper not in (0x1057B, 0x1058B, 0x10593)},
    **{chr(later): chr(later) for later in (0xA7CB, 0xA7CC, 0xA7DA, 0xA7DC, *range(0x10D50, 0x10D66))},
}


def is_ssh_url(url: str) -> bool:
    return _SSH.match(url) is not None


@functools.lru_cache(maxsize=16384)
def normalize_git_url(url: str) -> str:
    """The form that a project's patterns are compared with; empty for what cannot be parsed."""
    repository = go_lower(url.strip(GO_SPACE))
    if is_ssh_url(repository) and not repository.startswith("ssh://"):
        repository = "ssh://" + repository.replace(":", "/", 1)
    if repository.endswith(".git"):
        repository = repository[: -len(".git")]
    try:
        normalized = parse(repository).string()
    except GoUrlError:
        return ""
    return normalized[len("ssh://") :] if normalized.startswith("ssh://") else normalized


def same_url(left: str, right: str) -> bool:
    """Two URLs that cannot be parsed are the same if they are written the same."""
    one, other = normalize_git_url(left) or left, normalize_git_url(right) or right
    return bool(one) and one == other


def go_lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(_LOWER.get(character) or character.lower() for character in text)
