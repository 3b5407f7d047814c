# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr_state
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from fake_runner import Runner


def peer(state="Established", **more):
    return {"remoteAs": 65010, "state": state, "peerUptimeMsec": 25999, "pfxRcd": 1, **more}


def session(address, received=1, state="Established", uptime=25):
    return _frr_state.Session(address, 65010, state, received, uptime)


FAMILY = {"routerId": "192.0.2.1", "as": 65000}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({}, _frr_state.Summary(0, "", ()), id="no BGP instance"),
        pytest.param(
            {"ipv4Unicast": {**FAMILY, "peers": {"192.0.2.100": peer(), "192.0.2.11": peer(peerState="Policy")}}},
            _frr_state.Summary(65000, "192.0.2.1", (session("192.0.2.11"), session("192.0.2.100"))),
            id="peers in the order of their addresses, whatever peerState says",
        ),
        pytest.param(
            {
                "ipv4Unicast": {**FAMILY, "peers": {"192.0.2.11": peer()}},
                "ipv6Unicast": {"peers": {"192.0.2.11": peer()}},
            },
            _frr_state.Summary(65000, "192.0.2.1", (session("192.0.2.11", received=2),)),
            id="families are added up",
        ),
        pytest.param(
            {**FAMILY, "peers": {"192.0.2.11": {"remoteAs": 65010, "state": "Active", "prefixReceivedCount": 3}}},
            _frr_state.Summary(65000, "192.0.2.1", (session("192.0.2.11", 3, "Active", 0),)),
            id="old FRR: one family, another name",
        ),
    ],
)
def test_parse_summary(document, expected):
    assert _frr_state.parse_summary(document) == expected


def hop(address, fib=True):
    return {"ip": address, "active": True, **({"fib": True} if fib else {})}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, []),
        (
            {"198.51.100.1/32": [{"installed": True, "nexthops": [hop("192.0.2.100"), hop("192.0.2.11")]}]},
            [{"prefix": "198.51.100.1/32", "installed": True, "next_hops": ["192.0.2.11", "192.0.2.100"]}],
        ),
        (
            {"198.51.100.1/32": [{"nexthops": [hop("192.0.2.11", fib=False)]}]},
            [{"prefix": "198.51.100.1/32", "installed": False, "next_hops": []}],
        ),
    ],
)
def test_parse_routes(document, expected):
    assert _frr_state.parse_routes(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"warning": "Default BGP instance not found"}, []),
        (
            {"routes": {"198.51.100.1/32": [{"valid": True, "peerId": "192.0.2.11"}, {"peerId": "192.0.2.12"}]}},
            [{"prefix": "198.51.100.1/32", "peers": ["192.0.2.11"]}],
        ),
    ],
)
def test_parse_received(document, expected):
    assert _frr_state.parse_received(document) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", []),
        ("% BGP instance not found\n{}\n{\n}\n", [{}, {}]),
        ('{"a": {"b": 1}} % noise {\n{"c": 2}', [{"a": {"b": 1}}, {"c": 2}]),
    ],
)
def test_documents_are_found_between_complaints(output, expected):
    assert _frr_state.documents(output) == expected


ASK = ["vtysh", *(argument for question in _frr_state.QUESTIONS for argument in ("-c", question))]


def test_read_router_asks_once_and_answers_in_one_shape():
    out = "\n".join(
        json.dumps(document)
        for document in (
            {"ipv4Unicast": {**FAMILY, "peers": {"192.0.2.11": peer()}}},
            {"198.51.100.1/32": [{"installed": True, "nexthops": [hop("192.0.2.11")]}]},
            {},
            {"routes": {"198.51.100.1/32": [{"valid": True, "peerId": "192.0.2.11"}]}},
            {"warning": "Default BGP instance not found"},
        )
    )
    assert _frr_state.read_router("vtysh", Runner(ASK, 0, out)) == {
        "asn": 65000,
        "router_id": "192.0.2.1",
        "peers": [
            {
                "address": "192.0.2.11",
                "asn": 65010,
                "state": "Established",
                "established": True,
                "prefixes_received": 1,
                "uptime": 25,
            }
        ],
        "routes": [{"prefix": "198.51.100.1/32", "installed": True, "next_hops": ["192.0.2.11"]}],
        "received": [{"prefix": "198.51.100.1/32", "peers": ["192.0.2.11"]}],
    }


