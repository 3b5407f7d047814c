# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import ipaddress
import random
import re

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_runner import Runner

from tests.router_descriptions import describe

MINIMAL = {
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster": "home",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.12", "192.0.2.11"],
    "pools": [{"cidr": "198.51.100.0/26"}],
}


def lines(**options):
    return [line.strip() for line in _frr.render(_frr.Router.from_options({**MINIMAL, **options})).splitlines()]


def prefix_list(**options):
    return [line.split(" permit ")[1] for line in lines(**options) if " permit " in line]


def test_the_smallest_description_renders_the_whole_configuration():
    assert _frr.render(_frr.Router.from_options(MINIMAL)) == (
        "! Managed by homeops.cluster for cluster home. Changes made by hand are replaced.\n"
        "router bgp 65000\n"
        " bgp router-id 192.0.2.1\n"
        " bgp log-neighbor-changes\n"
        " no bgp default ipv4-unicast\n"
        " neighbor CLUSTER-home peer-group\n"
        " neighbor CLUSTER-home remote-as 65010\n"
        " neighbor CLUSTER-home timers 3 9\n"
        " neighbor CLUSTER-home timers connect 5\n"
        " neighbor 192.0.2.11 peer-group CLUSTER-home\n"
        " neighbor 192.0.2.12 peer-group CLUSTER-home\n"
        " !\n"
        " address-family ipv4 unicast\n"
        "  neighbor CLUSTER-home activate\n"
        "  neighbor CLUSTER-home soft-reconfiguration inbound\n"
        "  neighbor CLUSTER-home maximum-prefix 64 restart 5\n"
        "  neighbor CLUSTER-home prefix-list CLUSTER-home-IN-4 in\n"
        "  neighbor CLUSTER-home route-map CLUSTER-home-OUT out\n"
        "  maximum-paths 2\n"
        " exit-address-family\n"
        "exit\n"
        "!\n"
        "ip prefix-list CLUSTER-home-IN-4 seq 10 permit 198.51.100.0/26 ge 32 le 32\n"
        "!\n"
        "route-map CLUSTER-home-OUT deny 10\n"
        "exit\n"
        "! End of homeops.cluster for cluster home.\n"
    )


@pytest.mark.parametrize(
    ("options", "present", "absent"),
    [
        ({"password": "s3cret!"}, "neighbor CLUSTER-home password s3cret!", None),
        ({"timers": {"hold": 30, "keepalive": 10}}, "neighbor CLUSTER-home timers 10 30", None),
        ({"timers": {"connect_retry": 7}}, "neighbor CLUSTER-home timers connect 7", None),
        ({"graceful_restart": 0}, "neighbor 192.0.2.11 graceful-restart-disable", "bgp graceful-restart-disable"),
        (
            {"graceful_restart": 0, "nodes": None, "listen_ranges": ["192.0.2.0/24"]},
            "bgp graceful-restart-disable",
            "neighbor CLUSTER-home graceful-restart-disable",
        ),
        ({"ebgp_multihop": 3}, "neighbor CLUSTER-home ebgp-multihop 3", None),
        ({"ebgp_multihop": 1}, "router bgp 65000", "neighbor CLUSTER-home ebgp-multihop 1"),
        ({"graceful_restart": 120}, "router bgp 65000", "bgp graceful-restart-disable"),
        ({"maximum_prefix": 10}, "neighbor CLUSTER-home maximum-prefix 10 restart 5", None),
        ({"pools": ["10.0.0.0/8"]}, "neighbor CLUSTER-home maximum-prefix 1000 restart 5", None),
        ({"nodes": ["192.0.2.11"]}, "maximum-paths 1", None),
        (
            {"nodes": [f"192.0.2.{n}" for n in range(11, 28)]},
            "neighbor 192.0.2.27 peer-group CLUSTER-home",
            "maximum-paths 17",
        ),
        (
            {"nodes": None, "listen_ranges": ["192.0.2.128/25", "192.0.2.0/25"]},
            "bgp listen range 192.0.2.0/24 peer-group CLUSTER-home",
            "maximum-paths 0",
        ),
        ({"pools": ["2001:db8::/64"]}, "address-family ipv6 unicast", "ip prefix-list"),
        ({"pools": ["2001:db8::/64"]}, "no neighbor CLUSTER-home activate", None),
        ({"asn": "65001"}, "router bgp 65001", None),
    ],
)
def test_an_option_becomes_its_statement(options, present, absent):
    rendered = lines(**options)
    assert present in rendered
    assert absent not in rendered


