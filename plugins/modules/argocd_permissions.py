#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_permissions
short_description: Tell before the commit what Argo CD would refuse
version_added: 0.1.0
description:
  - Reads a GitOps repository and compares every Application with its AppProject, with the same verdicts as Argo CD 3.5.
    No cluster is asked and nothing is fetched.
  - Applications are those that are written down, also by other Applications, and those that ApplicationSets come to
    with the generators C(git) (for this repository), C(list), C(matrix) and C(merge).
  - Compared are all sources, the chart repositories of umbrella charts, the destination, and the kind and namespace of
    every object in a folder of manifests or a kustomization.
  - For everything that is permitted RV(applications) has the entry that permits it, with its line. For what is not,
    RV(tasks) has the tasks with M(homeops.cluster.argocd_project_repo) that add what is missing.
  - It also names projects that are missing, entries of projects that are traps, Applications with the same name, and
    folders that are deployed twice.
  - Of what is not known offline it says so, as an V(info), and guesses nothing.
  - "What is meant is allowed by a comment in the file, C(argocd-permissions: allow CODE and the reason), on the line of
    a finding or the line before."
  - Does not fail on what it finds; see RV(status) and RV(exit_code).
  - The same is the command C(scripts/argocd-permissions) of this collection, for CI and as a pre-commit hook.
    It needs no Ansible.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - homeops.cluster._attributes.info
requirements:
  - PyYAML
  - Jinja2, if there are templates that were not rendered yet
options:
  clusters:
    description:
      - Clusters that Argo CD knows, if Applications are for others than the one that it runs in.
      - Those of Secrets in the repository are known anyway.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the cluster in Argo CD.
        type: str
        required: true
      server:
        description: URL of its API.
        type: str
        required: true
  image_policy:
    description:
      - Whether the image of every container must match an entry C(registry/owner/image) in C(sourceRepos) of the
        project, without tag and digest, and with the registry also where the image is named without.
        Argo CD does not look at images itself.
    type: bool
    default: false
  namespace:
    description: The namespace of Argo CD.
    type: str
    default: argocd
  path:
    description: The repository, or a folder in it. Only what is wrong in that folder is told.
    type: path
    required: true
  repositories:
    description:
      - The URLs by which Applications mean this repository, so that what they deploy is looked at.
        C(https) and SSH forms of one URL are taken as the same.
      - By default those are the remotes of Git, and if no Application uses one of them the repository that fits best.
    type: list
    elements: str
    default: []
  staged:
    description: Whether to look at what is staged for the next commit instead of what is on the disk.
    type: bool
    default: false
  templates:
    description:
      - How to read templates of M(homeops.cluster.gitops_render) whose files are not in the repository yet.
        They are rendered in memory; nothing is decrypted. What needs a secret is read as it is written.
    type: dict
    default: {}
    suboptions:
      config:
        description: The files with the values.
        type: list
        elements: str
        default: [config.yaml]
      delimiters:
        description: What begins and ends code, with the names that M(homeops.cluster.gitops_render) has for them.
        type: dict
        default: {}
      exclude:
        description: Patterns of names or paths that others include.
        type: list
        elements: str
        default: []
      folder:
        description: The folder of the templates.
        type: str
        default: templates
      output:
        description: The folder that they are rendered to.
        type: str
        default: .
  unused:
    description: Whether to tell of entries of projects that nothing in the repository needs, too.
    type: bool
    default: false
notes:
  - Not seen are what Helm would render, what C(globalProjects) add to a project, clusters and repositories that only
    the cluster knows, and what is behind symbolic links and in submodules.
seealso:
  - module: homeops.cluster.argocd_project_repo
  - module: homeops.cluster.gitops_render
"""

EXAMPLES = r"""
- name: Refuse to go on with what Argo CD would refuse
  homeops.cluster.argocd_permissions:
    path: /home/operator/cluster
  register: permissions
  failed_when: permissions.exit_code > 1

- name: Say what is wrong, and what adds it
  ansible.builtin.debug:
    msg: "{{ permissions.table }}"
"""

RETURN = r"""
allowed:
  description: What a comment allows, like RV(findings).
  returned: success
  type: list
  elements: dict
  sample: []
