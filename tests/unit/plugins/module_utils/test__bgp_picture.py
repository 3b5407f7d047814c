# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis import diagnose
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_picture import node_boxes, render
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_report import report, unanswered
from bgp_world import World

VOID = {"meta", "link", "rect", "path"}


class Page(HTMLParser):
    """Every element with its attributes, and a complaint if they do not nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID or (not self.get_starttag_text().endswith("/>") and tag not in ("meta", "link")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag, word):
        return [found for name, found in self.elements if name == tag and word in (found.get("class") or "").split()]


def page(world):
    return Page(render(report(world.evidence, diagnose(world.evidence), "2026-01-31T12:00:00Z")))


def test_a_healthy_cluster_has_nothing_red():
    found = page(World())
    assert not any(
        found.all(tag, word) for tag in ("g", "path", "article") for word in ("critical", "warning", "error")
    )
    assert [len(found.all("g", kind)) for kind in ("pool", "node", "router")] == [1, 2, 1]
    assert [len(found.all("path", kind)) for kind in ("session", "services")] == [2, 1]
    assert "Nothing is wrong" in found.text


def test_what_is_broken_is_red_with_its_line_and_its_reason():
    world = World()
    world.down("n1", tcp="refused", signed="timeout")
    found = page(world)
    assert [entry["data-code"] for entry in found.all("g", "critical")] == ["bgp_port_refused"]
    assert len(found.all("path", "critical")) == 1
    assert [entry["data-code"] for entry in found.all("article", "critical")] == ["bgp_port_refused"]


def test_a_route_in_trouble_reddens_the_router_and_the_pools_line():
    world = World()
    world.router["routes"] = []
    found = page(world)
    assert [entry["data-code"] for entry in found.all("g", "router")] == ["route_not_installed"]
    assert [entry["class"] for entry in found.all("path", "services")] == ["services critical"]


def test_nothing_gets_through_to_a_router_without_bgp():
    world = World()
    world.down(tcp="refused", signed="timeout")
    world.router.update(asn=0, peers=[], received=[], routes=[])
    found = page(world)
    assert [entry["class"] for entry in found.all("path", "session")] == ["session critical"] * 2
    assert [entry["data-code"] for entry in found.all("g", "critical")] == ["router_bgp_missing"]


def test_nothing_is_fetched_and_nothing_runs():
    found = page(World())
    assert not [tag for tag, _attributes in found.elements if tag in ("script", "img", "iframe", "object", "use")]
    fetched = [
        value
        for _tag, attributes in found.elements
        for key, value in attributes.items()
        if key in ("href", "src", "xlink:href")
    ]
    assert fetched == ["data:,"]
    assert not [key for _tag, attributes in found.elements for key in attributes if key.startswith("on")]


def test_it_tells_those_who_do_not_see_it():
    world = World()
    world.down("n1", tcp="refused", signed="timeout")
    found = page(world)
    [svg] = [attributes for tag, attributes in found.elements if tag == "svg"]
    assert (svg["role"], svg["aria-labelledby"]) == ("img", "title desc")
    assert {attributes.get("id") for tag, attributes in found.elements if tag in ("title", "desc")} >= {"title", "desc"}
    assert "2 nodes, 1 routers: bgp_port_refused at n1" in found.text


EVIL = "<script>alert('x')</script>\" onload=\"x"


@pytest.mark.parametrize("where", ["pool", "router", "message"])
def test_every_text_is_escaped(where):
    world = World()
    if where == "pool":
        world.pool["name"] = world.expected["pools"][0]["name"] = EVIL
    elif where == "router":
        world.expected["peers"][0]["name"] = EVIL
    else:
        world.serve("late", reason="no_pool", message=EVIL, pools=[])
    found = page(world)
    assert not [tag for tag, _attributes in found.elements if tag == "script"]
    assert not [attributes for _tag, attributes in found.elements if "onload" in attributes]


def nodes(count, broken=0):
    return [
        {
            "name": f"n{number}",
            "address": f"192.0.2.{number}",
            "status": "critical" if number < broken else "healthy",
            "code": "bgp_port_refused" if number < broken else "",
            "sessions": [{"router": "udm", "status": "critical" if number < broken else "healthy"}],
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("entries", "headings"),
    [
        (nodes(2), ["n0", "n1"]),
        (nodes(12, broken=1), [f"n{number}" for number in range(12)]),
        (nodes(200), ["200 nodes"]),
        (nodes(200, broken=1), ["n0", "199 nodes"]),
        (nodes(200, broken=7), ["7 nodes", "193 nodes"]),
    ],
    ids=["few", "twelve", "many", "one of many broken", "some of many broken"],
)
def test_nodes_that_are_alike_are_one_box_where_there_are_many(entries, headings):
    assert [box.lines[0] for box in node_boxes(entries)] == headings


def test_a_group_is_as_bad_as_its_worst_session():
    entries = nodes(200)
    entries[5]["sessions"][0]["status"] = "warning"
    [box] = node_boxes(entries)
    assert box.states == {"udm": "warning"}


def test_a_cluster_that_does_not_answer_has_a_picture_too():
    assert "cluster_not_answering" in "".join(Page(render(unanswered("no answer", "Start it", "now"))).text)
