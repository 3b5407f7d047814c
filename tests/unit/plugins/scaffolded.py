# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GitOps repository as the role's entry point scaffold writes it, from the role's own templates."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import jinja2
from ansible_collections.homeops.cluster.plugins.filter.argocd_project_spec import argocd_project_spec

TEMPLATES = Path(__file__).parents[3] / "roles" / "gitops_repo" / "templates"
CATEGORIES = ("core", "infrastructure", "apps", "monitoring")
URL = "https://git.example.com/home/cluster.git"
VARIABLES = {
    "gitops_repo_url": URL,
    "gitops_repo_revision": "main",
    "gitops_repo_argocd_path": "kubernetes",
    "gitops_repo_argocd_namespace": "argocd",
    "gitops_repo_privileged_categories": ["core", "infrastructure"],
    "gitops_repo_sync_waves": {"core": -5, "infrastructure": -3, "apps": -1, "monitoring": 0},
}
FILES = {
    "projects/{}.yaml": "project.yaml.j2",
    "applicationsets/{}.yaml": "applicationset.yaml.j2",
    "{}/README.md": "category.md.j2",
}


def scaffold(root, folder="kubernetes"):
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["homeops.cluster.argocd_project_spec"] = argocd_project_spec
    environment.filters["to_json"] = json.dumps
    environment.tests["match"] = lambda value, pattern: re.match(pattern, value) is not None
    for category in CATEGORIES:
        for name, template in FILES.items():
            path = root / folder / name.format(category)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = environment.get_template(template).render(__gitops_repo_category=category, **VARIABLES)
            path.write_text(text)
    return root


def snapshot(root):
    """Every file with its digest, and every folder."""
    found = {}
    for at, folders, names in os.walk(root):
        found.update({os.path.join(at, folder): "" for folder in folders})
        for name in names:
            path = os.path.join(at, name)
            found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return found
