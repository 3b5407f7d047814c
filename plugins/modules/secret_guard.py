#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_guard
short_description: Find plain secrets that Git would commit
version_added: 0.1.0
description:
  - Looks through the files of a Git repository that are tracked, or neither tracked nor ignored. It fails if any of
    them holds a secret in plain text, and names all of them.
  - V(kubernetes-secret) is a Secret with values in C(data) or C(stringData), also in a list, in JSON, in a patch, in
    C(secretGenerator), and in a template, as far as that can be told before it is rendered.
    A value that is filled in later (C({{ password }}), C(${PASSWORD})) is none.
  - V(sealed-secret-template) is a SealedSecret with values that are not sealed in C(spec.template).
  - V(sops-unencrypted) is a file that is not encrypted although a creation rule of the nearest C(.sops.yaml) has
    a C(path_regex) that matches it.
    A rule that encrypts some fields of any manifest (C(encrypted_regex)) means the Secrets among them.
  - V(sops-partial) is a file that sops encrypted with a value that should be encrypted and is not.
  - V(age-key) and V(private-key) are private keys of age, SSH, TLS, PGP and PuTTY, also when encoded in a kubeconfig.
  - V(plain-file) is a file whose name ends with C(.secret.yaml).
  - "What is meant to be there is allowed by a comment in the file, C(secret-guard: allow CODE and the reason),
    in the manifest, or on the line of a key or the line before, or anywhere if the whole file is meant."
  - No value is ever shown.
  - The same is the command C(scripts/secret-guard) of this collection, for CI and as a pre-commit hook.
    It needs no Ansible.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - homeops.cluster._attributes.info
requirements:
  - git
  - PyYAML
options:
  path:
    description: A folder of a Git work tree. Files outside of it are not looked at.
    type: path
    required: true
  staged:
    description: Whether to look at what is staged for the next commit instead of what is on the disk.
    type: bool
    default: false
notes:
  - Not seen are plain files that C(secretGenerator) names (C(files), C(envs)), passwords in other manifests such as the
    values of a HelmRelease, rules in a C(.sops.yaml) that is a symbolic link, and what is in submodules.
  - Files that Git encrypts itself, as with git-crypt, are plain on the disk. Use O(staged=true) for them.
seealso:
  - module: homeops.cluster.sealed_secret
"""

EXAMPLES = r"""
- name: Refuse to go on with a plain secret in the repository
  homeops.cluster.secret_guard:
    path: /home/operator/cluster

- name: Only look, and decide later
  homeops.cluster.secret_guard:
    path: /home/operator/cluster
  register: guard
  failed_when: false
"""

RETURN = r"""
allowed:
  description: What a comment allows, like RV(findings).
  returned: always
  type: list
  elements: dict
  sample: []
examined:
  description: How many files were looked at.
  returned: always
  type: int
  sample: 1200
exit_code:
  description: That of the command. V(0) if nothing was found, V(2) if something was, V(3) if not all could be examined.
  returned: always
  type: int
  sample: 0
findings:
  description: What must not be committed.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is.
      type: str
      sample: kubernetes-secret
    line:
      description: Where in the file.
      type: int
      sample: 7
    path:
      description: The file, from the top of the repository.
      type: str
      sample: kubernetes/media/db.yaml
    remedy:
      description: What to do.
      type: str
      sample: Encrypt the file with sops
    what:
      description: What is wrong. Names of keys, and no values.
      type: str
      sample: Secret media/db has stringData.password in plain text
problems:
  description: Why not all could be examined.
  returned: always
  type: list
  elements: dict
  sample: []
status:
  description: One of V(ok), V(found), and V(error).
  returned: always
  type: str
  sample: ok
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import guard
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import Loader


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "staged": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if Loader is None:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    report = guard(module.params["path"], staged=module.params["staged"])
    if report.exit_code:
        module.fail_json(msg=report.text(), **report.answer())
    module.exit_json(changed=False, **report.answer())


if __name__ == "__main__":
    main()