applications:
  description: Every Application with all that was asked about it.
  returned: success
  type: list
  elements: dict
  contains:
    applicationset:
      description: Who makes it, empty if it is written down itself.
      type: str
    checks:
      description: What was asked, each with C(what), C(value), C(permitted), and C(entry) of the project that decides.
      type: list
      elements: dict
      sample:
        - what: source
          value: https://git.example.com/home/cluster.git
          permitted: true
          entry: kubernetes/projects/apps.yaml:9 https://git.example.com/home/*
    line:
      description: Where in the file.
      type: int
    name:
      description: Its name.
      type: str
    namespace:
      description: Its own namespace, empty if it has none.
      type: str
    path:
      description: The file that it, or its ApplicationSet, is in.
      type: str
    permitted:
      description: Whether all of it is.
      type: bool
    project:
      description: Its project.
      type: str
exit_code:
  description: That of the command, V(0), V(1), V(2) or V(3).
  returned: success
  type: int
  sample: 0
findings:
  description: What is wrong, or not known.
  returned: success
  type: list
  elements: dict
  contains:
    application:
      description: The Application that it is about, empty if it is about none.
      type: str
    code:
      description: What it is, for programs and comments.
      type: str
      sample: source_not_permitted
    entry:
      description: The entry of the project that denies it or that it is about, with file and line.
      type: str
    line:
      description: Where in the file.
      type: int
    path:
      description: The file, from the top of the repository.
      type: str
    project:
      description: The project that it is about.
      type: str
    remedy:
      description: What to do. Where an entry is missing, a task that adds it.
      type: str
    severity:
      description: V(critical), V(warning) or V(info).
      type: str
    what:
      description: What is wrong.
      type: str
problems:
  description: Why not all could be read.
  returned: success
  type: list
  elements: dict
  sample: []
status:
  description: V(healthy), V(warning), V(critical), or V(error) if not all could be read.
  returned: success
  type: str
  sample: healthy
summary:
  description:
    - How many applications and projects there are, and how many findings of each severity.
    - Of C(unseen_sources), which are charts and folders of other repositories, the objects are not looked at.
  returned: success
  type: dict
  sample: {applications: 12, projects: 4, critical: 0, warnings: 0, infos: 0, allowed: 0, unseen_sources: 3}
table:
  description: All of it as text for a terminal.
  returned: success
  type: str
tasks:
  description: Tasks that add what projects lack by RV(findings), as YAML. Empty if they lack nothing.
  returned: success
  type: str
"""

import gc

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint import (
    Destination,
    Settings,
    Templates,
    lint,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import Loader
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

TEXTS = {"type": "list", "elements": "str"}
TEMPLATES = {
    "config": {**TEXTS, "default": ["config.yaml"]},
    "delimiters": {"type": "dict", "default": {}},
    "exclude": {**TEXTS, "default": []},
    "folder": {"type": "str", "default": "templates"},
    "output": {"type": "str", "default": "."},
}
CLUSTER = {"name": {"type": "str", "required": True}, "server": {"type": "str", "required": True}}


def settings(params):
    given = params["templates"]
    return Settings(
        repositories=tuple(params["repositories"]),
        namespace=params["namespace"],
        image_policy=params["image_policy"],
        unused=params["unused"],
        staged=params["staged"],
        clusters=tuple(Destination(one["server"], one["name"]) for one in params["clusters"]),
        templates=Templates(
            folder=given["folder"],
            config=tuple(given["config"]),
            output=given["output"],
            exclude=tuple(given["exclude"]),
            delimiters=Delimiters(**given["delimiters"]),
        ),
    )


def main() -> None:
    gc.disable()  # nodes of YAML have no cycles, and looking for them takes a quarter of the time
    module = AnsibleModule(
        argument_spec={
            "clusters": {"type": "list", "elements": "dict", "default": [], "options": CLUSTER},
            "image_policy": {"type": "bool", "default": False},
            "namespace": {"type": "str", "default": "argocd"},
            "path": {"type": "path", "required": True},
            "repositories": {**TEXTS, "default": []},
            "staged": {"type": "bool", "default": False},
            "templates": {"type": "dict", "default": {}, "options": TEMPLATES, "apply_defaults": True},
            "unused": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if Loader is None:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    try:
        chosen = settings(module.params)
    except (ClusterError, TypeError) as error:
        module.fail_json(msg=f"templates.delimiters: {error}")
    module.exit_json(changed=False, **lint(module.params["path"], chosen).answer())


if __name__ == "__main__":
    main()
