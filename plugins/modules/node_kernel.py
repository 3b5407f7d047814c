#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_kernel
short_description: Make a node's kernel ready for K3s and Cilium
version_added: 0.1.0
description:
  - Looks after the kernel modules, the kernel parameters and the swap of a node, for now and for the next boot,
    and says what kind of node it is.
  - Everything is found out first. If something that is needed is missing, all of it is reported at once
    and nothing is changed. What cannot be found out counts as there.
  - In a container, what belongs to the container's host is left alone. That is swap in use, kernel modules, and
    every kernel parameter outside of C(net.). RV(notes) tells.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  modules:
    description:
      - Kernel modules to load now and, by C(/etc/modules-load.d/90-homeops.conf), at every boot.
        The file is written as a whole.
      - Modules that are built into the kernel count as loaded.
    type: list
    elements: str
    default: []
  assume_modules:
    description:
      - Take modules that are not there for loadable.
      - Meant for check mode, where the package that brings them was not installed.
    type: bool
    default: false
  sysctl:
    description:
      - Kernel parameters to set now and, by C(/etc/sysctl.d/90-homeops.conf), at every boot.
        The file is written as a whole.
    type: dict
    default: {}
  swap:
    description:
      - With V(disabled), swap is turned off now. For the next boot, its lines in C(/etc/fstab) are commented out
        and C(swap.target) is masked, as are the services known to turn swap on by themselves.
      - With V(unmanaged), nothing is done about swap. It is not turned on again.
    type: str
    choices: [disabled, unmanaged]
    default: unmanaged
  kernel_config:
    description:
      - Options the kernel must have been built with, with or without C(CONFIG_) in front.
    type: list
    elements: str
    default: []
  units:
    description:
      - Units of systemd whose state is wanted in RV(node.units). They are not changed.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Make the kernel ready
  homeops.cluster.node_kernel:
    modules: [overlay, br_netfilter, vxlan]
    sysctl:
      net.ipv4.ip_forward: 1
      net.bridge.bridge-nf-call-iptables: 1
    swap: disabled
    kernel_config: [BPF_SYSCALL, CGROUP_BPF]

- name: Only find out what kind of node it is
  homeops.cluster.node_kernel:
    units: [chronyd.service]
  check_mode: true
"""

RETURN = r"""
node:
  description: What the node is.
  returned: unless the options are wrong
  type: dict
  contains:
    architecture:
      description: Its architecture, as C(uname -m) prints it.
      type: str
    kernel:
      description: The release of the running kernel.
      type: str
    cgroup_version:
      description: V(2), V(1), V(hybrid) (version 1 with an empty version 2 beside it) or V(none).
      type: str
    container:
      description: The kind of container it is. Empty if it is a machine.
      type: str
    firewall:
      description: The firewall in force, V(firewalld), V(ufw) or V(none).
      type: str
    units:
      description:
        - The state of each of O(units), V(absent), V(masked), V(stopped), V(started) or V(running).
          The last one is both active and started at boot.
      type: dict
    missing:
      description: What the running kernel lacks. If there is anything, the module fails and tells all of it.
      type: list
      elements: str
  sample:
    architecture: x86_64
    kernel: 6.1.0-40-amd64
    cgroup_version: "2"
    container: ""
    firewall: none
    units:
      chronyd.service: running
    missing: []
notes:
  description: What was left alone, and why.
  returned: success
  type: list
  elements: str
  sample:
    - "swap: left on, it belongs to the container's host"
"""

import gzip
import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._node_facts import KernelConfig, read_node
from ansible_collections.homeops.cluster.plugins.module_utils._node_kernel import Desired, apply, plan
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


class LocalHost:
    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.kernel = platform.release()
        self.architecture = platform.machine()

    def read(self, path: str) -> str | None:
        try:
            with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as stream:
                return stream.read().decode("utf-8", "surrogateescape")
        except OSError:
            return None

    def link(self, path: str) -> str | None:
        return os.readlink(path) if os.path.islink(path) else None

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def run(self, *command: str) -> tuple[int, str]:
        program = self.module.get_bin_path(command[0])
        if program is None:
            return 127, f"{command[0]} is not installed"
        status, output, error = self.module.run_command([program, *command[1:]])
        return status, output + error

    def write(self, path: str, text: str) -> None:
        temporary = os.path.join(self.module.tmpdir, os.path.basename(path))
        with open(temporary, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
            stream.flush()
            os.fsync(stream.fileno())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.module.atomic_move(temporary, os.path.realpath(path))

    def write_link(self, path: str, target: str) -> None:
        if os.path.islink(path):
            os.remove(path)
        os.symlink(target, path)

    def write_value(self, path: str, value: str) -> None:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(value)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "modules": {"type": "list", "elements": "str", "default": []},
            "assume_modules": {"type": "bool", "default": False},
            "sysctl": {"type": "dict", "default": {}},
            "swap": {"type": "str", "choices": ["disabled", "unmanaged"], "default": "unmanaged"},
            "kernel_config": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    host = LocalHost(module)
    result: dict[str, t.Any] = {}
    try:
        desired = Desired.from_options(module.params)
        config = KernelConfig(host)
        node = read_node(host, config, kernel_config=desired.kernel_config, units=desired.units)
        result["node"] = node.as_dict()
        planned = plan(host, node, config, desired)
        if not module.check_mode:
            apply(host, planned)
    except ClusterError as exc:
        module.fail_json(msg=str(exc), **result)

    result.update(changed=planned.needed, notes=list(planned.notes))
    if module._diff:
        result["diff"] = [change.diff() for change in planned.changes]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
