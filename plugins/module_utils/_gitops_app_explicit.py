# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""An application that its ApplicationSet cannot describe: an app.yaml of its own, where no ApplicationSet looks."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import dump

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

# Beside the categories: a folder that an ApplicationSet finds could only be excluded from it, which Argo CD does some
# time after it has seen the folder, and made another Application of it.
FOLDER = "applications"
FILE = "app.yaml"
MANIFESTS = "manifests"
WAVE = "argocd.argoproj.io/sync-wave"

_EXPRESSION = re.compile(r"\{\{-?\s*\.?\s*([\w.]+)\s*-?\}\}")


def is_explicit(app: t.Mapping[str, t.Any]) -> bool:
    return app["namespace"] != app["name"] or app.get("sync_wave") is not None


def application(app: t.Mapping[str, t.Any], path: str, text: str) -> str:
    """As the ApplicationSet in this file would make it, but with the application's own folder, namespace and wave."""
    try:
        document = yaml.safe_load(text)
        values = {
            "path.basename": app["name"],
            "path.basenameNormalized": app["name"],
            "path.path": f"{_top(document)}/{FOLDER}/{app['name']}/{MANIFESTS}".lstrip("/"),
        }
        template = _filled(document["spec"]["template"], values, path)
        metadata, spec = template["metadata"], template["spec"]
        own = {"name": metadata["name"], "namespace": document["metadata"].get("namespace", "argocd")}
        own.update({key: value for key, value in metadata.items() if key not in own})
        if app.get("sync_wave") is not None:
            own["annotations"] = {**(own.get("annotations") or {}), WAVE: str(app["sync_wave"])}
        spec["destination"]["namespace"] = app["namespace"]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, StopIteration) as error:
        what = "is not an ApplicationSet that finds applications as folders in Git"
        raise ClusterError(Problem(path, what, "Correct it, or compare with playbooks/scaffold.yml's")) from error
    return f"---\n{dump({'apiVersion': 'argoproj.io/v1alpha1', 'kind': 'Application', 'metadata': own, 'spec': spec})}"


def _top(document: t.Any) -> str:
    """The folder with the categories as Argo CD sees it: above the one that the ApplicationSet finds folders in."""
    directories = next(
        generator["git"]["directories"]
        for generator in document["spec"]["generators"]
        if "directories" in generator.get("git", {})
    )
    patterns = (str(one["path"]) for one in directories if not one.get("exclude"))
    return posixpath.dirname(next(pattern[: -len("/*")] for pattern in patterns if pattern.endswith("/*")))


def _filled(value: t.Any, values: t.Mapping[str, str], path: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _filled(item, values, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, path) for item in value]
    if not isinstance(value, str):
        return value
    text = _EXPRESSION.sub(lambda found: values.get(found[1], found[0]), value)
    if "{{" in text:
        what = f"its template uses {text}, which is not known for an application of its own"
        raise ClusterError(
            Problem(path, what, "Use namespace and sync_wave of the category, or write app.yaml yourself")
        )
    return text
