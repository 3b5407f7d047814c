#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_bgp_info
short_description: Ask a cluster about its end of BGP
version_added: 0.1.0
description:
  - Reports for every node which BGP sessions it should have and what has become of them.
  - Also reports the load balancer services with their addresses, and the pools that the addresses come from.
  - The status of a session lags behind by up to five seconds, and shows only that a session failed, not why.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
options:
  wait_for:
    description:
      - V(nodes) waits until all nodes are Ready, V(sessions) also until all their sessions are established.
      - What is there when the time is over is returned either way; the module does not fail.
    type: str
    choices: [nodes, sessions]
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 120
seealso:
  - module: homeops.cluster.cilium_bgp_policy
"""

EXAMPLES = r"""
- name: Ask for the sessions, and give them half a minute
  homeops.cluster.cilium_bgp_info:
    context: home
    wait_for: sessions
    wait_timeout: 30
  register: bgp

- name: Show who has lost a session
  ansible.builtin.debug:
    msg: "{{ bgp.nodes | rejectattr('established') | map(attribute='name') }}"
"""

RETURN = r"""
api:
  description: API version of Cilium's BGP kinds that the cluster serves, empty if none.
  returned: success
  type: str
  sample: v2
nodes:
  description: All nodes of the cluster.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      type: str
      sample: server1
    ready:
      description: Whether the node is Ready.
      type: bool
    established:
      description: Whether all sessions of the node are established; also V(true) if it should have none.
      type: bool
    peers:
      description: The sessions that the node should have.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the peer.
          type: str
          sample: router
        policy:
          description: Name of the CiliumBGPClusterConfig that asks for the session.
          type: str
          sample: home
        address:
          description: Address of the peer.
          type: str
          sample: 192.0.2.1
        asn:
          description: Autonomous system number that the peer should have.
          type: int
          sample: 65000
        local_asn:
          description: Autonomous system number of the cluster.
          type: int
          sample: 65010
        state:
          description: State as Cilium reports it, or V(unconfigured) if the node knows nothing of the session.
          type: str
          sample: established
        established:
          description: Whether the session is established.
          type: bool
        received:
          description: Number of routes received from the peer.
          type: int
        advertised:
          description: Number of routes advertised to the peer.
          type: int
conditions:
  description: What Cilium complains about.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: CiliumBGPPeerConfig
      name: home.router
      type: MissingAuthSecret
      message: Referenced Auth Secret is missing
services:
  description:
    - All services of type LoadBalancer. C(announced) tells whether an advertisement selects the service, so that the
      routers should have its addresses.
  returned: success
  type: list
  elements: dict
  sample:
    - name: demo
      namespace: default
      class: ""
      addresses: [198.51.100.1]
      announced: true
pools:
  description: All load balancer pools.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      sample: default
    managed:
      description: Whether the pool was made by this collection.
      type: bool
    blocks:
      description: The blocks of addresses as the pool lists them.
      type: list
      elements: dict
    disabled:
      description: Whether no more addresses are given out.
      type: bool
    total:
      description: Number of addresses.
      type: int
    used:
      description: Number of addresses given to services.
      type: int
    available:
      description: Number of addresses left.
      type: int
    conflict:
      description: Why the pool is not used, empty if it is.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import await_answer
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import AUTH_ARG_SPEC, connect, missing_library
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC: dict[str, t.Any] = {
    **AUTH_ARG_SPEC,
    "wait_for": {"type": "str", "choices": ["nodes", "sessions"]},
    "wait_timeout": {"type": "int", "default": 120},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    wait_for, timeout = module.params["wait_for"], module.params["wait_timeout"]
    try:
        answer = await_answer(connect(module.params), wait_for or "", timeout if wait_for else 0)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
