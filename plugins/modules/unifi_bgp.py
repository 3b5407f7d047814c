#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unifi_bgp
short_description: Manage the BGP configuration of a UniFi gateway
version_added: 0.1.0
description:
  - Keeps the BGP configuration of a site as it should be, through the API of the UniFi Network application
    on a UniFi OS console.
  - The application keeps one configuration per site, as one text in FRR's language. It is compared and replaced
    as a whole, and read back after a write. An unchanged one is not sent, because sending it resets all sessions.
  - The application does not check the text. Check it with M(homeops.cluster.frr_validate) first.
  - Each cluster behind the gateway has a part of its own in the text, as P(homeops.cluster.frr_config#filter) renders
    it; those of other clusters stay. Anything else is neither replaced nor deleted unless O(overwrite=true).
  - With O(kubeconfig), the cluster is asked for its sessions with O(peer_address). Those that were established before
    must be so again within O(rollback_timeout) seconds; otherwise the module puts the previous configuration back, by
    itself, and then fails. A first configuration, which no session depends on, stays.
  - The API is not documented by its vendor; it was observed with UniFi Network 10.4.
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
      - Passwords in the configuration are not shown. If only they differ, the diff is empty and the result is changed.
  idempotent:
    support: full
options:
  url:
    description:
      - Address of the UniFi OS console, beginning with V(https://).
      - It is asked directly; the proxy that C(https_proxy) names is not used, as a router of one's own is behind none.
    type: str
    required: true
  cluster:
    description:
      - Name of the cluster whose configuration it is, as in the input of P(homeops.cluster.frr_config#filter).
      - It tells the configurations of two clusters behind one gateway apart.
    type: str
    required: true
  site:
    description: Short name of the site.
    type: str
    default: default
  api_key:
    description: Key from the console's Control Plane, Integrations. Needs no login.
    type: str
  username:
    description:
      - Local account without a second factor, instead of O(api_key).
      - There is one login per call. The console limits how many there may be in a minute.
    type: str
  password:
    description: Password of O(username).
    type: str
  validate_certs:
    description: Whether to verify the console's certificate. It is self-signed unless you changed it, see O(ca_path).
    type: bool
    default: true
  ca_path:
    description: File with the certificate of the console, or of the authority that signed it.
    type: path
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 30
  config:
    description:
      - The cluster's configuration, as P(homeops.cluster.frr_config#filter) renders it. Required if O(state=present).
    type: str
  file_name:
    description: File name that the application shows for the configuration, at most 256 characters.
    type: str
    default: homeops-cluster.conf
  description:
    description: Description that the application shows for the configuration, at most 128 characters.
    type: str
    default: Managed by homeops.cluster
  enabled:
    description: Whether the gateway uses the configuration.
    type: bool
    default: true
  overwrite:
    description: Replace or delete what somebody else wrote, too. The parts of other clusters stay.
    type: bool
    default: false
  backup_path:
    description:
      - File on this host that keeps the configuration before the last change, with mode V(0600), until O(state=absent).
      - With it, the next run completes or takes back what one that was killed began, and warns. Without it, that is
        forgotten.
    type: path
  kubeconfig:
    description:
      - Kubeconfig of the cluster, which tells what became of its sessions. Without it, or if the cluster cannot be
        asked before the change, no session is watched and nothing is put back.
      - Needs the Python library C(kubernetes), the collection C(kubernetes.core), and Cilium 1.16 or newer.
    type: path
  context:
    description: Context in O(kubeconfig).
    type: str
  peer_address:
    description: The gateway's address as the nodes know it. Required with O(kubeconfig).
    type: str
  rollback_timeout:
    description: Seconds within which the sessions must be back. With V(0) nothing is awaited and nothing is put back.
    type: int
    default: 60
  state:
    description: Whether there is a configuration.
    type: str
    choices: [absent, present]
    default: present
"""

EXAMPLES = r"""
- name: Configure the gateway
  homeops.cluster.unifi_bgp:
    url: https://192.0.2.1
    ca_path: /etc/ssl/unifi.pem
    api_key: "{{ cluster_unifi_api_key }}"
    cluster: home
    config: "{{ router | homeops.cluster.frr_config }}"
    backup_path: ~/.homeops/home/router.previous.conf
    kubeconfig: ~/.kube/config
    context: home
    peer_address: 192.0.2.1
  delegate_to: localhost

- name: Remove the configuration from the gateway
  homeops.cluster.unifi_bgp:
    url: https://192.0.2.1
    ca_path: /etc/ssl/unifi.pem
    api_key: "{{ cluster_unifi_api_key }}"
    cluster: home
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
config:
  description: The configuration after the module ran, with passwords replaced. Empty if O(state=absent).
  returned: success
  type: dict
  contains:
    text:
      description: FRR's configuration.
      type: str
    file_name:
      description: The file name that the application shows.
      type: str
    description:
      description: The description that the application shows.
      type: str
    enabled:
      description: Whether the gateway uses the configuration.
      type: bool
  sample:
    text: "! Managed by homeops.cluster for cluster home. Changes made by hand are replaced.\nrouter bgp 65000\n..."
    file_name: homeops-cluster.conf
    description: Managed by homeops.cluster
    enabled: true
previous:
  description:
    - What was there before. V(absent) is a site without a configuration, be it that there never was one
      or that somebody deleted it. V(managed) is one of this collection with a part for O(cluster), V(shared) one for
      other clusters only, V(foreign) one of somebody else.
  returned: success
  type: str
  sample: absent
established:
  description: Addresses of the nodes whose sessions were established before the change and are so after it.
  returned: changed, and not in check mode
  type: list
  elements: str
  sample: [192.0.2.11]
"""

import os
import time
import typing as t
import urllib.error

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.urls import open_url
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_witness import STEADY_SECONDS, sessions_with
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import connect, missing_library
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._session_guard import (
    INTERRUPTED,
    Journal,
    Sessions,
    Watch,
)
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import (
    BgpConfig,
    Client,
    Credentials,
    Response,
    Transport,
)
from ansible_collections.homeops.cluster.plugins.module_utils._unifi_bgp import carry_out, origin, plan


def transport(*, validate_certs: bool, ca_path: str | None, timeout: int) -> Transport:
    def request(method: str, url: str, headers: t.Mapping[str, str], body: str | None) -> Response:
        try:
            answer = open_url(
                url,
                data=body,
                headers=dict(headers),
                method=method,
                timeout=timeout,
                validate_certs=validate_certs,
                ca_path=ca_path,
                follow_redirects="none",
                use_proxy=False,
                http_agent="homeops.cluster",
            )
        except urllib.error.HTTPError as error:
            answer = error
        names = {name.lower() for name in answer.headers}
        return Response(
            status=answer.getcode(),
            headers={name: "\n".join(answer.headers.get_all(name)) for name in names},
            body=answer.read().decode("utf-8", errors="replace"),
        )

    return request


ARGUMENTS: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "site": {"type": "str", "default": "default"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "config": {"type": "str", "no_log": True},
    "file_name": {"type": "str", "default": "homeops-cluster.conf"},
    "description": {"type": "str", "default": "Managed by homeops.cluster"},
    "enabled": {"type": "bool", "default": True},
    "overwrite": {"type": "bool", "default": False},
    "backup_path": {"type": "path"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "peer_address": {"type": "str"},
    "rollback_timeout": {"type": "int", "default": 60},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def witness_of(module: AnsibleModule) -> t.Callable[[], Sessions]:
    """Asks the cluster which nodes have a session with the gateway."""
    given = module.params
    if not given["kubeconfig"]:
        return frozenset
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    connection = {"kubeconfig": given["kubeconfig"], "context": given["context"]}
    return lambda: sessions_with(given["peer_address"], connect(connection))


def seen_before(module: AnsibleModule, witness: t.Callable[[], Sessions]) -> Sessions:
    """The sessions before the change; without an answer none is known, and none is watched."""
    try:
        return witness()
    except ClusterError as error:
        module.warn(f"The sessions are not watched, and nothing is put back if they break: {error}")
        return frozenset()


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", ("config",))],
        required_one_of=[("api_key", "username")],
        mutually_exclusive=[("api_key", "username")],
        required_together=[("username", "password")],
        required_by={"kubeconfig": ["peer_address"]},
        supports_check_mode=True,
    )
    given = module.params
    desired = None
    if given["state"] == "present":
        desired = BgpConfig(given["config"] or "", given["file_name"], given["description"], given["enabled"])
    request = transport(**{name: given[name] for name in ("validate_certs", "ca_path", "timeout")})
    credentials = Credentials(*(given[name] or "" for name in ("api_key", "username", "password")))
    watch = Watch(witness_of(module), given["rollback_timeout"], STEADY_SECONDS, time.monotonic, time.sleep)
    journal = Journal(given["backup_path"] or os.path.join(module.tmpdir, "previous"))
    result: dict[str, t.Any] = {}
    try:
        client = Client(request, given["url"], given["site"], credentials, time.sleep)
        current = client.read()
        if journal.unproven():
            module.warn(INTERRUPTED)
        todo = plan(current, desired, header=client.url, cluster=given["cluster"], overwrite=given["overwrite"])
        changed = todo.change.needed or journal.unproven() is not None
        if changed and not module.check_mode:
            up = seen_before(module, watch.established)
            result["established"] = sorted(
                carry_out(client, current, todo, cluster=given["cluster"], up=up, journal=journal, watch=watch)
            )
    except ClusterError as error:
        module.fail_json(msg=str(error))
    result["changed"] = changed
    result["previous"] = origin(current, given["cluster"])
    result["config"] = todo.desired.as_dict() if todo.desired else {}
    if module._diff:
        result["diff"] = todo.change.diff()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
