# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A Helm chart as an application: a chart of our own around it, so that Git has its version, its values and more."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import dump

# The umbrella is no release of its own: what counts is the version of the dependency.
VERSION = "0.0.0"


def files(app: t.Mapping[str, t.Any], manifests: t.Mapping[str, str]) -> t.Dict[str, str]:
    chart = app["chart"]
    about = {
        "apiVersion": "v2",
        "name": app["name"],
        "version": VERSION,
        "dependencies": [{"name": chart["name"], "version": chart["version"], "repository": chart["repository"]}],
    }
    texts = {"Chart.yaml": f"---\n{dump(about)}"}
    if chart.get("values"):
        texts["values.yaml"] = f"---\n{dump({chart['name']: chart['values']})}"
    texts.update({f"templates/{name}": _literal(text) for name, text in manifests.items()})
    return texts


def source(repository: str) -> str:
    """As Argo CD compares it with a project: its repo-server takes the scheme of an OCI registry away."""
    return repository[len("oci://") :] if repository.startswith("oci://") else repository


def _literal(text: str) -> str:
    """Helm would take braces in an object, such as those of an alert, for its own."""
    return text.replace("{{", '{{ "{{" }}')