@pytest.mark.parametrize(
    "runner",
    [
        Runner(ASK, 1, "", "Exiting: failed to connect to any daemons.\n"),
        Runner(ASK, 0, "bgpd is not running\n{}\n{}\n"),
        Runner(ASK, 0, ""),
    ],
)
def test_a_router_that_does_not_answer_is_an_error(runner):
    with pytest.raises(ClusterError, match="systemctl status frr"):
        _frr_state.read_router("vtysh", runner)


NODES = ["192.0.2.11", "192.0.2.12"]


def router(
    states=("Established", "Established"),
    announced=("198.51.100.1/32",),
    installed=("198.51.100.1/32",),
    via=("192.0.2.11",),
):
    return {
        "peers": [
            {"address": node, "established": state == "Established", "state": state}
            for node, state in zip(NODES, states)
            if state is not None
        ],
        "received": [
            *({"prefix": prefix, "peers": [NODES[0]]} for prefix in announced),
            {"prefix": "203.0.113.0/24", "peers": ["192.0.2.200"]},
        ],
        "routes": [
            *({"prefix": prefix, "installed": prefix in installed, "next_hops": list(via)} for prefix in announced),
            {"prefix": "203.0.113.0/24", "installed": True, "next_hops": ["192.0.2.200"]},
        ],
    }


@pytest.mark.parametrize(
    ("answer", "addresses", "expected"),
    [
        pytest.param(router(), ["198.51.100.1"], [], id="exactly as it should be, and another peer's route beside it"),
        pytest.param(router(), None, [], id="nobody asked for addresses"),
        pytest.param(router(states=("Established", "Active")), None, [("192.0.2.12", "Active")], id="no session"),
        pytest.param(router(states=("Established", "Idle")), None, [("192.0.2.12", "Idle")], id="refused session"),
        pytest.param(router(states=("Established", "OpenSent")), None, [("192.0.2.12", "OpenSent")], id="other states"),
        pytest.param(router(states=("Established", None)), None, [("192.0.2.12", "does not know")], id="unknown node"),
        pytest.param(router(announced=()), ["198.51.100.1"], [("198.51.100.1/32", "no node announces")], id="missing"),
        pytest.param(router(installed=()), ["198.51.100.1"], [("198.51.100.1/32", "not in the kernel")], id="unused"),
        pytest.param(
            router(via=("192.0.2.200",)),
            ["198.51.100.1"],
            [("198.51.100.1/32", "sends it to 192.0.2.200")],
            id="another router's route won",
        ),
        pytest.param(router(), [], [("198.51.100.1/32", "which no service has")], id="one too many"),
    ],
)
def test_differences_name_what_is_not_as_it_should_be(answer, addresses, expected):
    problems = _frr_state.differences(answer, NODES, addresses)
    assert len(problems) == len(expected)
    for problem, (where, what) in zip(problems, expected):
        assert problem.where == where
        assert what in problem.what
        assert problem.remedy


@pytest.mark.parametrize(
    ("answers", "timeout", "slept", "remaining"),
    [
        ([["bad"], ["bad"], []], 10, 2, []),
        ([["bad"], ["worse"]], 1, 1, ["worse"]),
        ([["bad"]], 0, 0, ["bad"]),
        ([[]], 0, 0, []),
    ],
)
def test_await_router_asks_until_it_is_right_or_time_is_up(answers, timeout, slept, remaining):
    naps = []
    found, problems = _frr_state.await_router(
        lambda: {"problems": answers.pop(0)}, lambda answer: answer["problems"], timeout, lambda: sum(naps), naps.append
    )
    assert (problems, found["problems"], len(naps), answers) == (remaining, remaining, slept, [])


DOWN = ClusterError(Problem("vtysh", "FRR did not answer", "Start FRR"))


def test_await_router_outlasts_a_restart_of_frr():
    naps = []
    answers = [DOWN, DOWN, {"problems": []}]

    def read():
        answer = answers.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    found = _frr_state.await_router(read, lambda answer: answer["problems"], 10, lambda: sum(naps), naps.append)
    assert (found, len(naps)) == (({"problems": []}, []), 2)


def test_await_router_gives_up_a_router_that_stays_down():
    naps = []

    def read():
        raise DOWN

    with pytest.raises(ClusterError, match="did not answer"):
        _frr_state.await_router(read, lambda answer: [], 2, lambda: sum(naps), naps.append)
    assert len(naps) == 2
