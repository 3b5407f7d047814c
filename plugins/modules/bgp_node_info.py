#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_node_info
short_description: Ask a node about its way to its BGP peers
version_added: 0.1.0
description:
  - Tells whether a node has its address and its link, whether it has a route to each peer, and who answers there on
    TCP port 179.
  - A peer that the node has a session with is not called, as that could end the session.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
options:
  address:
    description: The address that the node speaks BGP from.
    type: str
    required: true
  peers:
    description: Addresses of the peers.
    type: list
    elements: str
    required: true
  password:
    description: The password of the sessions. With it each peer is called a second time, with a TCP MD5 signature.
    type: str
    default: ""
  timeout:
    description: How many seconds to wait for an answer.
    type: int
    default: 2
seealso:
  - module: homeops.cluster.bgp_verify
"""

EXAMPLES = r"""
- name: Ask every node for its way to the router
  homeops.cluster.bgp_node_info:
    address: "{{ ansible_host }}"
    peers: [192.0.2.1]
    password: "{{ cluster_bgp_password }}"
  become: true
  register: bgp_node
"""

RETURN = r"""
address:
  description: The address that was asked for.
  returned: success
  type: str
  sample: 192.0.2.11
has_address:
  description: Whether the node has this address.
  returned: success
  type: bool
addresses:
  description: All addresses of the node.
  returned: success
  type: list
  elements: str
link:
  description: The interface that has the address, and whether it is up.
  returned: success
  type: dict
  sample: {name: eth0, up: true}
peers:
  description: The peers, in the order asked for.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The peer's address.
      type: str
    route:
      description: Whether the node has a route there.
      type: bool
    device:
      description: The interface that the route leads through.
      type: str
    neighbor:
      description: State of the peer in the table of neighbours, empty if it is not there.
      type: str
      sample: REACHABLE
    ping:
      description: Whether the peer answers; none if that could not be told or was not asked.
      type: bool
    tcp:
      description: >-
        What became of a call without a signature: V(ok), V(refused), V(timeout), V(unreachable); or V(established) if
        there is a session, so that nobody was called.
      type: str
    tcp_signed:
      description: The same with the password's signature, empty if there was no such call.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils import _bgp_node


class Host:
    """The node that the module runs on."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module

    def ip(self, *arguments: str) -> list[dict[str, t.Any]]:
        return _bgp_node.documents(self.module.run_command(["ip", "-json", *arguments])[1])

    def read(self, path: str) -> str:
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    def call(self, address: str, password: str) -> str:
        return _bgp_node.connect(address, password, self.module.params["timeout"])

    def ping(self, address: str) -> bool | None:
        return _bgp_node.echo(address, self.module.params["timeout"])


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "peers": {"type": "list", "elements": "str", "required": True},
            "password": {"type": "str", "default": "", "no_log": True},
            "timeout": {"type": "int", "default": 2},
        },
        supports_check_mode=True,
    )
    given = module.params
    answer = _bgp_node.probe(Host(module), given["address"], given["peers"], given["password"])
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
