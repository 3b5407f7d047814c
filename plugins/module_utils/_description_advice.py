# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a description may say, but should be thought about. Each piece of advice is a generator over a valid cluster."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import PRIVATE_ASNS
from ansible_collections.homeops.cluster.plugins.module_utils._description_model import Cluster
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

Problems = t.Iterator[Problem]


def public_asns(cluster: Cluster) -> Problems:
    bgp = cluster.values["cluster_bgp"]
    for where, asn in [
        ("cluster_bgp.local_asn", bgp["local_asn"]),
        *((f"{p.where}.asn", p.asn) for p in cluster.peers),
    ]:
        if not any(asn in private for private in PRIVATE_ASNS):
            yield Problem(where, f"{asn} is not a private AS number", "Unless it is yours, write one of 64512 to 65534")


def few_keepalives(cluster: Cluster) -> Problems:
    for where, seconds in cluster.timers:
        if seconds["keepalive"] * 3 > seconds["hold"]:
            yield Problem(
                f"{where}.keepalive",
                f"{seconds['keepalive']} s leaves less than three signs of life"
                f" in the hold time of {seconds['hold']} s",
                f"{max(seconds['hold'] // 3, 1)} is usual",
            )


def endpoint_is_one_server(cluster: Cluster) -> Problems:
    owner = next((node for node in cluster.servers if node.address == cluster.endpoint), None)
    if owner and len(cluster.servers) > 1:
        yield Problem(
            "cluster_api_endpoint",
            f"{cluster.endpoint} is {owner.name}: while it is down, nobody reaches the API of the other servers",
            "A virtual address or a DNS name of all servers survives that",
        )


def unchecked_certificate(cluster: Cluster) -> Problems:
    if cluster.values.get("cluster_unifi", {}).get("validate_certs") is False:
        yield Problem(
            "cluster_unifi.validate_certs",
            "is false: anybody between here and the console can read its API key",
            "Save the console's certificate in a file and name it in ca_path",
        )


def several_open_pools(cluster: Cluster) -> Problems:
    entries = cluster.values["cluster_lb_pools"]
    open_pools = [entry["name"] for entry in entries if not entry.get("service_selector")]
    if len(open_pools) > 1:
        yield Problem(
            "cluster_lb_pools",
            f"{', '.join(open_pools)} are open to every service, so that each takes its address from any of them",
            "A service_selector decides who uses which",
        )


ADVICE: t.Tuple[t.Callable[[Cluster], Problems], ...] = (
    public_asns,
    few_keepalives,
    endpoint_is_one_server,
    unchecked_certificate,
    several_open_pools,
)
