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
    in the generation of its kinds that the cluster serves.
  - Since Cilium 1.16 these are a CiliumBGPClusterConfig, a CiliumBGPPeerConfig per peer, CiliumBGPAdvertisements,
    CiliumBGPNodeConfigOverrides, and a Secret per password. Before, a CiliumBGPPeeringPolicy and the Secrets.
  - The objects carry the label C(homeops.cluster/bgp-policy) with the name of the policy.
    An object with this label that is no longer wanted is deleted.
  - Everything that would be written is first tried by the server. If the server refuses any of it, nothing is written.
    If a write fails all the same, those before it are undone.
  - What Cilium would take and then ignore is refused before, all of it at once. This includes another policy that
    selects one of the nodes, whoever made it, and a Secret without a password.
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
      - Required if O(state=present), unless O(migrate=true).
    type: int
  peers:
    description:
      - Routers that every selected node speaks to.
      - Required if O(state=present), unless O(migrate=true).
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
      timers:
        description: Timers of the session, in seconds.
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
              - Time between two signs of life; less than O(peers[].timers.hold).
              - The default is V(3).
            type: int
          connect_retry:
            description:
              - Time until a lost peer is called again.
              - The default is V(5).
            type: int
      graceful_restart:
        description:
          - For so many seconds the peer keeps the routes of a node whose agent restarts.
            V(0) switches graceful restart off.
          - The default is V(120).
        type: int
      ebgp_multihop:
        description:
          - TTL of the session's packets. More than V(1) reaches a peer of another AS that is not on the nodes' network.
          - The default is V(1).
        type: int
      password:
        description:
          - TCP MD5 password of the session, which is put into a Secret. Without one the session has none.
          - Mutually exclusive with O(peers[].password_secret).
        type: str
      password_secret:
        description:
          - Name of an existing Secret in O(secrets_namespace) that holds the password in the key C(password).
          - It must exist, because Cilium would run the session without a password.
        type: str
      families:
        description:
          - Families of the addresses that are announced.
          - By default the one of O(peers[].address).
        type: list
        elements: str
        choices: [ipv4, ipv6]
      advertise:
        description:
          - Names of the advertisements that this peer gets.
          - By default all. An empty list announces nothing.
        type: list
        elements: str
  advertisements:
    description:
      - What is announced. Every advertisement needs a peer that gets it.
      - By default the load balancer addresses of all services.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the advertisement, unique in the policy.
        type: str
        required: true
      type:
        description:
          - Whose addresses are announced.
          - V(service) are addresses of services, V(pod_cidr) the node's network of pods, V(pod_ip_pool) its shares of
            pools of pod addresses, and V(interface) the addresses of an interface of the node (Cilium 1.19).
        type: str
        choices: [interface, pod_cidr, pod_ip_pool, service]
        default: service
      addresses:
        description:
          - Which addresses of a service are announced.
          - The default is V([LoadBalancerIP]).
        type: list
        elements: str
        choices: [ClusterIP, ExternalIP, LoadBalancerIP]
      selector:
        description:
          - Label selector of the services or pools, with C(matchLabels) and C(matchExpressions). V({}) selects all.
          - Required for the types V(service) and V(pod_ip_pool), as without it nothing would be announced.
        type: dict
      communities:
        description:
          - Communities of the routes, as V("65010:100"), V("65010:1:2") (large), or a well-known name such as
            V(no-export).
          - Quote them, because YAML reads some of them as a number.
        type: list
        elements: str
      local_preference:
        description: Local preference of the routes. Only peers of the cluster's own AS ever get it.
        type: int
      aggregation:
        description: Length of the prefixes that addresses of services are merged into (Cilium 1.18).
        type: dict
        suboptions:
          ipv4:
            description: Length of IPv4 prefixes, V(0) to V(31).
            type: int
          ipv6:
            description: Length of IPv6 prefixes, V(0) to V(127).
            type: int
      interface:
        description: Name of the interface. Required for the type V(interface).
        type: str
  node_selector:
    description:
      - Label selector of the nodes that peer, with C(matchLabels) and C(matchExpressions). Empty selects all.
      - No other policy may select any of them.
    type: dict
    default: {}
  node_overrides:
    description:
      - What single nodes do otherwise than the rest. The nodes must be in the cluster, and selected.
      - Refused for Cilium before 1.16, which takes this from annotations of the nodes.
    type: list
    elements: dict
    suboptions:
      node:
        description: Name of the node.
        type: str
        required: true
      router_id:
        description: Router ID of the node, written as an IPv4 address. Nodes without an IPv4 address need one.
        type: str
      local_port:
        description: Port that the node listens on. By default it does not listen, and calls the peers.
        type: int
      local_address:
        description: Address of the node that it calls the peers from.
        type: str
  secrets_namespace:
    description:
      - Namespace of the Secrets with the passwords.
      - It must be the one that Cilium was installed with (C(bgpControlPlane.secretsNamespace.name)).
    type: str
    default: kube-system
  api:
    description:
      - Generation of Cilium's BGP kinds.
      - V(v2) is served since Cilium 1.18, V(v2alpha1) since 1.16. V(legacy), the CiliumBGPPeeringPolicy, is served
        up to 1.18.
      - V(auto) is the newest that the server serves, V(legacy) only for Cilium 1.15.
    type: str
    choices: [auto, v2, v2alpha1, legacy]
    default: auto
  migrate:
    description:
      - Whether to replace the CiliumBGPPeeringPolicies that select the same nodes, which Cilium obeys up to 1.18 and no
        longer knows in 1.19. They are deleted when everything else is in place, and come back if the sessions do not.
      - Without O(local_asn) and O(peers), the policy is what the CiliumBGPPeeringPolicy of this name says, or the only
        one in the cluster. If something of it has no equivalent, nothing is written, and all of it is listed.
      - The sessions are then waited for, whatever O(wait) says.
      - Where there is none any more, this does nothing.
    type: bool
    default: false
  migration_strategy:
    description:
      - V(quick) deletes the old policies under the running agents. Sessions and routes are away for one or two seconds.
      - V(hitless) stops Cilium's agents of these nodes meanwhile, while the routers keep the routes. It takes graceful
        restart on both ends, which is checked before. Pods keep their network, but for some seconds no new ones start.
      - If the run is killed meanwhile, agents stay stopped until this module runs again for any policy, or until
        somebody removes the finalizer C(homeops.cluster/bgp-migration) from their pods.
    type: str
    choices: [hitless, quick]
    default: quick
  routers:
    description:
      - What M(homeops.cluster.bgp_route_info) answered, by name of the router.
      - Required for O(migration_strategy=hitless).
    type: dict
    default: {}
  state:
    description: Whether the policy should exist.
    type: str
    choices: [absent, present]
    default: present
  wait:
    description:
      - Whether to wait until all sessions of all selected nodes are established.
      - Before Cilium 1.16 no API tells their state, and nothing is waited for.
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

