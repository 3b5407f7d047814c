#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_lb_pools
short_description: Describe all load balancer pools of a cluster to Cilium
version_added: 0.1.0
description:
  - Makes the CiliumLoadBalancerIPPools of a cluster those that are described, in the API version that it serves.
  - The pools carry the label C(app.kubernetes.io/managed-by=homeops.cluster). A pool with this label that is no longer
    described is deleted. Pools of others are neither changed nor taken over.
  - Addresses that overlap each other, O(networks), or a pool of others are refused.
  - A change by which a service that has an address would lose it is refused, and the services are named. Where a range
    gets smaller and one loses its address, these are all services of the range, as any of them may get another one.
  - Everything that would be written is first tried by the server. If the server refuses any of it, nothing is written.
  - The first and the last address of a network are not given out.
  - In check mode, an API server that cannot be reached, or that does not serve Cilium's kinds,
    is taken to hold no pools.
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
  idempotent:
    support: full
options:
  pools:
    description:
      - All pools of the cluster that are managed here.
      - An empty list deletes them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the pool.
        type: str
        required: true
      cidr:
        description: The addresses as an IPv4 network. This, or O(pools[].start) and O(pools[].stop).
        type: str
      start:
        description: First address.
        type: str
      stop:
        description: Last address.
        type: str
      service_selector:
        description:
          - Label selector of the services that get addresses, with C(matchLabels) and C(matchExpressions).
          - Without it any service does.
        type: dict
      disabled:
        description:
          - Whether no more addresses are given out.
          - Cilium takes the addresses of a disabled pool from their services when its operator starts again.
        type: bool
  networks:
    description: Networks that no pool may overlap, by any name, such as those of nodes, pods and services.
    type: dict
    default: {}
  allow_renumber:
    description:
      - Whether services may lose the addresses that they have.
      - Who knows a service by its address no longer reaches it then.
      - In the API version V(v2alpha1) this is asked for even where a pool only grows, as Cilium before 1.18 then gives
        all its addresses out anew.
    type: bool
    default: false
  api:
    description:
      - API version of the pools.
      - V(auto) is the newest that the server serves.
    type: str
    choices: [auto, v2, v2alpha1]
    default: auto
  wait_timeout:
    description: How many seconds to wait for Cilium's operator to register its kinds.
    type: int
    default: 120
seealso:
  - module: homeops.cluster.cilium_bgp_policy
  - module: homeops.cluster.cilium_bgp_info
"""

EXAMPLES = r"""
- name: Provide the pools
  homeops.cluster.cilium_lb_pools:
    pools:
      - name: default
        cidr: 198.51.100.0/26
        service_selector:
          matchExpressions:
            - key: pool
              operator: DoesNotExist
      - name: ingress
        start: 198.51.100.64
        stop: 198.51.100.79
        service_selector:
          matchLabels:
            pool: ingress
    networks:
      node: 192.0.2.0/24
      pod: 10.42.0.0/16
      service: 10.43.0.0/16
"""

RETURN = r"""
api:
  description: API version that is used for the pools.
  returned: success
  type: str
  sample: v2
pools:
  description: The pools and what happened to them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      sample: default
    action:
      description: One of V(created), V(updated), V(deleted), and V(unchanged).
      type: str
      sample: created
renumbered:
  description: The services that lose their addresses. Empty unless O(allow_renumber=true).
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: default
      name: demo
      address: 198.51.100.1
      pool: default
      reason: its addresses shrink
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    Kubernetes,
    Nowhere,
    Resource,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._lb_pools import (
    API_VERSIONS,
    await_kind,
    described,
    reconcile,
    served_kind,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "pools": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "cidr": {"type": "str"},
            "start": {"type": "str"},
            "stop": {"type": "str"},
            "service_selector": {"type": "dict"},
            "disabled": {"type": "bool"},
        },
    },
    "networks": {"type": "dict", "default": {}},
    "allow_renumber": {"type": "bool", "default": False},
    "api": {"type": "str", "choices": ["auto", *API_VERSIONS], "default": "auto"},
    "wait_timeout": {"type": "int", "default": 120},
}


def reach(options: dict[str, t.Any], check_mode: bool) -> tuple[Kubernetes, Resource | None]:
    """The cluster and the kind it serves; what is not there yet is waited for, or in check mode taken as empty."""
    try:
        cluster = connect(options)
        if check_mode:
            return cluster, served_kind(cluster, options["api"])
        return cluster, await_kind(cluster, options["api"], options["wait_timeout"])
    except UnreachableError:
        if not check_mode:
            raise
        return Nowhere(), None


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The result, and its diff."""
    pools = described(options)
    cluster, resource = reach(options, check_mode)
    steps, lost = reconcile(cluster, resource, pools, options["allow_renumber"])
    changes = [step.change for step in steps if step.change.needed]
    if not check_mode:
        kubernetes_set.apply(cluster, steps)
    result: dict[str, t.Any] = {
        "changed": bool(changes),
        "api": (resource.api_version if resource else API_VERSIONS[0]).rpartition("/")[2],
        "pools": [{"name": step.name, "action": step.action} for step in steps],
        "renumbered": [dataclasses.asdict(entry) for entry in lost],
    }
    return result, [change.diff() for change in changes]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    try:
        result, diff = run(module.params, module.check_mode)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    if module._diff:
        result["diff"] = diff
    module.exit_json(**result)


if __name__ == "__main__":
    main()
