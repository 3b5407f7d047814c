#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_bgp
short_description: Manage a cluster's BGP sessions in the FRR of a host
version_added: 0.1.0
description:
  - Keeps the sessions of O(cluster) in the configuration of the FRR on this host as they should be, and FRR with it.
  - Runs on the router itself, as root. It needs no other program than C(vtysh), and C(systemctl) if C(bgpd) has to be
    started.
  - The configuration of the cluster is a block between two marks. Every line outside of it stays as it is, where it is.
    If others have something that the block cannot live with (another AS number, statements that use the names
    C(CLUSTER-)O(cluster) or are about the nodes, an overlapping listen range), nothing is changed, and it is named.
  - The whole file is read by C(vtysh -C) before it is written.
  - What somebody typed into the running FRR about the cluster's sessions is corrected, too.
  - Only statements that differ are given to the running FRR. Sessions of others are never reset; those of the cluster
    only if one of their own settings changes.
  - If sessions of the cluster were established before, they must come back within O(rollback_timeout) seconds.
    Otherwise the module puts the previous configuration back, by itself and even if the connection to the controller
    is lost, and then fails. A first configuration, which no session depends on, stays.
  - A run that was interrupted is completed, or taken back, by the next one.
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
      - Passwords are not shown. If only they differ, the diff is empty and the result is changed.
  idempotent:
    support: full
options:
  cluster:
    description:
      - Name of the cluster, as in the input of P(homeops.cluster.frr_config#filter).
      - It tells the configurations of several clusters at one router apart.
    type: str
    required: true
  config:
    description: The cluster's block, as P(homeops.cluster.frr_config#filter) renders it. Required if O(state=present).
    type: str
  path:
    description:
      - FRR's configuration. A new file gets mode V(0640) and belongs to the user C(frr). One that is there keeps its
        mode and owner, but not everybody may read it any more.
      - The configuration before the last change is kept beside it until the cluster is removed, as
        C(frr.conf.before-)O(cluster) with mode V(0600).
    type: path
    default: /etc/frr/frr.conf
  vtysh:
    description: FRR's shell. Without a slash it is looked for in the usual directories.
    type: str
    default: vtysh
  overwrite:
    description:
      - Take over statements of somebody else that use the cluster's names or are about its nodes, in the file and in
        the running FRR. Their sessions with these nodes become the cluster's.
    type: bool
    default: false
  rollback_timeout:
    description: Seconds within which the sessions must be back. With V(0) nothing is awaited and nothing is put back.
    type: int
    default: 60
  state:
    description: Whether the cluster has sessions with this router.
    type: str
    choices: [absent, present]
    default: present
seealso:
  - module: homeops.cluster.unifi_bgp
  - module: homeops.cluster.bgp_route_info
"""

EXAMPLES = r"""
- name: Configure the router's end of BGP
  homeops.cluster.frr_bgp:
    cluster: home
    config: "{{ router | homeops.cluster.frr_config }}"

- name: Take the cluster out of the router
  homeops.cluster.frr_bgp:
    cluster: home
    state: absent
"""

RETURN = r"""
established:
  description: The nodes whose sessions were established before the change and are so after it.
  returned: changed, and not in check mode
  type: list
  elements: str
  sample: [192.0.2.11]
backup_path:
  description: The file with the configuration before the last change. Empty if there was none.
  returned: success
  type: str
  sample: /etc/frr/frr.conf.before-home
"""

import grp
import os
import pwd
import signal
import tempfile
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._frr import Run, find_vtysh
from ansible_collections.homeops.cluster.plugins.module_utils._frr_host import (
    STEADY_SECONDS,
    Frr,
    Place,
    carry_out,
    plan,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._session_guard import INTERRUPTED, Journal, Watch, alone

ARGUMENTS: dict[str, t.Any] = {
    "cluster": {"type": "str", "required": True},
    "config": {"type": "str", "no_log": True},
    "path": {"type": "path", "default": "/etc/frr/frr.conf"},
    "vtysh": {"type": "str", "default": "vtysh"},
    "overwrite": {"type": "bool", "default": False},
    "rollback_timeout": {"type": "int", "default": 60},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def owner_of_frr() -> tuple[int, int] | None:
    """The user and the group that FRR runs as, if there are such."""
    try:
        return pwd.getpwnam("frr").pw_uid, grp.getgrnam("frr").gr_gid
    except KeyError:
        return None


def scratch(module: AnsibleModule) -> t.Callable[[str], str]:
    """Files that only this user reads; Ansible removes their directory when the module ends."""

    def write(text: str) -> str:
        handle, path = tempfile.mkstemp(dir=module.tmpdir, suffix=".conf")
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        return path

    return write


def runner(module: AnsibleModule) -> Run:
    """A program that is missing is a failure like others: what was written is taken back."""

    def run(arguments: t.Sequence[str]) -> tuple[int, str, str]:
        try:
            code, out, err = module.run_command(list(arguments), handle_exceptions=False)
        except OSError as error:
            return 127, "", f"{arguments[0]}: {error.strerror}"
        return code, out, err

    return run


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ("config",))], supports_check_mode=True
    )
    given = module.params
    where = Place(given["path"], given["cluster"], owner_of_frr())
    block = given["config"] if given["state"] == "present" else ""
    journal = Journal(where.previous)
    result: dict[str, t.Any] = {}
    try:
        frr = Frr(find_vtysh(given["vtysh"], module.get_bin_path), runner(module), scratch(module), time.sleep)
        with alone(where.path):
            if journal.unproven():
                module.warn(INTERRUPTED)
            todo = plan(where, block, frr, journal, overwrite=given["overwrite"])
            if todo.needed and not module.check_mode:
                # Whatever becomes of the connection to the controller: begun is finished, or taken back.
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                watch = Watch(frr.established, given["rollback_timeout"], STEADY_SECONDS, time.monotonic, time.sleep)
                result["established"] = sorted(carry_out(where, todo, frr, journal, watch))
    except ClusterError as error:
        module.fail_json(msg=str(error))
    if module._diff:
        result["diff"] = [change.diff() for change in todo.changes(where)]
    kept = where.previous if os.path.exists(where.previous) else ""
    module.exit_json(changed=todo.needed, backup_path=kept, **result)


if __name__ == "__main__":
    main()
