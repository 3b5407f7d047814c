#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_node
short_description: The whole state of K3s on one host
version_added: 0.1.0
description:
  - Brings K3s on one host into one state in one call - the verified binary, its links, the configuration files, the
    token, the systemd unit, and whether it runs.
  - Decides how a server gets into the cluster from what every server answered to M(homeops.cluster.k3s_node_info), so
    that there is never a second cluster.
  - Runs on all hosts at the same time. Who joins waits for the server it joins.
  - Never restarts a running K3s with O(state=started), but says in RV(restart_required) that it is needed.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Secrets are not shown. Of a file that this collection did not write nothing is shown.
  idempotent:
    support: partial
    details:
      - With O(state=restarted) K3s is restarted every time.
options:
  binary_checksum:
    description:
      - The SHA-256 digest of the binary. Without it a download is verified with the checksum file next to it.
    type: str
    default: ""
  binary_path:
    description: A K3s binary on the host, installed instead of a download.
    type: path
  config:
    description:
      - Settings for C(/etc/rancher/k3s/config.yaml), rendered as a whole. Required with O(state=started).
      - An agent needs C(server). How a server joins, and where the token is, is decided by the module.
      - Secrets are refused, they belong into O(environment). The module's own log and result leave this option out.
    type: dict
  environment:
    description:
      - Environment variables of K3s (a proxy, secrets), kept in a file that only root can read.
      - The download does not use them, but the proxy of the task's own C(environment).
    type: dict
    default: {}
  evict:
    description: The host whose Node is removed. Required with O(state=evicted).
    type: dict
    suboptions:
      address:
        description: The address of the host. The Node of a living machine at another address is never removed.
        type: str
        required: true
      name:
        description: The name of the Node.
        type: str
        required: true
  host:
    description: The name the inventory gives this host.
    type: str
    required: true
  registries:
    description: Content of C(/etc/rancher/k3s/registries.yaml), kept in a file that only root can read.
    type: dict
    default: {}
  release_url:
    description:
      - Where the releases are. Below it each version has a directory of its name (URL-encoded) that holds the binary
        (C(k3s), C(k3s-arm64) or C(k3s-armhf)) and its checksums (C(sha256sum-amd64.txt), C(sha256sum-arm64.txt) or
        C(sha256sum-arm.txt)).
    type: str
    default: https://github.com/k3s-io/k3s/releases/download
  role:
    description: What the host is to the cluster.
    type: str
    choices: [agent, server]
    required: true
  servers:
    description:
      - Every server of the cluster, the one that starts the cluster first. A server needs it with O(state=started) and
        O(state=restarted).
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The name the inventory gives the server.
        type: str
        required: true
      info:
        description:
          - The registered result of M(homeops.cluster.k3s_node_info) on it.
          - Without RV(homeops.cluster.k3s_node_info#module:k3s) in it the server counts as unreachable.
        type: dict
        default: {}
  state:
    description:
      - V(started) installs, configures, enables and starts K3s, and waits until it is ready.
      - V(stopped) stops it.
      - V(restarted) restarts it and waits until it is ready. A server is only restarted while all others are ready.
      - V(absent) removes K3s and B(all data of the cluster) from the host.
      - V(evicted) removes the Node O(evict) of another host, which lost its data, through the API of this server. K3s
        then removes that host's member of etcd.
    type: str
    choices: [absent, evicted, restarted, started, stopped]
    default: started
  token:
    description:
      - The secret of the cluster, kept in a file that only root can read. Required with O(state=started).
    type: str
  version:
    description:
      - The release of K3s. A binary of another version is refused.
      - Required with O(state=started) unless O(binary_path) is set.
    type: str
  wait_timeout:
    description: How many seconds to wait, first for the server to join, then for K3s to be ready.
    type: int
    default: 300
seealso:
  - module: homeops.cluster.k3s_node_info
"""

EXAMPLES = r"""
- name: Ask every server whether a cluster lives on it
  homeops.cluster.k3s_node_info:
    host: "{{ inventory_hostname }}"
    address: "{{ ansible_host }}"
  register: answer

- name: Run a server
  homeops.cluster.k3s_node:
    host: "{{ inventory_hostname }}"
    role: server
    version: v1.35.4+k3s1
    token: "{{ cluster_k3s_token }}"
    config:
      disable: [traefik, servicelb]
      tls-san: [k3s.example.com]
    servers:
      - host: "{{ inventory_hostname }}"
        info: "{{ answer }}"

- name: Run an agent
  homeops.cluster.k3s_node:
    host: "{{ inventory_hostname }}"
    role: agent
    version: v1.35.4+k3s1
    token: "{{ cluster_k3s_token }}"
    config:
      server: https://k3s.example.com:6443
"""

RETURN = r"""
bootstrap:
  description:
    - How the host gets into the cluster - V(init) starts it, V(join) joins it, V(keep) is in it already.
  returned: O(state=started)
  type: str
  sample: join
cluster_id:
  description: The SHA-256 digest of the cluster's certificate authority, empty if the host has none.
  returned: success
  type: str
  sample: 0f343b0931126a20f133d67c2b018a3b5f7c3e1d5a2a9f6f0c1d2e3f4a5b6c7d
changes:
  description: The files and units that changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/rancher/k3s/config.yaml, k3s.service]
