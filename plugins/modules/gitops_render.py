#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitops_render
short_description: Render a GitOps repository from one configuration, and encrypt what is secret
version_added: 0.1.0
description:
  - Renders every C(*.j2) below the folder of templates to the same path without the suffix, copies the other files,
    and encrypts what the rules in C(.sops.yaml) match. All in one call, so that a thousand files take seconds.
  - Templates are written as for makejinja. The values come from the configuration and from files that SOPS encrypted.
    What is not defined is an error, with its file, line, column and the templates that include it.
    A template that comes to nothing but white space is not written.
  - Everything is rendered and encrypted in memory first. Only if all of it succeeded are files written, and only those
    whose bytes change. What goes wrong while writing is taken back; a run that was killed is completed by the next.
    No plaintext of a secret is ever written to a disk, not even for a moment.
  - Files whose template is gone are removed. A file that was edited by hand is neither replaced nor removed, unless
    O(force) says so. What was rendered is listed with its digest in C(.homeops/outputs.sha256), which belongs into Git.
  - A secret that a template would put into a file that is not encrypted is refused.
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
      - Of encrypted files the names of the values that change and the recipients are shown, never a value.
  idempotent:
    support: full
    details:
      - Unless a template uses something else on each run. What does so in Jinja (C(random), C(lipsum)) is not offered.
