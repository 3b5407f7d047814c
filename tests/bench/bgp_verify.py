# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging a large cluster: 200 nodes, 8 routers, 5,000 services, from answers that are made up and served on this host.

Measured is the whole process of the module, from the start of Python to its last byte, as Ansible would start it.
"""

from __future__ import annotations

import http.server
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from tests.bench.timing import RUNS

TITLE = "Verification of both ends of BGP"
NODES, ROUTERS, SERVICES = 200, 8, 5000
LOCAL = 500  # services with externalTrafficPolicy Local, on three nodes each
SECONDS, MEGABYTES = 2.0, 300
ROOT = Path(__file__).resolve().parents[2]
NAMES = [f"node{number:03}" for number in range(NODES)]
ADDRESSES = [f"192.0.2.{number}" for number in range(NODES)]
PEERS = [f"198.51.100.{number}" for number in range(1, ROUTERS + 1)]
VIPS = [f"198.18.{number // 250}.{number % 250 + 1}" for number in range(SERVICES)]
CONDITION = {"lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "satisfied", "message": ""}
# What every object of a real server carries along.
BALLAST = {
    "uid": "00000000-0000-0000-0000-000000000000",
    "resourceVersion": "123456",
    "creationTimestamp": "2026-01-01T00:00:00Z",
    "managedFields": [
        {
            "manager": "argocd-controller",
            "operation": "Apply",
            "fieldsType": "FieldsV1",
            "fieldsV1": {f"f:field{number}": {} for number in range(40)},
        }
    ],
}


def metadata(name: str, namespace: str = "", **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **BALLAST, **more}


def endpoints(number: int) -> list[int]:
    return [number % NODES, (number + 7) % NODES, (number + 31) % NODES]


def session(number: int) -> dict[str, t.Any]:
    return {
        "name": f"router{number}",
        "peerAddress": PEERS[number],
        "peerASN": 65000 + number,
        "peeringState": "established",
        "routeCount": [{"afi": "ipv4", "safi": "unicast", "advertised": SERVICES, "received": 0}],
    }


def objects() -> dict[str, list[dict[str, t.Any]]]:
    """By the last part of a list's path."""
    peers = [
        {
            "name": f"router{number}",
            "peerAddress": address,
            "peerASN": 65000 + number,
            "peerConfigRef": {"name": f"large.router{number}"},
        }
        for number, address in enumerate(PEERS)
    ]
    instance = {"name": "instance-65010", "localASN": 65010}
    families = [{"afi": "ipv4", "safi": "unicast", "advertisements": {"matchLabels": {"a": "b"}}}]
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "nodes": [{"metadata": metadata(name, labels={"bgp": "yes"}), "status": ready} for name in NAMES],
        "pods": [
            {"metadata": metadata(f"cilium-{name}", "kube-system"), "spec": {"nodeName": name}, "status": ready}
            for name in NAMES
        ],
        "services": [
            {
                "metadata": metadata(f"service{number}", "default", labels={"app": f"app{number}"}),
                "spec": {
                    "type": "LoadBalancer",
                    "externalTrafficPolicy": "Local" if number < LOCAL else "Cluster",
                    "ports": [{"port": 80}],
                },
                "status": {
                    "conditions": [{"type": "cilium.io/IPAMRequestSatisfied", "status": "True", **CONDITION}],
                    "loadBalancer": {"ingress": [{"ip": vip, "ipMode": "VIP"}]},
                },
            }
            for number, vip in enumerate(VIPS)
        ],
        "endpointslices": [
            {
                "metadata": metadata(
                    f"slice{number}", "default", labels={"kubernetes.io/service-name": f"service{number}"}
                ),
                "endpoints": [{"nodeName": NAMES[node], "conditions": {"ready": True}} for node in endpoints(number)],
            }
            for number in range(SERVICES)
        ],
        "ciliumbgpclusterconfigs": [
            {
                "metadata": metadata("large"),
                "spec": {
                    "nodeSelector": {"matchLabels": {"bgp": "yes"}},
                    "bgpInstances": [{**instance, "peers": peers}],
                },
            }
        ],
        "ciliumbgppeerconfigs": [
            {"metadata": metadata(f"large.router{number}"), "spec": {"families": families}} for number in range(ROUTERS)
        ],
        "ciliumbgpnodeconfigs": [
            {
                "metadata": metadata(name, ownerReferences=[{"kind": "CiliumBGPClusterConfig", "name": "large"}]),
                "spec": {"bgpInstances": [{**instance, "peers": peers}]},
                "status": {"bgpInstances": [{**instance, "peers": [session(number) for number in range(ROUTERS)]}]},
            }
            for name in NAMES
        ],
        "ciliumbgpadvertisements": [
            {
                "metadata": metadata("large.services", labels={"a": "b"}),
                "spec": {
                    "advertisements": [
                        {
                            "advertisementType": "Service",
                            "service": {"addresses": ["LoadBalancerIP"]},
                            "selector": {
                                "matchExpressions": [{"key": "bgp", "operator": "NotIn", "values": ["never"]}]
                            },
                        }
                    ]
                },
            }
        ],
        "ciliumloadbalancerippools": [
            {
                "metadata": metadata("default"),
                "spec": {"blocks": [{"cidr": "198.18.0.0/16"}]},
                "status": {"conditions": [{"type": "cilium.io/IPsAvailable", "status": "Unknown", "message": "1000"}]},
            }
        ],
        "ciliumbgppeeringpolicies": [],
    }


