#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_bgp_policy
short_description: Describe the cluster's end of BGP to Cilium
version_added: 0.1.0
description:
  - Turns one description of the BGP sessions of a cluster into the objects of Cilium's BGP control plane,
    in the API version that the cluster serves.
  - These are a CiliumBGPClusterConfig, a CiliumBGPPeerConfig per peer, CiliumBGPAdvertisements,
    and a Secret per password.
  - The objects carry the label C(homeops.cluster/bgp-policy) with the name of the policy.
    An object with this label that is no longer wanted is deleted.
  - Everything that would be written is first tried by the server. If the server refuses any of it, nothing is written.
  - A Service with the label C(homeops.cluster/bgp=never) is announced by no advertisement that selects all services.
  - In check mode, an API server that cannot be reached, or that does not serve Cilium's kinds,
    is taken to hold none of the objects.
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
    details:
      - A password is never shown. An object whose password alone differs is reported as changed with an empty diff.
  idempotent:
    support: full
options:
  name:
    description: Name of the policy, and the first part of the names of its objects.
    type: str
    required: true
  local_asn:
    description:
      - Autonomous system number of the cluster.
      - Required if O(state=present).
    type: int
  peers:
    description:
      - Routers that every selected node speaks to.
      - Required if O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the peer, unique in the policy.
        type: str
        required: true
      address:
        description: IPv4 or IPv6 address of the peer, without a prefix length.
        type: str
        required: true
      asn:
        description: Autonomous system number of the peer.
        type: int
        required: true
      password:
        description: TCP MD5 password of the session. Without it the session has none.
        type: str
  timers:
    description: Timers of all sessions, in seconds.
    type: dict
    default: {}
    suboptions:
      hold:
        description:
          - A peer that has been silent for so long is given up.
          - The default is V(9).
        type: int
      keepalive:
        description:
          - Time between two signs of life; less than O(timers.hold).
          - The default is V(3).
        type: int
      connect_retry:
        description:
          - Time until a lost peer is called again.
          - The default is V(5).
        type: int
  graceful_restart:
    description:
      - For so many seconds a peer keeps the routes of a node whose agent restarts. V(0) switches graceful restart off.
      - The default is V(120).
    type: int
  advertisements:
    description:
      - What is announced to every peer.
      - By default the load balancer addresses of all services.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the advertisement, unique in the policy.
        type: str
        default: services
      addresses:
        description: Which addresses of a service are announced.
        type: list
        elements: str
        choices: [ClusterIP, ExternalIP, LoadBalancerIP]
        default: [LoadBalancerIP]
      selector:
        description: Label selector of the services, with C(matchLabels) and C(matchExpressions). Empty selects all.
        type: dict
        default: {}
  node_selector:
    description: Label selector of the nodes that peer, with C(matchLabels) and C(matchExpressions). Empty selects all.
    type: dict
    default: {}
  secrets_namespace:
    description:
      - Namespace of the Secrets with the passwords.
      - It must be the one that Cilium was installed with (C(bgpControlPlane.secretsNamespace.name)).
    type: str
    default: kube-system
  api:
    description:
      - API version of Cilium's BGP kinds.
      - V(auto) is the newest that the server serves.
    type: str
    choices: [auto, v2, v2alpha1]
    default: auto
  state:
    description: Whether the policy should exist.
    type: str
    choices: [absent, present]
    default: present
  wait:
    description: Whether to wait until all sessions of all selected nodes are established.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for the sessions.
      - Also how long to wait for Cilium's operator to register its kinds, whatever O(wait) says.
    type: int
    default: 120
seealso:
  - module: homeops.cluster.cilium_bgp_info
"""

EXAMPLES = r"""
- name: Peer with the router and announce the load balancer addresses of all services
  homeops.cluster.cilium_bgp_policy:
    name: home
    local_asn: 65010
    peers:
      - name: router
        address: 192.0.2.1
        asn: 65000
        password: "{{ cluster_bgp_password }}"

