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
  - Also reports what is advertised to whom, the load balancer services with their addresses, and the pools.
  - One request for each kind of object, however many nodes there are. It does not judge;
    M(homeops.cluster.bgp_verify) does.
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
  description:
    - API version of Cilium's BGP kinds that the cluster serves, V(legacy) if that is CiliumBGPPeeringPolicy, empty if
      none.
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
    agent:
      description: Whether Cilium's agent runs there and is ready.
      type: bool
    established:
      description: Whether all sessions of the node are established; also V(true) if it should have none.
      type: bool
    policy:
      description: Name of the CiliumBGPClusterConfig that the node follows, empty if none.
      type: str
    policies:
      description: Names of all that select the node.
      type: list
      elements: str
    legacy_policies:
      description: Names of the CiliumBGPPeeringPolicies that select the node. Up to Cilium 1.18 they win.
      type: list
      elements: str
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
          description:
            - State as Cilium reports it, or V(unconfigured) if the node knows nothing of the session.
            - V(unknown) for a legacy policy, as Cilium does not tell.
          type: str
          sample: established
        established:
          description: Whether the session is established.
          type: bool
        received:
          description: Number of routes received from the peer.
          type: int
        advertised:
          description: Number of routes advertised to the peer. Cilium counts one more than there are.
          type: int
        configuration:
          description: Name of the CiliumBGPPeerConfig.
          type: str
          sample: home.router
        configuration_missing:
          description: Whether there is none of this name, so that Cilium leaves the peer out.
          type: bool
        secret:
          description: Name of the Secret with the password, empty if there is no password.
          type: str
        secret_missing:
          description: Whether it is missing, so that Cilium speaks without a password.
          type: bool
policies:
  description: The policies, with the addresses of their peers.
  returned: success
  type: list
  elements: dict
  sample:
    - name: home
      node_selector: {matchLabels: {homeops.cluster/bgp-node: enabled}}
      peers: [192.0.2.1]
advertisements:
  description: What is advertised, to which peers. C(selects) is V(false) if it has no selector, and so selects nothing.
  returned: success
  type: list
  elements: dict
  sample:
    - name: home.services
      type: Service
      addresses: [LoadBalancerIP]
      peers: [192.0.2.1]
      selects: true
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
  description: All services of type LoadBalancer.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the service.
      type: str
    namespace:
      description: Its namespace.
      type: str
    class:
      description: Its class, empty if it has none.
      type: str
    addresses:
      description: The addresses that it has been given.
      type: list
      elements: str
    announced:
      description: Whether an advertisement for some peer selects it.
      type: bool
    kept_out:
      description: Whether its label C(homeops.cluster/bgp) keeps it out.
      type: bool
    peers:
      description: Addresses of the peers that it is announced to.
      type: list
      elements: str
    local:
      description: Whether only nodes with a ready pod of it announce it.
      type: bool
    endpoints:
      description: These nodes.
      type: list
      elements: str
    pools:
      description: Names of the pools that select it.
      type: list
      elements: str
    requested:
      description: Addresses that it asks for.
      type: list
      elements: str
    reason:
      description: Why Cilium gave it no address, empty if it did or does not say.
      type: str
      sample: out_of_ips
    message:
      description: The same in Cilium's words.
      type: str
routes:
  description: By address of the peer, the addresses from pools that it should have routes for.
  returned: success
  type: dict
  sample: {192.0.2.1: [198.51.100.1]}
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
    selector:
      description: Label selector of the services that it is for, empty for all.
      type: dict
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
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_answer import await_answer
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
