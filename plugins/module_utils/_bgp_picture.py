# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The verdict as a picture: one HTML file that needs nothing else, with both ends, and red what is broken.

Pools on the left, nodes in the middle, routers on the right. Nodes that are alike are one box where there are many, so
that two hundred fit as well as two. Colour is never the only sign: what is broken is dashed and says its code.
"""

from __future__ import annotations

import dataclasses
import html
import typing as t

Answer = t.Mapping[str, t.Any]

NODES_ONE_BY_ONE = 12
WIDTH = 1180
BOX = {"pool": (10, 250), "node": (430, 270), "router": (900, 270)}  # left edge and width
ROW, HEIGHT, TOP = 74, 56, 70
LETTERS = 30  # of a line in a box
SIGNS = {"healthy": "✓", "warning": "!", "error": "?", "critical": "✗"}
WORST_FIRST = ("critical", "error", "warning", "healthy")

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6776; --paper: #fff; --box: #f2f5f8; --edge: #c3ccd6;
  --healthy: #1a7f4b; --warning: #9a6700; --error: #6f42c1; --critical: #c9252d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #a2adb9; --paper: #14191f; --box: #1f262e;
  --edge: #414c58; --healthy: #4cc38a; --warning: #e3b341; --error: #b794f4; --critical: #ff6b6b; } }
body { margin: 0 auto; max-width: 1220px; padding: 20px; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4em; margin: 0 0 .2em; } h2 { font-size: 1.15em; margin: 1.4em 0 .4em; }
p { margin: .3em 0; } .soft { color: var(--soft); }
.picture { overflow-x: auto; } svg { display: block; width: 100%; min-width: 760px; height: auto; }
svg text { font: 15px system-ui, sans-serif; fill: var(--ink); } svg .soft { fill: var(--soft); font-size: 13px; }
svg .head { font-weight: 600; } .box { fill: var(--box); stroke: var(--edge); stroke-width: 1.5; }
path { fill: none; stroke: var(--edge); stroke-width: 1.5; }
.healthy .box, path.healthy { stroke: var(--healthy); } .warning .box, path.warning { stroke: var(--warning); }
.error .box, path.error { stroke: var(--error); } .critical .box, path.critical { stroke: var(--critical); }
.critical .box, path.critical, .error .box, path.error { stroke-width: 3; stroke-dasharray: 7 4; }
svg .sign.healthy { fill: var(--healthy); } svg .sign.warning { fill: var(--warning); }
svg .sign.error { fill: var(--error); } svg .sign.critical { fill: var(--critical); }
rect.used { fill: var(--soft); } rect.all { fill: var(--edge); }
article { border-left: 4px solid var(--edge); padding: .2em 0 .2em .8em; margin: .8em 0; }
article.critical { border-color: var(--critical); } article.warning { border-color: var(--warning); }
article.error { border-color: var(--error); } article h3 { font-size: 1em; margin: 0; }
.critical .code { color: var(--critical); } .warning .code { color: var(--warning); }
.error .code { color: var(--error); }
code { font: .9em ui-monospace, monospace; background: var(--box); padding: .1em .3em; border-radius: 3px; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15em 1em .15em 0; vertical-align: top; }
"""


@dataclasses.dataclass(frozen=True)
class Box:
    """C(lines) are a heading and what is below it; C(states) are to each router, or of a pool's services."""

    kind: str
    status: str
    code: str
    lines: t.Tuple[str, ...]
    states: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    share: t.Optional[float] = None


