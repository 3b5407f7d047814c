# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr_state
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem


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
            {
                "198.51.100.2/32": [{"installed": True, "nexthops": [hop("192.0.2.11"), hop("192.0.2.100")]}],
                "198.51.100.1/32": [{"installed": True, "nexthops": [hop("192.0.2.100"), hop("192.0.2.11")]}],
            },
            [
                {
                    "installed": True,
                    "next_hops": ["192.0.2.11", "192.0.2.100"],
                    "prefixes": ["198.51.100.1/32", "198.51.100.2/32"],
                }
            ],
        ),
        (
            {"198.51.100.1/32": [{"nexthops": [hop("192.0.2.11")]}]},
            [{"installed": False, "next_hops": [], "prefixes": ["198.51.100.1/32"]}],
        ),
    ],
    ids=["none", "routes with the same way together", "FRR still names the hops of a route that the kernel has not"],
)
def test_parse_routes(document, expected):
    assert _frr_state.parse_routes(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"warning": "Default BGP instance not found"}, []),
        (
            {
                "routes": {
                    "198.51.100.2/32": [{"valid": True, "peerId": "192.0.2.11"}],
                    "198.51.100.1/32": [{"valid": True, "peerId": "192.0.2.11"}, {"peerId": "192.0.2.12"}],
                }
            },
            [{"peers": ["192.0.2.11"], "prefixes": ["198.51.100.1/32", "198.51.100.2/32"]}],
        ),
    ],
)
def test_parse_received(document, expected):
    assert _frr_state.parse_received(document) == expected


# As FRR 8.4 said it in the lab; of a family only what is read here.
FAMILY_UP = {"inboundPathPolicyConfig": True, "acceptedPrefixCounter": 1, "prefixAllowedMax": 112}
NEIGHBOR = {"bgpState": "Established", "localAs": 65000, "addressFamilyInfo": {"ipv4Unicast": FAMILY_UP}}


def graceful(local, remote, seconds):
    """A star marks what follows from the default."""
    timers = {"configuredRestartTimer": 120, "receivedRestartTimer": seconds}
    return {"gracefulRestartInfo": {"localGrMode": local, "remoteGrMode": remote, "timers": timers}}


TOLD = {
    "local_asn": 65000,
    "password": False,
    "shutdown": False,
    "policy": True,
    "maximum_prefix": 112,
    "maximum_prefix_reached": False,
    "stale": False,
    "graceful_restart": 0,
    "last_reset": "",
    "last_notification": "",
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"authenticationEnabled": 1}, {"password": True}),
        (
            {"adminShutDown": True, "lastResetDueTo": "Admin. shutdown"},
            {"shutdown": True, "last_reset": "Admin. shutdown"},
        ),
        (
            {"addressFamilyInfo": {"ipv4Unicast": {"inboundEbgpRequiresPolicy": "Inbound updates discarded due to …"}}},
            {"policy": False, "maximum_prefix": 0},
        ),
        (
            {"prefixesConfigExceedMax": True, "lastNotificationReason": "Cease/Maximum Number of Prefixes Reached"},
            {"maximum_prefix_reached": True, "last_notification": "Cease/Maximum Number of Prefixes Reached"},
        ),
        ({"bgpStateIs": "passiveNSF"}, {"stale": True}),
        (graceful("Helper*", "Restart", 90), {"graceful_restart": 90}),
        (graceful("Restart*", "Restart", 90), {"graceful_restart": 90}),
        (graceful("Helper*", "Helper", 90), {}),
        (graceful("Helper*", "NotApplicable", 0), {}),
        (graceful("Disable", "Restart", 90), {}),
        (graceful("Disable*", "Restart", 90), {}),
        ({"gracefulRestartInfo": {"remoteGrMode": "Restart"}}, {}),
        ({"gracefulRestartInfo": {"localGrMode": "Helper*", "remoteGrMode": "Restart"}}, {}),
    ],
    ids=[
        "plain",
        "password",
        "shut down",
        "no policy",
        "too many prefixes",
        "waiting for a restart",
        "the routes outlive the neighbour",
        "of a router that restarts so itself",
        "the neighbour helps, and does not ask",
        "the neighbour knows nothing of it",
        "the router does not go along",
        "nor by its default",
        "the router says nothing of itself",
        "no time is said",
    ],
)
def test_parse_neighbors(more, expected):
    document = {"vrfId": 0, "192.0.2.11": {**NEIGHBOR, **more}}
    assert _frr_state.parse_neighbors(document) == {"192.0.2.11": {**TOLD, **expected}}


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


