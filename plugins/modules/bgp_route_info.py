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
    and for the routes that it took over into its kernel's table. Where routes are missing, a second call asks why.
  - The answer has the same shape for every version of FRR, and grows little with the number of nodes.
  - It does not judge. M(homeops.cluster.bgp_verify) does.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
options:
  nodes:
    description: Addresses of the nodes that should have a session, which the module waits for.
    type: list
    elements: str
    default: []
  addresses:
    description:
      - Addresses that O(nodes) should announce. The module also waits until the router has exactly their routes, and
        all of them in its kernel's table. By default any will do.
    type: list
    elements: str
  wait_timeout:
    description:
      - Seconds to wait for O(nodes) and O(addresses). What is there when the time is over is returned either way; see
        RV(complete).
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
complete:
  description: Whether all of O(nodes) have a session, and the routes are those of O(addresses).
  returned: success
  type: bool
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
addresses:
  description: The router's own addresses.
  returned: success
  type: list
  elements: str
listen_ranges:
  description: Networks that neighbours may call from without being named.
  returned: success
  type: list
  elements: str
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
      description: The AS number that the router expects of the neighbour.
      type: int
    local_asn:
      description: The AS number that the router has towards this neighbour.
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
    password:
      description: Whether the router has a password for the neighbour.
      type: bool
    policy:
      description: Whether there is a policy for what the neighbour announces; without one, FRR takes nothing.
      type: bool
    shutdown:
      description: Whether somebody shut the session down.
      type: bool
    maximum_prefix:
      description: How many routes are taken at most, V(0) if there is no limit.
      type: int
    maximum_prefix_reached:
      description: Whether the session ended because there were more.
      type: bool
    graceful_restart:
      description: For how many seconds the router keeps the routes of a neighbour that restarts, V(0) if it does not.
      type: int
    stale:
      description: Whether the session is down, and the routes are kept for a neighbour that restarts.
      type: bool
    last_reset:
      description: Why the last session ended.
      type: str
    last_notification:
      description: The last complaint of one end to the other.
      type: str
  sample:
    - address: 192.0.2.11
      asn: 65010
      state: Established
      established: true
      prefixes_received: 1
      uptime: 10
routes:
  description: The routes by BGP in the router's own table, those with the same way together.
  returned: success
  type: list
  elements: dict
  contains:
    prefixes:
      description: The destinations.
      type: list
      elements: str
    installed:
      description: Whether the kernel has the routes.
      type: bool
    next_hops:
      description: The nodes that the kernel sends to.
      type: list
      elements: str
  sample:
    - prefixes: [198.51.100.1/32]
      installed: true
      next_hops: [192.0.2.11, 192.0.2.12]
received:
  description: The routes that the policy let in, whether or not they are used, those of the same nodes together.
  returned: success
  type: list
  elements: dict
  contains:
    prefixes:
      description: The destinations.
      type: list
      elements: str
    peers:
      description: The neighbours that announce them.
      type: list
      elements: str
  sample:
    - prefixes: [198.51.100.1/32]
      peers: [192.0.2.11, 192.0.2.12]
filtered:
  description:
    - By neighbour, what it announced and the policy did not let in. Asked of those of O(nodes) that announce less than
      O(addresses); needs C(soft-reconfiguration inbound).
  returned: success
  type: dict
  sample: {192.0.2.11: [203.0.113.1/32]}
instead:
  description: By destination, the route that the kernel has instead of the one by BGP.
  returned: success
  type: dict
  sample: {198.51.100.1/32: {protocol: static, next_hops: [192.0.2.99]}}
signature_failures:
  description: How many TCP segments came without a signature, with one that nobody expects, and with a wrong one.
  returned: success
  type: dict
  sample: {missing: 0, unexpected: 0, wrong: 4}
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._frr import find_vtysh
from ansible_collections.homeops.cluster.plugins.module_utils._frr_state import (
    Router,
    await_router,
    host_routes,
    is_complete,
)
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
    wanted = None if given["addresses"] is None else host_routes(given["addresses"])

    def run(arguments: t.Sequence[str]) -> tuple[int, str, str]:
        try:
            return module.run_command(list(arguments), handle_exceptions=False)
        except OSError as error:
            return 127, "", str(error)

    try:
        router = Router(find_vtysh(given["vtysh"], module.get_bin_path), run, read)
        answer = await_router(
            router.ask,
            lambda state: is_complete(state, given["nodes"], wanted),
            given["wait_timeout"],
            time.monotonic,
            time.sleep,
        )
        answer.update(router.explain(answer, given["nodes"], wanted))
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, complete=is_complete(answer, given["nodes"], wanted), **answer)


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
