#!/usr/bin/python
# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sealed_secret
short_description: Seal Kubernetes Secrets into files that may be in Git
version_added: 0.1.0
description:
  - Seals Secrets for the Sealed Secrets controller with nothing but its certificate, and writes SealedSecrets to files.
  - A value that is still the same keeps its ciphertext. This is known without the private key, from a keyed digest
    in the annotation C(homeops.cluster/sealed-digests) of the SealedSecret.
    Without the key of the digests, which must not be in Git, nobody can try out values against them.
  - A value is sealed anew when it, its scope, its Secret's name or namespace, or the certificate changed; when someone
    else put another ciphertext in its place; and when there is no digest for it, as after C(kubeseal).
  - By convention plain Secrets are in files that end with C(.secret.yaml), which Git ignores (C(*.secret.yaml) in
    C(.gitignore)). The SealedSecrets of C(db.secret.yaml) are in C(db.sealed.yaml) beside it, which is committed.
  - A file is replaced atomically, and not touched if nothing in it changes.
    Labels and annotations of the SealedSecret itself and C(spec.template.data) stay; comments do not, if it changes.
author:
  - homeops.cluster contributors (@homeops)
extends_documentation_fragment:
  - homeops.cluster._attributes
  - kubernetes.core.k8s_auth_options
requirements:
  - cryptography >= 42.0.0
  - PyYAML
  - kubernetes >= 24.2.0, and the collection kubernetes.core, with O(controller)
attributes:
  check_mode:
    support: full
    details:
      - If there is no certificate yet because the cluster cannot be reached, any certificate will do.
  diff_mode:
    support: full
    details:
      - Names of keys and why they are sealed; no value, no ciphertext and no digest.
  idempotent:
    support: full
options:
  allow_expired:
    description:
      - Whether to seal with a certificate that has expired.
      - The controller opens what is sealed with it for as long as it keeps the private key.
    type: bool
    default: false
  certificate:
    description:
      - File with the controller's certificate in PEM form. It is no secret and may be in Git.
      - With O(controller) the certificate is kept here, so that the cluster is asked once.
    type: path
  certificate_content:
    description: The certificate itself, instead of O(certificate).
    type: str
  checksum_key:
    description:
      - Key of the digests, at least 32 characters, instead of O(checksum_key_file).
      - If not given, the environment variable E(HOMEOPS_CHECKSUM_KEY) is used.
    type: str
  checksum_key_file:
    description:
      - File with the key of the digests. It is made if there is none, for its owner alone.
      - It must not be in Git. Whoever runs this needs the same key, or all values are sealed anew.
    type: path
    default: ~/.config/homeops/checksum.key
  controller:
    description:
      - Ask the controller in the cluster for its certificate, through the API server.
      - It is asked if the file O(certificate) does not exist or has expired, or with O(refresh=true).
    type: dict
    suboptions:
      name:
        description: Name of the controller's Service.
        type: str
        default: sealed-secrets-controller
      namespace:
        description: Namespace of the controller.
        type: str
        default: kube-system
  merge:
    description:
      - Whether keys and SealedSecrets that are in a file and not mentioned stay as they are.
      - With V(false) a file holds exactly what is given.
    type: bool
    default: false
  refresh:
    description: Whether to ask the O(controller) for its certificate although there is a valid one in O(certificate).
    type: bool
    default: false
  secrets:
    description:
      - Secrets to seal, with their values from anywhere.
      - Those with the same O(secrets[].path) share a file.
    type: list
    elements: dict
    suboptions:
      annotations:
        description: Annotations of the Secret.
        type: dict
        default: {}
      data:
        description: Values in base64, by key.
        type: dict
        default: {}
      immutable:
        description: Whether Kubernetes refuses to change the Secret.
        type: bool
      labels:
        description: Labels of the Secret.
        type: dict
        default: {}
      name:
        description: Name of the Secret.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret. Required unless O(secrets[].scope=cluster).
        type: str
      path:
        description: File with the SealedSecret.
        type: path
        required: true
      removed_keys:
        description: Keys that go, with O(merge=true).
        type: list
        elements: str
        default: []
      scope:
        description:
          - What the values are bound to. V(strict) is the Secret's name and namespace.
            V(namespace) lets it be renamed within the namespace, V(cluster) lets it be used anywhere.
          - The default is V(strict), or what the file says with O(merge=true).
        type: str
        choices: [cluster, namespace, strict]
      state:
        description: Whether the file should have the SealedSecret. A file without any is removed.
        type: str
        choices: [absent, present]
        default: present
      string_data:
        description: Values as they are, by key. They win over O(secrets[].data).
        type: dict
        default: {}
      type:
        description: Type of the Secret, C(Opaque) if not given.
        type: str
  src:
    description:
      - Files with plain Secrets whose names end with C(.secret.yaml), each sealed into the C(.sealed.yaml) beside it.
      - A folder stands for all such files below it.
      - The annotations C(sealedsecrets.bitnami.com/namespace-wide) and C(cluster-wide) of a Secret say its scope.
    type: list
    elements: path
