# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A BGP session as both of its ends describe it: who speaks to whom, and how patiently.

The limits are those that Cilium and FRR both accept, so that one description fits both ends.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

DEFAULT_HOLD = 9
DEFAULT_KEEPALIVE = 3
DEFAULT_CONNECT_RETRY = 5
DEFAULT_GRACEFUL_RESTART = 120
DEFAULT_EBGP_MULTIHOP = 1

ASN_LIMITS = (1, 4294967295)
HOLD_LIMITS = (3, 65535)
KEEPALIVE_LIMITS = (1, 65535)
CONNECT_RETRY_LIMITS = (1, 65535)
GRACEFUL_RESTART_LIMITS = (0, 4095)
EBGP_MULTIHOP_LIMITS = (1, 255)

Options = t.Mapping[str, t.Any]
Result = t.TypeVar("Result")


class Reader:
    """Reads options one by one and keeps every problem, so that they are all reported together."""

    def __init__(self) -> None:
        self.problems: t.List[Problem] = []

    def integer(self, value: t.Any, limits: t.Tuple[int, int], where: str) -> int:
        """C(value) as a number within C(limits); text that spells one is accepted, as Jinja likes to produce it."""
        low, high = limits
        text = str(value)
        if not isinstance(value, bool) and text.isdecimal() and low <= int(text) <= high:
            return int(text)
        self.problems.append(Problem(where, f"{value!r} is not allowed", f"Write a number from {low} to {high}"))
        return low

    def address(self, value: t.Any, where: str) -> str:
        """C(value) as an address in its usual spelling."""
        try:
            return str(ipaddress.ip_address(str(value)))
        except ValueError:
            remedy = "Write an IPv4 or IPv6 address without a prefix length, such as 192.0.2.1"
            self.problems.append(Problem(where, f"{value!r} is not an address", remedy))
            return ""

    def refuse_twins(self, values: t.Sequence[str], where: str, key: str) -> None:
        """C(values) are those of C(key) in the entries of C(where); empty ones are wrong for another reason."""
        for index, value in enumerate(values):
            if value and value in values[:index]:
                problem = Problem(f"{where}[{index}].{key}", f"{value!r} is used twice", f"Give each its own {key}")
                self.problems.append(problem)

    def finish(self, result: Result) -> Result:
        if self.problems:
            raise ClusterError(*self.problems)
        return result


@dataclasses.dataclass(frozen=True)
class Timers:
    """Seconds until a silent peer is given up, between two signs of life, and until a lost peer is called again."""

    hold: int = DEFAULT_HOLD
    keepalive: int = DEFAULT_KEEPALIVE
    connect_retry: int = DEFAULT_CONNECT_RETRY

    @classmethod
    def read(
        cls, options: t.Optional[Options], where: str, reader: Reader, common: t.Optional[Timers] = None
    ) -> Timers:
        """What C(options) leave out is as in C(common)."""
        given = {key: value for key, value in (options or {}).items() if value is not None}
        if common is not None and not given:
            return common
        for key in sorted(set(given) - {"hold", "keepalive", "connect_retry"}):
            remedy = "Only hold, keepalive and connect_retry exist; remove it"
            reader.problems.append(Problem(f"{where}.{key}", "unknown timer", remedy))
        common = common or cls()
        timers = cls(
            hold=reader.integer(given.get("hold", common.hold), HOLD_LIMITS, f"{where}.hold"),
            keepalive=reader.integer(given.get("keepalive", common.keepalive), KEEPALIVE_LIMITS, f"{where}.keepalive"),
            connect_retry=reader.integer(
                given.get("connect_retry", common.connect_retry), CONNECT_RETRY_LIMITS, f"{where}.connect_retry"
            ),
        )
        if timers.keepalive >= timers.hold:
            what = f"a keepalive of {timers.keepalive} s never arrives within the hold time of {timers.hold} s"
            reader.problems.append(Problem(f"{where}.keepalive", what, "Write a third of the hold time or less"))
        return timers


@dataclasses.dataclass(frozen=True)
class Peer:
    """The far end of a session. C(graceful_restart) is in seconds, 0 is off; C(ebgp_multihop) is a TTL."""

    name: str
    address: str
    asn: int
    timers: Timers = Timers()
    graceful_restart: int = DEFAULT_GRACEFUL_RESTART
    ebgp_multihop: int = DEFAULT_EBGP_MULTIHOP

    @classmethod
    def read(
        cls,
        options: Options,
        where: str,
        reader: Reader,
        timers: t.Optional[Timers] = None,
        graceful_restart: int = DEFAULT_GRACEFUL_RESTART,
    ) -> Peer:
        """C(timers) and C(graceful_restart) are those of every peer that does not say otherwise."""
        given = {key: value for key, value in options.items() if value is not None}
        restart = given.get("graceful_restart", graceful_restart)
        multihop = given.get("ebgp_multihop", DEFAULT_EBGP_MULTIHOP)
        return cls(
            name=str(given.get("name", "")),
            address=reader.address(given.get("address"), f"{where}.address"),
            asn=reader.integer(given.get("asn"), ASN_LIMITS, f"{where}.asn"),
            timers=Timers.read(given.get("timers"), f"{where}.timers", reader, timers or Timers()),
            graceful_restart=reader.integer(restart, GRACEFUL_RESTART_LIMITS, f"{where}.graceful_restart"),
            ebgp_multihop=reader.integer(multihop, EBGP_MULTIHOP_LIMITS, f"{where}.ebgp_multihop"),
        )

    @property
    def family(self) -> str:
        """Of its address: C(ipv4) or C(ipv6)."""
        return "ipv6" if ":" in self.address else "ipv4"


@dataclasses.dataclass(frozen=True)
class Sessions:
    """Every session of one speaker, with what they have in common; what a peer says itself wins."""

    local_asn: int
    peers: t.Tuple[Peer, ...]
    timers: Timers = Timers()
    graceful_restart: int = DEFAULT_GRACEFUL_RESTART

    @classmethod
    def from_options(cls, options: Options, where: str = "") -> Sessions:
        """From keys local_asn, peers, timers and graceful_restart; ClusterError lists everything that is wrong.

        C(where) is the path of the options for messages, such as C(cluster_bgp).
        """
        reader = Reader()
        return reader.finish(cls.read(options, where, reader))

    @classmethod
    def read(cls, options: Options, where: str, reader: Reader) -> Sessions:
        prefix = f"{where}." if where else ""
        restart = options.get("graceful_restart")
        local_asn = reader.integer(options.get("local_asn"), ASN_LIMITS, f"{prefix}local_asn")
        timers = Timers.read(options.get("timers"), f"{prefix}timers", reader)
        graceful_restart = reader.integer(
            DEFAULT_GRACEFUL_RESTART if restart is None else restart,
            GRACEFUL_RESTART_LIMITS,
            f"{prefix}graceful_restart",
        )
        peers = tuple(
            Peer.read(peer, f"{prefix}peers[{index}]", reader, timers, graceful_restart)
            for index, peer in enumerate(options.get("peers") or [])
        )
        refuse_twin_peers(peers, f"{prefix}peers", reader)
        return cls(local_asn, peers, timers, graceful_restart)


def refuse_twin_peers(peers: t.Sequence[Peer], where: str, reader: Reader) -> None:
    """The API takes peers with one name or address; the agent keeps one and says nothing."""
    for key in ("name", "address"):
        reader.refuse_twins([getattr(peer, key) for peer in peers], where, key)
