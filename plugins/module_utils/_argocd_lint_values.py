# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The files with values that a source names for Helm: without one Argo CD does not render the chart."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import UNKNOWN, Tree

Source = t.Mapping[str, t.Any]

# A pattern, a URL, or what only the environment of a build says.
_ELSEWHERE = re.compile(rf"[*?\[$]|://|{UNKNOWN}")


def value_file_problems(
    tree: Tree, source: Source, others: t.Sequence[Source], folder: t.Optional[str]
) -> t.Iterator[t.Tuple[int, str, str]]:
    """The number of a file, the code and what is wrong. C(others) are all of C(sources), which may have a C(ref).

    C(folder) is that of the source, if it is in this repository.
    """
    helm = source.get("helm") or {}
    files = helm.get("valueFiles")
    references = {f"${one['ref']}": one for one in others if one.get("ref")}
    for number, file in enumerate(files if isinstance(files, list) else ()):
        name, _slash, path = str(file).partition("/")
        base: t.Optional[str] = folder
        if name.startswith("$") and others:
            if name not in references:
                yield number, "invalid_source", f"names {file}, and none of its sources has ref: {name[1:]}"
                continue
            base = "" if tree.is_own(str(references[name].get("repoURL") or "")) else None
        else:
            path = str(file)
        target = posixpath.normpath(posixpath.join("" if path.startswith("/") else base or "", path.lstrip("/")))
        is_known = base is not None and not _ELSEWHERE.search(path) and not tree.link(target)
        if is_known and target not in tree.contents and helm.get("ignoreMissingValueFiles") is not True:
            yield number, "path_missing", f"names {file} for Helm, which is not in the repository"
