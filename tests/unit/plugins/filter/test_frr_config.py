# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.filter.frr_config import FilterModule

frr_config = FilterModule().filters()["frr_config"]
ROUTER = {
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster": "home",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.11"],
    "pools": [{"name": "default", "cidr": "198.51.100.0/26", "service_selector": {}}],
}


def test_a_description_becomes_a_configuration():
    assert " neighbor 192.0.2.11 peer-group CLUSTER-home\n" in frr_config(ROUTER)


@pytest.mark.parametrize("nothing", [{}, {"timers": None, "password": None, "graceful_restart": None}])
def test_what_is_none_is_left_to_the_default(nothing):
    assert frr_config({**ROUTER, **nothing}) == frr_config(ROUTER)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("router bgp 65000", "must be a dictionary, not str"),
        ({**ROUTER, "asn": 0, "router_id": ""}, "2 problems:\n- asn: .*\n- router_id: "),
    ],
)
def test_what_is_wrong_is_told(value, message):
    with pytest.raises(AnsibleFilterError, match=message):
        frr_config(value)
