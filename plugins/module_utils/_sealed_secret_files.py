# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Files with plain Secrets and with SealedSecrets: which there are, what is in them, how they are written."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import (
    PLAIN_SUFFIX,
    Secret,
    from_manifest,
)

try:
    import yaml

    HAS_YAML = True
except ImportError:
    HAS_YAML = False

# Kubernetes' reader takes more for a number or a boolean than PyYAML's: 1e3, y.
_PLAIN = re.compile(r"(?![yYnN]\Z)[A-Za-z][-A-Za-z0-9+/=._]*")

TWICE = "has a key twice in a mapping"
MODE = 0o644  # what is sealed is made to be published


def sources(paths: t.Iterable[str]) -> t.List[str]:
    """Each file once, in order; a folder stands for the files with plain Secrets below it. Raises ClusterError."""
    found: t.List[str] = []
    problems = []
    for path in paths:
        if os.path.isdir(path):
            below = sorted(
                os.path.join(folder, name)
                for folder, _folders, names in os.walk(path)
                for name in names
                if name.endswith(PLAIN_SUFFIX)
            )
            if not below:
                remedy = f"Write the Secrets to a file there that ends with {PLAIN_SUFFIX}, or give another path"
                problems.append(Problem(path, f"has no file below it that ends with {PLAIN_SUFFIX}", remedy))
            found += below
        elif os.path.isfile(path):
            found.append(path)
        else:
            problems.append(Problem(path, "is no file and no folder", "Correct the path"))
    if problems:
        raise ClusterError(*problems)
    return list(dict.fromkeys(found))


def read(path: str) -> t.Optional[str]:
    """The text of a file; None if there is none. Raises ClusterError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        remedy = "Correct the path or its permissions"
        raise ClusterError(Problem(path, f"cannot be read: {error.strerror}", remedy)) from error


def documents(text: str, where: str) -> t.List[t.Any]:
    """Those of a YAML text that are not empty. Raises ClusterError, without a word of the text."""
    try:
        return [document for document in yaml.load_all(text, Loader=_loader()) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        remedy = "Correct it there" if mark else "Write it as YAML in UTF-8"
        what = TWICE if getattr(error, "problem", "") == TWICE else "is not valid YAML"
        raise ClusterError(Problem(f"{where}{line}", what, remedy)) from None


def _loader() -> t.Any:
    class Loader(yaml.SafeLoader):
        """A key that is there twice is an error here: one of its values would be lost."""

        def compose_mapping_node(self, anchor: t.Any) -> t.Any:
            node = super().compose_mapping_node(anchor)
            names = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(names)) < len(names):
                raise yaml.composer.ComposerError(None, None, TWICE, node.start_mark)
            return node

    return Loader


def plain_secrets(text: str, where: str) -> t.List[Secret]:
    """All of a file. Raises ClusterError."""
    found: t.List[Secret] = []
    problems: t.List[Problem] = []
    for number, document in enumerate(documents(text, where), start=1):
        try:
            found.append(from_manifest(document, f"{where} document {number}"))
        except ClusterError as error:
            problems += error.problems
    if not found and not problems:
        problems.append(Problem(where, "is empty", "Write a Secret to it, or remove the file"))
    if problems:
        raise ClusterError(*problems)
    return found


def render(sealed: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """The text of a file with these SealedSecrets, one value a line."""
    return "".join(
        "---\n" + yaml.dump(document, Dumper=_dumper(), sort_keys=False, width=float("inf"), allow_unicode=True)
        for document in sealed
    )


def _dumper() -> t.Any:
    class Dumper(yaml.SafeDumper):
        """A record of each value on a line of its own, so that a diff shows the one that changed."""

        def ignore_aliases(self, data: t.Any) -> bool:
            return True

    def text(dumper: t.Any, value: str) -> t.Any:
        style = "|" if "\n" in value else None if _PLAIN.fullmatch(value) else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
