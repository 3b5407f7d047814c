#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sops_checksum_encrypt
short_description: Keep files encrypted with SOPS, and leave them alone while their plaintext stays the same
version_added: 0.1.0
description:
  - Encrypts a text, a structure or a file to one path, or all files of a tree in place, with C(sops) and the rules of
    C(.sops.yaml).
  - A file whose plaintext, recipients and ciphertext are those of the last run is left byte by byte as it is. This
    needs neither a private key nor a run of C(sops). What makes it possible are checksums made with a key, in a file
    C(.sops-checksums.json) beside the encrypted ones. They tell nothing to who lacks that key, and may be committed
    or ignored.
  - If a value changed and a private key is at hand, only that value gets a new ciphertext.
    Without one, the file is encrypted anew as a whole, and the result says so.
  - If recipients were added to C(.sops.yaml), they are let in. If some were removed, the file gets a new data key, too.
  - What somebody else changed in an encrypted file since the last run is not overwritten, unless O(force=true).
  - All files are encrypted in memory before the first one is replaced. Whoever kills the run finds each file as it was
    or as it should be, never a part of one, and no plaintext that was not there before.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - ansible.builtin.files
  - homeops.cluster._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows recipients and the names of values, never values.
  idempotent:
    support: full
requirements:
  - sops 3.11 or later, where the module runs
  - PyYAML
options:
  checksum_dir:
    description:
      - A directory for the checksums of all files.
      - If not given, they are in the file C(.sops-checksums.json) in each file's own directory.
    type: path
  checksum_key:
    description:
      - The key of the checksums, at least 32 random characters. Whoever has it can test guesses of weak secrets.
      - All who share the checksums need the same.
      - If not given, the environment variable E(HOMEOPS_CHECKSUM_KEY) is used, then O(checksum_key_file).
    type: str
  checksum_key_file:
    description:
      - A file with the key of the checksums. If there is none, one is made, readable by its owner only.
      - It must not lie in a Git work tree that does not ignore it.
      - If it is lost, a run with a private key makes the checksums anew; no encrypted file changes.
    type: path
    default: ~/.config/homeops/checksum.key
  concurrency:
    description: How many C(sops) run at the same time. V(0) is one per CPU.
    type: int
    default: 0
  config_path:
    description:
      - The C(.sops.yaml) to use.
      - If not given, it is the nearest one in the file's own directory or above, wherever the run was started.
    type: path
  content:
    description: The plaintext.
    type: str
  encrypted_comment_regex:
    description: Encrypt only the values below a comment that matches. Instead of the rule's selection.
    type: str
  encrypted_regex:
    description: Encrypt only the values below a key that matches. Instead of the rule's selection.
    type: str
  encrypted_suffix:
    description: Encrypt only the values below a key that ends so. Instead of the rule's selection.
    type: str
  force:
    description:
      - Whether to encrypt the plaintext also where the file holds what somebody else wrote, or nobody can tell.
      - Without it, such a file is refused, all others are done, and the module fails at the end.
    type: bool
    default: false
  mac_only_encrypted:
    description: Whether only encrypted values are authenticated. As in C(.sops.yaml), instead of its rule's.
    type: bool
  minimal_diff:
    description:
      - Whether values that did not change keep their ciphertext when others do.
      - Needs a private key. Values of binary files, comments, and all but the first document of a file cannot be
        changed alone; the order of keys at the top of YAML and JSON files stays as it was.
    type: bool
    default: true
  path:
    description:
      - The encrypted file. The end of its name says its format, V(.yaml), V(.yml), V(.json), V(.env) or V(.ini);
        anything else is binary.
      - Of a symbolic link, the file that it points to.
    type: path
  patterns:
    description:
      - Which files below O(root). V(*) and V(?) stand for parts of a name, V(**) for any directories.
      - As in a shell, names with a dot at the beginning are only meant where the pattern has one, too.
        Templates (C(.j2)) and symbolic links are left out.
    type: list
    elements: str
    default: ["**/*.sops.*"]
  recipients:
    description:
      - Who can decrypt, instead of the recipients in C(.sops.yaml).
      - Public keys of age (V(age1…)) and SSH, fingerprints of PGP, the names of keys in cloud services.
    type: list
    elements: str
  reconcile_recipients:
    description:
      - Whether to let in and to lock out recipients of files whose plaintext did not change, as the rule says.
      - A file that is encrypted anew as a whole is always for the recipients of its rule.
    type: bool
    default: true
  root:
    description:
      - A directory in which to encrypt all files that match O(patterns) in place, and to reconcile the recipients of
        those that are encrypted already.
      - Exactly one of O(path) and O(root) is required.
    type: path
  sops_binary:
    description: The program C(sops).
    type: path
    default: sops
  src:
    description: A file with the plaintext, where the module runs. It stays.
    type: path
  state:
    description:
      - Whether the file is there.
      - V(absent) removes O(path) and its checksums.
    type: str
    choices: [absent, present]
    default: present
  unencrypted_comment_regex:
    description: Encrypt all values but those below a comment that matches. Instead of the rule's selection.
    type: str
  unencrypted_regex:
    description: Encrypt all values but those below a key that matches. Instead of the rule's selection.
    type: str
  unencrypted_suffix:
    description: Encrypt all values but those below a key that ends so. Instead of the rule's selection.
    type: str
  value:
    description:
      - The plaintext as a structure, written in the format of O(path).
      - A mapping. For V(.env) files one of texts, for V(.ini) files one of sections. For binary files a text.
      - With O(path) and O(state=present), exactly one of O(content), O(src) and O(value) is required.
    type: raw
