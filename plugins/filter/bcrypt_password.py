# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: bcrypt_password
short_description: Hash a password with bcrypt, and keep a hash that still verifies
version_added: 0.1.0
author:
  - homeops.cluster contributors (@homeops)
description:
  - Hashes a password for programs that store bcrypt, such as Argo CD.
  - A hash has a random salt, so hashing again gives another value. To change nothing on a second run,
    hand in the stored hash as O(current). It is returned while it is the hash of the password at the cost of O(rounds).
  - A password that bcrypt would cut off is refused. No error shows the password.
requirements:
  - bcrypt (Python library on the controller)
options:
  _input:
    description: The password, at most 72 bytes in UTF-8.
    type: string
    required: true
  current:
    description:
      - The stored hash.
      - Nothing or an empty string stands for no hash yet.
    type: string
  rounds:
    description: Binary logarithm of the cost, 4 to 31. Each step up doubles the time that a login takes.
    type: integer
    default: 12
notes:
  - Each use without a O(current) that verifies gives another hash. Where one value is needed in two places, keep it
    with M(ansible.builtin.set_fact).
"""

EXAMPLES = r"""
- name: Hash a new password
  ansible.builtin.set_fact:
    new_hash: "{{ 'correct horse' | homeops.cluster.bcrypt_password }}"

- name: Keep the stored hash while it verifies
  ansible.builtin.set_fact:
    same_hash: "{{ 'correct horse' | homeops.cluster.bcrypt_password(current=new_hash) }}"

- name: Ask whether a stored hash belongs to a password
  ansible.builtin.assert:
    that: "('correct horse' | homeops.cluster.bcrypt_password(current=new_hash)) == new_hash"

- name: Hash at another cost
  ansible.builtin.set_fact:
    cheap_hash: "{{ 'correct horse' | homeops.cluster.bcrypt_password(rounds=10) }}"
"""

RETURN = r"""
_value:
  description: The hash, C($2b$) for a new one.
  type: string
"""

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.module_utils._bcrypt import BCRYPT_IMPORT_ERROR, hash_password
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

NAME = "homeops.cluster.bcrypt_password"


def bcrypt_password(password: t.Any, current: t.Any = None, rounds: t.Any = 12) -> str:
    if BCRYPT_IMPORT_ERROR:
        raise AnsibleFilterError(f"{NAME} needs the Python library bcrypt on the controller: pip install bcrypt")
    if not isinstance(password, str):
        raise AnsibleFilterError(f"{NAME}: the password must be a string, not {type(password).__name__}. Quote it.")
    if not isinstance(current, (str, type(None))):
        raise AnsibleFilterError(f"{NAME}: current must be a string, not {type(current).__name__}")
    if not isinstance(rounds, int) or isinstance(rounds, bool):
        raise AnsibleFilterError(f"{NAME}: rounds must be an integer, not {type(rounds).__name__}")
    try:
        return hash_password(password, current=current, rounds=rounds)
    except ClusterError as error:
        raise AnsibleFilterError(f"{NAME}: {error}") from None  # a chained error would carry the password's frame


class FilterModule:
    """Ansible jinja2 filters."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"bcrypt_password": bcrypt_password}
