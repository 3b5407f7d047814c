# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which files of a tree are meant by patterns such as **/*.sops.*"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sops_ledger import NAME
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import CONFIG

TEMPLATE = ".j2"  # what is encrypted later, when it has become a file


def matching(root: str, patterns: t.Sequence[str]) -> t.List[str]:
    """Sorted paths. As in a shell, what begins with a dot is only meant where the pattern says so.

    Raises ClusterError for a directory that cannot be read: what is in it may be in clear.
    """
    expressions = [re.compile(translate(pattern)) for pattern in patterns]
    found = []
    for directory, directories, files in os.walk(root, onerror=_refuse):
        directories[:] = sorted(name for name in directories if name != ".git")
        for name in files:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root).replace(os.sep, "/")
            if name.endswith(TEMPLATE) or name in (CONFIG, NAME) or os.path.islink(path):
                continue  # what a link points to is in the tree under its own name, or not in the tree
            if any(expression.match(relative) for expression in expressions):
                found.append(path)
    return sorted(found)


def _refuse(error: OSError) -> None:
    raise ClusterError(Problem(str(error.filename), f"cannot be read: {error.strerror}", "Check its permissions"))


def translate(pattern: str) -> str:
    """As a regular expression for all of a path, with slashes between its parts."""
    result = ""
    parts = pattern.split("/")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            result += r"(?:(?!\.)[^/]+/)*" + (r"(?!\.)[^/]+" if last else "")
        else:
            result += _name(part) + ("" if last else "/")
    return result + r"\Z"


def _name(part: str) -> str:
    result = r"(?!\.)" if part[:1] in ("*", "?", "[") else ""
    at = 0
    while at < len(part):
        character = part[at]
        end = part.find("]", at + 2)
        if character == "[" and end > 0:
            inside = part[at + 1 : end].replace("\\", "\\\\")
            result += f"[{'^' + inside[1:] if inside[0] == '!' else inside}]"
            at = end
        else:
            result += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        at += 1
    return result