restart_required:
  description: Whether K3s runs with something older than what is on the disk now.
  returned: success
  type: bool
  sample: false
"""

import functools

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import Server
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_files import HIDDEN, secrets
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_node import Desired, Node, Result
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_release import RELEASES, Release
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC = {
    "binary_checksum": {"type": "str", "default": ""},
    "binary_path": {"type": "path"},
    "config": {"type": "dict", "no_log": True},
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "evict": {
        "type": "dict",
        "options": {"address": {"type": "str", "required": True}, "name": {"type": "str", "required": True}},
    },
    "host": {"type": "str", "required": True},
    "registries": {"type": "dict", "default": {}, "no_log": True},
    "release_url": {"type": "str", "default": RELEASES},
    "role": {"type": "str", "choices": ["agent", "server"], "required": True},
    "servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"host": {"type": "str", "required": True}, "info": {"type": "dict", "default": {}}},
    },
    "state": {
        "type": "str",
        "choices": ["absent", "evicted", "restarted", "started", "stopped"],
        "default": "started",
    },
    "token": {"type": "str", "no_log": True},
    "version": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 300},
}


def reconcile(node: Node, params: dict) -> Result:
    if params["state"] == "started":
        return node.start(
            Desired(
                release=Release(
                    version=params["version"] or "",
                    url=params["release_url"],
                    path=params["binary_path"] or "",
                    checksum=params["binary_checksum"].lower(),
                ),
                config=params["config"],
                token=params["token"],
                registries=params["registries"],
                environment=params["environment"],
            )
        )
    if params["state"] == "evicted":
        return node.evict(params["evict"]["name"], params["evict"]["address"])
    return {"absent": node.reset, "restarted": node.restart, "stopped": node.stop}[params["state"]]()


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[
            ("state", "started", ("config", "token")),
            ("state", "started", ("version", "binary_path"), True),
            ("state", "evicted", ("evict",)),
        ],
        supports_check_mode=True,
    )
    params = dict(module.params)
    # Masking every value of these options would mask every "k3s" and "443" of the result. They stay out of the
    # invocation that is returned, and of the rest only what is surely a secret is masked.
    confidential = {name: params[name] for name, option in ARGUMENT_SPEC.items() if option.get("no_log")}
    module.params.update(dict.fromkeys(confidential, HIDDEN))
    module.no_log_values = secrets(confidential)
    run = functools.partial(module.run_command, handle_exceptions=False)
    try:
        node = Node.here(
            run,
            functools.partial(open_url, timeout=60),
            role=params["role"],
            host=params["host"],
            servers=[Server.from_answer(server["host"], server["info"]) for server in params["servers"]],
            wait_timeout=params["wait_timeout"],
            check=module.check_mode,
        )
        result = reconcile(node, params)
    except ClusterError as error:
        module.fail_json(msg=str(error))

    answer = {
        "changed": result.changed,
        "changes": [change.header for change in result.changes],
        "restart_required": result.restart_required,
        "cluster_id": node.cluster_id,
    }
    if params["state"] == "started":
        answer["bootstrap"] = result.bootstrap
    if module._diff:
        answer["diff"] = [change.diff() for change in result.changes]
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