def router(number: int, broken: bool) -> dict[str, t.Any]:
    """What bgp_route_info says; a broken one lost its last session."""
    lost = ADDRESSES[-1] if broken else ""
    peer = {
        "asn": 65010,
        "local_asn": 65000 + number,
        "prefixes_received": SERVICES,
        "uptime": 1000,
        "password": False,
        "shutdown": False,
        "policy": True,
        "maximum_prefix": 10000,
        "maximum_prefix_reached": False,
        "stale": False,
        "last_reset": "",
        "last_notification": "",
    }
    ways = [([address for address in ADDRESSES if address != lost], VIPS[LOCAL:])]
    ways += [([ADDRESSES[node] for node in endpoints(local)], [VIPS[local]]) for local in range(LOCAL)]
    groups = [(peers, [f"{vip}/32" for vip in vips]) for peers, vips in ways]
    return {
        "asn": 65000 + number,
        "router_id": PEERS[number],
        "addresses": [PEERS[number]],
        "listen_ranges": [],
        "peers": [
            {
                "address": address,
                "state": "Active" if address == lost else "Established",
                "established": address != lost,
                **peer,
            }
            for address in ADDRESSES
        ],
        "received": [{"peers": peers, "prefixes": prefixes} for peers, prefixes in groups],
        "routes": [{"installed": True, "next_hops": peers[:64], "prefixes": prefixes} for peers, prefixes in groups],
        "filtered": {},
        "instead": {},
        "signature_failures": {"missing": 0, "unexpected": 0, "wrong": 0},
    }


class Server(http.server.BaseHTTPRequestHandler):
    """The API server's part: one answer for each path, made before anything is measured."""

    protocol_version = "HTTP/1.1"
    answers: t.ClassVar[dict[str, bytes]] = {}
    requests: t.ClassVar[itertools.count[int]]

    def do_GET(self) -> None:
        next(self.requests)
        answer = self.answers.get(self.path.partition("?")[0].rpartition("/")[2])
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer or b"{}")))
        self.end_headers()
        self.wfile.write(answer or b"{}")

    def log_message(self, *_arguments: t.Any) -> None:
        """Nothing."""


def kubeconfig(folder: Path, url: str) -> str:
    """A file that leads there."""
    context = {"name": "large", "context": {"cluster": "large", "user": "large"}}
    config = {
        "current-context": "large",
        "contexts": [context],
        "clusters": [{"name": "large", "cluster": {"server": url}}],
        "users": [{"name": "large", "user": {"token": "none"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def run(arguments: Path) -> tuple[float, float, float, dict[str, t.Any]]:
    """Seconds on the wall and of the processor, megabytes at most, and the verdict."""
    module = "ansible_collections.homeops.cluster.plugins.modules.bgp_verify"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, "-m", module, arguments], env=environment, stdout=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        output.seek(0)
        verdict = json.load(output)
    if status or verdict.get("failed"):
        sys.exit(f"bgp_verify failed: {verdict.get('msg')}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, verdict


def measure() -> str:
    lists = objects()
    served = [*(kind for kind in lists if kind.startswith("cilium")), "ciliumbgpnodeconfigoverrides"]
    served.append("ciliumbgpnodeconfigs/status")
    Server.answers = {kind: json.dumps({"items": items}).encode() for kind, items in lists.items()}
    Server.answers["v2"] = json.dumps({"resources": [{"name": name} for name in served]}).encode()
    size = sum(map(len, Server.answers.values())) / 1e6
    rows = []
    with tempfile.TemporaryDirectory() as folder, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for case, broken in (("healthy", False), ("every node healthy but one, at every router", True)):
            arguments = Path(folder) / "arguments.json"
            options = {
                "kubeconfig": kubeconfig(Path(folder), f"http://127.0.0.1:{server.server_port}"),
                "expected": {
                    "policy": "large",
                    "local_asn": 65010,
                    "peers": [
                        {"name": f"router{number}", "address": address, "asn": 65000 + number}
                        for number, address in enumerate(PEERS)
                    ],
                    "nodes": [{"name": name, "address": address} for name, address in zip(NAMES, ADDRESSES)],
                    "pools": [{"name": "default", "cidr": "198.18.0.0/16"}],
                },
                "routers": {f"router{number}": router(number, broken) for number in range(ROUTERS)},
                "html_path": str(Path(folder) / "bgp.html"),
            }
            arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
            Server.requests = itertools.count()
            found = [run(arguments) for _number in range(RUNS)]
            requests = next(Server.requests) // RUNS
            seconds = [entry[0] for entry in found]
            verdict = found[0][3]
            processor = statistics.median(entry[1] for entry in found)
            memory = max(entry[2] for entry in found)
            told = ", ".join(sorted({finding["code"] for finding in verdict["findings"]})) or "nothing"
            rows.append(
                f"| {case} | {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f}) "
                f"| {processor:.1f} s | {memory:.0f} MB | {requests} | {verdict['status']}: {told} |"
            )
        server.shutdown()
    return "\n".join(
        [
            f"{NODES} nodes, {ROUTERS} routers, {SERVICES} services ({LOCAL} of them on three nodes only);"
            f" the API server's answers are {size:.0f} MB. The whole process of `bgp_verify`, the picture included;"
            f" the target is {SECONDS:g} s and {MEGABYTES} MB.",
            "",
            "| case | wall time | of the processor | memory | requests | verdict |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )
