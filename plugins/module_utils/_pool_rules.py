# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What load balancer pools must be to each other and to the networks around them, wherever they are described."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

Address = ipaddress.IPv4Address
Problems = t.Iterator[Problem]


@dataclasses.dataclass(frozen=True)
class Pool:
    """One range of addresses; C(where) is its place in the description."""

    where: str
    name: str
    first: Address
    last: Address
    written: str

    def __str__(self) -> str:
        return self.written

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1

    def overlaps(self, first: Address, last: Address) -> bool:
        return self.first <= last and first <= self.last


@dataclasses.dataclass(frozen=True)
class Pools:
    """Entries that passed their formats. C(where) is the variable that holds them, C(networks) are by their places.

    C(taken) are ranges of others that are in use already.
    """

    where: str
    entries: t.Sequence[t.Mapping[str, t.Any]]
    networks: t.Mapping[str, ipaddress.IPv4Network] = dataclasses.field(default_factory=dict)
    taken: t.Sequence[Pool] = ()

    @property
    def ranges(self) -> t.List[Pool]:
        return [pool for index, entry in enumerate(self.entries) for pool in _range(f"{self.where}[{index}]", entry)]


def _range(where: str, entry: t.Mapping[str, t.Any]) -> t.Iterator[Pool]:
    name = entry.get("name") or ""
    if entry.get("cidr") and "start" not in entry:
        network = ipaddress.IPv4Network(entry["cidr"])
        yield Pool(f"{where}.cidr", name, network[0], network[-1], entry["cidr"])
    elif entry.get("start") and entry.get("stop") and "cidr" not in entry:
        first, last = Address(entry["start"]), Address(entry["stop"])
        if first <= last:
            yield Pool(f"{where}.start", name, first, last, f"{first} to {last}")


def bounds(pools: Pools) -> Problems:
    for index, entry in enumerate(pools.entries):
        where = f"{pools.where}[{index}]"
        if "cidr" in entry and ("start" in entry or "stop" in entry):
            yield Problem(where, "has cidr and start or stop", "Write either cidr, or start and stop")
        elif not {"cidr", "start", "stop"} & set(entry):
            yield Problem(where, "has no addresses", f"Add cidr: {_free(pools)}, or start and stop")
        elif ("start" in entry) != ("stop" in entry):
            have, lack = ("start", "stop") if "start" in entry else ("stop", "start")
            yield Problem(
                where, f"has {have} but no {lack}", f"Add {lack}; a single address may be written as cidr with /32"
            )
        elif entry.get("start") and entry.get("stop") and Address(entry["start"]) > Address(entry["stop"]):
            yield Problem(
                f"{where}.start",
                f"{entry['start']} is behind stop ({entry['stop']})",
                f"Write start: {entry['stop']} and stop: {entry['start']}",
            )


def _free(pools: Pools) -> str:
    """A network for a pool that nothing known uses."""
    used = [(network[0], network[-1]) for network in pools.networks.values()]
    used += [(pool.first, pool.last) for pool in [*pools.ranges, *pools.taken]]
    candidates = (ipaddress.IPv4Network(f"10.{number}.0.0/26") for number in range(44, 256))
    free = (net for net in candidates if all(net[-1] < first or last < net[0] for first, last in used))
    return str(next(free, "192.168.255.0/26"))


def apart(pools: Pools) -> Problems:
    ranges = pools.ranges
    for index, pool in enumerate(ranges):
        for place, network in pools.networks.items():
            if pool.overlaps(network[0], network[-1]):
                yield Problem(
                    pool.where,
                    f"{pool} overlaps {place} ({network})",
                    f"Choose addresses that nothing else uses, for example {_free(pools)}",
                )
        for other in [*pools.taken, *ranges[:index]]:
            if pool.overlaps(other.first, other.last):
                yield Problem(
                    pool.where,
                    f"{pool} overlaps {other.where} ({other})",
                    f"Choose addresses that no other pool has, for example from {other.last + 1} on",
                )


def names(pools: Pools) -> Problems:
    seen: t.Dict[str, int] = {}
    for index, entry in enumerate(pools.entries):
        name = entry.get("name")
        if name and seen.setdefault(name, index) != index:
            yield Problem(
                f"{pools.where}[{index}].name",
                f"{name} is the name of {pools.where}[{seen[name]}] too",
                "Give every pool its own name",
            )


def selectors(pools: Pools) -> Problems:
    for index, entry in enumerate(pools.entries):
        for number, expression in enumerate((entry.get("service_selector") or {}).get("matchExpressions") or []):
            where = f"{pools.where}[{index}].service_selector.matchExpressions[{number}]"
            operator = expression.get("operator")
            if operator in ("In", "NotIn") and not expression.get("values"):
                yield Problem(where, f"operator {operator} has nothing to compare with", "Add values, a list of text")
            if operator in ("Exists", "DoesNotExist") and expression.get("values"):
                yield Problem(where, f"operator {operator} compares no values", "Remove values")


def problems(pools: Pools) -> Problems:
    for rule in (bounds, names, apart, selectors):
        yield from rule(pools)
