#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_node_info
short_description: Tell what K3s is on a host
version_added: 0.1.0
description:
  - Tells which K3s a host has, whether it runs, and which cluster it belongs to. Changes nothing.
  - What every server answers is what M(homeops.cluster.k3s_node) decides on.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - homeops.cluster._attributes.info
options:
  address:
    description: The address at which others reach this host. Handed through to the result.
    type: str
    default: ""
  host:
    description: The name the inventory gives this host. Handed through to the result.
    type: str
    required: true
seealso:
  - module: homeops.cluster.k3s_node
"""

EXAMPLES = r"""
- name: Ask every server whether a cluster lives on it
  homeops.cluster.k3s_node_info:
    host: "{{ inventory_hostname }}"
    address: "{{ ansible_host }}"
  register: answer
"""

RETURN = r"""
k3s:
  description: What K3s is on the host.
  returned: success
  type: dict
  contains:
    host:
      description: As in O(host).
      type: str
    address:
      description: As in O(address).
      type: str
    node_name:
      description: The name of the host's Node object.
      type: str
    role:
      description: V(server), V(agent), or V(none) if there is no unit.
      type: str
    version:
      description: What the installed binary says it is, empty if there is none.
      type: str
    active:
      description: Whether the unit is active or about to be.
      type: bool
    enabled:
      description: Whether the unit starts at boot.
      type: bool
    ready:
      description: Whether the server's own API server is ready, or the agent's unit is active.
      type: bool
    member:
      description: Whether the data of a cluster is on the host's disk.
      type: bool
    has_data:
      description: Whether the host has been a server or an agent.
      type: bool
    cluster_id:
      description: The SHA-256 digest of the cluster's certificate authority, empty if the host has none.
      type: str
    nodes:
      description: The cluster's Nodes by name, if the host is a server and ready.
      type: dict
  sample:
    host: server1
    address: 192.0.2.11
    node_name: server1
    role: server
    version: v1.35.4+k3s1
    active: true
    enabled: true
    ready: true
    member: true
    has_data: true
    cluster_id: 0f343b0931126a20f133d67c2b018a3b5f7c3e1d5a2a9f6f0c1d2e3f4a5b6c7d
    nodes:
      server1:
        address: 192.0.2.11
        ready: true
        voter: true
"""

import functools

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_node import Node
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "default": ""},
            "host": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    run = functools.partial(module.run_command, handle_exceptions=False)
    try:
        node = Node.here(run, open_url, role="none", host=module.params["host"])
        result = node.observe(module.params["address"])
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, k3s=result)


if __name__ == "__main__":
    main()
