# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios bgp and bgp_migration judge by: the table of faults, the verdict's names, the watch of routes."""

from __future__ import annotations

import sys

import pytest

from tests.lab.settings import PROJECT

sys.path.insert(0, str(PROJECT / "molecule"))

import faults
import verdict
from routes import Watched

EVERY = (*faults.FAULTS, faults.LEGACY)
# What issue and documentation promise to tell apart.
PROMISED = {
    *("node_address_missing", "router_unreachable", "bgp_port_refused", "bgp_port_filtered"),
    *("cluster_asn_wrong", "router_asn_wrong"),
    *("password_differs", "password_absent", "password_secret_missing"),
    *("router_policy_missing", "legacy_policy_overrides", "node_label_missing", "cluster_config_conflict"),
    *("peer_config_missing", "advertisement_selects_nothing"),
    *("pool_exhausted", "pool_disabled", "service_class_foreign", "endpoints_missing"),
    *("prefix_filtered", "maximum_prefix_reached", "route_not_installed", "status_stale"),
}


def test_every_promise_is_put_to_the_test():
    assert {fault.code for fault in EVERY} >= PROMISED
    assert len({fault.code for fault in faults.FAULTS if not fault.long}) >= 18


def test_every_fault_has_a_name_of_its_own_and_is_repaired():
    assert len({fault.name for fault in EVERY}) == len(EVERY)
    assert all(fault.inject and fault.repair and fault.where for fault in EVERY)


def test_the_documentation_has_every_fault_as_the_scenarios_see_it():
    table = verdict.table((fault, verdict.expected(fault)) for fault in EVERY)
    assert table in (PROJECT / "docs" / "bgp.md").read_text(), f"docs/bgp.md should have\n{table}"


@pytest.mark.parametrize(
    ("finding", "named"),
    [
        ({"nodes": ["agent1", "agent2"], "router": "router"}, {("code", "agent1"), ("code", "agent2")}),
        ({"services": ["default/demo"], "pool": "default"}, {("code", "default/demo")}),
        ({"prefixes": ["10.99.18.50/32"], "nodes": ["agent1"]}, {("code", "10.99.18.50/32")}),
        ({"pool": "reserved"}, {("code", "reserved")}),
        ({"router": "router"}, {("code", "router")}),
        ({}, {("code", "cluster")}),
    ],
)
def test_a_finding_is_named_at_each_place_it_is_about(finding, named):
    empty = {"services": [], "prefixes": [], "nodes": [], "pool": "", "router": ""}
    assert verdict.named({"findings": [{"code": "code", **empty, **finding}]}) == named


def test_the_table_shows_what_was_named_wrongly_too():
    fault = faults.FAULTS[0]
    right = verdict.expected(fault)
    wrong = right | {("session_down", "agent2")}
    nodes = faults.LEGACY, frozenset(("x", node) for node in faults.ALL)
    assert verdict.table([(fault, right), (fault, wrong), (fault, frozenset()), nodes]) == (
        "| injected | at | named | at |\n"
        "|---|---|---|---|\n"
        f"| {fault.name} | agent1 | `{fault.code}` | agent1 |\n"
        f"| {fault.name} | agent1 | `{fault.code}`, `session_down` | agent1, agent2 |\n"
        f"| {fault.name} | agent1 | nothing |  |\n"
        f"| {faults.LEGACY.name} | agent1 | `x` | all nodes |\n"
    )


@pytest.mark.parametrize(
    ("present", "missed", "away"),
    [
        ("++++", 0, 1),  # from one look to the next
        ("+--+", 2, 3),
        ("+-+--+", 3, 3),
        ("++--", 2, 2),  # until the end
        ("----", 4, 3),  # never there
        ("--++", 2, 2),
    ],
)
def test_what_was_watched_is_counted(present, missed, away):
    looks = [(float(time), frozenset({"a"} if sign == "+" else ())) for time, sign in enumerate(present)]
    assert Watched(looks).missed("a") == missed
    assert Watched(looks).away("a") == away
