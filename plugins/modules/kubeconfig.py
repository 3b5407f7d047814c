#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig
short_description: Keep the access to one cluster in a kubeconfig file
version_added: 0.1.0
description:
  - Merges one cluster, its user and its context into a kubeconfig file, or takes them out.
  - All other clusters, users, contexts and settings in the file stay. Comments and layout do not, if it changes.
  - The file is replaced atomically, keeps its owner and is readable by that one only. A symbolic link to it stays.
    Runs of this module at the same time do not lose each other's changes.
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
      - Certificates, keys, tokens and passwords are not shown, nor is anything of other clusters.
  idempotent:
    support: full
requirements:
  - PyYAML
options:
  content:
    description:
      - The text of C(/etc/rancher/k3s/k3s.yaml) of a server. Required with O(state=present).
      - In check mode it may be empty, for a cluster that does not exist yet.
    type: str
    default: ""
  name:
    description: The name of the cluster, its user and its context in the file.
    type: str
    required: true
  path:
    description: The kubeconfig file.
    type: path
    default: ~/.kube/config
  server:
    description: The URL of the API server as seen from where the file is used. Required with O(state=present).
    type: str
  set_current:
    description:
      - Whether the context becomes the current one.
      - If not given, only if the file has no current context.
    type: bool
  state:
    description: Whether the file gives access to the cluster.
    type: str
    choices: [absent, present]
    default: present
"""

EXAMPLES = r"""
- name: Read the administrator's kubeconfig on a server
  ansible.builtin.slurp:
    src: /etc/rancher/k3s/k3s.yaml
  register: admin
  no_log: true

- name: Merge it into the operator's kubeconfig
  homeops.cluster.kubeconfig:
    name: home
    server: https://192.0.2.11:6443
    content: "{{ admin.content | b64decode }}"
  delegate_to: localhost
"""

RETURN = r"""
context:
  description: The name of the context.
  returned: success
  type: str
  sample: home
path:
  description: The kubeconfig file.
  returned: success
  type: str
  sample: /home/operator/.kube/config
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _kubeconfig as kubeconfig
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import Files
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:
    yaml = None
    YAML_IMPORT_ERROR = traceback.format_exc()
else:
    YAML_IMPORT_ERROR = None

MODE = 0o600


def parse(text, where):
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""  # the error itself would quote the file
        raise ClusterError(Problem(where, f"is not valid YAML{line}", "Repair it, or move it away")) from error


def access(params, check_mode):
    if not params["content"] and check_mode:
        return kubeconfig.Access()
    if not params["content"]:
        raise ClusterError(Problem("content", "is empty", "Give the text of /etc/rancher/k3s/k3s.yaml of a server"))
    return kubeconfig.Access.from_admin(parse(params["content"], "content"), params["server"])


def read(files, path):
    try:
        return files.read(path)
    except OSError as error:
        raise ClusterError(
            Problem(path, f"cannot be read: {error.strerror}", "Check its permissions, or choose another path")
        ) from error


def reconcile(params, files, check_mode):
    path = params["path"]
    text = read(files, path)
    before = kubeconfig.checked(parse(text or "", path), path)
    if params["state"] == "absent":
        after = kubeconfig.absent(before, params["name"])
    else:
        after = kubeconfig.present(before, params["name"], access(params, check_mode), params["set_current"])
    drifted = text is not None and files.mode(path) != MODE
    change = Change(
        path,
        kubeconfig.view(before, params["name"]),
        kubeconfig.view(after, params["name"]),
        hidden=before != after or drifted,
    )
    if change.needed and not check_mode:
        files.write(path, yaml.safe_dump(after, sort_keys=False, default_flow_style=False), MODE, keep_owner=True)
    return change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "default": "", "no_log": True},
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "default": "~/.kube/config"},
            "server": {"type": "str"},
            "set_current": {"type": "bool"},
            "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        },
        required_if=[("state", "present", ("server",))],
        supports_check_mode=True,
    )
    if yaml is None:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR)
    files = Files()
    try:
        with files.alone(module.params["path"]):
            change = reconcile(module.params, files, module.check_mode)
    except ClusterError as error:
        module.fail_json(msg=str(error))

    result = {"changed": change.needed, "context": module.params["name"], "path": change.header}
    if module._diff:
        result["diff"] = change.diff()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
