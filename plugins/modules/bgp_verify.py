#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_verify
short_description: Name what is wrong between the cluster's BGP and the routers'
version_added: 0.1.0
description:
  - Compares what the description says with what the cluster, the routers and the nodes say, and names the lowest broken
    layer of every node and the reason of every service that has no address or no route. It changes nothing.
  - Reads the cluster itself, one request for each kind. What routers and nodes say is handed in, as the answers of
    M(homeops.cluster.bgp_route_info) and M(homeops.cluster.bgp_node_info).
  - Does not fail on what it finds, or if the cluster does not answer; see RV(status) and RV(exit_code).
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
options:
  expected:
    description: What the description says.
    type: dict
    required: true
    suboptions:
      policy:
        description: Name of the policy that M(homeops.cluster.cilium_bgp_policy) keeps.
        type: str
        required: true
      local_asn:
        description: Autonomous system number of the cluster.
        type: int
        required: true
      peers:
        description: The routers.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: Name of the router.
            type: str
            required: true
          address:
            description: Its address.
            type: str
            required: true
          asn:
            description: Its autonomous system number.
            type: int
            required: true
      nodes:
        description: The nodes that should speak BGP.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: Name of the node in the cluster.
            type: str
            required: true
          address:
            description: The address that it speaks BGP from.
            type: str
            required: true
      pools:
        description: The pools, each with C(name), and C(cidr) or C(start) and C(stop).
        type: list
        elements: dict
        required: true
      password:
        description: Whether the sessions have a password.
        type: bool
        default: false
  password:
    description: The password. With it, the Secrets in the cluster are compared with it.
    type: str
    default: ""
  secrets_namespace:
    description: Where Cilium looks for the Secrets.
    type: str
    default: kube-system
  routers:
    description:
      - By host, what M(homeops.cluster.bgp_route_info) returned there. A failed or unreachable result counts as a
        router that does not answer; a router that is not here at all was not asked.
      - A host belongs to the peer whose address it has, or whose name.
    type: dict
    default: {}
  routers_earlier:
    description: The same, from before O(nodes) were asked. Signatures that failed since then tell of wrong passwords.
    type: dict
    default: {}
  nodes:
    description: By name of the node, what M(homeops.cluster.bgp_node_info) returned there.
    type: dict
    default: {}
  site_command:
    description: The command that reconciles the description, for what the module recommends.
    type: str
    default: ansible-playbook playbooks/site.yml
  kubectl_command:
    description: How to call C(kubectl), for what the module recommends.
    type: str
    default: kubectl
  json_path:
    description: A file to write the whole answer to, as JSON. Not written in check mode.
    type: path
  html_path:
    description: A file to write a picture of both ends to, red where it is broken. Not written in check mode.
    type: path
seealso:
  - module: homeops.cluster.bgp_node_info
  - module: homeops.cluster.bgp_route_info
  - module: homeops.cluster.cilium_bgp_info
"""

EXAMPLES = r"""
- name: Judge both ends
  homeops.cluster.bgp_verify:
    context: home
    expected:
      policy: home
      local_asn: 65010
      peers: [{name: router, address: 192.0.2.1, asn: 65000}]
      nodes: [{name: server1, address: 192.0.2.11}]
      pools: [{name: default, cidr: 198.51.100.0/26}]
    routers: {router: "{{ asked_router }}"}
    nodes: {server1: "{{ asked_node }}"}
    html_path: bgp.html
  register: bgp

- name: Say what it is
  ansible.builtin.debug:
    msg: "{{ bgp.table }}"
"""

RETURN = r"""
status:
  description: V(healthy), V(warning), V(critical), or V(error) if something did not answer and nothing else is broken.
  returned: success
  type: str
exit_code:
  description: The status as a number, V(0), V(1), V(2) or V(3).
  returned: success
  type: int
timestamp:
  description: When it was judged, in UTC.
  returned: success
  type: str
  sample: "2026-01-31T12:00:00Z"
summary:
  description: How many things were judged (nodes, routers, pools, services, and the cluster itself), and how they are.
  returned: success
  type: dict
  sample: {total: 9, healthy: 8, warnings: 0, critical: 1}
details:
  description: The nodes with their sessions, the routers, the pools and the number of services.
  returned: success
  type: dict
findings:
  description: What is wrong, each thing once, from the lowest layer up.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: What it is, for programs.
      type: str
      sample: node_label_missing
    layer:
      description: The layer that is broken.
      type: str
      sample: configuration
    severity:
      description: V(critical), V(warning) or V(error).
      type: str
    where:
      description: Who is concerned, for people.
      type: str
      sample: agent1
    nodes:
      description: The nodes that have it in common.
      type: list
      elements: str
    router:
      description: The router that it is about, empty if it is about none.
      type: str
    pool:
      description: The pool that it is about.
      type: str
    services:
      description: The services that are concerned, each with its namespace.
      type: list
      elements: str
    prefixes:
      description: The routes that are concerned.
      type: list
      elements: str
    what:
      description: What is wrong.
      type: str
    evidence:
      description: What was seen.
      type: list
      elements: str
    remedy:
      description: The command that mends it.
      type: str
issues:
  description: The same, one sentence each.
  returned: success
  type: list
  elements: str
table:
  description: All of it as text for a terminal.
  returned: success
  type: str
"""

import datetime
import gc
import json
import os
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_picture import render
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_verify import verify
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import AUTH_ARG_SPEC, connect, missing_library
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

REQUIRED_TEXT = {"type": "str", "required": True}
REQUIRED_NUMBER = {"type": "int", "required": True}
EXPECTED: dict[str, t.Any] = {
    "policy": REQUIRED_TEXT,
    "local_asn": REQUIRED_NUMBER,
    "peers": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": REQUIRED_TEXT, "address": REQUIRED_TEXT, "asn": REQUIRED_NUMBER},
    },
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": REQUIRED_TEXT, "address": REQUIRED_TEXT},
    },
    "pools": {"type": "list", "elements": "dict", "required": True},
    "password": {"type": "bool", "default": False, "no_log": False},
}
ARGUMENT_SPEC: dict[str, t.Any] = {
    **AUTH_ARG_SPEC,
    "expected": {"type": "dict", "required": True, "options": EXPECTED},
    "password": {"type": "str", "default": "", "no_log": True},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "routers": {"type": "dict", "default": {}},
    "routers_earlier": {"type": "dict", "default": {}},
    "nodes": {"type": "dict", "default": {}},
    "site_command": {"type": "str", "default": "ansible-playbook playbooks/site.yml"},
    "kubectl_command": {"type": "str", "default": "kubectl"},
    "json_path": {"type": "path"},
    "html_path": {"type": "path"},
}


def save(module: AnsibleModule, path: str | None, text: str) -> None:
    """The whole file or none of it. A report is no change of what it reports on."""
    if not path or module.check_mode:
        return
    handle, part = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    module.atomic_move(part, path)


def main() -> None:
    gc.disable()  # what a large cluster answers has no cycles, and looking for them takes a quarter of the time
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    now = datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        answer = verify(lambda: connect(module.params), module.params, now)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    save(module, module.params["json_path"], json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    save(module, module.params["html_path"], render(answer))
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
