# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: issuer_name
short_description: Full name of a cert-manager ClusterIssuer
version_added: 0.1.0
author:
  - homeops.cluster contributors (@homeops)
description:
  - Makes the full name of a ClusterIssuer from the short one and the environment, and leaves a full name as it is.
  - Templates that each add the suffix on their own end in
    C(letsencrypt-production-production), which no issuer is called.
  - A name of another environment (C(letsencrypt-staging) where V(production) is asked for) is refused.
options:
  _input:
    description: The short or full name, an RFC 1123 subdomain.
    type: string
    required: true
  suffix:
    description: The environment at the end of the name, an RFC 1123 label.
    type: string
    default: production
  repair:
    description: Whether a suffix that is there more than once is reduced to one. If V(false), it is an error.
    type: boolean
    default: true
"""

EXAMPLES = r"""
- name: Both give letsencrypt-production
  ansible.builtin.assert:
    that:
      - ('letsencrypt' | homeops.cluster.issuer_name) == 'letsencrypt-production'
      - ('letsencrypt-production' | homeops.cluster.issuer_name) == 'letsencrypt-production'

- name: Another environment
  ansible.builtin.assert:
    that: ('letsencrypt' | homeops.cluster.issuer_name(suffix='staging')) == 'letsencrypt-staging'

- name: A doubled suffix is repaired
  ansible.builtin.assert:
    that: ('letsencrypt-production-production' | homeops.cluster.issuer_name) == 'letsencrypt-production'
"""

RETURN = r"""
_value:
  description: The full name.
  type: string
"""

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.module_utils._issuer import full_name
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

NAME = "homeops.cluster.issuer_name"


def issuer_name(name: t.Any, suffix: t.Any = "production", repair: t.Any = True) -> str:
    for argument, value, wanted in (("name", name, str), ("suffix", suffix, str), ("repair", repair, bool)):
        if not isinstance(value, wanted):
            raise AnsibleFilterError(f"{NAME}: {argument} must be {wanted.__name__}, not {type(value).__name__}")
    try:
        return full_name(name, suffix=suffix, repair=repair)
    except ClusterError as error:
        raise AnsibleFilterError(f"{NAME}: {error}") from error


class FilterModule:
    """Ansible jinja2 filters."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"issuer_name": issuer_name}