notes:
  - If a SealedSecret file has no plain counterpart on this machine it is left alone.
    Plain files are not in Git, so their absence means nothing.
  - The arguments reach the host through a pipe, whatever the settings of pipelining say, so that no plaintext is left
    in a temporary file of Ansible's. This does not hold with C(async), nor with E(ANSIBLE_KEEP_REMOTE_FILES).
seealso:
  - module: homeops.cluster.secret_guard
"""

EXAMPLES = r"""
- name: Seal every *.secret.yaml below kubernetes/ into the *.sealed.yaml beside it
  homeops.cluster.sealed_secret:
    certificate: sealed-secrets.pem
    src: [kubernetes]

- name: Seal values from elsewhere, with the certificate from the cluster
  homeops.cluster.sealed_secret:
    certificate: sealed-secrets.pem
    controller:
      namespace: sealed-secrets
    secrets:
      - path: kubernetes/media/db.sealed.yaml
        name: db
        namespace: media
        string_data:
          password: "{{ db_password }}"

- name: Replace one key and drop another; the rest of the file stays as it is
  homeops.cluster.sealed_secret:
    certificate: sealed-secrets.pem
    merge: true
    secrets:
      - path: kubernetes/media/db.sealed.yaml
        name: db
        namespace: media
        string_data:
          password: "{{ db_password }}"
        removed_keys: [old_password]
"""

RETURN = r"""
certificate:
  description: What was sealed with.
  returned: success
  type: dict
  contains:
    expires:
      description: Until when it is valid (RFC 3339). Empty if there is no certificate yet, in check mode.
      type: str
      sample: "2035-01-01T00:00:00+00:00"
    fingerprint:
      description: First half of its SHA-256 fingerprint.
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    source:
      description: Where it comes from, V(file), V(content), V(cluster), or V(none).
      type: str
      sample: file
files:
  description: The files and what happened to them.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(created), V(updated), V(removed), and V(unchanged).
      type: str
      sample: updated
    path:
      description: The file with the SealedSecrets.
      type: str
      sample: kubernetes/media/db.sealed.yaml
    secrets:
      description: The Secrets in it.
      type: list
      elements: dict
      contains:
        action:
          description: As for the file.
          type: str
          sample: updated
        kept:
          description: Keys whose ciphertext stays.
          type: list
          elements: str
          sample: [username]
        name:
          description: Name of the Secret.
          type: str
          sample: db
        namespace:
          description: Namespace of the Secret.
          type: str
          sample: media
        removed:
          description: Keys that went.
          type: list
          elements: str
          sample: []
        scope:
          description: What the values are bound to.
          type: str
          sample: strict
        sealed:
          description:
            - Keys that were sealed, and why.
            - V(new), V(value) (or its ciphertext) changed, V(scope), V(certificate), V(no digest) for it, or a digest
              made with another V(digest key).
          type: dict
          sample: {password: value}
