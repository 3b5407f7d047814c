# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _frr, _frr_block
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

WHERE = "/etc/frr/frr.conf"
ROUTER = {
    "cluster": "home",
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.11"],
    "pools": ["198.51.100.0/26"],
}


def block(**options):
    return _frr.render(_frr.Router.from_options({**ROUTER, **options}))


def place(text, new, cluster="home", **options):
    return _frr_block.place(text, new, cluster, WHERE, **options)


OF_INSTANCE = ("bgp router-id", "bgp log-neighbor-changes", "no bgp default ipv4-unicast", "maximum-paths")
OTHERS = """\
frr defaults traditional
! a comment
interface eth0
 ip ospf cost 10
exit
!
router bgp 65000
 bgp router-id 203.0.113.1
neighbor 203.0.113.9 remote-as 65055
 address-family ipv4 unicast
 network 203.0.113.0/24
 neighbor 203.0.113.9 route-map ALL in
 exit-address-family
exit
router ospf
 network 192.0.2.0/24 area 0
exit
route-map ALL permit 10
exit
"""


def test_an_empty_file_becomes_the_block():
    assert place("", block()).text == block()


def test_the_same_again_is_the_same():
    once = place(OTHERS, block()).text
    assert place(once, block()).text == once


def test_every_line_of_others_stays_and_the_block_says_nothing_for_their_instance():
    layout = place(OTHERS, block())
    assert layout.text.startswith(OTHERS)
    assert layout.shared
    assert not [line for line in layout.block.splitlines() if line.strip().startswith(OF_INSTANCE)]
    assert " neighbor CLUSTER-home peer-group\n" in layout.block


def test_the_block_is_replaced_where_it_is():
    text = f"hostname r\n{block()}log syslog\n"
    assert place(text, block(cluster_asn=65011)).text == f"hostname r\n{block(cluster_asn=65011)}log syslog\n"


@pytest.mark.parametrize("end", ["end\n", "end"])
def test_the_block_comes_before_an_end(end):
    assert place(f"hostname r\n{end}", block()).text == f"hostname r\n{block()}{end}"


def test_a_file_without_a_last_newline_gets_one():
    assert place("hostname r", block()).text == f"hostname r\n{block()}"


def test_without_the_block_the_rest_is_as_it_was():
    assert place(place(OTHERS, block()).text, "").text == OTHERS
    assert place(block(), "").text == ""


NEIGHBOURS = block(cluster="lab", nodes=["192.0.2.21"], pools=["198.51.100.64/26"])


def test_two_clusters_share_an_instance_that_the_first_opened():
    both = place(NEIGHBOURS, block()).text
    assert both.startswith(NEIGHBOURS)
    assert both.count("bgp router-id") == both.count("no bgp default ipv4-unicast") == 1
    assert place(both, NEIGHBOURS, "lab").text == both
    assert place(both, block()).text == both


def test_the_first_cluster_goes_and_leaves_the_instance_to_the_second():
    both = place(NEIGHBOURS, block()).text
    left = place(both, "", "lab")
    assert "CLUSTER-lab" not in left.text
    assert [line.text for line in _frr_block.statements(left.block)] == [
        "bgp router-id 192.0.2.1",
        "bgp log-neighbor-changes",
        "no bgp default ipv4-unicast",
    ]
    assert left.text.endswith(place(NEIGHBOURS, block()).block)
    assert place(left.text, "", "lab").text == left.text
    assert place(left.text, NEIGHBOURS, "lab").text == both


MERGED = """\
hostname r
!
router bgp 65000
 bgp router-id 192.0.2.1
 bgp log-neighbor-changes
 no bgp default ipv4-unicast
 neighbor CLUSTER-home peer-group
 neighbor CLUSTER-home remote-as 65010
 neighbor CLUSTER-home timers 3 9
 neighbor CLUSTER-home timers connect 5
 neighbor 192.0.2.11 peer-group CLUSTER-home
 !
 address-family ipv4 unicast
  neighbor CLUSTER-home activate
  neighbor CLUSTER-home soft-reconfiguration inbound
  neighbor CLUSTER-home maximum-prefix 64 restart 5
  neighbor CLUSTER-home prefix-list CLUSTER-home-IN-4 in
  neighbor CLUSTER-home route-map CLUSTER-home-OUT out
  maximum-paths 1
 exit-address-family
exit
!
ip prefix-list CLUSTER-home-IN-4 seq 10 permit 198.51.100.0/26 ge 32 le 32
!
route-map CLUSTER-home-OUT deny 10
exit
!
"""


def test_what_write_memory_made_of_the_block_is_taken_back_into_it():
    layout = place(MERGED, block())
    assert layout.block == block()
    assert _frr_block.statements(layout.text) == _frr_block.statements("hostname r\n" + block())


