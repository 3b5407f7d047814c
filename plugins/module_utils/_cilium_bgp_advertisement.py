# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""An advertisement as the user describes it: which routes go to a peer, and what is said with them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _label_selector as label_selector
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Options, Reader
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import OPT_OUT_LABEL
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

SERVICE = "service"
POD_CIDR = "pod_cidr"
POD_IP_POOL = "pod_ip_pool"
INTERFACE = "interface"
TYPES = (SERVICE, POD_CIDR, POD_IP_POOL, INTERFACE)
LOAD_BALANCER = "LoadBalancerIP"
ADDRESSES = ("ClusterIP", "ExternalIP", LOAD_BALANCER)
# Which options mean something for which types; anywhere else they would be ignored.
ONLY_FOR = {
    "selector": (SERVICE, POD_IP_POOL),
    "addresses": (SERVICE,),
    "aggregation": (SERVICE,),
    "interface": (INTERFACE,),
}
LOCAL_PREFERENCE_LIMITS = (0, 4294967295)
AGGREGATION_LIMITS = {"ipv4": (0, 31), "ipv6": (0, 127)}
WELL_KNOWN_COMMUNITIES = frozenset(
    [
        "accept-own",
        "blackhole",
        "internet",
        "llgr-stale",
        "no-advertise",
        "no-export",
        "no-export-subconfed",
        "no-llgr",
        "no-peer",
        "planned-shut",
        "route-filter-translated-v4",
        "route-filter-translated-v6",
        "route-filter-v4",
        "route-filter-v6",
    ]
)


@dataclasses.dataclass(frozen=True)
class Advertisement:
    """Routes that are announced. C(selector) is of services or of pools of pod addresses; empty selects all."""

    name: str
    type: str = SERVICE
    addresses: t.Tuple[str, ...] = (LOAD_BALANCER,)
    selector: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    communities: t.Tuple[str, ...] = ()
    local_preference: t.Optional[int] = None
    aggregation: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    interface: str = ""

    @classmethod
    def from_entry(cls, entry: Options, where: str, reader: Reader) -> Advertisement:
        given = {key: value for key, value in entry.items() if value is not None}
        kind = given.get("type", SERVICE)
        for key, types in ONLY_FOR.items():
            if key in given and kind not in types:
                what = f"an advertisement of type {kind} has no such thing"
                reader.problems.append(Problem(f"{where}.{key}", what, f"Remove it, or write type {types[0]}"))
        if kind in ONLY_FOR["selector"] and "selector" not in given:
            remedy = "Write {} to select all, or a label selector"
            reader.problems.append(Problem(f"{where}.selector", "without one nothing is announced", remedy))
        if kind == INTERFACE and not given.get("interface"):
            reader.problems.append(Problem(f"{where}.interface", "missing", "Name the interface of the nodes"))
        if not given.get("addresses", True):
            what, remedy = "without one nothing is announced", f"Write one of {', '.join(ADDRESSES)}"
            reader.problems.append(Problem(f"{where}.addresses", what, remedy))
        reader.problems.extend(label_selector.problems(given.get("selector", {}), f"{where}.selector"))
        communities = tuple(str(item) for item in given.get("communities", ()))
        for index, item in enumerate(communities):
            if not community_kind(item):
                what = f"{item!r} is not a community"
                remedy = 'Write a quoted text such as "65010:100", "65010:1:2", or the name of a well-known one'
                reader.problems.append(Problem(f"{where}.communities[{index}]", what, remedy))
        preference = given.get("local_preference")
        return cls(
            name=str(given.get("name", "")),
            type=kind,
            addresses=tuple(sorted(given.get("addresses") or [LOAD_BALANCER])),
            selector=given.get("selector", {}),
            communities=communities,
            local_preference=(
                None
                if preference is None
                else reader.integer(preference, LOCAL_PREFERENCE_LIMITS, f"{where}.local_preference")
            ),
            aggregation={
                family: reader.integer(length, AGGREGATION_LIMITS[family], f"{where}.aggregation.{family}")
                for family, length in given.get("aggregation", {}).items()
                if length is not None
            },
            interface=given.get("interface", ""),
        )

    @property
    def portable_selector(self) -> t.Mapping[str, t.Any]:
        """Never absent or empty: absent selects nothing, and empty maps get lost on their way through tools."""
        if self.selector:
            return self.selector
        return {"matchExpressions": [{"key": OPT_OUT_LABEL, "operator": "NotIn", "values": ["never"]}]}

    @property
    def attributes(self) -> t.Dict[str, t.Any]:
        """What is said with each route, as both generations of Cilium's kinds put it."""
        found: t.Dict[str, t.Any] = {}
        if self.communities:
            by_kind: t.Dict[str, t.List[str]] = {}
            for item in self.communities:
                by_kind.setdefault(community_kind(item), []).append(item)
            found["communities"] = by_kind
        if self.local_preference is not None:
            found["localPreference"] = self.local_preference
        return found


EVERY_SERVICE = Advertisement("services")


def community_kind(text: str) -> str:
    """Which of Cilium's lists a community belongs to, empty if it is none.

    A bare number is none, although Cilium takes it: YAML reads 65010:10 without quotes as the number 3900610.
    """
    if text in WELL_KNOWN_COMMUNITIES:
        return "wellKnown"
    if not re.fullmatch(r"(0|[1-9][0-9]*)(:(0|[1-9][0-9]*)){1,2}", text):
        return ""
    numbers = [int(number) for number in text.split(":")]
    if len(numbers) == 2:
        return "standard" if max(numbers) <= 65535 else ""
    return "large" if max(numbers) <= 4294967295 else ""
