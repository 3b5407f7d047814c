#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_validate
short_description: Check the syntax of an FRR configuration
version_added: 0.1.0
description:
  - Lets C(vtysh -C) read an FRR configuration, and fails with every line that it refuses.
  - Neither running daemons nor the host's own configuration are touched.
  - C(vtysh) judges each statement by itself; it does not notice a name that is used and never defined.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
options:
  config:
    description: The whole configuration. It may hold passwords, which no message repeats.
    type: str
    required: true
  vtysh:
    description: The program to ask. Without a slash it is looked for in the usual directories.
    type: str
    default: vtysh
  required:
    description: Whether a host without C(vtysh) is a failure. If V(false), it is reported in RV(checked).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Check the router's configuration before it is sent
  homeops.cluster.frr_validate:
    config: "{{ lookup('ansible.builtin.file', 'frr.conf') }}"
"""

RETURN = r"""
checked:
  description: Whether the configuration was checked. V(false) if there is no C(vtysh) and O(required=false).
  returned: success
  type: bool
  sample: true
errors:
  description: The lines that C(vtysh) refuses, with passwords replaced.
  returned: failure
  type: list
  elements: dict
  contains:
    where:
      description: The line.
      type: str
    what:
      description: What C(vtysh) says, and the statement.
      type: str
    remedy:
      description: What to do about it.
      type: str
  sample:
    - where: line 7
      what: "Unknown command: neighbour CLUSTER activate"
      remedy: Correct the line; FRR's own documentation lists the statements that its version knows
"""

import dataclasses
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homeops.cluster.plugins.module_utils._frr import find_vtysh, syntax_problems
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


def write_temporary(module: AnsibleModule, text: str) -> str:
    """A file that only this user reads; Ansible removes its directory when the module ends."""
    handle, path = tempfile.mkstemp(dir=module.tmpdir, suffix=".conf")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "str", "required": True, "no_log": True},
            "vtysh": {"type": "str", "default": "vtysh"},
            "required": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    config = module.params["config"]
    try:
        vtysh = find_vtysh(module.params["vtysh"], module.get_bin_path, required=module.params["required"])
    except ClusterError as error:
        module.fail_json(msg=str(error), errors=[])
    if not vtysh:
        module.exit_json(changed=False, checked=False)
    problems = syntax_problems(config, vtysh, write_temporary(module, config), module.run_command)
    if problems:
        module.fail_json(
            msg=f"FRR refuses the configuration: {ClusterError(*problems)}",
            errors=[dataclasses.asdict(problem) for problem in problems],
        )
    module.exit_json(changed=False, checked=True)


if __name__ == "__main__":
    main()