notes:
  - The outcome of every case is in the collection's documentation, in the decision on checksums of encrypted files.
  - The environment of the module is that of C(sops), which finds private keys there, by E(SOPS_AGE_KEY_FILE) and the
    like. Recipients in the environment are ignored.
  - The arguments reach the host through a pipe, whatever the settings of pipelining say, so that no plaintext is left
    in a temporary file of Ansible's. This does not hold with C(async), nor with E(ANSIBLE_KEEP_REMOTE_FILES).
seealso:
  - name: SOPS
    description: How private keys are found, and how C(.sops.yaml) is written.
    link: https://getsops.io/docs/
"""

EXAMPLES = r"""
- name: Keep a secret in the repository, encrypted
  homeops.cluster.sops_checksum_encrypt:
    path: kubernetes/apps/media/secret.sops.yaml
    value:
      apiVersion: v1
      kind: Secret
      metadata:
        name: media
      stringData:
        password: "{{ media_password }}"
  delegate_to: localhost
  no_log: true

- name: Encrypt every file that should be encrypted, and let new recipients in
  homeops.cluster.sops_checksum_encrypt:
    root: "{{ playbook_dir }}/.."
    patterns:
      - "**/*.sops.yaml"
      - "**/*.sops.env"
  delegate_to: localhost
"""

RETURN = r"""
counts:
  description: How many files there were of each action.
  returned: always
  type: dict
  sample: {"unchanged": 199, "updated": 1}
files:
  description: What was done about each file, or would be in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    action:
      description:
        - V(unchanged), not a byte of it.
        - V(encrypted), for the first time.
        - V(updated), values in it; RV(files[].reason) tells if all of it was encrypted anew.
        - V(rekeyed), recipients were added.
        - V(rotated), it has a new data key, for the recipients of its rule.
        - V(restored), its checksums, or the file itself if it was damaged.
        - V(refused), nothing was done for RV(files[].reason).
        - V(removed), it was there.
      type: str
    reason:
      description: Why, where the action alone does not tell.
      type: str
    keys_added:
      description: The values that the file did not have before.
      type: list
      elements: str
    keys_removed:
      description: The values that the file has no more.
      type: list
      elements: str
    keys_changed:
      description: The values that are others now. Not known without a private key (V(null)).
      type: list
      elements: str
    recipients_added:
      description: Who can read it now and could not before; of a file that stays as it is, who should.
      type: list
      elements: str
    recipients_removed:
      description: Who could read it before; of a file that stays as it is, who should not.
      type: list
      elements: str
  sample:
    - path: kubernetes/apps/media/secret.sops.yaml
      action: updated
      reason: ""
      keys_added: []
      keys_removed: []
      keys_changed: [stringData.password]
      recipients_added: []
      recipients_removed: []
