# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.homeops.cluster.plugins.filter import issuer_name as plugin

NAME = "homeops.cluster.issuer_name"


def test_the_filter_has_its_name():
    assert plugin.FilterModule().filters() == {"issuer_name": plugin.issuer_name}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ca",), "ca-production"),
        (("ca", "staging"), "ca-staging"),
        (("ca-staging-staging", "staging", True), "ca-staging"),
    ],
)
def test_the_full_name(arguments, expected):
    assert plugin.issuer_name(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((None,), "name must be str, not NoneType"),
        ((["ca"],), "name must be str, not list"),
        (("ca", 1), "suffix must be str, not int"),
        (("ca", "home", "no"), "repair must be bool, not str"),
        (("ca-x-x", "x", False), "name: 'ca-x-x' ends with '-x' 2 times. Write 'ca-x'."),
    ],
)
def test_an_error_names_the_filter(arguments, expected):
    with pytest.raises(AnsibleFilterError) as caught:
        plugin.issuer_name(*arguments)
    assert str(caught.value) == f"{NAME}: {expected}"


def test_the_examples_are_true():
    claims = [task["ansible.builtin.assert"]["that"] for task in yaml.safe_load(plugin.EXAMPLES)]
    for claim in (text for that in claims for text in ([that] if isinstance(that, str) else that)):
        assert Templar(loader=DataLoader()).template(trust_as_template("{{ " + claim + " }}")) is True