- name: Announce public services to the provider, and everything to the router, from the nodes at the edge
  homeops.cluster.cilium_bgp_policy:
    name: edge
    local_asn: 65010
    peers:
      - name: router
        address: 192.0.2.1
        asn: 65000
      - name: provider
        address: 203.0.113.1
        asn: 64500
        ebgp_multihop: 3
        password_secret: provider-bgp
        timers:
          hold: 90
          keepalive: 30
        advertise: [public]
    advertisements:
      - name: public
        selector:
          matchLabels:
            exposure: public
        communities: ["65010:100", no-export]
      - name: pods
        type: pod_cidr
    node_selector:
      matchLabels:
        example.com/edge: "true"
    node_overrides:
      - node: edge1
        router_id: 192.0.2.11

- name: Replace the CiliumBGPPeeringPolicy of the cluster by what says the same
  homeops.cluster.cilium_bgp_policy:
    name: home
    migrate: true

- name: Stop peering
  homeops.cluster.cilium_bgp_policy:
    name: edge
    state: absent
"""

RETURN = r"""
api:
  description: Generation of Cilium's kinds that is used, V(v2), V(v2alpha1), or V(legacy).
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
migration:
  description:
    - What was migrated. C(legacy) are the deleted CiliumBGPPeeringPolicies, C(without_equivalent) says what of them is
      not carried over.
    - C(l2) are the CiliumL2AnnouncementPolicies, which stay. C(replaced) tells whether this policy announces everything
      that they do; C(missing) what it does not, and why; C(pools) what they announce from which pool; C(routes) what
      routers have to know before one of them may go.
  returned: success, if O(migrate=true)
  type: dict
  sample:
    strategy: quick
    legacy: [home]
    without_equivalent: []
    l2: []
started:
  description: Nodes on which Cilium's agent is started again that an interrupted hitless migration had left stopped.
  returned: success
  type: list
  elements: str
  sample: []
sessions:
  description: The sessions, all established.
  returned: success, if O(wait=true) and O(state=present), except in check mode and where RV(api) is V(legacy)
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