NETSTAT = """\
TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure
TcpExt: 9 1 2 3
IpExt: InNoRoutes
IpExt: 7
"""
CONFIGURATION = "!\nrouter bgp 65000\n bgp listen range 192.0.2.0/24 peer-group CLUSTER\n!"
ADDRESSES = json.dumps([{"addr_info": [{"local": "192.0.2.1"}]}, {"addr_info": []}])


class Host:
    """Answers vtysh's calls in order, and ip; and nothing else."""

    def __init__(self, *answers, addresses=(0, ADDRESSES, ""), netstat=NETSTAT):
        self.answers, self.addresses, self.netstat, self.asked = list(answers), addresses, netstat, []

    def run(self, arguments):
        if arguments[0] == "ip":
            return self.addresses
        assert arguments[0] == "vtysh"
        self.asked.append(arguments[2::2])
        return self.answers.pop(0)

    def read(self, path):
        assert path == "/proc/net/netstat"
        return self.netstat

    @property
    def router(self):
        return _frr_state.Router("vtysh", self.run, self.read)


def said(*documents, more=""):
    return 0, "\n".join(map(json.dumps, documents)) + f"\n{more}\n", ""


FINE = (
    {"ipv4Unicast": {**FAMILY, "peers": {"192.0.2.11": peer()}}},
    {"192.0.2.11": NEIGHBOR},
    {"198.51.100.1/32": [{"installed": True, "nexthops": [hop("192.0.2.11")]}]},
    {},
    {"routes": {"198.51.100.1/32": [{"valid": True, "peerId": "192.0.2.11"}]}},
    {"warning": "Default BGP instance not found"},
)


def test_a_router_is_asked_once_and_answers_in_one_shape():
    host = Host(said(*FINE, more=CONFIGURATION))
    assert host.router.ask() == {
        "asn": 65000,
        "router_id": "192.0.2.1",
        "addresses": ["192.0.2.1"],
        "listen_ranges": ["192.0.2.0/24"],
        "peers": [
            {
                "address": "192.0.2.11",
                "asn": 65010,
                "state": "Established",
                "established": True,
                "prefixes_received": 1,
                "uptime": 25,
                **TOLD,
            }
        ],
        "routes": [{"installed": True, "next_hops": ["192.0.2.11"], "prefixes": ["198.51.100.1/32"]}],
        "received": [{"peers": ["192.0.2.11"], "prefixes": ["198.51.100.1/32"]}],
        "signature_failures": {"missing": 1, "unexpected": 2, "wrong": 3},
    }
    assert host.asked == [[*_frr_state.QUESTIONS, "show running-config"]]


def test_what_only_new_tools_tell_may_be_absent():
    host = Host(said(*FINE), addresses=(127, "", "no such program"), netstat="")
    answer = host.router.ask()
    assert (answer["addresses"], answer["listen_ranges"]) == ([], [])
    assert answer["signature_failures"] == {"missing": 0, "unexpected": 0, "wrong": 0}


@pytest.mark.parametrize(
    "answer",
    [(1, "", "Exiting: failed to connect to any daemons.\n"), (0, "bgpd is not running\n{}\n{}\n", ""), (0, "", "")],
)
def test_a_router_that_does_not_answer_is_an_error(answer):
    with pytest.raises(ClusterError, match="systemctl restart frr"):
        Host(answer).router.ask()


NODES = ["192.0.2.11", "192.0.2.12"]
WANTED = frozenset({"198.51.100.1/32"})


