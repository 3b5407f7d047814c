#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_dry_run
short_description: Have the API server try objects, without any of them coming to be
version_added: 0.1.0
description:
  - Sends all objects to the API server, as a server-side apply with a dry run and strict validation, and tells all
    that it complains about at once, unknown fields included.
  - Objects of a namespace that is not there yet are tried in C(default). Those of a kind that the server does not have
    yet, as of a chart that is installed with them, are skipped and named.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes
options:
  objects:
    description: Whole objects.
    type: list
    elements: dict
    required: true
  required:
    description: Whether it is an error if no API server answers.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Try what is about to be committed
  homeops.cluster.kubernetes_dry_run:
    context: home
    objects: "{{ lookup('ansible.builtin.file', 'kubernetes/apps/whoami/service.yaml') | from_yaml_all }}"
"""

RETURN = r"""
reached:
  description: Whether an API server answered.
  returned: success
  type: bool
  sample: true
tried:
  description: The objects.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Of the object.
      type: str
      sample: Service
    name:
      description: Of the object.
      type: str
      sample: whoami
    namespace:
      description: Where it was tried.
      type: str
      sample: whoami
    skipped:
      description: Why it was not; empty if it was.
      type: str
      sample: ""
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_dry_run import attempt
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "objects": {"type": "list", "elements": "dict", "required": True},
    "required": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    try:
        tried = attempt(connect(module.params), module.params["objects"])
    except UnreachableError as error:
        if module.params["required"]:
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, reached=False, tried=[])
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, reached=True, tried=tried)


if __name__ == "__main__":
    main()
