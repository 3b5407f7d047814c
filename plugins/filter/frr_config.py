# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: frr_config
short_description: Render FRR's BGP configuration for a router that a cluster's nodes peer with
version_added: 0.1.0
author:
  - homeops.cluster contributors (@homeops)
description:
  - Renders the whole configuration of FRR's C(bgpd) for the router's end of the sessions with a cluster, between two
    marks. All names in it begin with C(CLUSTER-) and the cluster's name, so that several clusters share a router.
  - Exactly the addresses of the pools are let in, as host routes.
  - Nothing is sent to the nodes and nothing is redistributed.
  - Everything that is wrong with the input is reported together.
options:
  _input:
    description:
      - V(cluster) is the cluster's name, which marks the configuration as its own.
      - V(asn) is the router's own AS number, V(router_id) its IPv4 address, V(cluster_asn) the AS number of the nodes.
      - V(nodes) lists the nodes' addresses. Alternatively V(listen_ranges) lists networks that nodes may call from.
      - V(pools) lists the ranges of load balancer addresses, each with V(cidr) or with V(start) and V(stop).
        A text is a V(cidr).
      - V(timers) holds V(hold), V(keepalive) and V(connect_retry) in seconds; 9, 3 and 5 by default.
      - V(graceful_restart) keeps the routes of a node that restarts, for as long as the node asks for.
        V(0) is off. It is 120, the seconds that the nodes ask for, by default.
      - V(ebgp_multihop) is how many hops away nodes may be; 1 by default, the same network.
        The router needs a route to them that is not from BGP.
      - V(password) protects the sessions (TCP MD5), at most 80 printable ASCII characters without spaces.
      - V(maximum_prefix) bounds the routes of one node; by default as many as the pools have addresses, at most 1000.
    type: dictionary
    required: true
"""

EXAMPLES = r"""
- name: Write the router's configuration
  ansible.builtin.copy:
    content: >-
      {{ {'cluster': 'home', 'asn': 65000, 'router_id': '192.0.2.1', 'cluster_asn': 65010,
          'nodes': ['192.0.2.11', '192.0.2.12'],
          'pools': [{'cidr': '198.51.100.0/26'}]} | homeops.cluster.frr_config }}
    dest: /etc/frr/frr.conf
    owner: frr
    group: frr
    mode: "0640"
"""

RETURN = r"""
_value:
  description: The configuration. It holds the password, if there is one.
  type: string
"""

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.module_utils._frr import Router, render
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def frr_config(value: t.Any) -> str:
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(
            f"The homeops.cluster.frr_config input must be a dictionary, not {type(value).__name__}"
        )
    try:
        return render(Router.from_options(value))
    except ClusterError as error:
        raise AnsibleFilterError(f"homeops.cluster.frr_config: {error}") from error


class FilterModule:
    """Ansible jinja2 filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"frr_config": frr_config}
