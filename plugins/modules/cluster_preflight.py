#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_preflight
short_description: Check the whole description of a cluster at once
version_added: 0.1.0
description:
  - Checks every C(cluster_*) variable, what the variables are to each other, the nodes of the inventory, and what the
    controller needs to have.
  - Reports every problem in one go, each with the variable's path, its value, the rule and what to write instead.
  - Touches nothing and connects to nothing. Run it on the controller.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
options:
  controller_libraries:
    description: Python libraries that must be importable on the controller.
    type: list
    elements: str
    default: []
  controller_programs:
    description: Programs that must be in the C(PATH) of the controller.
    type: list
    elements: str
    default: []
  description:
    description:
      - The C(cluster_*) variables that are not secret, as the user wrote them.
      - Names that do not exist are reported, so pass all of them.
    type: dict
    required: true
  nodes:
    description: The hosts that become nodes of the cluster.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address in the node network.
        type: str
      bgp_enabled:
        description: Whether the node speaks BGP with the routers, V(true) or V(false).
        type: raw
        default: true
      name:
        description: Name in the inventory.
        type: str
        required: true
      role:
        description: What the node does.
        type: str
        choices: [agent, server]
        required: true
  secrets:
    description:
      - The C(cluster_*) variables whose names end in C(_token), C(_password) or C(_api_key).
      - Their values are never shown.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Check the description of the cluster
  homeops.cluster.cluster_preflight:
    description:
      cluster_name: home
      cluster_versions: {k3s: v1.35.4+k3s1, cilium: 1.19.0, gateway_api: v1.4.1}
      cluster_api_endpoint: 192.0.2.11
      cluster_networks: {node: 192.0.2.0/24, pod: 10.42.0.0/16, service: 10.43.0.0/16}
      cluster_bgp:
        local_asn: 65010
        peers:
          - {name: router, address: 192.0.2.1, asn: 65000}
      cluster_lb_pools:
        - {name: default, cidr: 198.51.100.0/26}
    secrets:
      cluster_k3s_token: "{{ cluster_k3s_token }}"
    nodes:
      - {name: server1, address: 192.0.2.11, role: server}
    controller_programs: [helm]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
advice:
  description: What is allowed, but deserves a thought.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: What will be built, for people to read.
  returned: success
  type: dict
  sample:
    cluster: home, API at https://192.0.2.11:6443
    etcd: 1 voter, survives the loss of 0
"""

import importlib.util
import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._description import advice, check, concealed, summary
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem


def missing_tools(module: AnsibleModule) -> t.Iterator[Problem]:
    for program in module.params["controller_programs"]:
        if module.get_bin_path(program) is None:
            yield Problem(
                "controller", f"the program {program} is not in PATH", f"Install {program}, or add its folder to PATH"
            )
    for library in module.params["controller_libraries"]:
        if importlib.util.find_spec(library) is None:
            yield Problem(
                "controller",
                f"the Python library {library} is missing for {sys.executable}",
                f"Run {sys.executable} -m pip install {library}, or let ansible_python_interpreter of localhost point "
                "to the Python that Ansible runs with",
            )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "controller_libraries": {"type": "list", "elements": "str", "default": []},
            "controller_programs": {"type": "list", "elements": "str", "default": []},
            "description": {"type": "dict", "required": True},
            "nodes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "address": {"type": "str"},
                    "bgp_enabled": {"type": "raw", "default": True},
                    "name": {"type": "str", "required": True},
                    "role": {"type": "str", "choices": ["agent", "server"], "required": True},
                },
            },
            "secrets": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    module.no_log_values |= concealed(params["description"])
    try:
        cluster = check(params["description"], params["secrets"], params["nodes"], already_found=missing_tools(module))
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, advice=advice(cluster), summary=summary(cluster))


if __name__ == "__main__":
    main()
