# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr, _frr_block, _frr_delta
from ansible_collections.homeops.cluster.plugins.module_utils._frr_block import Layout
from fake_frr import FakeFrr

from tests.router_descriptions import describe

CLUSTER = "home"
ROUTER = {
    "cluster": CLUSTER,
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.11", "192.0.2.12"],
    "pools": ["198.51.100.0/26"],
}
OTHERS = """\
router bgp 65000
 bgp router-id 203.0.113.1
 neighbor 203.0.113.9 remote-as 65055
 address-family ipv4 unicast
  neighbor 203.0.113.9 prefix-list MINE in
 exit-address-family
exit
router ospf
 ospf router-id 203.0.113.1
exit
ip prefix-list MINE seq 5 permit 203.0.113.0/24
"""


def layout(others="", **options):
    return _frr_block.place(others, _frr.render(_frr.Router.from_options({**ROUTER, **options})), CLUSTER, "x")


def script(before, after):
    return _frr_delta.script(before, after, CLUSTER)


def settled(text):
    """Without what FRR does not show, as it is so by itself."""
    lines = _frr_block.statements(text)
    return sorted(
        (line.context, line.text) for line in lines if line.text.split()[3:] != ["activate"] or line.text[:3] != "no "
    )


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("others", ["", OTHERS], ids=["alone", "shared"])
def test_whatever_ran_before_the_block_runs_afterwards_and_others_as_before(others, seed):
    chance = random.Random(seed)
    frr, file = FakeFrr(others), others
    for _step in range(3):
        options = describe(chance.randint(0, 500))
        options.update(cluster=CLUSTER, asn=65000 if others else options["asn"])
        if chance.random() < 0.15:
            wanted = _frr_block.place(file, "", CLUSTER, "x")
        else:
            wanted = _frr_block.place(file, _frr.render(_frr.Router.from_options(options)), CLUSTER, "x")
        frr.load(script(frr.text, wanted))
        assert settled(frr.text) == settled(wanted.text)
        assert [line for line in script(frr.text, wanted) if line.startswith(("neighbor", "bgp", "ip"))] == []
        file = wanted.text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"cluster_asn": 65011}, ["neighbor CLUSTER-home remote-as 65011"]),
        ({"timers": {"hold": 30, "keepalive": 10}}, ["neighbor CLUSTER-home timers 10 30"]),
        ({"password": "n3w"}, ["neighbor CLUSTER-home password n3w"]),
        ({"nodes": ["192.0.2.11"]}, ["no neighbor 192.0.2.12 peer-group CLUSTER-home", "maximum-paths 1"]),
        (
            {"pools": ["198.51.100.0/26", "198.51.100.128/26"], "maximum_prefix": 64},
            ["ip prefix-list CLUSTER-home-IN-4 seq 20 permit 198.51.100.128/26 ge 32 le 32"],
        ),
        (
            {"pools": ["198.51.101.0/26"]},
            ["ip prefix-list CLUSTER-home-IN-4 seq 10 permit 198.51.101.0/26 ge 32 le 32"],
        ),
    ],
)
def test_only_what_differs_is_said(options, expected):
    sections = ("router bgp 65000", "address-family ipv4 unicast", "exit")
    assert [line for line in script(layout().text, layout(**options)) if line not in sections] == expected


def test_a_password_that_goes_is_not_repeated():
    assert script(layout(password="hunter1").text, layout()) == [
        "router bgp 65000",
        "no neighbor CLUSTER-home password",
        "exit",
    ]


def test_another_as_number_of_the_router_needs_a_new_instance():
    said = script(layout().text, layout(asn=65001))
    assert said[:2] == ["no router bgp 65000", "router bgp 65001"]


def test_the_instance_goes_with_the_last_one_in_it():
    gone = _frr_block.place(layout().text, "", CLUSTER, "x")
    assert script(layout().text, gone)[0] == "no router bgp 65000"


def test_a_group_that_goes_takes_what_was_off_for_it_too():
    """FRR shows it in an instance of others, where IPv4 is on by itself."""
    only_ipv6 = layout(OTHERS, pools=["2001:db8::/125"])
    gone = _frr_block.place(only_ipv6.text, "", CLUSTER, "x")
    said = script(only_ipv6.text, gone)
    assert "no neighbor CLUSTER-home peer-group" in said
    assert "neighbor CLUSTER-home activate" not in said


def test_what_others_did_not_save_is_not_touched():
    running = layout().text.replace(
        " neighbor CLUSTER-home peer-group\n", " neighbor CLUSTER-home peer-group\n neighbor 203.0.113.9 remote-as 1\n"
    )
    gone = _frr_block.place(layout().text, "", CLUSTER, "x")
    frr = FakeFrr(running)
    frr.load(script(frr.text, gone))
    assert "neighbor 203.0.113.9 remote-as 1" in frr.text
    assert "CLUSTER-home" not in frr.text
    assert "bgp router-id 192.0.2.1" in frr.text


@pytest.mark.parametrize(
    ("running", "said"),
    [
        ("router bgp 65001\n neighbor 203.0.113.9 remote-as 1\nexit\n", "somebody else's BGP runs as AS 65001"),
        ("router bgp 65000\n neighbor 192.0.2.11 remote-as 1\nexit\n", "'neighbor 192.0.2.11 remote-as 1' is not"),
    ],
)
def test_what_others_run_without_saving_it_can_be_in_the_way(running, said):
    assert [said in problem.what for problem in _frr_delta.conflicts(running, layout(), CLUSTER)] == [True]


@pytest.mark.parametrize("running", ["", layout().text, layout(OTHERS).text, layout(asn=65001).text])
def test_what_is_ours_is_not_in_the_way(running):
    assert list(_frr_delta.conflicts(running, layout(), CLUSTER)) == []


@pytest.mark.parametrize(
    ("running", "differs"),
    [
        ("", True),
        (OTHERS, True),
        (layout().text, False),
        (layout(password="n3w").text, True),
        (layout(nodes=["192.0.2.11"]).text, True),
        (layout().text.replace(" neighbor CLUSTER-home activate\n", ""), False),
        (layout().text.replace(" bgp log-neighbor-changes\n", ""), False),
    ],
)
def test_what_every_frr_shows_tells_whether_it_runs_the_block(running, differs):
    assert _frr_delta.differs(running, layout(), CLUSTER) is differs


def test_routes_are_judged_anew_when_a_list_changed():
    assert _frr_delta.lists_changed(script("", layout()))
    assert not _frr_delta.lists_changed(script(layout().text, layout(cluster_asn=65011)))


def test_a_file_without_marks_is_put_back_by_its_statements():
    plain = "\n".join(line for line in layout().text.splitlines() if not line.startswith("!")) + "\n"
    frr = FakeFrr(layout(cluster_asn=65999).text)
    frr.load(script(frr.text, Layout(plain, plain, False)))
    assert settled(frr.text) == settled(plain)
