# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import random

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from fake_runner import Runner

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
        " neighbor CLUSTER peer-group\n"
        " neighbor CLUSTER remote-as 65010\n"
        " neighbor CLUSTER timers 3 9\n"
        " neighbor CLUSTER timers connect 5\n"
        " neighbor 192.0.2.11 peer-group CLUSTER\n"
        " neighbor 192.0.2.12 peer-group CLUSTER\n"
        " !\n"
        " address-family ipv4 unicast\n"
        "  neighbor CLUSTER activate\n"
        "  neighbor CLUSTER soft-reconfiguration inbound\n"
        "  neighbor CLUSTER prefix-list CLUSTER-IN-4 in\n"
        "  neighbor CLUSTER route-map CLUSTER-OUT out\n"
        "  neighbor CLUSTER maximum-prefix 64 restart 5\n"
        "  maximum-paths 2\n"
        " exit-address-family\n"
        "exit\n"
        "!\n"
        "ip prefix-list CLUSTER-IN-4 seq 10 permit 198.51.100.0/26 ge 32 le 32\n"
        "!\n"
        "route-map CLUSTER-OUT deny 10\n"
        "exit\n"
    )


@pytest.mark.parametrize(
    ("options", "present", "absent"),
    [
        ({"password": "s3cret!"}, "neighbor CLUSTER password s3cret!", None),
        ({"timers": {"hold": 30, "keepalive": 10}}, "neighbor CLUSTER timers 10 30", None),
        ({"timers": {"connect_retry": 7}}, "neighbor CLUSTER timers connect 7", None),
        ({"graceful_restart": 0}, "bgp graceful-restart-disable", None),
        ({"graceful_restart": 120}, "router bgp 65000", "bgp graceful-restart-disable"),
        ({"maximum_prefix": 10}, "neighbor CLUSTER maximum-prefix 10 restart 5", None),
        ({"pools": ["10.0.0.0/8"]}, "neighbor CLUSTER maximum-prefix 1000 restart 5", None),
        ({"nodes": ["192.0.2.11"]}, "maximum-paths 1", None),
        (
            {"nodes": [f"192.0.2.{n}" for n in range(11, 28)]},
            "neighbor 192.0.2.27 peer-group CLUSTER",
            "maximum-paths 17",
        ),
        (
            {"nodes": None, "listen_range": "192.0.2.0/24"},
            "bgp listen range 192.0.2.0/24 peer-group CLUSTER",
            "maximum-paths 0",
        ),
        ({"pools": ["2001:db8::/64"]}, "address-family ipv6 unicast", "address-family ipv4 unicast"),
        ({"asn": "65001"}, "router bgp 65001", None),
    ],
)
def test_an_option_becomes_its_statement(options, present, absent):
    rendered = lines(**options)
    assert present in rendered
    assert absent not in rendered


def test_the_peer_group_exists_before_it_is_used():
    rendered = lines(nodes=None, listen_range="192.0.2.0/24")
    assert rendered.index("neighbor CLUSTER peer-group") < rendered.index(
        "bgp listen range 192.0.2.0/24 peer-group CLUSTER"
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


def random_pools(seed):
    chance = random.Random(seed)
    for number in range(chance.randint(1, 5)):
        start = int(ipaddress.ip_address("198.51.100.0")) + chance.randint(0, 1000)
        if number % 2:
            yield {"cidr": str(ipaddress.ip_network((start, chance.randint(24, 32)), strict=False))}
        else:
            stop = start + chance.randint(0, 100)
            yield {"start": str(ipaddress.ip_address(start)), "stop": str(ipaddress.ip_address(stop))}


def addresses(pools):
    for pool in pools:
        if "cidr" in pool:
            yield from (int(address) for address in ipaddress.ip_network(pool["cidr"]))
        else:
            yield from range(int(ipaddress.ip_address(pool["start"])), int(ipaddress.ip_address(pool["stop"])) + 1)


@pytest.mark.parametrize("seed", range(50))
def test_no_address_outside_the_pools_is_ever_permitted_and_each_inside_is(seed):
    pools = list(random_pools(seed))
    permitted = [entry.split() for entry in prefix_list(pools=pools)]
    assert all(prefix.endswith("/32") or rest == ["ge", "32", "le", "32"] for prefix, *rest in permitted)
    allowed = [int(address) for prefix, *rest in permitted for address in ipaddress.ip_network(prefix)]
    assert sorted(allowed) == sorted(set(addresses(pools)))


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
        ({"listen_range": "192.0.2.0/24"}, "nodes"),
        ({"nodes": [], "listen_range": "192.0.2.1/24"}, "listen_range"),
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
        (" neighbor CLUSTER password s3cr!t#x\nexit\n", " neighbor CLUSTER password ********\nexit\n"),
        ("line 4: % Unknown command[1]:  password a b", "line 4: % Unknown command[1]:  password ********"),
        (" neighbor 192.0.2.9 passw s3cret\n", " neighbor 192.0.2.9 passw ********\n"),
        ("enable password 8 s3cret\n", "enable password ********\n"),
        (" key-string s3cret\n", " key-string ********\n"),
        (" ip ospf authentication-key s3cret\n", " ip ospf authentication-key ********\n"),
        (" ip ospf message-digest-key 1 md5 s3cret\n", " ip ospf message-digest-key 1 md5 ********\n"),
        (" neighbor 192.0.2.9 passive\n", " neighbor 192.0.2.9 passive\n"),
        ("router bgp 65000\n", "router bgp 65000\n"),
    ],
)
def test_redact(text, expected):
    assert _frr.redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_frr.render(_frr.Router.from_options(MINIMAL)), True),
        (_frr.render(_frr.Router.from_options({**MINIMAL, "cluster": "home-2"})), False),
        ("! Written for homeops\nrouter bgp 1\n", False),
        ("router bgp 1\n description Managed by homeops.cluster for cluster home.\n", False),
        ("", False),
    ],
)
def test_only_a_configuration_with_our_header_is_ours(text, expected):
    assert _frr.is_ours(text, "home") is expected


CHECK = ["/usr/bin/vtysh", "-C", "-f", "/tmp/x.conf"]
TEXT = "router bgp 65000\n neighbour x\n neighbor CLUSTER password a b\n"


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
                "line 3: % Unknown command[25]:  neighbor CLUSTER password a b\n",
            ),
            [
                ("line 2", "Unknown command: neighbour x"),
                ("line 3", "Unknown command: neighbor CLUSTER password ********"),
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