def test_the_peer_group_exists_before_it_is_used():
    rendered = lines(nodes=None, listen_ranges=["192.0.2.0/24"])
    assert rendered.index("neighbor CLUSTER-home peer-group") < rendered.index(
        "bgp listen range 192.0.2.0/24 peer-group CLUSTER-home"
    )


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ([{"name": "a", "cidr": "198.51.100.0/26"}], ["198.51.100.0/26 ge 32 le 32"]),
        ([{"start": "198.51.100.10", "stop": "198.51.100.11"}], ["198.51.100.10/31 ge 32 le 32"]),
        ([{"start": "198.51.100.7"}], ["198.51.100.7/32"]),
        (
            [{"start": "198.51.100.1", "stop": "198.51.100.4"}],
            ["198.51.100.1/32", "198.51.100.2/31 ge 32 le 32", "198.51.100.4/32"],
        ),
        (["198.51.100.0/26", "198.51.100.64/26"], ["198.51.100.0/25 ge 32 le 32"]),
        (["2001:db8::/64", "198.51.100.0/26"], ["198.51.100.0/26 ge 32 le 32", "2001:db8::/64 ge 128 le 128"]),
    ],
)
def test_the_prefix_list_is_exactly_the_pools(pools, expected):
    assert prefix_list(pools=pools) == expected