"""

import datetime
import functools
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.homeops.cluster.plugins.module_utils import _sealed_secret as sealed_secret
from ansible_collections.homeops.cluster.plugins.module_utils import _sealed_secret_certificate as certificates
from ansible_collections.homeops.cluster.plugins.module_utils import _sealed_secret_files as secret_files
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import KeyFile, load
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    AUTH_ARG_SPEC,
    UnreachableError,
    connect,
    missing_library,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_controller import ClusterController
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_crypto import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    seal,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import (
    PLAIN_SUFFIX,
    SCOPES,
    Secret,
    from_options,
    sealed_path,
)
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files

ARGUMENT_SPEC = {
    **AUTH_ARG_SPEC,
    "allow_expired": {"type": "bool", "default": False},
    "certificate": {"type": "path"},
    "certificate_content": {"type": "str"},
    "checksum_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["HOMEOPS_CHECKSUM_KEY"])},
    "checksum_key_file": {"type": "path", "default": KeyFile.DEFAULT, "no_log": False},
    "controller": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "default": "sealed-secrets-controller"},
            "namespace": {"type": "str", "default": "kube-system"},
        },
    },
    "merge": {"type": "bool", "default": False},
    "refresh": {"type": "bool", "default": False},
    "secrets": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            "annotations": {"type": "dict", "default": {}},
            "data": {"type": "dict", "default": {}, "no_log": True},
            "immutable": {"type": "bool"},
            "labels": {"type": "dict", "default": {}},
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "path": {"type": "path", "required": True},
            "removed_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "scope": {"type": "str", "choices": sorted(SCOPES)},
            "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
            "string_data": {"type": "dict", "default": {}, "no_log": True},
            "type": {"type": "str"},
        },
    },
    "src": {"type": "list", "elements": "path"},
}

Wanted = dict[str, list[Secret]]


def wanted(options: dict[str, t.Any]) -> Wanted:
    """The Secrets by the file they are sealed into. Everything that is wrong with them is said at once."""
    found: Wanted = {}
    names: dict[str, str] = {}
    problems: list[Problem] = []

    def add(path: str, secrets: t.Iterable[Secret]) -> None:
        path = names.setdefault(os.path.realpath(path), path)  # a file that goes by two names is one file
        for secret in secrets:
            together = found.setdefault(path, [])
            if any(secret.identity == other.identity for other in together):
                where = f"{path}: {secret.namespace}/{secret.name}"
                problems.append(Problem(where, "is given twice", "Give each Secret of a file once"))
            together.append(secret)

    def collect(act: t.Callable[[], None]) -> None:
        try:
            act()
        except ClusterError as error:
            problems.extend(error.problems)

    def source(path: str) -> None:
        add(sealed_path(path), secret_files.plain_secrets(secret_files.read(path) or "", path))

    def entry(number: int, given: dict[str, t.Any]) -> None:
        if given["path"].endswith(PLAIN_SUFFIX):
            remedy = "Name it something.sealed.yaml"
            raise ClusterError(Problem(f"secrets[{number}].path", f"ends with {PLAIN_SUFFIX}", remedy))
        add(given["path"], [from_options(given, f"secrets[{number}]")])

    paths: list[str] = []
    collect(lambda: paths.extend(secret_files.sources(options["src"] or [])))
    for path in paths:
        collect(functools.partial(source, path))
    for number, given in enumerate(options["secrets"] or []):
        collect(functools.partial(entry, number, given))
    if problems:
        raise ClusterError(*problems)
    return found


def choose(options: dict[str, t.Any], check_mode: bool, now: datetime.datetime) -> certificates.Choice | None:
    """The certificate; in check mode none if there is no cluster yet that could be asked."""
    path, controller = options["certificate"], options["controller"]
    try:
        return certificates.choose(
            text=options["certificate_content"],
            path=path,
            kept=secret_files.read(path) if path else None,
            controller=ClusterController(lambda: connect(options), **controller) if controller else None,
            refresh=options["refresh"],
            now=now,
        )
    except UnreachableError:
        if not check_mode:
            raise
        return None


def plans(
    secrets_by_path: Wanted, merge: bool, choice: certificates.Choice | None, digests: sealed_secret.Key
) -> list[sealed_secret.Plan]:
    certificate = choice.certificate if choice else None
    sealer = sealed_secret.Sealer(
        certificate=certificate.fingerprint if certificate else None,
        seal=functools.partial(seal, certificate) if certificate else None,
        digests=digests,
    )
    made, problems = [], []
    for path, secrets in secrets_by_path.items():
        try:
            current = sealed_secret.checked(secret_files.documents(secret_files.read(path) or "", path), path)
            made.append(sealed_secret.plan(path, current, secrets, sealer, merge))
        except ClusterError as error:
            problems += error.problems
    if problems:
        raise ClusterError(*problems)
    return made


def apply(steps: t.Iterable[sealed_secret.Plan], files: Files) -> None:
    for step in steps:
        if step.action == "removed":
            files.remove(step.path)
        elif step.action != "unchanged":
            files.replace(step.path, secret_files.render(step.documents).encode(), secret_files.MODE)


def run(module: AnsibleModule) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The result, and its diff."""
    options, check_mode, files = module.params, module.check_mode, Files()
    now = datetime.datetime.now(datetime.timezone.utc)
    command = functools.partial(module.run_command, handle_exceptions=False)
    digests = load(options["checksum_key"], options["checksum_key_file"], command, not check_mode)
    choice = choose(options, check_mode, now)
    secrets = wanted(options)
    kept = choice.content if choice else None
    with files.alone(map(os.path.dirname, secrets)):
        steps = plans(secrets, options["merge"], choice, digests)
        if choice:
            if any(step.seals for step in steps) and not options["allow_expired"]:
                certificates.refuse_expired(choice.certificate, now)
            for text in certificates.advice(choice.certificate, now):
                module.warn(text)
        if not check_mode:
            if kept is not None:
                files.replace(options["certificate"], kept.encode(), secret_files.MODE)
            apply(steps, files)
    changes = [step.change() for step in steps]
    result = {
        "changed": kept is not None or any(change.needed for change in changes),
        "certificate": {
            "fingerprint": choice.certificate.fingerprint if choice else "",
            "expires": choice.certificate.expires.isoformat() if choice else "",
            "source": choice.source if choice else "none",
        },
        "files": [step.answer() for step in steps],
    }
    return result, [change.diff() for change in changes if change.needed]


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("certificate", "certificate_content"), ("certificate_content", "controller")],
        required_one_of=[("secrets", "src")],
        supports_check_mode=True,
    )
    if CRYPTOGRAPHY_IMPORT_ERROR or not secret_files.HAS_YAML:
        library = "cryptography" if CRYPTOGRAPHY_IMPORT_ERROR else "PyYAML"
        module.fail_json(msg=missing_required_lib(library), exception=CRYPTOGRAPHY_IMPORT_ERROR)
    if module.params["controller"] and missing_library():
        module.fail_json(msg=missing_required_lib(missing_library()))
    try:
        result, diff = run(module)
    except ClusterError as error:
        module.fail_json(msg=str(error))
    if module._diff:
        result["diff"] = diff
    module.exit_json(**result)


if __name__ == "__main__":
    main()
