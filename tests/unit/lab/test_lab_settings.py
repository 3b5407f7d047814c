# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.command import LabError
from tests.lab.settings import Lab, Settings, read


def test_without_variables_there_is_one_server_and_one_agent():
    lab = Lab(read({}))
    assert {host.name: host.address for host in lab.hosts} == {
        "router": "10.89.17.1",
        "mirror": "10.89.17.2",
        "server1": "10.89.17.11",
        "agent1": "10.89.17.21",
    }
    assert (lab.network, lab.gateway, lab.pool_prefix) == ("homeops-lab", "10.89.17.254", "10.99.17")


def test_empty_variables_are_no_variables():
    assert read({"LAB_NAME": "", "LAB_SERVERS": "", "LAB_SUBNET": ""}) == Settings()


def test_the_tests_have_a_lab_of_their_own():
    lab = Lab(read({"LAB_NAME": "test", "LAB_SERVERS": "3", "LAB_AGENTS": "0", "LAB_ROCKY": "1"}))
    assert [host.name for host in lab.nodes] == ["server1", "server2", "server3", "rocky1"]
    assert lab.settings.subnet == "10.89.18.0/24"
    assert lab.container(lab.host("rocky1")) == "homeops-test-rocky1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LAB_NAME", "Lab"),
        ("LAB_NAME", "cache"),
        ("LAB_NAME", "../x"),
        ("LAB_SUBNET", "10.89.17.0/16"),
        ("LAB_SUBNET", "fd00::/64"),
        ("LAB_SUBNET", "10.89.17.1/24"),
        ("LAB_SERVERS", "2"),
        ("LAB_SERVERS", "three"),
        ("LAB_AGENTS", "-1"),
        ("LAB_ROCKY", "yes"),
        ("LAB_CILIUM_VERSION", "1.17.6"),
        ("LAB_K3S_BINARY", "/nonexistent"),
        ("LAB_CILIUM_CHART", "/nonexistent"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(variable, value):
    with pytest.raises(LabError, match=f"{variable}={value}"):
        read({variable: value})


def test_all_wrong_variables_are_reported_at_once():
    with pytest.raises(LabError) as error:
        read({"LAB_NAME": "home", "LAB_SERVERS": "2", "LAB_AGENTS": "many"})
    assert [line.partition("=")[0].split()[0] for line in error.value.what.splitlines()[1:]] == [
        "LAB_SUBNET",
        "LAB_SERVERS",
        "LAB_AGENTS",
    ]


@pytest.mark.parametrize(
    ("chosen", "served"), [("", ("1.19.0",)), ("1.19.0", ("1.19.0",)), ("1.18.6", ("1.18.6", "1.19.0"))]
)
def test_a_lab_has_its_version_of_cilium_and_those_it_can_be_upgraded_to(chosen, served):
    assert Lab(read({"LAB_CILIUM_VERSION": chosen})).cilium_versions == served


def test_an_unknown_host_is_answered_with_the_known_ones():
    with pytest.raises(LabError) as error:
        Lab(Settings(), Path("/nowhere")).host("server9")
    assert "server1" in error.value.remedy


def test_a_lab_can_be_made_without_applications():
    assert read({}).applications
    assert not read({"LAB_APPLICATIONS": "0"}).applications
