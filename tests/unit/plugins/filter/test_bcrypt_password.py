# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import traceback

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.homeops.cluster.plugins.filter import bcrypt_password as plugin

NAME = "homeops.cluster.bcrypt_password"


def test_the_filter_has_its_name():
    assert plugin.FilterModule().filters() == {"bcrypt_password": plugin.bcrypt_password}


def test_a_hash_is_made_and_kept():
    first = plugin.bcrypt_password("p4ss", rounds=4)
    assert plugin.bcrypt_password("p4ss", first, 4) == first
    assert plugin.bcrypt_password("other", current=first, rounds=4) != first


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"password": 41234567}, "the password must be a string, not int. Quote it."),
        ({"password": b"p4ss"}, "the password must be a string, not bytes. Quote it."),
        ({"password": None}, "the password must be a string, not NoneType. Quote it."),
        ({"password": "p4ss", "current": 5}, "current must be a string, not int"),
        ({"password": "p4ss", "rounds": "12"}, "rounds must be an integer, not str"),
        ({"password": "p4ss", "rounds": True}, "rounds must be an integer, not bool"),
        ({"password": "p4ss" * 19}, "password: has 76 bytes"),
        ({"password": "p4ss", "current": "p4ss"}, "current: is not a bcrypt hash"),
    ],
)
def test_an_error_names_the_filter_and_hides_the_password(arguments, expected):
    with pytest.raises(AnsibleFilterError) as caught:
        plugin.bcrypt_password(**arguments)
    assert str(caught.value).startswith(f"{NAME}: {expected}")
    text = "".join(traceback.format_exception(caught.value, chain=True)[-1:]) + str(caught.value.__cause__)
    assert "p4ss" not in text
    assert "41234567" not in text


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(plugin, "BCRYPT_IMPORT_ERROR", "No module named 'bcrypt'")
    with pytest.raises(AnsibleFilterError, match=f"{NAME} needs the Python library bcrypt on the controller"):
        plugin.bcrypt_password("p4ss")


def test_the_examples_do_what_they_say():
    new, same, claim, cheap = yaml.safe_load(plugin.EXAMPLES)

    def value(text, **variables):
        templar = Templar(loader=DataLoader(), variables=variables)
        return templar.template(trust_as_template(text))

    new_hash = value(new["ansible.builtin.set_fact"]["new_hash"])
    assert value(same["ansible.builtin.set_fact"]["same_hash"], new_hash=new_hash) == new_hash
    assert value("{{ " + claim["ansible.builtin.assert"]["that"] + " }}", new_hash=new_hash) is True
    assert value(cheap["ansible.builtin.set_fact"]["cheap_hash"]).startswith("$2b$10$")
