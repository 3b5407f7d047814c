# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: argocd_project_spec
short_description: What an Argo CD project of one category may deploy
version_added: 0.1.0
author:
  - homeops.cluster contributors (@homeops)
description:
  - Gives the C(spec) of an AppProject with the least that the applications of a category need. The role
    P(homeops.cluster.argocd#role) puts it into the cluster, and P(homeops.cluster.gitops_repo#role) into Git.
  - Sources are the one repository. Destinations are all namespaces of the cluster; for a project that is not
    privileged, without C(kube-system) and the one of Argo CD, and without any kind that belongs to no namespace but
    C(Namespace).
options:
  _input:
    description: URL of the Git repository.
    type: string
    required: true
  namespace:
    description: The namespace of Argo CD.
    type: string
    default: argocd
  privileged:
    description: Whether its applications are part of the cluster itself, such as its network or its storage.
    type: boolean
    default: false
"""

EXAMPLES = r"""
- name: The project of the applications may not touch the cluster itself
  ansible.builtin.assert:
    that: "spec.clusterResourceWhitelist == [{'group': '', 'kind': 'Namespace'}]"
  vars:
    spec: "{{ 'https://git.example.com/home/cluster.git' | homeops.cluster.argocd_project_spec }}"
"""

RETURN = r"""
_value:
  description: C(sourceRepos), C(destinations) and C(clusterResourceWhitelist).
  type: dictionary
"""

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_layout import project_spec

NAME = "homeops.cluster.argocd_project_spec"


def argocd_project_spec(repository: t.Any, privileged: t.Any = False, namespace: t.Any = "argocd") -> dict[str, t.Any]:
    arguments = (("repository", repository, str), ("privileged", privileged, bool), ("namespace", namespace, str))
    for argument, value, wanted in arguments:
        if not isinstance(value, wanted):
            raise AnsibleFilterError(f"{NAME}: {argument} must be {wanted.__name__}, not {type(value).__name__}")
    return project_spec(repository, privileged=privileged, namespace=namespace)


class FilterModule:
    """Ansible jinja2 filters."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"argocd_project_spec": argocd_project_spec}
