# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Applications as somebody describes them, each in full: entries of the catalogue looked up, everything checked."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import NAME, show
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_catalogue import expand
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

SUFFIX = ".yml"


def described(apps: t.Sequence[t.Mapping[str, t.Any]], catalogue: t.Sequence[str]) -> t.List[t.Dict[str, t.Any]]:
    """Raises ClusterError with everything that is wrong with any of them."""
    found: t.List[t.Dict[str, t.Any]] = []
    problems: t.List[Problem] = []
    for index, app in enumerate(apps):
        where = f"apps[{index}]"
        try:
            full = expand(entry(app["catalogue"], catalogue, where), app, where) if app.get("catalogue") else app
            found.append(gitops_app.read(full, where))
        except ClusterError as error:
            problems += error.problems
    if problems:
        raise ClusterError(*problems)
    return found


def names(apps: t.Sequence[t.Mapping[str, t.Any]], catalogue: t.Sequence[str]) -> t.List[str]:
    """Only the names of applications. Raises ClusterError with everything that is wrong with any of them."""
    found: t.List[str] = []
    problems: t.List[Problem] = []
    for index, app in enumerate(apps):
        where = f"apps[{index}]"
        try:
            name = app.get("name")
            if name is None and app.get("catalogue"):
                name = entry(app["catalogue"], catalogue, where)["app"].get("name")
            wrong = NAME.check(name)
            if name is None:
                problems.append(Problem(f"{where}.name", "is required, but not set", "Say which application it is"))
            elif wrong:
                problems.append(Problem(f"{where}.name", wrong.what, wrong.remedy))
            else:
                found.append(name)
        except ClusterError as error:
            problems += error.problems
    if problems:
        raise ClusterError(*problems)
    return found


def entry(name: t.Any, catalogue: t.Sequence[str], where: str) -> t.Mapping[str, t.Any]:
    """An entry by its name: the first folder that has it counts."""
    if isinstance(name, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        for folder in catalogue:
            path = os.path.join(folder, f"{name}{SUFFIX}")
            if os.path.isfile(path):
                return _read(path)
    names = sorted(
        {
            file[: -len(SUFFIX)]
            for folder in catalogue
            if os.path.isdir(folder)
            for file in os.listdir(folder)
            if file.endswith(SUFFIX)
        }
    )
    remedy = f"There are {', '.join(names)}" if names else "Give the folder of the catalogue"
    raise ClusterError(Problem(f"{where}.catalogue", f"{show(name)} is not in the catalogue", remedy))


def _read(path: str) -> t.Mapping[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            document = yaml.safe_load(stream)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ClusterError(Problem(path, f"cannot be read: {error}", "Correct it")) from error
    if not isinstance(document, dict) or not isinstance(document.get("app"), dict):
        raise ClusterError(Problem(path, "has no app", "Write it as docs/applications.md describes an entry"))
    return document
