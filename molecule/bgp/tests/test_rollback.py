# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration of the router that kills the sessions is taken back by the run that brought it."""

from __future__ import annotations

import pytest
from conftest import LAB, eventually

SECONDS = 12
KILLING = [("api", "udm_bgp_cluster_asn=65999"), ("ssh", "udm_bgp_password=another")]


@pytest.fixture
def established(vtysh, nodes):
    def ask():
        peers = vtysh("show bgp summary json").get("ipv4Unicast", {}).get("peers", {})
        return len(peers) == len(nodes) and {peer["state"] for peer in peers.values()} == {"Established"}

    return ask


@pytest.mark.parametrize(("method", "override"), KILLING, ids=["another AS by the API", "another password by SSH"])
def test_what_kills_the_sessions_is_taken_back(method, override, *, playbook, machine, established, exactly_routed):
    router = machine("router")
    assert eventually(established)
    before = router.check_output("cat /etc/frr/frr.conf")
    run = playbook("router", "-e", override, "-e", f"udm_bgp_method={method} udm_bgp_rollback_timeout={SECONDS}")
    assert run.returncode == 2, run.output
    assert f"not within {SECONDS} s after it, so the previous configuration was put back" in run.output
    assert "Established again" in run.output
    assert eventually(established)
    assert router.check_output("cat /etc/frr/frr.conf") == before
    assert eventually(lambda: exactly_routed(2))


def test_nothing_of_it_is_left(playbook, machine):
    run = playbook("router")
    assert (run.returncode, set(run.changed.values())) == (0, {0}), run.output
    assert machine("router").check_output("find /etc/frr -name '*.pending'") == ""
    assert list(LAB.rglob("*.pending")) == []
