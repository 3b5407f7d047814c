# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A CiliumBGPPeeringPolicy, Cilium's form of BGP up to 1.18, read as the options of the module cilium_bgp_policy.

Cilium 1.15 knows a part of the fields of 1.18, and all of them with the same meaning.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    LOAD_BALANCER,
    POD_CIDR,
    POD_IP_POOL,
    SERVICE,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Object
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

ANNOTATION = "cilium.io/bgp-virtual-router."
# What Cilium takes where nothing is written.
HOLD, KEEPALIVE, CONNECT_RETRY, RESTART, PORT = 90, 30, 120, 120, 179
NAMES = {SERVICE: "services", POD_CIDR: "pod-cidr", POD_IP_POOL: "pod-ip-pool"}
ATTRIBUTED = {"CiliumLoadBalancerIPPool": SERVICE, "PodCIDR": POD_CIDR, "CiliumPodIPPool": POD_IP_POOL}

Entry = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Translation:
    """C(options) say the same as the legacy policy, except for C(losses). C(idle) is what never had an effect."""

    options: Entry
    losses: t.Tuple[Problem, ...]
    idle: t.Tuple[Problem, ...]


def selected_nodes(policy: Object, nodes: t.Sequence[Object]) -> t.List[Object]:
    return [node for node in nodes if selects(policy["spec"].get("nodeSelector"), node["metadata"].get("labels") or {})]


def translate(policy: Object, nodes: t.Sequence[Object]) -> Translation:
    """C(nodes) are the cluster's; of some, annotations say how they differ."""
    return _Translator(policy).translate(selected_nodes(policy, nodes))


