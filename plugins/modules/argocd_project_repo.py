#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_project_repo
short_description: Permit repositories and destinations in an Argo CD project
version_added: 0.1.0
description:
  - Adds many repositories and destinations to an AppProject, or takes them out, in one call. The project is the object
    in the cluster, or with O(path) a file in Git.
  - Two repositories are the same if Argo CD takes them for the same. C(git@github.com:Org/app.git) is
    C(ssh://git@github.com/org/app), but C(https://github.com/org/app/) is not C(https://github.com/org/app).
    What is in the list already is not written another way.
  - In the cluster, only the lists that change are written, and only if nobody has changed the project since it was
    read. Applications that were not permitted before and are now are told to look again, as Argo CD would take minutes.
  - In a file, only the lines that have to change are changed. Comments, order, quotes, anchors and the expressions of
    a template stay.
  - An entry that a deny entry of the project (C(!...)) forbids all the same is refused. So is what argocd-server itself
    would refuse, such as two destinations with one server and namespace.
  - Entries that do not mean what they seem to are refused when they are to be added, unless O(accept_risk) names why.
    Those that are in the project already are warned about.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0, unless O(path) is given
  - PyYAML, if O(path) is given
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  project:
    description: Name of the AppProject. It must exist.
    type: str
    required: true
  namespace:
    description: Namespace of Argo CD. With O(path) it means nothing, as the name of the project is enough.
    type: str
    default: argocd
  source_repos:
    description:
      - Repositories of manifests and charts, as in C(spec.sourceRepos). C(*) stands for anything but C(/), C(**) for
        anything, and C(*) alone for every repository.
    type: list
    elements: str
  destinations:
    description: Clusters and namespaces, as in C(spec.destinations).
    type: list
    elements: dict
    suboptions:
      server:
        description: Address of the cluster's API server. This or O(destinations[].name), or both.
        type: str
      name:
        description: Name of the cluster in Argo CD.
        type: str
      namespace:
        description: Namespace, C(*) stands for anything. An empty one permits Applications that name none.
        type: str
        required: true
  namespaces:
    description: Namespaces of the cluster that Argo CD runs in. Short for O(destinations) with its server.
    type: list
    elements: str
  state:
    description:
      - V(present) adds what is missing.
      - V(absent) takes out every entry that is the same.
      - V(exact) also takes out all others. It is about the lists that are given only. O(destinations) and O(namespaces)
        are one list. An empty list takes out all.
    type: str
    choices: [present, absent, exact]
    default: present
  accept_risk:
    description:
      - Risks that are known and wanted.
      - V(deny_opens_rest) is a deny entry, as it permits everything that it does not match. Beside an entry that
        permits everything anyway it is no risk.
      - V(deny_without_effect) and V(deny_without_server) are deny entries that deny nothing.
      - V(unparsable_url) is a repository that Argo CD cannot parse. It permits every other such repository.
      - V(bad_glob), V(braces) and V(space) are patterns that do not match what they seem to.
      - V(trailing_slash) is a server that is written with one, which no cluster is.
      - V(no_cluster) is a destination without a cluster. V(server_or_name) is one whose server and name are not
        alike strict, as one of them is enough for Argo CD.
      - V(credentials) is a URL with a password or a token in it. Who may read the project reads it.
    type: list
    elements: str
    choices:
      - deny_opens_rest
      - deny_without_effect
      - deny_without_server
      - unparsable_url
      - bad_glob
      - braces
      - space
      - trailing_slash
      - no_cluster
      - server_or_name
      - credentials
    default: []
  path:
    description:
      - A YAML file, or a template of one (C(.yaml.j2)), with the AppProject among its documents.
      - The cluster is not asked then, and the options of the connection mean nothing.
    type: path
notes:
  - Where the project in the cluster comes from Git, or from the role P(homeops.cluster.argocd#role), it is changed with
    a warning that tells where else to change it.
  - An Application that is permitted no more keeps what it has deployed. Argo CD only stops to synchronise it.
seealso:
  - module: homeops.cluster.argocd_permissions
"""

EXAMPLES = r"""
- name: Permit two applications in the cluster
  homeops.cluster.argocd_project_repo:
    project: apps
    source_repos:
      - https://github.com/example/jellyfin
      - https://charts.example.com/media
    namespaces: [jellyfin, media]

- name: Permit them in Git
  homeops.cluster.argocd_project_repo:
    path: /home/operator/cluster/kubernetes/projects/apps.yaml
    project: apps
    source_repos:
      - https://github.com/example/jellyfin
    namespaces: [jellyfin]

- name: Take an application's entries out again
  homeops.cluster.argocd_project_repo:
    project: apps
    source_repos: [https://github.com/example/jellyfin]
    namespaces: [jellyfin]
    state: absent

- name: Permit these clusters and no others
  homeops.cluster.argocd_project_repo:
    project: apps
    destinations:
      - server: https://kubernetes.default.svc
        namespace: media
      - server: https://192.0.2.20:6443
        namespace: media
    state: exact
"""

RETURN = r"""
project:
  description: Name of the AppProject.
  returned: success
  type: str
  sample: apps
added:
  description: What was added. URLs are without their credentials.
  returned: success
  type: dict
  contains: &lists
    sourceRepos:
      description: Repositories.
      type: list
      elements: str
      sample: [https://github.com/example/jellyfin]
    destinations:
      description: Destinations.
      type: list
      elements: dict
      sample: [{server: https://kubernetes.default.svc, namespace: media}]
removed:
  description: What was taken out, as it was written.
  returned: success
  type: dict
  contains: *lists
refreshed:
  description: The Applications that were told to look again, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [argocd/jellyfin]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project as argocd_project
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_cluster as in_cluster
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_path as in_file
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked, secrets
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import YAML_IMPORT_ERROR

ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "project": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "argocd"},
    "source_repos": {"type": "list", "elements": "str"},
    "destinations": {
        "type": "list",
        "elements": "dict",
        "options": {
            "server": {"type": "str"},
            "name": {"type": "str"},
            "namespace": {"type": "str", "required": True},
        },
    },
    "namespaces": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": list(argocd_project.STATES), "default": "present"},
    "accept_risk": {"type": "list", "elements": "str", "choices": list(argocd_project.RISKS), "default": []},
    "path": {"type": "path"},
}


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], dict[str, t.Any], tuple[str, ...]]:
    """The result, its diff and the warnings."""
    request = argocd_project.request(options)
    if options["path"]:
        outcome = in_file.reconcile(Files(), options["path"], request, dry_run=check_mode)
    else:
        outcome = in_cluster.reconcile(connect(options), request, dry_run=check_mode)
    return {**outcome.told(), "project": request.project}, outcome.change.diff(), outcome.warnings


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.no_log_values.update(secrets(argocd_project.texts(module.params)))
    missing = ("PyYAML" if YAML_IMPORT_ERROR else "") if module.params["path"] else missing_library()
    if missing:
        module.fail_json(msg=missing_required_lib(missing))
    try:
        result, diff, warnings = run(module.params, module.check_mode)
    except ClusterError as error:
        module.fail_json(msg=masked(str(error)))
    for warning in warnings:
        module.warn(masked(warning))
    if module._diff:
        result["diff"] = diff
    module.exit_json(**result)


if __name__ == "__main__":
    main()
