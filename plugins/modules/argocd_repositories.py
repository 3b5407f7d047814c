#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_repositories
short_description: Describe all repositories and credential templates to Argo CD
version_added: 0.1.0
description:
  - Makes the Secrets from which Argo CD knows its repositories those that are described.
  - The Secrets carry the label C(app.kubernetes.io/managed-by=homeops.cluster). One with this label that is no longer
    described is deleted, as is one without it that the field manager C(homeops.cluster) applied, as a former version of
    the role P(homeops.cluster.argocd#role) did.
  - Those of others are neither changed nor taken over, and an entry that describes the same repository as one of them
    is refused.
  - Argo CD says nothing of a wrong entry, and goes without the credentials. So entries are checked first, all at once,
    for URLs that Argo CD cannot read, credentials that the URL never uses, the spellings of OCI, and two entries that
    are the same repository by Argo CD's own normalisation.
  - Everything that would be written is first tried by the server. If the server refuses any of it, nothing is written.
  - In check mode, an API server that cannot be reached, or has no such namespace, is taken to hold nothing.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Names of Secrets and of their keys; no value of one.
  idempotent:
    support: full
options:
  namespace:
    description: Namespace of Argo CD.
    type: str
    default: argocd
  repositories:
    description:
      - All repositories that are managed here.
      - A public one needs no entry.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name, also of the Secret, behind C(repository-) or C(repo-creds-).
        type: str
        required: true
      type:
        description:
          - V(git), V(helm) for charts from an index or with C(enable_oci) from a registry, or V(oci) for the native OCI
            sources of Argo CD 3.1 and newer.
        type: str
        choices: [git, helm, oci]
        default: git
      url:
        description:
          - As Applications write it in C(repoURL); of a template, how the URLs begin.
          - Of Helm charts from a registry without C(oci://), of type V(oci) with it.
        type: str
        required: true
      username:
        description: User name. Of Git it may be left out where the server takes a token alone.
        type: str
      password:
        description: Password or token.
        type: str
      bearer_token:
        description: Token for a Git server that takes it as a bearer token, such as Bitbucket Data Center.
        type: str
      ssh_key:
        description: Private key without a passphrase, for an SSH URL.
        type: str
      github_app_id:
        description: Number of a GitHub App.
        type: str
      github_app_installation_id:
        description: Number of its installation. Argo CD 3.5 finds it itself.
        type: str
      github_app_private_key:
        description: Private key of the GitHub App.
        type: str
      github_app_enterprise_url:
        description: API of GitHub Enterprise, such as C(https://github.example.com/api/v3).
        type: str
      enable_oci:
        description: Whether the charts of type V(helm) come from an OCI registry.
        type: bool
        default: false
      insecure_oci_force_http:
        description: Whether the registry speaks HTTP only. Argo CD 3.5 and newer have to be told.
        type: bool
        default: false
      insecure:
        description:
          - Whether credentials are sent over C(http://), and to a server whose certificate or host key is not checked.
        type: bool
        default: false
      project:
        description: Project that the repository belongs to. Without it, all projects may use it.
        type: str
      enable_lfs:
        description: Whether to fetch what Git LFS keeps.
        type: bool
        default: false
  credential_templates:
    description:
      - Credentials for all repositories whose URL begins with that of the template. The longest wins, and an entry of
        O(repositories) that has credentials of its own does not use them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: As O(repositories[].name).
        type: str
        required: true
      type:
        description: As O(repositories[].type).
        type: str
        choices: [git, helm, oci]
        default: git
      url:
        description: As O(repositories[].url).
        type: str
        required: true
      username:
        description: As O(repositories[].username).
        type: str
      password:
        description: As O(repositories[].password).
        type: str
      bearer_token:
        description: As O(repositories[].bearer_token).
        type: str
      ssh_key:
        description: As O(repositories[].ssh_key).
        type: str
      github_app_id:
        description: As O(repositories[].github_app_id).
        type: str
      github_app_installation_id:
        description: As O(repositories[].github_app_installation_id).
        type: str
      github_app_private_key:
        description: As O(repositories[].github_app_private_key).
        type: str
      github_app_enterprise_url:
        description: As O(repositories[].github_app_enterprise_url).
        type: str
      enable_oci:
        description: As O(repositories[].enable_oci).
        type: bool
        default: false
      insecure_oci_force_http:
        description: As O(repositories[].insecure_oci_force_http).
        type: bool
        default: false
      insecure:
        description:
          - Whether credentials may be sent over C(http://). For the rest Argo CD asks O(repositories[].insecure) only.
        type: bool
        default: false
seealso:
  - module: homeops.cluster.argocd_project_repo
    description: Which repositories a project may use.
"""

EXAMPLES = r"""
- name: Describe the repositories
  homeops.cluster.argocd_repositories:
    repositories:
      - name: cluster
        url: git@git.example.com:home/cluster.git
        ssh_key: "{{ cluster_deploy_key }}"
      - name: charts
        type: helm
        url: registry.example.com/charts # without oci://, as in Applications
        enable_oci: true
        username: argocd
        password: "{{ registry_password }}"
    credential_templates:
      - name: github
        url: https://github.com/example
        github_app_id: "123456"
        github_app_installation_id: "98765432"
        github_app_private_key: "{{ github_app_key }}"
"""

RETURN = r"""
secrets:
  description: The Secrets and what happened to them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Secret.
      type: str
      sample: repository-cluster
    action:
      description: One of V(created), V(updated), V(deleted), and V(unchanged).
      type: str
      sample: created
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository_secret import plan
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    Kubernetes,
    Nowhere,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import Step
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

TEMPLATE_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": ["git", "helm", "oci"], "default": "git"},
    "url": {"type": "str", "required": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "bearer_token": {"type": "str", "no_log": True},
    "ssh_key": {"type": "str", "no_log": True},
    "github_app_id": {"type": "str"},
    "github_app_installation_id": {"type": "str"},
    "github_app_private_key": {"type": "str", "no_log": True},
    "github_app_enterprise_url": {"type": "str"},
    "enable_oci": {"type": "bool", "default": False},
    "insecure_oci_force_http": {"type": "bool", "default": False},
    "insecure": {"type": "bool", "default": False},
}
ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "namespace": {"type": "str", "default": "argocd"},
    "repositories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {**TEMPLATE_SPEC, "project": {"type": "str"}, "enable_lfs": {"type": "bool", "default": False}},
    },
    "credential_templates": {"type": "list", "elements": "dict", "default": [], "options": TEMPLATE_SPEC},
}


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[Step, ...]:
    cluster: Kubernetes = Nowhere()
    try:
        cluster = connect(options)
        steps = plan(cluster, options, lenient=check_mode)
    except UnreachableError:
        if not check_mode:
            raise
        steps = plan(Nowhere(), options, lenient=True)
    if not check_mode:
        kubernetes_set.apply(cluster, steps)
    return steps


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    try:
        steps = run(module.params, module.check_mode)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    result: dict[str, t.Any] = {
        "changed": any(step.change.needed for step in steps),
        "secrets": [{"name": step.name, "action": step.action} for step in steps],
    }
    if module._diff:
        result["diff"] = [step.change.diff() for step in steps if step.change.needed]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