def spans(pools):
    """First and last address of every pool, as numbers, by version."""
    for pool in pools:
        if isinstance(pool, dict) and "start" in pool:
            first, last = (ipaddress.ip_address(pool[end]) for end in ("start", "stop"))
        else:
            network = ipaddress.ip_network(pool if isinstance(pool, str) else pool["cidr"])
            first, last = network[0], network[-1]
        yield first.version, int(first), int(last)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a prefix-list: the bits of its prefix, and the lengths that it is about."""

    action: str
    first: int
    last: int
    length: int
    shortest: int
    longest: int


def permits(entries, number, length):
    """As FRR judges a route by a prefix-list: the first entry that matches, or denied."""
    for entry in entries:
        if length >= entry.length and entry.first <= number <= entry.last and entry.shortest <= length <= entry.longest:
            return entry.action == "permit"
    return False


def entries_of(text, name):
    for line in text.splitlines():
        words = line.split()
        if words[1:3] == ["prefix-list", name]:
            network, bounds = ipaddress.ip_network(words[6]), dict(zip(words[7::2], words[8::2]))
            shortest = int(bounds.get("ge", network.prefixlen))
            longest = int(bounds.get("le", network.max_prefixlen if "ge" in bounds else network.prefixlen))
            yield Entry(words[5], int(network[0]), int(network[-1]), network.prefixlen, shortest, longest)


@pytest.mark.parametrize("seed", range(500))
def test_nothing_outside_the_pools_is_ever_permitted_in_and_nothing_out(seed):
    given = describe(seed)
    text = _frr.render(_frr.Router.from_options(given))
    name = _frr.group(given["cluster"])
    pools = list(spans(given["pools"]))
    chance = random.Random(seed)
    for version, length in ((4, 32), (6, 128)):
        entries = list(entries_of(text, f"{name}-IN-{version}"))
        inside = [(first, last) for v, first, last in pools if v == version]
        # Every entry is about host routes alone; all of its addresses are in pools, and all of the pools' in entries.
        assert all(entry.shortest == entry.longest == length for entry in entries)
        assert union((entry.first, entry.last) for entry in entries) == union(inside)
        edges = {edge + step for span in inside for edge in span for step in (-1, 0, 1)} | {0, 2**length - 1}
        for number in (number for number in edges if 0 <= number < 2**length):
            for size in (0, length, chance.randint(0, length), length - 1):
                route = number >> (length - size) << (length - size)
                wanted = size == length and any(first <= number <= last for first, last in inside)
                assert permits(entries, route, size) is wanted
    judged_in = [line.split() for line in text.splitlines() if line.endswith(" in")]
    judged_out = [line.split() for line in text.splitlines() if line.endswith(" out")]
    versions = sorted({version for version, _first, _last in pools})
    assert judged_in == [["neighbor", name, "prefix-list", f"{name}-IN-{version}", "in"] for version in versions]
    assert judged_out == [["neighbor", name, "route-map", f"{name}-OUT", "out"] for _version in versions]
    assert [line for line in text.splitlines() if line.startswith("route-map ")] == [f"route-map {name}-OUT deny 10"]
    assert not re.search(r"^\s*(network|redistribute|aggregate-address|match|set|call|on-match|continue)\b", text, re.M)


def union(spans_):
    """Ranges that overlap or touch made one."""
    found = []
    for first, last in sorted(spans_):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def test_the_order_of_the_description_does_not_matter():
    pools = [{"cidr": "198.51.100.64/27"}, {"cidr": "198.51.100.0/26"}]
    assert lines(pools=pools, nodes=["192.0.2.11", "192.0.2.100"]) == lines(
        pools=pools[::-1], nodes=["192.0.2.100", "192.0.2.11"]
    )


def test_everything_wrong_is_reported_at_once():
    with pytest.raises(ClusterError) as error:
        _frr.Router.from_options(
            {
                "asn": 0,
                "router_id": "router",
                "cluster": "a.b",
                "cluster_asn": "x",
                "nodes": ["192.0.2.11", "192.0.2.11", "node1"],
                "pools": [{"cidr": "198.51.100.1/26"}, {"start": "198.51.100.9", "stop": "198.51.100.1"}, {}, 5],
                "timers": {"hold": 3, "keepalive": 3},
                "password": "two words",
                "maximum_prefix": 0,
                "unknown": 1,
            }
        )
    assert [problem.where for problem in error.value.problems] == [
        "unknown",
        *(f"pools[{index}]" for index in range(4)),
        *(
            "cluster",
            "asn",
            "router_id",
            "cluster_asn",
            "nodes[2]",
            "nodes",
            "timers.keepalive",
            "password",
            "maximum_prefix",
        ),
    ]
    assert "two words" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"pools": []}, "pools"),
        ({"pools": ["198.51.100.1/26"]}, "pools[0]"),
        ({"pools": [{"start": "198.51.100.1", "stop": "2001:db8::1"}]}, "pools[0]"),
        ({"nodes": []}, "nodes"),
        ({"listen_ranges": ["192.0.2.0/24"]}, "nodes"),
        ({"nodes": [], "listen_ranges": ["192.0.2.1/24"]}, "listen_ranges[0]"),
        ({"ebgp_multihop": 256}, "ebgp_multihop"),
        ({"password": "a\nredistribute connected"}, "password"),
        ({"password": "p" * 81}, "password"),
    ],
)
def test_what_would_be_unsafe_is_refused(options, where):
    with pytest.raises(ClusterError) as error:
        _frr.Router.from_options({**MINIMAL, **options})
    assert [problem.where for problem in error.value.problems] == [where]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" neighbor CLUSTER-home password s3cr!t#x\nexit\n", " neighbor CLUSTER-home password ********\nexit\n"),
        ("line 4: % Unknown command[1]:  password a b", "line 4: % Unknown command[1]:  password ********"),
        (" neighbor 192.0.2.9 passw s3cret\n", " neighbor 192.0.2.9 passw ********\n"),
        ("enable password 8 s3cret\n", "enable password ********\n"),
        (" key-string s3cret\n", " key-string ********\n"),
        (" ip ospf authentication-key s3cret\n", " ip ospf authentication-key ********\n"),
        (" ip nhrp authentication s3cret\n", " ip nhrp authentication ********\n"),
        (" ip rip authentication string s3cret\n", " ip rip authentication ********\n"),
        (" ip ospf message-digest-key 1 md5 s3cret\n", " ip ospf message-digest-key 1 md5 ********\n"),
        (" neighbor 192.0.2.9 passive\n", " neighbor 192.0.2.9 passive\n"),
        ("router bgp 65000\n", "router bgp 65000\n"),
    ],
)
def test_redact(text, expected):
    assert _frr.redact(text) == expected


CHECK = ["/usr/bin/vtysh", "-C", "-f", "/tmp/x.conf"]
TEXT = "router bgp 65000\n neighbour x\n neighbor CLUSTER-home password a b\n"


@pytest.mark.parametrize(
    ("runner", "expected"),
    [
        (Runner(CHECK), []),
        (
            Runner(
                CHECK,
                2,
                "",
                "line 2: % Unknown command[25]:  neighbour x\n"
                "line 3: % Unknown command[25]:  neighbor CLUSTER-home password a b\n",
            ),
            [
                ("line 2", "Unknown command: neighbour x"),
                ("line 3", "Unknown command: neighbor CLUSTER-home password ********"),
            ],
        ),
        (
            Runner(CHECK, 2, "line 2: % Ambiguous command:  neighbour x\n", ""),
            [("line 2", "Ambiguous command: neighbour x")],
        ),
        (
            Runner(CHECK, 1, "", "vtysh: cannot open\n"),
            [("/usr/bin/vtysh", "the configuration was not checked (exit status 1: vtysh: cannot open)")],
        ),
    ],
)
def test_what_vtysh_refuses_is_told_by_line_and_without_passwords(runner, expected):
    problems = _frr.syntax_problems(TEXT, "/usr/bin/vtysh", "/tmp/x.conf", runner)
    assert [(problem.where, problem.what) for problem in problems] == expected


@pytest.mark.parametrize(
    ("found", "required", "expected"), [("/usr/bin/vtysh", True, "/usr/bin/vtysh"), (None, False, "")]
)
def test_find_vtysh(found, required, expected):
    assert _frr.find_vtysh("vtysh", lambda name: found, required=required) == expected


def test_a_missing_vtysh_is_an_error_with_a_way_out():
    with pytest.raises(ClusterError, match="Install FRR"):
        _frr.find_vtysh("vtysh", lambda name: None)