requirements:
  - Jinja2, which comes with ansible-core
  - PyYAML
  - bcrypt, for the filter P(homeops.cluster.bcrypt_password#filter)
  - jsonschema (4.18 or newer), if there is a O(schema)
  - sops (3.11 or newer), if there are secrets
options:
  cache_dir:
    description:
      - Where to remember, for each repository, what its templates read and what its encrypted files were made from.
        With it, only what changed is rendered, and nothing is decrypted if nothing changed.
        It holds no value, only digests made with the checksum key.
      - If it is lost, the next run takes longer, and needs a private key if there are secrets.
    type: path
    default: ~/.cache/homeops
  checksum_key:
    description:
      - The key that digests of secrets are made with, at least 32 random characters.
      - Without it, O(checksum_key_file) is used.
    type: str
  checksum_key_file:
    description: A file with that key, outside of Git. It is made if there is none.
    type: path
    default: ~/.config/homeops/checksum.key
  config:
    description: YAML or JSON files with the values that are no secrets. Mappings are merged; a value may be set once.
    type: list
    elements: str
    default: [config.yaml]
  delimiters:
    description: What begins and ends code in a template, if not as usual in Jinja.
    type: dict
    default: {}
    suboptions:
      block_start:
        description: Begins a statement.
        type: str
        default: "{%"
      block_end:
        description: Ends a statement.
        type: str
        default: "%}"
      variable_start:
        description: Begins an expression.
        type: str
        default: "{{"
      variable_end:
        description: Ends an expression.
        type: str
        default: "}}"
      comment_start:
        description: Begins a comment.
        type: str
        default: "{#"
      comment_end:
        description: Ends a comment.
        type: str
        default: "#}"
  exclude:
    description: Patterns of names or paths below O(templates) that others include, and that are not written themselves.
    type: list
    elements: str
    default: []
  force:
    description: Replace or remove files that were edited by hand, or that were there before.
    type: bool
    default: false
  output:
    description: The folder that the files are rendered to.
    type: str
    default: .
  path:
    description: The repository. All other paths are relative to it, unless the description says otherwise.
    type: path
    required: true
  schema:
    description: A JSON Schema that all values together must meet, as JSON or YAML. It need not be there.
    type: str
    default: config.schema.json
  secrets:
    description:
      - Files with values that SOPS encrypted, used beside those of O(config). They need not be there.
      - They are decrypted through a pipe, with the keys that C(sops) finds itself.
    type: list
    elements: str
    default: [secrets.sops.yaml]
  sops_binary:
    description: The program C(sops).
    type: path
    default: sops
  templates:
    description: The folder of the templates.
    type: str
    default: templates
seealso:
  - module: homeops.cluster.sops_checksum_encrypt
"""

EXAMPLES = r"""
- name: Render the repository
  homeops.cluster.gitops_render:
    path: ~/home-ops

- name: Render one whose templates hold Go templates as well
  homeops.cluster.gitops_render:
    path: ~/home-ops
    exclude: ["*.partial.*"]
    delimiters:
      block_start: "#%"
      block_end: "%#"
      variable_start: "#{"
      variable_end: "}#"
      comment_start: "#|"
      comment_end: "|#"
"""

RETURN = r"""
files:
  description: The files that change, by path; the list of outputs only if it alone changes.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path in the repository.
      type: str
      sample: kubernetes/apps/web/deployment.yaml
    action:
      description:
        - What happens to it, V(created), V(updated), V(removed), or V(mode) if only its permissions change.
        - Of encrypted files, as M(homeops.cluster.sops_checksum_encrypt) says it.
      type: str
      sample: updated
rendered:
  description: How many templates had to be rendered.
  returned: success
  type: int
  sample: 2
total:
  description: How many files the repository's templates come to.
  returned: success
  type: int
  sample: 1200
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _keyed_digest as keyed_digest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import Choice
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import Sops, runner
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import CONFIG
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Settings as SopsSettings
from ansible_collections.homeops.cluster.plugins.module_utils._tree import JINJA, Settings, Tree
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._tree_memo import NAME, Memo, folder_of
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import JINJA2_IMPORT_ERROR
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Outputs
from ansible_collections.homeops.cluster.plugins.module_utils._tree_swap import Swap
from ansible_collections.homeops.cluster.plugins.module_utils._tree_values import YAML_IMPORT_ERROR
from ansible_collections.homeops.cluster.plugins.module_utils._tree_vault import SopsVault

DELIMITERS = {name: {"type": "str", "default": getattr(JINJA, name)} for name in JINJA.names()}


def settings(params):
    return Settings(
        config=tuple(params["config"]),
        schema=params["schema"],
        secrets=tuple(params["secrets"]),
        templates=os.path.normpath(params["templates"]),
        output=os.path.normpath(params["output"]),
        exclude=tuple(params["exclude"]),
        delimiters=Delimiters(**(params["delimiters"] or {})),
        force=params["force"],
    )


def reconcile(module, root):
    """One path for check mode and the real run: only the last step is left out."""
    params, files = module.params, Files()
    key = keyed_digest.load(
        params["checksum_key"],
        params["checksum_key_file"],
        lambda arguments: module.run_command(arguments, handle_exceptions=False),
        create=not module.check_mode,
    )
    folder = folder_of(root, params["cache_dir"])
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as scratch, files.alone([root]):
        choice = SopsSettings(
            choice=Choice(force=params["force"]),
            config_path=os.path.join(root, CONFIG),
            checksum_dir=folder,
        )
        engine = Engine(key, Sops(runner(os.environ), scratch, params["sops_binary"]), files, choice)
        vault, outputs, memo_at = SopsVault(root, engine), Outputs(root), os.path.join(folder, NAME)
        memo = Memo.from_text(files.read(memo_at), key)
        plan = Tree(settings(params), outputs=outputs, vault=vault, key=key, memo=memo).plan(module._diff)
        if not module.check_mode:
            Swap(root, files, vault, outputs).apply(plan, memo_at, key)
        return plan


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "cache_dir": {"type": "path", "default": "~/.cache/homeops"},
            "checksum_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["HOMEOPS_CHECKSUM_KEY"])},
            "checksum_key_file": {"type": "path", "default": keyed_digest.KeyFile.DEFAULT, "no_log": False},
            "config": {"type": "list", "elements": "str", "default": ["config.yaml"]},
            "delimiters": {"type": "dict", "default": {}, "options": DELIMITERS},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            "output": {"type": "str", "default": "."},
            "path": {"type": "path", "required": True},
            "schema": {"type": "str", "default": "config.schema.json"},
            "secrets": {"type": "list", "elements": "str", "default": ["secrets.sops.yaml"], "no_log": False},
            "sops_binary": {"type": "path", "default": "sops"},
            "templates": {"type": "str", "default": "templates"},
        },
        supports_check_mode=True,
    )
    for library, error in (("Jinja2", JINJA2_IMPORT_ERROR), ("PyYAML", YAML_IMPORT_ERROR)):
        if error:
            module.fail_json(msg=missing_required_lib(library), exception=error)
    root = os.path.realpath(module.params["path"])
    try:
        if not os.path.isdir(root):
            raise ClusterError(Problem(module.params["path"], "is not a folder", "Give the folder of the repository"))
        plan = reconcile(module, root)
    except ClusterError as error:
        module.fail_json(msg=str(error))

    result = {
        "changed": plan.changed,
        "files": [{"path": path, "action": action} for path, action in plan.files.items()],
        "rendered": plan.rendered,
        "total": len(plan.outputs),
    }
    if module._diff:
        result["diff"] = [change.diff() for change in plan.changes]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
