# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis import diagnose
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_report import report, table, unanswered
from bgp_world import World

NOW = "2026-01-31T12:00:00Z"


def verdict(world):
    return report(world.evidence, diagnose(world.evidence), NOW)


def warned(world):
    world.probes["n1"] = {"unreachable": True}


def broken(world):
    world.down("n1", tcp="refused", signed="timeout")


def silent(world):
    world.routers = {"udm": {"unreachable": True, "msg": "timed out"}}


def both(world):
    broken(world)
    silent(world)


@pytest.mark.parametrize(
    ("break_", "status", "code", "counts"),
    [
        (lambda _world: None, "healthy", 0, (6, 0, 0)),
        (warned, "warning", 1, (5, 1, 0)),
        (broken, "critical", 2, (5, 0, 1)),
        (silent, "error", 3, (5, 0, 1)),
        (both, "critical", 2, (4, 0, 2)),
    ],
    ids=["healthy", "a warning", "broken", "not answered", "what is broken goes before what is not known"],
)
def test_the_status_and_the_counts(break_, status, code, counts):
    world = World()
    break_(world)
    answer = verdict(world)
    summary = answer["summary"]
    assert (answer["status"], answer["exit_code"], answer["timestamp"]) == (status, code, NOW)
    assert (summary["healthy"], summary["warnings"], summary["critical"]) == counts
    assert summary["total"] == sum(counts)
    assert json.loads(json.dumps(answer)) == answer


def test_the_table_of_a_healthy_cluster_is_short():
    assert verdict(World())["table"] == (
        "BGP is healthy: of 6 things 6 are healthy, 0 have a warning, 0 are broken\n"
        "  router  udm      192.0.2.1        2 sessions, 1 routes          ok\n"
        "  node    n1       192.0.2.11       udm: established/Established  ok\n"
        "  node    n2       192.0.2.12       udm: established/Established  ok\n"
        "  pool    default  198.51.100.0/26  1 of 64 used                  ok\n"
        "  services: 1, of which 1 are announced\n"
    )


def test_a_finding_says_what_was_seen_and_what_to_do():
    world = World()
    broken(world)
    answer = verdict(world)
    lines = answer["table"].splitlines()
    assert "  node    n1       192.0.2.11       udm: active/Connect           bgp_port_refused" in lines
    assert "1. critical bgp_port_refused (transport): n1" in lines
    assert "   seen: a call of TCP 179 from the node: refused" in lines
    assert any(line.startswith("   do:   on udm: ss -ltn") for line in lines)
    assert max(map(len, lines)) <= 120
    assert answer["issues"] == [f"n1: {answer['findings'][0]['what']}. {answer['findings'][0]['remedy']}"]
    assert answer["details"]["nodes"][0]["sessions"] == [
        {"router": "udm", "cluster": "active", "on_router": "Connect", "status": "critical"}
    ]


def test_of_many_nodes_the_broken_ones_are_shown_first():
    world = World()
    expected = world.expected["nodes"]
    for number in range(198):
        name, address = f"m{number}", f"198.18.0.{number}"
        expected.append({"name": name, "address": address})
        world.cluster["nodes"].append({**world.node(), "name": name, "ready": number != 197})
        world.router["peers"].append({**world.neighbor(), "address": address})
        world.router["received"][0]["peers"].append(address)
    lines = verdict(world)["table"].splitlines()
    rows = [line.split() for line in lines if line.startswith("  node")]
    assert rows[0][1:2] + rows[0][-1:] == ["m197", "node_not_ready"]
    assert rows[-1] == ["node", "180", "more,", "like", "those", "above"]


def test_a_route_in_trouble_shows_on_its_router_and_its_pool():
    world = World()
    world.router["routes"] = []
    details = verdict(world)["details"]
    assert details["routers"][0]["code"] == "route_not_installed"
    assert (details["pools"][0]["services"], details["pools"][0]["status"]) == ("critical", "healthy")


def test_a_cluster_that_does_not_answer_is_an_error():
    answer = unanswered("no answer", "Start it", NOW)
    assert (answer["status"], answer["exit_code"]) == ("error", 3)
    assert answer["findings"][0]["code"] == "cluster_not_answering"
    assert "do:   Start it" in table(answer)
