# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of `up`: what the cluster and the router themselves say, not what the playbook believes."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.command import LabError, run
from tests.lab.containers import execute
from tests.lab.settings import Lab

PROJECTS = ("core", "infrastructure", "apps", "monitoring")


@dataclass(frozen=True)
class Line:
    what: str
    good: bool
    found: str


def show(lines: list[Line]) -> str:
    width = max(len(line.what) for line in lines)
    return "\n".join(f"  {'ok' if line.good else 'NO':<3}{line.what:<{width}}  {line.found}" for line in lines)


def ask(lab: Lab) -> list[Line]:
    """Every line of the table; a question that gets no answer is a line that says so."""

    def kubectl(*what: str) -> Any:
        command = (lab.binaries / "kubectl", "--kubeconfig", lab.kubeconfig, "--request-timeout=5s", "get")
        return json.loads(run(*command, *what, "-o", "json"))

    def router(*command: str) -> Any:
        return json.loads(execute(lab, lab.router, *command) or "[]")

    names = {host.name for host in lab.nodes if host.group != "rocky"}
    pool = f"{lab.pool_prefix}.0/24"

    def addresses() -> set[str]:
        return {ingress(service) for service in kubectl("services", "-A")["items"]} - {""}

    questions: dict[str, Callable[[], list[Line]]] = {
        "nodes Ready": lambda: [nodes(kubectl("nodes")["items"], names)],
        "BGP seen from the cluster": lambda: [sessions(kubectl("ciliumbgpnodeconfigs")["items"], names)],
        "BGP seen from the router": lambda: [peers(router("vtysh", "-c", "show bgp summary json"), len(names))],
        "Argo CD projects": lambda: [projects(kubectl("appprojects", "-n", "argocd")["items"])],
        "Argo CD applications": lambda: [
            applications(kubectl("applications.argoproj.io", "-A")["items"], lab.settings.applications)
        ],
        "address of the demo Service": lambda: [
            address("the demo Service", kubectl("service", "demo", "-n", "default"), pool)
        ],
        "address of the Service from Git": lambda: [
            address("the Service from Git", kubectl("service", "web", "-n", "web"), pool)
        ],
        "routes from the cluster": lambda: [
            routes(router("ip", "-j", "route", "show", "proto", "bgp"), addresses(), len(names))
        ],
    }
    if not lab.settings.applications:
        del questions["address of the Service from Git"]
    lines: list[Line] = []
    for what, question in questions.items():
        try:
            lines += question()
        except LabError as error:
            lines.append(Line(what, False, error.what.splitlines()[-1]))
    return lines


def nodes(items: list[dict[str, Any]], expected: set[str]) -> Line:
    ready = {item["metadata"]["name"] for item in items if _condition(item, "Ready") == "True"}
    missing = expected - ready
    found = ", ".join(sorted(ready)) + (f"; not Ready: {', '.join(sorted(missing))}" if missing else "")
    return Line("nodes Ready", ready == expected, found)


def sessions(items: list[dict[str, Any]], expected: set[str]) -> Line:
    """What Cilium writes into the status of CiliumBGPNodeConfig."""
    states = {
        f"{item['metadata']['name']} → {peer.get('peerAddress', '?')}": peer.get("peeringState", "no state yet")
        for item in items
        for instance in item.get("status", {}).get("bgpInstances", [])
        for peer in instance.get("peers", [])
    }
    nodes_with_peers = {name.partition(" ")[0] for name in states}
    good = nodes_with_peers == expected and set(states.values()) == {"established"}
    return Line("BGP seen from the cluster", good, _states(states))


def peers(summary: dict[str, Any], expected: int) -> Line:
    """What `show bgp summary json` says."""
    found = summary.get("ipv4Unicast", {}).get("peers", {})
    states = {address: peer["state"] for address, peer in found.items()}
    good = len(states) == expected and set(states.values()) == {"Established"}
    return Line("BGP seen from the router", good, _states(states))


def ingress(service: dict[str, Any]) -> str:
    given = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return str(given[0].get("ip", "")) if given else ""


def address(of: str, service: dict[str, Any], pool: str) -> Line:
    given = ingress(service)
    good = bool(given) and ipaddress.ip_address(given) in ipaddress.ip_network(pool)
    return Line(f"address of {of}", good, given or "none yet")


def routes(kernel: list[dict[str, Any]], wanted: set[str], nexthops: int) -> Line:
    """The router's kernel table: each Service's /32 by way of every node, and nothing else learnt by BGP."""
    described = {
        route["dst"]: sorted(hop["gateway"] for hop in route.get("nexthops", [route]) if "gateway" in hop)
        for route in kernel
    }
    good = bool(wanted) and set(described) == wanted and all(len(hops) == nexthops for hops in described.values())
    found = "; ".join(f"{dst if '/' in dst else dst + '/32'} via {', '.join(hops)}" for dst, hops in described.items())
    return Line("routes from the cluster", good, found or "none")


def projects(items: list[dict[str, Any]]) -> Line:
    names = {item["metadata"]["name"] for item in items}
    missing = set(PROJECTS) - names
    found = ", ".join(sorted(names)) + (f"; missing: {', '.join(sorted(missing))}" if missing else "")
    return Line("Argo CD projects", not missing, found)


def applications(items: list[dict[str, Any]], brought: bool) -> Line:
    """The root application and what it brought from Git, all of it as Git has it and well."""
    states = {item["metadata"]["name"]: _application(item.get("status", {})) for item in items}
    wrong = [f"{name} {state}" for name, state in sorted(states.items()) if state != "Synced, Healthy"]
    good = "root" in states and brought == (len(states) > 1) and not wrong
    found = (
        "; ".join(wrong) if wrong else f"{', '.join(sorted(states)) or 'none'}{': Synced, Healthy' if states else ''}"
    )
    return Line("Argo CD applications", good, found)


def _application(status: dict[str, Any]) -> str:
    sync, health = status.get("sync", {}).get("status", "Unknown"), status.get("health", {}).get("status", "Unknown")
    conditions = [f" ({entry['type']})" for entry in status.get("conditions", [])]
    return f"{sync}, {health}{''.join(conditions)}"


def _states(states: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {state}" for name, state in sorted(states.items())) or "no session"


def _condition(item: dict[str, Any], kind: str) -> str:
    found = [entry["status"] for entry in item.get("status", {}).get("conditions", []) if entry["type"] == kind]
    return found[0] if found else "Unknown"