import contextlib
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_agents as agents
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import (
    API_VERSIONS,
    SECRET,
    Kinds,
    await_kinds,
    selector,
    served_kinds,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import ADDRESSES, TYPES
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_migration import (
    QUICK,
    STRATEGIES,
    Migration,
    carry_out,
    resume,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_migration import read as read_migration
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_objects import objects
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import Session, await_established
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_surroundings import (
    Surroundings,
    inexpressible,
    observe,
    refusals,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    Kubernetes,
    Nowhere,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

STATUS_LAG = 6  # seconds after which a node no longer reports a session as it was before a change
TIMERS = {"hold": {"type": "int"}, "keepalive": {"type": "int"}, "connect_retry": {"type": "int"}}
PEER = {
    "name": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "asn": {"type": "int", "required": True},
    "timers": {"type": "dict", "default": {}, "options": TIMERS},
    "graceful_restart": {"type": "int"},
    "ebgp_multihop": {"type": "int"},
    "password": {"type": "str", "no_log": True},
    "password_secret": {"type": "str", "no_log": False},
    "families": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"]},
    "advertise": {"type": "list", "elements": "str"},
}
ADVERTISEMENT = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": sorted(TYPES), "default": "service"},
    "addresses": {"type": "list", "elements": "str", "choices": list(ADDRESSES)},
    "selector": {"type": "dict"},
    "communities": {"type": "list", "elements": "str"},
    "local_preference": {"type": "int"},
    "aggregation": {"type": "dict", "options": {"ipv4": {"type": "int"}, "ipv6": {"type": "int"}}},
    "interface": {"type": "str"},
}
NODE_OVERRIDE = {
    "node": {"type": "str", "required": True},
    "router_id": {"type": "str"},
    "local_port": {"type": "int"},
    "local_address": {"type": "str"},
}
ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "name": {"type": "str", "required": True},
    "local_asn": {"type": "int"},
    "peers": {"type": "list", "elements": "dict", "options": PEER},
    "advertisements": {"type": "list", "elements": "dict", "options": ADVERTISEMENT},
    "node_selector": {"type": "dict", "default": {}},
    "node_overrides": {"type": "list", "elements": "dict", "options": NODE_OVERRIDE},
    "secrets_namespace": {"type": "str", "default": "kube-system", "no_log": False},
    "api": {"type": "str", "choices": ["auto", *API_VERSIONS], "default": "auto"},
    "migrate": {"type": "bool", "default": False},
    "migration_strategy": {"type": "str", "choices": sorted(STRATEGIES), "default": QUICK},
    "routers": {"type": "dict", "default": {}},
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


def plan_present(
    cluster: Kubernetes, policy: Policy, kinds: Kinds, served: bool, migrate: bool
) -> tuple[kubernetes_set.Step, ...]:
    """C(served) is false where the kinds are still to come, and only predicted."""
    around = observe(cluster, kinds, policy) if served else Surroundings()
    problems = [*inexpressible(policy, kinds), *(refusals(policy, kinds, around, migrate) if served else ())]
    if problems:
        raise ClusterError(*problems)
    written = kinds.written if served else (SECRET,)
    return kubernetes_set.plan(
        cluster, written, selector(policy.name), objects(policy, kinds), around.known(kinds) if served else None
    )


def write(
    cluster: Kubernetes,
    kinds: Kinds,
    steps: tuple[kubernetes_set.Step, ...],
    migration: Migration,
    options: dict[str, t.Any],
) -> tuple[Session, ...]:
    """The sessions, if they were waited for."""
    timeout = options["wait_timeout"]
    if migration.legacy:
        strategy = options["migration_strategy"]
        return carry_out(cluster, kinds, steps, migration, strategy=strategy, timeout=timeout)
    kubernetes_set.apply(cluster, steps)
    if migration.stopped:
        return resume(cluster, kinds, options["name"], timeout)
    if not (migration.policy and options["wait"]) or kinds.legacy:
        return ()
    if any(step.action in ("updated", "deleted") for step in steps):
        time.sleep(STATUS_LAG)
    configs = [step.definition for step in steps if step.resource == kinds.cluster_config and step.definition]
    return await_established(cluster, kinds, configs, timeout)


def run(options: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The result, and its diff."""
    present, migrate = options["state"] == "present", options["state"] == "present" and options["migrate"]
    migration = Migration(Policy.from_options(options) if present and not migrate else None)
    cluster, served = reach(options, check_mode)
    kinds = served or Kinds(API_VERSIONS[0] if options["api"] == "auto" else options["api"])
    steps: tuple[kubernetes_set.Step, ...] = ()
    stopped = agents.stopped(cluster) if served and not kinds.legacy else ()
    if stopped and not migrate and not check_mode:
        agents.start(cluster)
    with agents.started_afterwards(cluster) if stopped and not check_mode else contextlib.nullcontext():
        if migrate:
            migration = read_migration(cluster, served, options, check_mode)
            migration.refuse(cluster, kinds, options["migration_strategy"], options["routers"])
        if migration.policy:
            steps = plan_present(cluster, migration.policy, kinds, bool(served), migrate)
        elif not present:
            # Where the kinds are incomplete, what there is of them goes all the same: a Secret must not go alone.
            written = (served or Kinds("v2alpha1")).every_written
            steps = kubernetes_set.plan(cluster, written, selector(options["name"]), ())
        sessions = () if check_mode else write(cluster, kinds, steps, migration, options)
    every = (*steps, *migration.removals(kinds))
    changes = [step.change for step in every if step.change.needed]
    result: dict[str, t.Any] = {
        "changed": bool(changes or stopped),
        "api": kinds.version,
        "objects": [step.summary() for step in every],
        "started": list(stopped),
    }
    if migrate:
        result["migration"] = migration.summary(options["migration_strategy"])
    if sessions:
        result["sessions"] = [{"node": session.node, **session.answer()} for session in sessions]
    return result, [change.diff() for change in changes]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    try:
        with agents.ended_in_order():
            result, diff = run(module.params, module.check_mode)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    if module._diff:
        result["diff"] = diff
    module.exit_json(**result)


if __name__ == "__main__":
    main()
