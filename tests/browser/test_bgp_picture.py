# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of bgp_verify in a real browser: everything is where it can be seen, and what is broken is red.

Chromium draws the page as it is. To measure it, a copy of it gets a script, which the page itself forbids.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "plugins"))

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis import diagnose
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_picture import render
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_report import report
from bgp_world import World

WIDTH = 1280
MEASURE = """<script>
const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const whole = document.documentElement;
const found = {page: [whole.scrollWidth, whole.clientWidth], boxes: [], lines: []};
for (const group of document.querySelectorAll('svg g')) {
  const frame = group.querySelector('rect.box');
  found.boxes.push({kind: group.getAttribute('class'), code: group.dataset.code, frame: box(frame),
    stroke: getComputedStyle(frame).stroke, texts: [...group.querySelectorAll('text')].map(box)});
}
for (const line of document.querySelectorAll('svg path'))
  found.lines.push({kind: line.getAttribute('class'), stroke: getComputedStyle(line).stroke, frame: box(line)});
found.picture = box(document.querySelector('svg'));
const told = document.createElement('pre'); told.id = 'measured'; told.textContent = JSON.stringify(found);
document.body.append(told);
</script></body>"""
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    profile = f"--user-data-dir={page.parent / 'profile'}"
    window = f"--window-size={WIDTH},900"
    command = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", profile, window)
    return subprocess.run((*command, *options, page.as_uri()), capture_output=True, text=True, check=True, timeout=60)


def healthy(_world):
    """As it is."""


def broken(world):
    world.down("n1", tcp="refused", signed="timeout")
    world.router["routes"] = []


def many(world):
    for number in range(198):
        name, address = f"{'a-rather-long-name-of-a-node-' if number == 5 else 'm'}{number}", f"198.18.0.{number}"
        world.expected["nodes"].append({"name": name, "address": address})
        world.cluster["nodes"].append({**world.node(), "name": name, "ready": number not in (5, 6, 7)})
        world.router["peers"].append({**world.neighbor(), "address": address})
        world.router["received"][0]["peers"].append(address)


def few(world):
    """Ten nodes, each in a box of its own."""
    for number in range(8):
        name, address = f"m{number}", f"198.18.0.{number}"
        world.expected["nodes"].append({"name": name, "address": address})
        world.cluster["nodes"].append({**world.node(), "name": name, "ready": number != 3})
        world.router["peers"].append({**world.neighbor(), "address": address})
        world.router["received"][0]["peers"].append(address)


@pytest.fixture(params=[healthy, broken, few, many], ids=lambda case: case.__name__)
def page(request, tmp_path):
    world = World()
    request.param(world)
    path = tmp_path / "bgp.html"
    path.write_text(render(report(world.evidence, diagnose(world.evidence), "2026-01-31T12:00:00Z")))
    return path


def measured(page: Path) -> dict:
    copy = page.with_name("measured.html")
    copy.write_text(POLICY.sub("", page.read_text()).replace("</body>", MEASURE))
    told = re.search(r'<pre id="measured">(.*?)</pre>', browse(copy, "--dump-dom").stdout, re.DOTALL)
    return json.loads(told[1].replace("&amp;", "&"))


def inside(inner, outer):
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def is_red(color: str) -> bool:
    red, green, blue = (int(part) for part in re.findall(r"\d+", color)[:3])
    return red > 180 and green < 120 and blue < 130


def test_the_browser_has_nothing_to_complain_about(page):
    shot = page.with_name("bgp.png")
    assert "CONSOLE" not in browse(page, f"--screenshot={shot}").stderr
    assert shot.read_bytes().startswith(b"\x89PNG")


def test_everything_can_be_seen_and_nothing_lies_on_something_else(page):
    found = measured(page)
    assert found["page"][0] <= found["page"][1], "the page is wider than the window"
    assert found["picture"][2] <= WIDTH
    assert 3 <= len(found["boxes"]) <= 16
    for box in found["boxes"]:
        assert inside(box["frame"], found["picture"]), box
        assert all(inside(text, box["frame"]) for text in box["texts"]), box
    for line in found["lines"]:
        assert inside(line["frame"], found["picture"]), line
    for number, one in enumerate(found["boxes"]):
        for other in found["boxes"][number + 1 :]:
            apart = [
                one["frame"][at] >= other["frame"][at + 2] or other["frame"][at] >= one["frame"][at + 2]
                for at in (0, 1)
            ]
            assert any(apart), (one, other)


def test_what_is_broken_is_red_and_nothing_else(page):
    found = measured(page)
    for part in [*found["boxes"], *found["lines"]]:
        assert is_red(part["stroke"]) == ("critical" in part["kind"].split()), part
    broken = [box["code"] for box in found["boxes"] if is_red(box["stroke"])]
    assert bool(broken) == ("is healthy" not in page.read_text().replace('<span class="code">', ""))
