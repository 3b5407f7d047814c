#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitops_app
short_description: Write applications into a GitOps repository for Argo CD, or take them out
version_added: 0.1.0
description:
  - Writes everything that an application needs, from a few options. A Deployment or StatefulSet with probes, resources
    and the least privileges, a Service, an Ingress or HTTPRoute, volume claims, ConfigMaps. Or a chart around a Helm
    chart. Together with the entries of the Argo CD project that would not permit it otherwise.
  - The repository has the layout that the entry point C(scaffold) of P(homeops.cluster.gitops_repo#role) writes.
  - Many applications in one call, all of it or nothing. All options of all applications are checked first.
  - What was written for an application is listed in C(.homeops/applications), which belongs into Git. By it, an
    application is taken out again without a trace, with the entries of the project that nothing else needs.
    What was edited by hand since is neither replaced nor removed, unless O(force) says so.
  - It commits nothing.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - PyYAML
options:
  apps:
    description:
      - The applications. With O(state=absent) only their C(name) counts, or that of their entry in the catalogue.
      - Every option is described in C(docs/applications.md) of the collection. An unknown or unfit one is an error that
        says what to write instead.
      - With C(catalogue), the options of that entry, its C(parameters) filled in, with all others put over them.
    type: list
    elements: dict
    required: true
  catalogue:
    description: Folders with entries of a catalogue, as C(<entry>.yml). The first that has an entry counts.
    type: list
    elements: path
    default: []
  copy_to:
    description:
      - A folder that the applications of the repository are copied to, to be changed there instead, so that the result
        can be examined first. With them, the values that templates are rendered from if their names begin with
        C(config.).
    type: path
  folder:
    description:
      - The folder with the categories, relative to the repository.
      - By default C(templates/kubernetes) if there is one, so that M(homeops.cluster.gitops_render) copies the files
        to their place, else C(kubernetes).
    type: str
    default: ""
  force:
    description: Replace or remove what was edited by hand, or was there before.
    type: bool
    default: false
  path:
    description: The repository.
    type: path
    required: true
  state:
    description: Whether the applications are to be there.
    type: str
    choices: [absent, present]
    default: present
seealso:
  - module: homeops.cluster.argocd_project_repo
  - module: homeops.cluster.argocd_permissions
"""

EXAMPLES = r"""
- name: An application with a host and a volume
  homeops.cluster.gitops_app:
    path: ~/home-ops
    apps:
      - name: whoami
        image: registry.example.com/tools/whoami:1.10.3
        port: 8080
        host: whoami.example.com
        issuer: letsencrypt-production
        storage:
          - {type: pvc, name: data, mount: /data, size: 1Gi}

- name: A Helm chart
  homeops.cluster.gitops_app:
    path: ~/home-ops
    apps:
      - name: metrics-server
        category: core
        chart:
          repository: https://charts.example.com/metrics-server
          name: metrics-server
          version: 3.13.0
          values: {replicas: 2}

- name: Take both out again
  homeops.cluster.gitops_app:
    path: ~/home-ops
    apps:
      - name: whoami
      - name: metrics-server
    state: absent
"""

RETURN = r"""
applications:
  description: The applications as they were read, with O(state=present).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Of the application.
      type: str
      sample: whoami
    category:
      description: Its category and project.
      type: str
      sample: apps
    namespace:
      description: Its namespace.
      type: str
      sample: whoami
    objects:
      description: Its objects, without those of a chart.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Service, metadata: {name: whoami, namespace: whoami}}]
files:
  description: The files that change.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path in the repository.
      type: str
      sample: kubernetes/apps/whoami/deployment.yaml
    action:
      description: V(created), V(updated) or V(removed).
      type: str
      sample: created
projects:
  description: The projects whose entries change.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: Of Argo CD.
      type: str
      sample: apps
    path:
      description: Its file.
      type: str
      sample: kubernetes/projects/apps.yaml
    added:
      description: C(sources) and C(namespaces) that it did not permit before.
      type: dict
      sample: {sources: [https://charts.example.com]}
    removed:
      description: Those that nothing needs any more.
      type: dict
      sample: {}
repositories:
  description: The URLs by which the ApplicationSets mean this repository, for M(homeops.cluster.argocd_permissions).
  returned: success
  type: list
  elements: str
  sample: [https://git.example.com/home/cluster.git]
"""

import os

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _file_set as file_set
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_described import described, names
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_plan import Planner
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_tree import Tree, copied
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import YAML_IMPORT_ERROR
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files


def reconcile(params, check_mode):
    """One path for check mode and the real run: only the last step is left out."""
    if not params["path"]:
        raise ClusterError(Problem("path", "is empty", "Give the folder of the repository"))
    root, files = os.path.realpath(params["path"]), Files()
    if not os.path.isdir(root):
        raise ClusterError(Problem(params["path"], "is not a folder", "Give the folder of the repository"))
    if params["copy_to"]:
        root = copied(Tree(root, params["folder"]), os.path.realpath(params["copy_to"]))
    with files.alone([root]):
        planner = Planner(Tree(root, params["folder"]), params["force"])
        if params["state"] == "absent":
            plan = planner.absent(names(params["apps"], params["catalogue"]))
        else:
            plan = planner.present(described(params["apps"], params["catalogue"]))
        if not check_mode:
            file_set.clean(root, files, plan.before)
            file_set.apply(root, files, plan.encoded(), plan.first())
    return plan


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "apps": {"type": "list", "elements": "dict", "required": True},
            "catalogue": {"type": "list", "elements": "path", "default": []},
            "copy_to": {"type": "path"},
            "folder": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        },
        supports_check_mode=True,
    )
    if YAML_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR)
    try:
        plan = reconcile(module.params, module.check_mode)
        repositories = Tree(module.params["path"], module.params["folder"]).repositories()
    except ClusterError as error:
        module.fail_json(msg=str(error))
    for warning in plan.warnings:
        module.warn(warning)
    result = {
        "changed": plan.changed,
        "files": plan.files(),
        "projects": list(plan.projects),
        "repositories": repositories,
        "applications": [
            {**{key: app[key] for key in ("name", "category", "namespace")}, "objects": gitops_app.objects(app)}
            for app in plan.apps
        ],
    }
    if module._diff:
        result["diff"] = [change.diff() for change in plan.changes()]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