def render(answer: Answer) -> str:
    """The whole file."""
    details = answer["details"]
    status = escape(answer["status"])
    findings = "\n".join(_finding(finding) for finding in answer["findings"])
    rows = "\n".join(_row(node) for node in details["nodes"])
    summary = answer["summary"]
    counted = (
        f"{summary['healthy']} of {summary['total']} things are healthy, {summary['warnings']} have a warning, "
        f"{summary['critical']} are broken."
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>BGP is {status}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1 class="{status}">BGP is <span class="code">{status}</span></h1>
<p>{escape(counted)} <span class="soft">{escape(answer["timestamp"])}</span></p>
<div class="picture">
{_svg(answer)}
</div>
<h2>{"What is wrong" if findings else "Nothing is wrong"}</h2>
{findings}
<details>
<summary>All nodes</summary>
<table>
<tr><th>Node</th><th>Address</th><th>Sessions, as the cluster and the router see them</th><th>Verdict</th></tr>
{rows}
</table>
</details>
</main>
</body>
</html>
"""


def escape(text: t.Any) -> str:
    return html.escape(str(text), quote=True)


def _finding(finding: Answer) -> str:
    seen = "".join(f"<li>{escape(line)}</li>" for line in finding["evidence"])
    return (
        f'<article class="{escape(finding["severity"])}" data-code="{escape(finding["code"])}">'
        f'<h3><span class="code">{escape(finding["code"])}</span>: {escape(finding["where"])}</h3>'
        f"<p>{escape(finding['what'])}</p>{f'<ul>{seen}</ul>' if seen else ''}"
        f"<p>What to do: <code>{escape(finding['remedy'])}</code></p></article>"
    )


def _row(node: Answer) -> str:
    sessions = "; ".join(
        f"{session['router']}: {session['cluster'] or 'none'} / {session['on_router'] or 'not asked or none'}"
        for session in node["sessions"]
    )
    cells = (node["name"], node["address"], sessions, node["code"] or "ok")
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def node_boxes(nodes: t.Sequence[Answer]) -> t.List[Box]:
    """One for each node, or one for all with the same verdict where there are many; the broken ones first."""
    groups: t.Dict[t.Tuple[str, ...], t.List[Answer]] = {}
    for node in nodes:
        alone = node["name"] if len(nodes) <= NODES_ONE_BY_ONE else ""
        groups.setdefault((node["status"], node["code"], alone), []).append(node)
    boxes = [_node_box(members) for members in groups.values()]
    return boxes if len(nodes) <= NODES_ONE_BY_ONE else sorted(boxes, key=lambda box: WORST_FIRST.index(box.status))


def _node_box(members: t.Sequence[Answer]) -> Box:
    first = members[0]
    verdict = first["code"] or "healthy"
    states: t.Dict[str, str] = {}
    for node in members:
        for session in node["sessions"]:
            pair = (session["status"], states.get(session["router"], "healthy"))
            states[session["router"]] = min(pair, key=WORST_FIRST.index)
    if len(members) == 1:
        lines = (first["name"], f"{first['address']} · {verdict}")
    else:
        lines = (f"{len(members)} nodes", f"{first['name']} to {members[-1]['name']} · {verdict}")
    return Box("node", first["status"], first["code"], lines, states)


def _router_box(router: Answer) -> Box:
    told = f"{router['sessions']} sessions, {router['routes']} routes"
    lines = (f"{router['name']} (AS {router['asn']})", f"{router['address']} · {router['code'] or told}")
    return Box("router", router["status"], router["code"], lines)


def _pool_box(pool: Answer) -> Box:
    lines = (f"{pool['name']}: {pool['used']} of {pool['total']}", ", ".join(pool["blocks"]) or "no addresses")
    share = min(pool["used"] / pool["total"], 1.0) if pool["total"] else 0.0
    return Box("pool", pool["status"], pool["code"], lines, {"services": pool["services"]}, share)


def _svg(answer: Answer) -> str:
    details, services = answer["details"], answer["details"]["services"]
    columns = {
        "pool": [_pool_box(pool) for pool in details["pools"]],
        "node": node_boxes(details["nodes"]),
        "router": [_router_box(router) for router in details["routers"]],
    }
    tallest = max(1, *(len(boxes) for boxes in columns.values()))
    height = TOP + tallest * ROW + 10
    tops = {kind: TOP + (tallest - len(boxes)) * ROW // 2 for kind, boxes in columns.items()}
    routers = {router["name"]: tops["router"] + row * ROW for row, router in enumerate(details["routers"])}
    lines = [
        _line(
            ("node", "router"),
            box.states[name],
            (tops["node"] + row * ROW, top),
            f"{box.lines[0]} to {name}: {box.states[name]}",
        )
        for row, box in enumerate(columns["node"])
        for name, top in routers.items()
        if name in box.states
    ]
    lines += [
        _line(
            ("pool", "node"),
            box.states["services"],
            (tops["pool"] + row * ROW, TOP + tallest * ROW // 2 - ROW // 2),
            f"services with addresses of {box.lines[0]}: {box.states['services']}",
        )
        for row, box in enumerate(columns["pool"])
    ]
    boxes = [_box(box, tops[kind] + row * ROW) for kind, found in columns.items() for row, box in enumerate(found)]
    broken = [finding for finding in answer["findings"] if finding["severity"] != "warning"]
    told = "; ".join(f"{finding['code']} at {finding['where']}" for finding in broken) or "nothing is broken"
    announced = f"{services['announced']} of {services['total']} services announced"
    counts = f"{len(details['nodes'])} nodes, {len(details['routers'])} routers"
    heads = {"pool": "Pools", "node": f"Nodes ({len(details['nodes'])})", "router": "Routers"}
    return "\n".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title desc">',
            f'<title id="title">BGP is {escape(answer["status"])}</title>',
            f'<desc id="desc">{escape(counts)}: {escape(told)}</desc>',
            *(f'<text class="head" x="{BOX[kind][0]}" y="24">{escape(text)}</text>' for kind, text in heads.items()),
            f'<text class="soft" x="{BOX["pool"][0]}" y="46">{escape(announced)}</text>',
            '<text class="soft" x="430" y="46">sessions to the routers →</text>',
            *lines,
            *boxes,
            "</svg>",
        ]
    )


def _line(columns: t.Tuple[str, str], status: str, tops: t.Tuple[int, int], told: str) -> str:
    """From the right edge of a box to the left edge of another."""
    left, right = sum(BOX[columns[0]]), BOX[columns[1]][0]
    first, last, middle = tops[0] + HEIGHT // 2, tops[1] + HEIGHT // 2, (left + right) // 2
    curve = f"M{left},{first} C{middle},{first} {middle},{last} {right},{last}"
    kind = "session" if columns[1] == "router" else "services"
    return f'<path class="{kind} {escape(status)}" d="{curve}"><title>{escape(told)}</title></path>'


def _box(box: Box, top: int) -> str:
    left, width = BOX[box.kind]
    parts = [
        f'<g class="{box.kind} {escape(box.status)}" data-code="{escape(box.code)}">',
        f"<title>{escape(', '.join(box.lines))}</title>",
        f'<rect class="box" x="{left}" y="{top}" width="{width}" height="{HEIGHT}" rx="6"/>',
        f'<text class="sign {escape(box.status)}" x="{left + 10}" y="{top + 24}">{SIGNS[box.status]}</text>',
        f'<text class="head" x="{left + 30}" y="{top + 24}">{escape(_short(box.lines[0]))}</text>',
        f'<text class="soft" x="{left + 30}" y="{top + 43}">{escape(_short(box.lines[1], LETTERS + 4))}</text>',
    ]
    if box.share is not None:
        gauge = f'x="{left + 30}" y="{top + 48}" height="4" rx="2"'
        parts.append(f'<rect class="all" width="{width - 45}" {gauge}/>')
        parts.append(f'<rect class="used" width="{round((width - 45) * box.share)}" {gauge}/>')
    return "".join([*parts, "</g>"])


def _short(text: str, letters: int = LETTERS - 3) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
