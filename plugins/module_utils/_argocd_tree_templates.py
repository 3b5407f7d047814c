# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Templates in a repository stand for the files that they are rendered to, where those are not there yet.

They are rendered in memory with the configuration. What needs a secret, or has no configuration, is read as it is
written; what only rendering would tell is then unknown. Nothing is ever decrypted.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _tree_values as values
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import CHART, UNKNOWN, Templates, Tree
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._tree_filters import FILTERS
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import JINJA2_IMPORT_ERROR, Renderer
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import SUFFIX, output_of
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_lines import masked

_MASKED = re.compile(r"J\d+_+")
_READABLE = re.compile(r"\.(?:yaml|yml|json)\Z")


def rendered(tree: Tree, templates: Templates) -> t.Tuple[Tree, t.Dict[str, str]]:
    """The repository with what its templates come to, and which file is which template's."""
    below = posixpath.normpath(templates.folder) + "/" if templates.folder else ""
    known = {path[len(below) :]: content for path, content in tree.contents.items() if below and path.startswith(below)}
    is_one = any(name.endswith(SUFFIX) for name in known) or all(name in tree.contents for name in templates.config)
    if not is_one or below + CHART in tree.contents or CHART in tree.contents:
        known = {}  # a folder of that name, as charts have one
    contents = {path: content for path, content in tree.contents.items() if not (known and path.startswith(below))}
    renderer = _renderer(tree, templates, known, below)
    origins: t.Dict[str, str] = {}
    unknown: t.Set[str] = set()
    beside = {path: content for path, content in contents.items() if path.endswith(SUFFIX)}
    for name, content in {**known, **beside}.items():
        inside = name in known and name not in beside
        output = posixpath.normpath(output_of(name, templates.output if inside else "."))
        if output in tree.contents or (inside and _is_left_out(name, templates.exclude)) or Tree.is_hidden(output):
            continue
        if not name.endswith(SUFFIX):
            contents[output] = content
        elif _READABLE.search(output):
            text = _text(renderer, name) if inside else None
            if text is None:
                text = _masked(content, templates.delimiters)
                unknown.add(output)
            if text.strip():
                contents[output] = text.encode("utf-8")
        origins[output] = below + name if inside else name
    return Tree(contents, unknown, tree.urls, tree.links), origins


def _renderer(tree: Tree, templates: Templates, known: t.Mapping[str, bytes], below: str) -> t.Optional[Renderer]:
    """None without templates, without configuration, or without Jinja."""
    if not known or JINJA2_IMPORT_ERROR or any(name not in tree.contents for name in templates.config):
        return None
    try:
        documents = [values.parse(name, tree.contents[name].decode("utf-8")) for name in templates.config]
        data = values.merge(documents).data
    except (ClusterError, UnicodeDecodeError):
        return None  # gitops_render says what is wrong with it
    return Renderer(
        sources={name: content.decode("utf-8", "replace") for name, content in known.items()},
        values=data,
        delimiters=templates.delimiters,
        filters=FILTERS,
        current=lambda _name, _path: None,
        folder=below,
    )


def _text(renderer: t.Optional[Renderer], name: str) -> t.Optional[str]:
    if renderer is None:
        return None
    try:
        return renderer.render(name)[0]
    except ClusterError:  # it needs a secret, or is wrong, which gitops_render says
        return None


def _masked(content: bytes, delimiters: Delimiters) -> str:
    text = content.decode("utf-8", "replace")
    try:
        return _MASKED.sub(UNKNOWN, masked(text, delimiters))
    except ClusterError:
        return text  # which is told as what could not be read


def _is_left_out(name: str, exclude: t.Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(posixpath.basename(name), pattern) for pattern in exclude
    )