- name: Announce public services only, from the nodes at the edge
  homeops.cluster.cilium_bgp_policy:
    name: edge
    local_asn: 65010
    peers:
      - name: router
        address: 192.0.2.1
        asn: 65000
    timers:
      hold: 30
      keepalive: 10
    advertisements:
      - name: public
        selector:
          matchLabels:
            exposure: public
    node_selector:
      matchLabels:
        example.com/edge: "true"

- name: Stop peering
  homeops.cluster.cilium_bgp_policy:
    name: edge
    state: absent
"""

RETURN = r"""
api:
  description: API version that is used for Cilium's kinds.
  returned: success
  type: str
  sample: v2
objects:
  description: The objects of the policy and what happened to them.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      sample: CiliumBGPPeerConfig
    name:
      description: Name of the object.
      type: str
      sample: home.router
    namespace:
      description: Namespace of the object, empty if it is of the whole cluster.
      type: str
      sample: ""
    action:
      description: One of V(created), V(updated), V(deleted), and V(unchanged).
      type: str
      sample: created
sessions:
  description: The sessions, all established.
  returned: success, if O(wait=true) and O(state=present), except in check mode
  type: list
  elements: dict
  sample:
    - node: server1
      policy: home
      name: router
      address: 192.0.2.1
      asn: 65000
      local_asn: 65010
      state: established
      established: true
      received: 0
      advertised: 2
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import (
    API_VERSIONS,
    SECRET,
    Kinds,
    Policy,
    await_kinds,
    selector,
    served_kinds,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import await_established
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
    "name": {"type": "str", "required": True},
    "local_asn": {"type": "int"},
    "peers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "asn": {"type": "int", "required": True},
            "password": {"type": "str", "no_log": True},
        },
    },
    "timers": {
        "type": "dict",
        "default": {},
        "options": {"hold": {"type": "int"}, "keepalive": {"type": "int"}, "connect_retry": {"type": "int"}},
    },
    "graceful_restart": {"type": "int"},
    "advertisements": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "default": "services"},
            "addresses": {
                "type": "list",
                "elements": "str",
                "choices": ["ClusterIP", "ExternalIP", "LoadBalancerIP"],
                "default": ["LoadBalancerIP"],
            },
            "selector": {"type": "dict", "default": {}},
        },
    },
    "node_selector": {"type": "dict", "default": {}},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "api": {"type": "str", "choices": ["auto", *API_VERSIONS], "default": "auto"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
}


def reach(options: dict[str, t.Any], check_mode: bool) -> tuple[Kubernetes, Kinds | None]:
    """The cluster and the kinds it serves; what is not there yet is waited for, or in check mode taken as empty."""
    try:
        cluster = connect(options)
        if check_mode or options["state"] == "absent":
            return cluster, served_kinds(cluster, options["api"])
        return cluster, await_kinds(cluster, options["api"], options["wait_timeout"])
    except UnreachableError:
        if not check_mode:
            raise
        return Nowhere(), None


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The result, and its diff."""
    policy = Policy.from_options(options) if options["state"] == "present" else None
    cluster, served = reach(options, check_mode)
    kinds = served or Kinds(API_VERSIONS[0])
    wanted = policy.objects(kinds) if policy else ()
    steps = kubernetes_set.plan(cluster, served.written if served else (SECRET,), selector(options["name"]), wanted)
    changes = [step.change for step in steps if step.change.needed]
    result: dict[str, t.Any] = {
        "changed": bool(changes),
        "api": kinds.version,
        "objects": [step.summary() for step in steps],
    }
    if not check_mode:
        kubernetes_set.apply(cluster, steps)
        if policy and options["wait"]:
            configs = [item.definition for item in wanted if item.resource == kinds.cluster_config]
            found = await_established(cluster, kinds, configs, options["wait_timeout"])
            result["sessions"] = [{"node": session.node, **session.answer()} for session in found]
    return result, [change.diff() for change in changes]


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["local_asn", "peers"])],
        supports_check_mode=True,
    )
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