def test_the_instance_stays_with_others_who_are_in_it():
    theirs = MERGED.replace(" !\n", " neighbor 203.0.113.9 remote-as 65055\n !\n", 1)
    layout = place(theirs, block())
    assert layout.shared
    assert layout.text.count("bgp router-id") == 1
    assert "neighbor 203.0.113.9 remote-as 65055" in layout.text
    assert layout.text.count("neighbor CLUSTER-home peer-group") == 1


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ("router bgp 65001\nexit\n", ["as AS 65001"]),
        ("router bgp 1.5\n neighbor 203.0.113.9 remote-as 1\n", ["as AS 1.5"]),
        (
            "ip prefix-list CLUSTER-home-IN-4 seq 5 permit any\n",
            ["'ip prefix-list CLUSTER-home-IN-4 seq 5 permit any'"],
        ),
        ("route-map CLUSTER-home-OUT permit 10\nexit\n", ["'route-map CLUSTER-home-OUT permit 10'"]),
        ("router bgp 65000\n neighbor 192.0.2.11 remote-as 65010\n", ["'neighbor 192.0.2.11 remote-as 65010'"]),
        ("router bgp 65000\n no neighbor 192.0.2.11 activate\n", ["'no neighbor 192.0.2.11 activate'"]),
        (
            "router bgp 65000\n neighbor CLUSTER-home password s3cret\n neighbor CLUSTER-home remote-as 1\n",
            ["'neighbor CLUSTER-home password ********'", "'neighbor CLUSTER-home remote-as 1'"],
        ),
    ],
)
def test_what_cannot_live_beside_the_block_is_refused_by_name(others, said):
    with pytest.raises(ClusterError) as error:
        place(others, block())
    assert [problem.where for problem in error.value.problems] == [WHERE] * len(said)
    assert all(part in problem.what for part, problem in zip(said, error.value.problems))


def test_an_overlapping_listen_range_of_others_is_refused():
    others = "router bgp 65000\n neighbor X peer-group\n bgp listen range 192.0.0.0/16 peer-group X\n"
    with pytest.raises(ClusterError, match=r"192.0.2.0/24 overlaps 192.0.0.0/16 of the group X"):
        place(others, block(nodes=None, listen_ranges=["192.0.2.0/24"]))
    assert place(others, block()).shared


@pytest.mark.parametrize(
    "others",
    [
        "router bgp 65001 vrf blue\n neighbor 192.0.2.11 remote-as 65010\nexit\n",
        "router bgp 65000\n neighbor CLUSTER-homer peer-group\n",
        "! CLUSTER-home and router bgp 65001\n",
        "router ospf\n neighbor 192.0.2.11\n",
    ],
)
def test_what_only_looks_alike_is_left_alone(others):
    assert place(others, block()).text.startswith(others)


def test_overwrite_takes_over_the_names_and_nothing_else():
    others = "router bgp 65000\n neighbor 192.0.2.11 remote-as 1\n neighbor 203.0.113.9 remote-as 2\nexit\n"
    text = place(others + "route-map CLUSTER-home-OUT permit 10\n set metric 5\nexit\n", block(), overwrite=True).text
    assert text.startswith("router bgp 65000\n neighbor 203.0.113.9 remote-as 2\nexit\n! Managed")
    with pytest.raises(ClusterError, match="as AS 65001"):
        place("router bgp 65001\n", block(), overwrite=True)


@pytest.mark.parametrize(
    "text",
    [
        block().rsplit("! End", 1)[0],
        block() + block(),
        block().split("\n", 1)[1],
        "! End of homeops.cluster for cluster home.\n" + block(),
    ],
)
def test_damaged_marks_are_refused(text):
    with pytest.raises(ClusterError, match="do not come as one pair"):
        place(text, block())


def test_only_what_the_filter_rendered_for_this_cluster_is_taken():
    for text in ("router bgp 65000\n", NEIGHBOURS, block() + "router ospf\n"):
        with pytest.raises(ClusterError, match=r"not what homeops\.cluster\.frr_config renders for cluster home"):
            place("", text)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("", False),
        ("! nothing\n\n", False),
        (block(), False),
        (NEIGHBOURS + block(), False),
        (block() + "router ospf\n", True),
        (block().rsplit("! End", 1)[0], True),
    ],
)
def test_foreign_is_what_is_in_no_block(text, foreign):
    assert _frr_block.is_foreign(text) is foreign


def test_sessions_are_the_clusters_by_address_or_by_range():
    every = frozenset({"192.0.2.11", "192.0.2.12", "203.0.113.9"})
    assert _frr_block.sessions_of(every, OTHERS + block(), "home") == {"192.0.2.11"}
    ranged = block(nodes=None, listen_ranges=["192.0.2.0/24"])
    assert _frr_block.sessions_of(every, ranged, "home") == {"192.0.2.11", "192.0.2.12"}
    assert _frr_block.sessions_of(every, OTHERS, "home") == set()


def test_a_neighbour_without_an_address_is_no_session_of_a_cluster():
    ranged = block(nodes=None, listen_ranges=["192.0.2.0/24"])
    assert _frr_block.sessions_of(frozenset({"192.0.2.11", "swp1"}), ranged, "home") == {"192.0.2.11"}


def test_what_follows_a_route_map_without_its_end_is_not_part_of_it():
    """FRR before 8 writes no exit."""
    theirs = "ip protocol bgp route-map X\nip nht resolve-via-default\nline vty\n"
    layout = place(
        MERGED.replace("route-map CLUSTER-home-OUT deny 10\nexit\n", "route-map CLUSTER-home-OUT deny 10\n") + theirs,
        block(),
    )
    assert theirs in layout.text


@pytest.mark.parametrize(
    ("now", "before", "restored"),
    [
        pytest.param(OTHERS + block(), OTHERS, OTHERS, id="first block"),
        pytest.param(OTHERS, OTHERS, OTHERS, id="nothing written yet"),
        pytest.param(place(MERGED, block()).text, MERGED, MERGED, id="without marks"),
        pytest.param(
            f"log syslog\n{block()}{NEIGHBOURS}",
            f"hostname r\n{block(cluster_asn=1)}",
            f"log syslog\n{block(cluster_asn=1)}{NEIGHBOURS}",
            id="others changed meanwhile",
        ),
        pytest.param(f"log syslog\n{block()}", "", "log syslog\n", id="others came meanwhile"),
    ],
)
def test_only_the_clusters_part_goes_back_to_what_it_was(now, before, restored):
    assert _frr_block.restored(now, before, "home", WHERE) == restored
