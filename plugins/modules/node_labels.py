#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_labels
short_description: Label the nodes of a cluster
version_added: 0.1.0
description:
  - Sets labels of many nodes in one call, and takes them away again where they are no longer wanted.
  - A label belongs to the O(owner) that set it. A label of this owner that O(nodes) does not name goes, on any node.
    Labels of others stay, and other owners set theirs beside.
  - The API server itself keeps whose a label is, as the field manager C(homeops.cluster.<owner>).
  - Everything that would be written is first tried by the server. If the server refuses any of it, nothing is written.
  - In check mode, an API server that cannot be reached is taken to have no nodes, and a node that is not in the
    cluster is taken to join it.
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
  owner:
    description: Name of the set of labels, unique in the cluster.
    type: str
    required: true
  nodes:
    description:
      - All nodes that carry labels of this owner.
      - A node that is not in the cluster is an error, and then no node is labelled.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      labels:
        description: Labels of the node, by name.
        type: dict
        required: true
seealso:
  - module: homeops.cluster.cilium_bgp_policy
"""

EXAMPLES = r"""
- name: Let these nodes peer, and no others
  homeops.cluster.node_labels:
    owner: bgp
    nodes:
      - name: server1
        labels:
          homeops.cluster/bgp-node: enabled
      - name: agent1
        labels:
          homeops.cluster/bgp-node: enabled
"""

RETURN = r"""
nodes:
  description: The nodes that carry labels of the owner, or did before, and what happened to them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      type: str
      sample: server1
    labels:
      description: The owner's labels of the node, afterwards.
      type: dict
      sample:
        homeops.cluster/bgp-node: enabled
    action:
      description: One of V(updated), V(unchanged), and in check mode V(missing), for a node that is still to join.
      type: str
      sample: updated
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _node_labels as node_labels
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    Kubernetes,
    Nowhere,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "owner": {"type": "str", "required": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": {"type": "str", "required": True}, "labels": {"type": "dict", "required": True}},
    },
}


def plan(options: dict[str, t.Any], check_mode: bool) -> tuple[Kubernetes, tuple[node_labels.Step, ...]]:
    wanted = {node["name"]: node_labels.texts(node["labels"]) for node in options["nodes"]}
    try:
        cluster = connect(options)
        return cluster, node_labels.plan(cluster, options["owner"], wanted)
    except UnreachableError:
        if not check_mode:
            raise
        return Nowhere(), node_labels.plan(Nowhere(), options["owner"], wanted)


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The result, and its diff."""
    cluster, steps = plan(options, check_mode)
    changes = [step.change for step in steps if step.change.needed]
    if not check_mode:
        problems = tuple(node_labels.absent(steps))
        if problems:
            raise ClusterError(*problems)
        node_labels.apply(cluster, options["owner"], steps)
    return {"changed": bool(changes), "nodes": [step.summary() for step in steps]}, [entry.diff() for entry in changes]


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
