# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A healthy cluster with its router, as the answers of cilium_bgp_info, bgp_route_info and bgp_node_info tell it.

Two nodes, one router, a pool and a service. A test breaks what it is about.
"""

from __future__ import annotations

import copy

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import Commands, Evidence, Expected

NODES = {"n1": "192.0.2.11", "n2": "192.0.2.12"}
ROUTER = "192.0.2.1"
EXPECTED = {
    "policy": "home",
    "local_asn": 65010,
    "peers": [{"name": "udm", "address": ROUTER, "asn": 65000}],
    "nodes": [{"name": name, "address": address} for name, address in NODES.items()],
    "pools": [{"name": "default", "cidr": "198.51.100.0/26"}],
    "password": True,
}
SESSION = {
    "policy": "home",
    "name": "udm",
    "address": ROUTER,
    "asn": 65000,
    "local_asn": 65010,
    "state": "established",
    "established": True,
    "received": 0,
    "advertised": 2,
    "configuration": "home.udm",
    "configuration_missing": False,
    "secret": "home.udm.bgp-auth",
    "secret_missing": False,
}
SERVICE = {
    "name": "demo",
    "namespace": "default",
    "class": "",
    "addresses": ["198.51.100.1"],
    "announced": True,
    "kept_out": False,
    "peers": [ROUTER],
    "local": False,
    "endpoints": [],
    "pools": ["default"],
    "requested": [],
    "reason": "",
    "message": "",
}
POOL = {
    "name": "default",
    "managed": True,
    "blocks": [{"cidr": "198.51.100.0/26"}],
    "selector": {},
    "disabled": False,
    "total": 64,
    "used": 1,
    "available": 63,
    "conflict": "",
}
NEIGHBOR = {
    "asn": 65010,
    "local_asn": 65000,
    "state": "Established",
    "established": True,
    "prefixes_received": 1,
    "uptime": 60,
    "password": True,
    "shutdown": False,
    "policy": True,
    "maximum_prefix": 64,
    "maximum_prefix_reached": False,
    "stale": False,
    "last_reset": "",
    "last_notification": "",
}
CALL = {
    "address": ROUTER,
    "route": True,
    "device": "eth0",
    "neighbor": "REACHABLE",
    "ping": None,
    "tcp": "established",
    "tcp_signed": "",
}


class World:
    """C(cluster), C(router) and C(probes) are the answers; C(node), C(session) and so on are parts of them."""

    def __init__(self):
        self.expected = copy.deepcopy(EXPECTED)
        self.cluster = {
            "api": "v2",
            "nodes": [
                {
                    "name": name,
                    "ready": True,
                    "agent": True,
                    "established": True,
                    "policy": "home",
                    "policies": ["home"],
                    "legacy_policies": [],
                    "peers": [dict(SESSION)],
                }
                for name in NODES
            ],
            "policies": [
                {
                    "name": "home",
                    "node_selector": {"matchLabels": {"homeops.cluster/bgp-node": "enabled"}},
                    "peers": [ROUTER],
                }
            ],
            "conditions": [],
            "advertisements": [
                {
                    "name": "home.services",
                    "type": "Service",
                    "addresses": ["LoadBalancerIP"],
                    "peers": [ROUTER],
                    "selects": True,
                }
            ],
            "services": [copy.deepcopy(SERVICE)],
            "pools": [copy.deepcopy(POOL)],
            "routes": {ROUTER: ["198.51.100.1"]},
        }
        self.router = {
            "asn": 65000,
            "router_id": ROUTER,
            "addresses": [ROUTER],
            "listen_ranges": [],
            "peers": [{"address": address, **NEIGHBOR} for address in NODES.values()],
            "routes": [{"installed": True, "next_hops": list(NODES.values()), "prefixes": ["198.51.100.1/32"]}],
            "received": [{"peers": list(NODES.values()), "prefixes": ["198.51.100.1/32"]}],
            "filtered": {},
            "instead": {},
            "signature_failures": {"missing": 0, "unexpected": 0, "wrong": 0},
        }
        self.routers = {"udm": self.router}
        self.probes = {
            name: {
                "address": address,
                "has_address": True,
                "addresses": ["127.0.0.1", address],
                "link": {"name": "eth0", "up": True},
                "peers": [dict(CALL)],
            }
            for name, address in NODES.items()
        }
        self.secrets = {"home.udm.bgp-auth": True}

    def node(self, name="n1"):
        return next(node for node in self.cluster["nodes"] if node["name"] == name)

    def session(self, name="n1"):
        return self.node(name)["peers"][0]

    def neighbor(self, name="n1"):
        return next(entry for entry in self.router["peers"] if entry["address"] == NODES[name])

    def call(self, name="n1"):
        return self.probes[name]["peers"][0]

    @property
    def service(self):
        return self.cluster["services"][0]

    @property
    def pool(self):
        return self.cluster["pools"][0]

    def down(self, *names, cluster="active", router="Connect", tcp="ok", signed="ok"):
        """The session is down on both ends; a call of the router is answered, unless it is said otherwise."""
        for name in names or NODES:
            self.session(name).update(state=cluster, established=False)
            self.neighbor(name).update(state=router, established=False, prefixes_received=0)
            self.call(name).update(tcp=tcp, tcp_signed=signed, ping=True)
            for group in self.router["received"]:
                group["peers"] = [peer for peer in group["peers"] if peer != NODES[name]]

    def serve(self, name, *addresses, **more):
        """One more service."""
        self.cluster["services"].append({**copy.deepcopy(SERVICE), "name": name, "addresses": list(addresses), **more})

    @property
    def evidence(self):
        return Evidence(
            expected=Expected.from_options(self.expected),
            cluster=self.cluster,
            routers=self.routers,
            nodes=self.probes,
            secrets=self.secrets,
            commands=Commands("site", "kubectl"),
        )