class _Translator:
    def __init__(self, policy: Object) -> None:
        self.spec = policy["spec"]
        self.where = f"CiliumBGPPeeringPolicy {policy['metadata']['name']}"
        self.losses: t.List[Problem] = []
        self.idle: t.List[Problem] = []
        self.advertisements: t.List[Entry] = []  # in order, still without names
        self.peers: t.Dict[t.Tuple[str, int], Entry] = {}  # advertise holds indices of advertisements

    def translate(self, nodes: t.Sequence[Object]) -> Translation:
        routers = self.spec["virtualRouters"]
        asns = sorted({router["localASN"] for router in routers})
        for asn in asns[1:]:
            self._lose(
                f"virtualRouters of AS {asn}",
                f"a policy has one local AS, and this one has {asns[0]} already",
                "Describe one policy for each AS, for nodes of its own",
            )
        for index, router in enumerate(routers):
            if router["localASN"] == asns[0]:
                self._router(f"virtualRouters[{index}]", router)
        if not self.advertisements:
            what, remedy = "it announces nothing", "Describe what is to be announced, or delete it"
            self._lose("virtualRouters", what, remedy)
        options: Entry = {
            "local_asn": asns[0],
            "peers": self._named_peers(),
            "advertisements": [{"name": name, **entry} for name, entry in zip(self._names(), self.advertisements)],
            "node_selector": dict(self.spec.get("nodeSelector") or {}),
            "node_overrides": [entry for node in nodes for entry in self._override(node, asns[0])],
        }
        return Translation(options, tuple(self.losses), tuple(self.idle))

    def _lose(self, place: str, what: str, remedy: str) -> None:
        self.losses.append(Problem(f"{self.where}, {place}", what, remedy))

    def _idle(self, place: str, what: str) -> None:
        self.idle.append(Problem(f"{self.where}, {place}", what, "Nothing to do: it never had an effect"))

    def _router(self, place: str, router: Object) -> None:
        for index, neighbor in enumerate(router["neighbors"]):
            where = f"{place}.neighbors[{index}]"
            peer = self._peer(where, neighbor, router["localASN"])
            peer["advertise"] = [self._advertised(entry) for entry in self._announced(where, router, neighbor)]
            key = peer["address"], peer["asn"]
            known = self.peers.get(key)
            if known is None:
                self.peers[key] = peer
                continue
            # Of two alike in one virtual router Cilium takes the last; two virtual routers of one AS it does not take.
            if _without_advertise(known) != _without_advertise(peer):
                what = f"{key[0]} (AS {key[1]}) is there twice, with other settings"
                self._lose(where, what, "Describe the session as it should be")
            peer["advertise"] = [*dict.fromkeys([*known["advertise"], *peer["advertise"]])]
            self.peers[key] = peer

    def _peer(self, where: str, neighbor: Object, local_asn: int) -> Entry:
        port = neighbor.get("peerPort") or PORT
        if port != PORT:
            self._lose(f"{where}.peerPort", f"the router listens on port {port}", f"Have it listen on {PORT}")
        restart = neighbor.get("gracefulRestart") or {}
        address = str(ipaddress.ip_interface(neighbor["peerAddress"]).ip)
        peer: Entry = {
            "name": "peer-" + re.sub("[.:]+", "-", address).strip("-"),
            "address": address,
            "asn": neighbor["peerASN"],
            "timers": {
                "hold": neighbor.get("holdTimeSeconds") or HOLD,
                "keepalive": neighbor.get("keepAliveTimeSeconds") or KEEPALIVE,
                "connect_retry": neighbor.get("connectRetryTimeSeconds") or CONNECT_RETRY,
            },
            "graceful_restart": (restart.get("restartTimeSeconds") or RESTART) if restart.get("enabled") else 0,
            "families": self._families(where, neighbor.get("families")),
        }
        hops = neighbor.get("eBGPMultihopTTL") or 1
        if hops > 1 and peer["asn"] == local_asn:
            self._idle(f"{where}.eBGPMultihopTTL", "sessions inside an AS ignore it")
        elif hops > 1:
            peer["ebgp_multihop"] = hops
        if neighbor.get("authSecretRef"):
            peer["password_secret"] = neighbor["authSecretRef"]
        return peer

    def _families(self, where: str, families: t.Optional[t.Sequence[Object]]) -> t.List[str]:
        found = [(family["afi"], family["safi"]) for family in families or []]
        for afi, safi in found:
            if afi not in ("ipv4", "ipv6") or safi != "unicast":
                what = f"Cilium has no routes of {afi}/{safi}"
                self._lose(f"{where}.families", what, "Describe the session with families ipv4 and ipv6 only")
        return sorted({afi for afi, safi in found if afi in ("ipv4", "ipv6")}) if found else ["ipv4", "ipv6"]

    def _announced(self, where: str, router: Object, neighbor: Object) -> t.List[Entry]:
        """What goes to one neighbour, attributes and all: in the new form they belong to the advertisement."""
        attributes = self._attributes(where, router, neighbor)
        entries: t.List[Entry] = []
        if router.get("serviceSelector") is not None:  # absent selects nothing, empty selects everything
            addresses = list(router.get("serviceAdvertisements") or [LOAD_BALANCER])
            service = {"type": SERVICE, "selector": dict(router["serviceSelector"])}
            said = attributes.get(SERVICE, {})
            if said and LOAD_BALANCER in addresses:
                entries.append({**service, "addresses": [LOAD_BALANCER], **said})
                addresses = [address for address in addresses if address != LOAD_BALANCER]
            if addresses:
                entries.append({**service, "addresses": addresses})
        if router.get("exportPodCIDR"):
            entries.append({"type": POD_CIDR, **attributes.get(POD_CIDR, {})})
        if router.get("podIPPoolSelector") is not None:
            selector = dict(router["podIPPoolSelector"])
            entries.append({"type": POD_IP_POOL, "selector": selector, **attributes.get(POD_IP_POOL, {})})
        return entries

    def _attributes(self, where: str, router: Object, neighbor: Object) -> t.Dict[str, Entry]:
        """By the type of the advertisement that is to carry them."""
        found: t.Dict[str, Entry] = {}
        for index, entry in enumerate(neighbor.get("advertisedPathAttributes") or []):
            place = f"{where}.advertisedPathAttributes[{index}]"
            kind = ATTRIBUTED[entry["selectorType"]]
            if not self._carries(kind, router):
                self._idle(place, f"nothing of {entry['selectorType']} is announced to this neighbor")
                continue
            if entry.get("selector") and not (
                kind == POD_IP_POOL and entry["selector"] == router.get("podIPPoolSelector")
            ):
                of = {SERVICE: "pools by their labels", POD_CIDR: "nodes", POD_IP_POOL: "some of the pools"}[kind]
                self._lose(
                    place,
                    f"it is for {of}, and attributes now belong to a whole advertisement",
                    "Describe an advertisement with these attributes and a selector of the services, or one policy "
                    "for each group of nodes",
                )
                continue
            self._merge(place, found.setdefault(kind, {}), entry, neighbor["peerASN"] == router["localASN"])
        return found

    def _carries(self, kind: str, router: Object) -> bool:
        if kind == POD_CIDR:
            return bool(router.get("exportPodCIDR"))
        if kind == POD_IP_POOL:
            return router.get("podIPPoolSelector") is not None
        addresses = router.get("serviceAdvertisements") or [LOAD_BALANCER]
        return router.get("serviceSelector") is not None and LOAD_BALANCER in addresses

    def _merge(self, place: str, into: Entry, entry: Object, internal: bool) -> None:
        communities = entry.get("communities") or {}
        said = [
            *map(_as_pair, communities.get("standard") or []),
            *(communities.get("wellKnown") or []),
            *(communities.get("large") or []),
        ]
        if said:
            into["communities"] = [*dict.fromkeys([*into.get("communities", []), *said])]
        preference = entry.get("localPreference")
        if preference is not None and not internal:
            self._idle(f"{place}.localPreference", "it is never sent to another AS")
        elif preference is not None and into.setdefault("local_preference", preference) != preference:
            what, remedy = "there are two for the same routes", "Describe the one that is meant"
            self._lose(f"{place}.localPreference", what, remedy)

    def _advertised(self, entry: Entry) -> int:
        if entry not in self.advertisements:
            self.advertisements.append(entry)
        return self.advertisements.index(entry)

    def _names(self) -> t.List[str]:
        kinds = [entry["type"] for entry in self.advertisements]
        return [
            NAMES[kind] if kind not in kinds[:index] else f"{NAMES[kind]}-{kinds[: index + 1].count(kind)}"
            for index, kind in enumerate(kinds)
        ]

    def _named_peers(self) -> t.List[Entry]:
        """Who gets everything does not say so."""
        names = self._names()
        return [
            {**_without_advertise(peer), "advertise": [names[index] for index in sorted(peer["advertise"])]}
            if len(peer["advertise"]) < len(names)
            else _without_advertise(peer)
            for peer in self.peers.values()
        ]

    def _override(self, node: Object, asn: int) -> t.Iterator[Entry]:
        """What an annotation says of a node: router-id=192.0.2.11,local-port=179."""
        said = (node["metadata"].get("annotations") or {}).get(f"{ANNOTATION}{asn}")
        if said is None:
            return
        where = f"annotation {ANNOTATION}{asn} of node {node['metadata']['name']}"
        override: Entry = {"node": node["metadata"]["name"]}
        for part in said.split(","):
            key, _sign, value = part.partition("=")
            if key == "router-id":
                override["router_id"] = value
            elif key == "local-port" and value.isdecimal():
                if int(value):
                    override["local_port"] = int(value)
            elif key == "local-port":
                self.losses.append(Problem(where, f"{value!r} is no port", "Correct or remove it"))
            elif part:
                self.idle.append(Problem(where, f"Cilium knows no {key!r}", "Nothing to do: it never had an effect"))
        if len(override) > 1:
            yield override


def _without_advertise(peer: Entry) -> Entry:
    return {key: value for key, value in peer.items() if key != "advertise"}


def _as_pair(community: t.Any) -> str:
    """A standard community may be written as one number, which nobody else does."""
    text = str(community)
    return f"{int(text) >> 16}:{int(text) & 0xFFFF}" if text.isdecimal() else text
