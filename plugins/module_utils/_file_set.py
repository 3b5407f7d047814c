# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Several files of a repository put in place together: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import types
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files

MODE = 0o644


def apply(
    root: str,
    files: Files,
    contents: t.Mapping[str, t.Optional[bytes]],
    first: t.Mapping[str, bytes] = types.MappingProxyType({}),
) -> None:
    """C(contents) by path below C(root), None for a file that goes, in this order; before all of them, C(first).

    Raises ClusterError; all is then as it was. Whoever is killed leaves what was done so far.
    """
    writes = {path: content for path, content in contents.items() if content is not None}
    made = _missing_folders(root, writes)
    undo: t.List[t.Callable[[], None]] = []
    try:
        for path, content in first.items():
            undo.append(_taking_back(files, os.path.join(root, path)))
            files.replace(os.path.join(root, path), content, MODE)
        for path, content in writes.items():
            files.stage(os.path.join(root, path), content, MODE)
        for path in contents:
            at = os.path.join(root, path)
            undo.append(_taking_back(files, at))
            if path in writes:
                files.publish(at)
            else:
                files.remove(at)
    except ClusterError:
        for take_back in reversed(undo):
            take_back()
        for path in writes:
            files.discard(os.path.join(root, path))
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                files.system.rmdir(folder)
        raise
    files.settle(os.path.join(root, path) for path in contents)
    for path in contents:
        if path not in writes:
            _remove_empty(root, files, os.path.dirname(path))


def clean(root: str, files: Files, paths: t.Iterable[str]) -> None:
    """Take away what a killed run left beside the places it was about to fill."""
    for path in paths:
        files.discard(os.path.join(root, path))
        _remove_empty(root, files, os.path.dirname(path))


def _taking_back(files: Files, at: str) -> t.Callable[[], None]:
    content = files.read(at)
    mode = MODE if content is None else files.system.stat(at).st_mode & 0o777

    def take_back() -> None:
        with contextlib.suppress(ClusterError):
            if content is None:
                files.remove(at)
            else:
                files.replace(at, content, mode)

    return take_back


def _missing_folders(root: str, paths: t.Iterable[str]) -> t.List[str]:
    """The folders that are made on the way, outermost first."""
    missing: t.Set[str] = set()
    for path in paths:
        folder = os.path.dirname(os.path.join(root, path))
        while folder not in missing and not os.path.isdir(folder):
            missing.add(folder)
            folder = os.path.dirname(folder)
    return sorted(missing)


def _remove_empty(root: str, files: Files, folder: str) -> None:
    """Git knows no empty folders."""
    with contextlib.suppress(OSError):
        while folder:
            files.system.rmdir(os.path.join(root, folder))
            folder = os.path.dirname(folder)
