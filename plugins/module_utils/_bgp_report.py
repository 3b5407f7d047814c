# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What was found, for programs and for people: one status, counts, findings, and a table that fits a terminal."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import (
    CRITICAL,
    ERROR,
    WARNING,
    Answer,
    Evidence,
    Finding,
    abridged,
    holds,
    pool_ranges,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_services import ANNOUNCED_CLASSES

HEALTHY = "healthy"
EXIT_CODES = {HEALTHY: 0, WARNING: 1, CRITICAL: 2, ERROR: 3}
WORST_FIRST = (CRITICAL, ERROR, WARNING)
ROWS = 20  # of nodes that are shown one by one
WIDTH = 120

Report = t.Dict[str, t.Any]
Subject = t.Tuple[str, str]


def worst(severities: t.Collection[str]) -> str:
    return next((severity for severity in WORST_FIRST if severity in severities), HEALTHY)


def report(evidence: Evidence, findings: t.Sequence[Finding], timestamp: str) -> Report:
    """The whole answer of bgp_verify."""
    status = worst({finding.severity for finding in findings})
    subjects = _subjects(evidence, findings)
    states = [worst({finding.severity for finding in found}) for found in subjects.values()]
    answer: Report = {
        "status": status,
        "exit_code": EXIT_CODES[status],
        "timestamp": timestamp,
        "summary": {
            "total": len(states),
            "healthy": states.count(HEALTHY),
            "warnings": states.count(WARNING),
            "critical": len(states) - states.count(HEALTHY) - states.count(WARNING),
        },
        "details": _details(evidence, subjects, findings),
        "findings": [finding.as_dict() for finding in findings],
        "issues": [f"{finding.where}: {finding.what}. {finding.remedy}" for finding in findings],
    }
    return {**answer, "table": table(answer)}


def unanswered(what: str, remedy: str, timestamp: str) -> Report:
    """There is no cluster to be judged."""
    finding = Finding("proof", "cluster_not_answering", what, remedy, ERROR)
    answer: Report = {
        "status": ERROR,
        "exit_code": EXIT_CODES[ERROR],
        "timestamp": timestamp,
        "summary": {"total": 1, "healthy": 0, "warnings": 0, "critical": 1},
        "details": {"nodes": [], "routers": [], "pools": [], "services": {"total": 0, "announced": 0, "addresses": 0}},
        "findings": [finding.as_dict()],
        "issues": [f"cluster: {what}. {remedy}"],
    }
    return {**answer, "table": table(answer)}


def _subjects(evidence: Evidence, findings: t.Sequence[Finding]) -> t.Dict[Subject, t.List[Finding]]:
    """Everything that is judged, with what concerns it: the nodes before the router that they do not reach."""
    expected, cluster = evidence.expected, evidence.cluster
    found: t.Dict[Subject, t.List[Finding]] = {
        ("cluster", ""): [],
        **{("node", name): [] for name in expected.nodes},
        **{("router", peer.name): [] for peer in expected.peers},
        **{("pool", pool["name"]): [] for pool in (*cluster["pools"], *expected.pools)},
        **{
            ("service", f"{service['namespace']}/{service['name']}"): []
            for service in cluster["services"]
            if service["announced"] or (service["class"] in ANNOUNCED_CLASSES and not service["addresses"])
        },
    }
    for finding in findings:
        named: t.List[Subject] = [
            *(("service", name) for name in finding.services),
            *(("node", name) for name in finding.nodes if not finding.services),
        ]
        if not named:
            kind = "pool" if finding.pool else "router" if finding.router else "cluster"
            named = [(kind, finding.pool or finding.router)]
        for subject in named:
            found.setdefault(subject, []).append(finding)
    return found


