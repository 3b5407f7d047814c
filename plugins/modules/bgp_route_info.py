#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_route_info
short_description: Tell what a router knows by BGP
version_added: 0.1.0
description:
  - Asks FRR on a router, in one call of C(vtysh), for its BGP neighbours, for what it received from them,
    and for the routes that it took over into its kernel's table.
  - The answer has the same shape for every version of FRR.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
options:
  nodes:
    description:
      - Addresses of the nodes that must have a session. The module waits for it, and fails if one has none.
    type: list
    elements: str
    default: []
  addresses:
    description:
      - Addresses that O(nodes) must announce. The module waits until the router has exactly their routes in its
        kernel's table, and fails if one is missing or if there are others of these nodes. By default any will do.
    type: list
    elements: str
  wait_timeout:
    description: Seconds to wait for O(nodes) and O(addresses).
    type: int
    default: 0
  vtysh:
    description: The program to ask. Without a slash it is looked for in the usual directories.
    type: str
    default: vtysh
"""

EXAMPLES = r"""
- name: Ask the router
  homeops.cluster.bgp_route_info:
  register: router

- name: Wait until every node has a session
  homeops.cluster.bgp_route_info:
    nodes: [192.0.2.11, 192.0.2.12]
    addresses: [198.51.100.1]
    wait_timeout: 60
"""

RETURN = r"""
asn:
  description: The router's AS number, V(0) if BGP is not configured.
  returned: success
  type: int
  sample: 65000
router_id:
  description: The router's identifier, empty if BGP is not configured.
  returned: success
  type: str
  sample: 192.0.2.1
peers:
  description: The neighbours. Those that only a range names (C(bgp listen range)) are absent while they are away.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The neighbour's address.
      type: str
    asn:
      description: The neighbour's AS number.
      type: int
    state:
      description: The state of the session, as FRR names it.
      type: str
    established:
      description: Whether the session is up.
      type: bool
    prefixes_received:
      description: How many routes of the neighbour the policy let in, over all address families.
      type: int
    uptime:
      description: Seconds since the session came up or went down.
      type: int
  sample:
    - address: 192.0.2.11
      asn: 65010
      state: Established
      established: true
      prefixes_received: 1
      uptime: 10
routes:
  description: The routes by BGP in the router's own table.
  returned: success
  type: list
  elements: dict
  contains:
    prefix:
      description: The destination.
      type: str
    installed:
      description: Whether the kernel has the route.
      type: bool
    next_hops:
      description: The nodes that the kernel sends to.
      type: list
      elements: str
  sample:
    - prefix: 198.51.100.1/32
      installed: true
      next_hops: [192.0.2.11, 192.0.2.12]
received:
  description: The routes that the policy let in, whether or not they are used.
  returned: success
  type: list
  elements: dict
  contains:
    prefix:
      description: The destination.
      type: str
    peers:
      description: The neighbours that announce it.
      type: list
      elements: str
  sample:
    - prefix: 198.51.100.1/32
      peers: [192.0.2.11, 192.0.2.12]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._frr import find_vtysh
from ansible_collections.homeops.cluster.plugins.module_utils._frr_state import await_router, differences, read_router
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "nodes": {"type": "list", "elements": "str", "default": []},
            "addresses": {"type": "list", "elements": "str"},
            "wait_timeout": {"type": "int", "default": 0},
            "vtysh": {"type": "str", "default": "vtysh"},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        vtysh = find_vtysh(given["vtysh"], module.get_bin_path)
        answer, problems = await_router(
            lambda: read_router(vtysh, module.run_command),
            lambda state: differences(state, given["nodes"], given["addresses"]),
            given["wait_timeout"],
            time.monotonic,
            time.sleep,
        )
    except ClusterError as error:
        module.fail_json(msg=str(error))
    if problems:
        module.fail_json(msg=str(ClusterError(*problems)), **answer)
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