def router(states=("Established", "Established"), announced=WANTED, installed=WANTED):
    return {
        "peers": [
            {"address": node, "established": state == "Established", "state": state}
            for node, state in zip(NODES, states)
            if state is not None
        ],
        "received": [
            {"peers": [NODES[0]], "prefixes": sorted(announced)},
            {"peers": ["192.0.2.200"], "prefixes": ["203.0.113.0/24"]},
        ],
        "routes": [
            {"installed": True, "next_hops": NODES[:1], "prefixes": sorted(installed)},
            {"installed": False, "next_hops": [], "prefixes": sorted(announced - installed)},
            {"installed": True, "next_hops": ["192.0.2.200"], "prefixes": ["203.0.113.0/24"]},
        ],
    }


@pytest.mark.parametrize(
    ("answer", "wanted", "expected"),
    [
        pytest.param(router(), WANTED, True, id="exactly as it should be, and another peer's route beside it"),
        pytest.param(router(), None, True, id="nobody asked for routes"),
        pytest.param(router(states=("Established", "Active")), None, False, id="no session"),
        pytest.param(router(states=("Established", None)), None, False, id="unknown node"),
        pytest.param(router(announced=set()), WANTED, False, id="missing"),
        pytest.param(router(installed=set()), WANTED, False, id="not in the kernel"),
        pytest.param(router(), set(), False, id="one too many"),
    ],
)
def test_when_a_router_has_everything(answer, wanted, expected):
    assert _frr_state.is_complete(answer, NODES, wanted) is expected


def test_only_what_is_missing_is_asked_about():
    host = Host()
    fine = {**router(), "received": [{"peers": NODES, "prefixes": sorted(WANTED)}]}
    assert host.router.explain(fine, NODES, WANTED) == {"filtered": {}, "instead": {}}
    assert host.asked == []


STATIC = {"protocol": "static", "selected": True, "nexthops": [{"ip": "192.0.2.99"}]}


def test_a_prefix_that_is_filtered_and_a_route_that_is_beaten_are_explained():
    filtered = {"receivedRoutes": {"198.51.100.1/32": {}}}
    winner = {"198.51.100.1/32": [STATIC, {"protocol": "bgp", "nexthops": [{"ip": "192.0.2.11"}]}]}
    host = Host(said(filtered, winner))
    assert host.router.explain(router(installed=set()), NODES, WANTED) == {
        "filtered": {"192.0.2.12": ["198.51.100.1/32"]},
        "instead": {"198.51.100.1/32": {"protocol": "static", "next_hops": ["192.0.2.99"]}},
    }
    assert host.asked == [
        [
            "show bgp ipv4 unicast neighbors 192.0.2.12 filtered-routes json",
            "show ip route 198.51.100.1/32 json",
        ]
    ]


@pytest.mark.parametrize(
    "answer", [(1, "% Unknown command", ""), (0, "% Inbound soft reconfiguration not enabled", "")]
)
def test_an_frr_that_cannot_explain_is_no_error(answer):
    assert Host(answer).router.explain(router(), NODES, WANTED) == {"filtered": {}, "instead": {}}


@pytest.mark.parametrize(
    ("answers", "timeout", "slept", "found"),
    [
        (["bad", "bad", "good"], 10, 2, "good"),
        (["bad", "worse"], 1, 1, "worse"),
        (["bad"], 0, 0, "bad"),
        (["good"], 0, 0, "good"),
    ],
)
def test_await_router_asks_until_it_is_right_or_time_is_up(answers, timeout, slept, found):
    naps = []
    answer = _frr_state.await_router(
        lambda: {"is": answers.pop(0)}, lambda state: state["is"] == "good", timeout, lambda: sum(naps), naps.append
    )
    assert (answer["is"], len(naps), answers) == (found, slept, [])


DOWN = ClusterError(Problem("vtysh", "FRR did not answer", "Start FRR"))


def test_await_router_outlasts_a_restart_of_frr():
    naps = []
    answers = [DOWN, DOWN, {"is": "good"}]

    def read():
        answer = answers.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    assert _frr_state.await_router(read, bool, 10, lambda: sum(naps), naps.append) == {"is": "good"}
    assert len(naps) == 2


def test_await_router_gives_up_a_router_that_stays_down():
    naps = []

    def read():
        raise DOWN

    with pytest.raises(ClusterError, match="did not answer"):
        _frr_state.await_router(read, bool, 2, lambda: sum(naps), naps.append)
    assert len(naps) == 2