def _details(
    evidence: Evidence, subjects: t.Mapping[Subject, t.Sequence[Finding]], findings: t.Sequence[Finding]
) -> t.Dict[str, t.Any]:
    cluster = evidence.cluster
    # A route that is not as it should be is a service's trouble, and the router's place of it.
    routes = {
        peer.name: [finding for finding in findings if finding.layer == "route" and finding.router == peer.name]
        for peer in evidence.expected.peers
    }

    def verdict(kind: str, name: str) -> t.Dict[str, str]:
        own = [*subjects[kind, name], *(routes[name] if kind == "router" else ())]
        found = sorted(own, key=lambda finding: WORST_FIRST.index(finding.severity))
        return {
            "status": worst({finding.severity for finding in found}),
            "code": found[0].code if found else "",
        }

    return {
        "nodes": [
            {
                "name": name,
                "address": address,
                **verdict("node", name),
                "sessions": [
                    {
                        "router": peer.name,
                        "cluster": _state(evidence, name, peer.address),
                        "on_router": (evidence.neighbors.get(peer.name, {}).get(address) or {}).get("state", ""),
                        "status": worst({finding.severity for finding in _on_the_way(subjects, name, peer.name)}),
                    }
                    for peer in evidence.expected.peers
                ],
            }
            for name, address in evidence.expected.nodes.items()
        ],
        "routers": [
            {
                "name": peer.name,
                "address": peer.address,
                "asn": peer.asn,
                **verdict("router", peer.name),
                "sessions": sum(entry["established"] for entry in evidence.neighbors.get(peer.name, {}).values()),
                "routes": sum(
                    len(group["prefixes"])
                    for group in (evidence.router(peer) or {}).get("routes", ())
                    if group["installed"]
                ),
            }
            for peer in evidence.expected.peers
        ],
        "pools": [
            {
                "name": pool["name"],
                **verdict("pool", pool["name"]),
                "blocks": [
                    str(block.get("cidr") or f"{block['start']} to {block.get('stop') or block['start']}")
                    for block in pool["blocks"]
                ],
                "services": worst({finding.severity for finding in findings if _is_about(finding, pool)}),
                "used": pool["used"],
                "total": pool["total"],
            }
            for pool in cluster["pools"]
        ],
        "services": {
            "total": len(cluster["services"]),
            "announced": sum(service["announced"] for service in cluster["services"]),
            "addresses": sum(len(service["addresses"]) for service in cluster["services"]),
        },
    }


def _on_the_way(subjects: t.Mapping[Subject, t.Sequence[Finding]], node: str, router: str) -> t.List[Finding]:
    """What is wrong between a node and a router: with the node, with that session of it, or with the router."""
    own = [finding for finding in subjects["node", node] if finding.router in ("", router)]
    return [*own, *subjects["router", router]]


def _is_about(finding: Finding, pool: Answer) -> bool:
    """Whether a finding is about the services of a pool."""
    ranges = pool_ranges(pool["blocks"])
    return pool["name"] in finding.pool.split(", ") or any(holds(ranges, prefix) for prefix in finding.prefixes)


def _state(evidence: Evidence, name: str, address: str) -> str:
    entries = (evidence.cluster_nodes.get(name) or {}).get("peers", ())
    return next((entry["state"] for entry in entries if entry["address"] == address), "")


def table(answer: Answer) -> str:
    """Every router, every broken node, and each finding with what was seen and what mends it."""
    summary, details = answer["summary"], answer["details"]
    lines = [
        f"BGP is {answer['status']}: of {summary['total']} things {summary['healthy']} are healthy, "
        f"{summary['warnings']} have a warning, {summary['critical']} are broken"
    ]
    services = details["services"]
    rows = [
        *(
            (
                "router",
                router["name"],
                router["address"],
                f"{router['sessions']} sessions, {router['routes']} routes",
                router,
            )
            for router in details["routers"]
        ),
        *(("node", node["name"], node["address"], _sessions(node), node) for node in _shown(details["nodes"])),
        *(
            ("pool", pool["name"], abridged(pool["blocks"], 2), f"{pool['used']} of {pool['total']} used", pool)
            for pool in _shown(details["pools"])
        ),
    ]
    cells = [[kind, name, where, state, entry["code"] or "ok"] for kind, name, where, state, entry in rows]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
    lines += ["  " + "  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[4]]) for row in cells]
    hidden = len(details["nodes"]) - sum(row[0] == "node" for row in cells)
    if hidden:
        lines.append(f"  node    {hidden} more, like those above")
    lines.append(f"  services: {services['total']}, of which {services['announced']} are announced")
    for number, finding in enumerate(answer["findings"], start=1):
        lines += ["", f"{number}. {finding['severity']} {finding['code']} ({finding['layer']}): {finding['where']}"]
        lines += _wrapped("   ", finding["what"])
        lines += [line for seen in finding["evidence"] for line in _wrapped("   seen: ", seen)]
        lines += _wrapped("   do:   ", finding["remedy"])
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _shown(entries: t.Sequence[Answer]) -> t.List[Answer]:
    """The broken ones first; all of them, if there are few."""
    ordered = sorted(entries, key=lambda entry: entry["status"] == HEALTHY)
    return list(entries) if len(entries) <= ROWS else ordered[:ROWS]


def _sessions(node: Answer) -> str:
    """Both ends' words, or how many are up where there are many."""
    sessions = node["sessions"]
    if len(sessions) > 2:
        return f"{sum(session['status'] == HEALTHY for session in sessions)} of {len(sessions)} sessions"
    return ", ".join(
        f"{session['router']}: {session['cluster'] or 'none'}/{session['on_router'] or '?'}" for session in sessions
    )


def _wrapped(prefix: str, text: str) -> t.List[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=prefix,
        subsequent_indent=" " * len(prefix),
        break_long_words=False,
        break_on_hyphens=False,
    )
