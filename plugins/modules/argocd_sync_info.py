#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_sync_info
short_description: Ask how far Argo CD is, and why not further
version_added: 0.1.0
description:
  - Tells whether an application of applications is synced, what it waits for, and whether waiting helps.
  - Names every Application that is not synced and healthy, and every ApplicationSet that failed, with the reason in
    Argo CD's words and the resources that it is about.
  - With O(wait_timeout) it waits, and shows meanwhile what for. It ends early with something that no waiting mends,
    such as C(InvalidSpecError), once that has lasted for 15 seconds. What says that another component is not there yet
    does not count as such.
  - It does not fail; RV(synced) and RV(reason) say what is the matter.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes.info
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
options:
  namespace:
    description: Namespace of Argo CD.
    type: str
    default: argocd
  application:
    description: Name of the application of applications.
    type: str
    default: root
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Wait for the root application
  homeops.cluster.argocd_sync_info:
    wait_timeout: 300
  register: argocd_sync
  failed_when: argocd_sync is failed or not argocd_sync.synced

- name: Show what is not synced and healthy, whatever the root application says
  ansible.builtin.debug:
    msg: "{{ argocd_sync.waiting | map(attribute='name') }}"
"""

RETURN = r"""
synced:
  description: Whether the application is synced, with the source that it has now, and its last operation succeeded.
  returned: success
  type: bool
stuck:
  description: Whether something is wrong that no waiting mends, with the application or with what came from it.
  returned: success
  type: bool
reason:
  description: A line for each entry of RV(waiting), the stuck ones first. Empty if there is none.
  returned: success
  type: str
  sample: >-
    Application demo (Unknown, Unknown): InvalidSpecError: application repo https://git.example.com/demo.git is not
    permitted in project 'apps'.
waiting:
  description:
    - The application while it is not synced or there is nothing in it, and all others in its namespace that are not
      synced and healthy.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(Application) or V(ApplicationSet).
      type: str
    name:
      description: Its name.
      type: str
    project:
      description: Its project.
      type: str
    sync:
      description: Sync status, empty if no controller has looked at it.
      type: str
      sample: OutOfSync
    health:
      description: Health status, empty if no controller has looked at it.
      type: str
      sample: Missing
    operation:
      description: Phase of the last operation, empty if there was none.
      type: str
      sample: Running
    reason:
      description: Conditions, refused resources, message of the operation, what is not synced, and of health.
      type: str
    stuck:
      description: Whether waiting does not help.
      type: bool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_sync import watch
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import AUTH_ARG_SPEC, connect, missing_library
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ARGUMENT_SPEC: dict[str, t.Any] = {
    **AUTH_ARG_SPEC,
    "namespace": {"type": "str", "default": "argocd"},
    "application": {"type": "str", "default": "root"},
    "wait_timeout": {"type": "int", "default": 0},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    options = module.params
    try:
        report = watch(connect(options), options["namespace"], options["application"], options["wait_timeout"])
    except ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **report.answer())


if __name__ == "__main__":
    main()