"""

import collections
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.homeops.cluster.plugins.module_utils import _keyed_digest, _sops_format, _sops_tree
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import Choice
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import Sops, runner
from ansible_collections.homeops.cluster.plugins.module_utils._sops_rules import SELECTORS
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Item, Settings

SECRETS = ("checksum_key", "content", "value")
LONG = 16
ATTRIBUTES = ("mode", "owner", "group", "seuser", "serole", "setype", "selevel", "attributes")


def hide_secrets(module):
    """Takes them out of what Ansible shows of the arguments.

    Ansible would also blot out every occurrence of a value in the result. Values such as C(a) or C(encrypted) would
    make paths and actions unreadable; no result is made from values, so that only what is long is looked for.
    """
    params = dict(module.params)
    module.params.update({name: "(hidden)" for name in SECRETS if params[name] is not None})
    texts = [params[name] for name in ("checksum_key", "content")]
    module.no_log_values = {text for text in texts if text and len(text) >= LONG}
    return params


def settings(params):
    chosen = [(name, params[name]) for name in SELECTORS if params[name]]
    return Settings(
        choice=Choice(params["minimal_diff"], params["reconcile_recipients"], params["force"]),
        config_path=params["config_path"] or "",
        recipients=tuple(params["recipients"] or ()),
        selector=chosen[0] if chosen else None,
        mac_only_encrypted=params["mac_only_encrypted"],
        checksum_dir=params["checksum_dir"] or "",
        concurrency=params["concurrency"],
    )


def plaintext(params, files):
    if params["content"] is not None:
        return params["content"].encode()
    if params["value"] is not None:
        return _sops_format.dump(_sops_format.format_of(params["path"]), params["value"], "value")
    found = files.read(params["src"])
    if found is None:
        raise ClusterError(Problem("src", f"{params['src']} is not there", "Correct the path"))
    return found


def items(module, params, files):
    if params["path"]:
        return [Item(params["path"], plaintext(params, files))]
    found = _sops_tree.matching(params["root"], params["patterns"])
    if not found:
        module.warn(f"root: no file below {params['root']} matches {', '.join(params['patterns'])}")
    return [Item(path) for path in found]


def reconcile(module, params, scratch):
    if params["root"] and not os.path.isdir(params["root"]):
        raise ClusterError(Problem("root", f"{params['root']} is not a directory", "Correct the path"))
    files = Files()
    key = _keyed_digest.load(
        params["checksum_key"],
        params["checksum_key_file"],
        lambda arguments: module.run_command(arguments, handle_exceptions=False),
        create=not module.check_mode,
    )
    engine = Engine(key, Sops(runner(os.environ), scratch, params["sops_binary"]), files, settings(params))
    with engine.locked([params["root"] or os.path.dirname(os.path.realpath(params["path"]))]):
        absent = params["state"] == "absent"
        steps = engine.remove([params["path"]]) if absent else engine.plan(items(module, params, files))
        if not module.check_mode:
            engine.apply(steps)
    return steps


def attributes_changed(module, params, step):
    """The mode and the owner of a file, where they were given."""
    if all(params[name] is None for name in ATTRIBUTES):
        return False
    if not os.path.exists(step.target.path):
        return False
    arguments = module.load_file_common_arguments(params, path=step.target.path)
    return module.set_fs_attributes_if_different(arguments, False)


def result(module, params, steps):
    attributes = [step.path for step in steps if attributes_changed(module, params, step)]
    counts = collections.Counter(step.action for step in steps)
    found = {
        "changed": bool(attributes) or any(step.changed for step in steps),
        "counts": dict(sorted(counts.items())),
        "files": [step.result() for step in steps],
    }
    if module._diff:
        found["diff"] = [step.change().diff() for step in steps if step.changed or step.action == "refused"]
    return found


def main() -> None:
    text = {"type": "str"}
    module = AnsibleModule(
        argument_spec={
            "checksum_dir": {"type": "path"},
            "checksum_key": {**text, "no_log": True, "fallback": (env_fallback, ["HOMEOPS_CHECKSUM_KEY"])},
            "checksum_key_file": {"type": "path", "default": _keyed_digest.KeyFile.DEFAULT, "no_log": False},
            "concurrency": {"type": "int", "default": 0},
            "config_path": {"type": "path"},
            "content": {**text, "no_log": True},
            "force": {"type": "bool", "default": False},
            "mac_only_encrypted": {"type": "bool"},
            "minimal_diff": {"type": "bool", "default": True},
            "path": {"type": "path"},
            "patterns": {"type": "list", "elements": "str", "default": ["**/*.sops.*"]},
            "recipients": {"type": "list", "elements": "str"},
            "reconcile_recipients": {"type": "bool", "default": True},
            "root": {"type": "path"},
            "sops_binary": {"type": "path", "default": "sops"},
            "src": {"type": "path"},
            "state": {**text, "choices": ["absent", "present"], "default": "present"},
            "value": {"type": "raw", "no_log": True},
            **dict.fromkeys(SELECTORS, text),
        },
        mutually_exclusive=[("path", "root"), ("root", "content", "src", "value"), SELECTORS],
        required_one_of=[("path", "root")],
        required_if=[("state", "absent", ("path",))],
        supports_check_mode=True,
        add_file_common_args=True,
    )
    params = hide_secrets(module)
    if (
        params["path"]
        and params["state"] == "present"
        and all(params[name] is None for name in ("content", "src", "value"))
    ):
        module.fail_json(msg="path: has no plaintext. Give one of content, src and value")
    try:
        with tempfile.TemporaryDirectory(prefix="sops-", dir=module.tmpdir) as scratch:
            steps = reconcile(module, params, scratch)
    except ClusterError as error:
        module.fail_json(msg=str(error), files=[], counts={})

    found = result(module, params, steps)
    refused = [Problem(step.path, step.reason, "All others are done") for step in steps if step.action == "refused"]
    if refused:
        module.fail_json(msg=str(ClusterError(*refused)), **found)
    module.exit_json(**found)


if __name__ == "__main__":
    main()
