# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The router's end of BGP: FRR's configuration, rendered and checked.

Least privilege is the rule: exactly the pools' addresses come in, nothing goes out, nothing is redistributed.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp import (
    ASN_LIMITS,
    DEFAULT_EBGP_MULTIHOP,
    DEFAULT_GRACEFUL_RESTART,
    EBGP_MULTIHOP_LIMITS,
    GRACEFUL_RESTART_LIMITS,
    Options,
    Reader,
    Timers,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

MARK = "Managed by homeops.cluster for cluster"
END_MARK = "End of homeops.cluster for cluster"
MAXIMUM_PREFIX_LIMITS = (1, 4294967295)
MAXIMUM_PREFIX_CEILING = 1000
MAXIMUM_PREFIX_RESTART_MINUTES = 5
PASSWORD_LENGTH = 80  # what TCP MD5 (RFC 2385) takes in Linux
PATHS_OF_EVERY_BUILD = (
    16  # FRR refuses more than it was built for, and builds differ; without the line it takes all it can
)

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Run = t.Callable[[t.Sequence[str]], t.Tuple[int, str, str]]

# FRR takes abbreviations; passw is the shortest that is not "passive".
_SECRET = re.compile(
    r"(\b(?:passw(?:o|or|ord)?|key-string|authentication(?:-key)?|md5)[ \t]+)\S.*",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_SYNTAX_ERROR = re.compile(r"^line (\d+): % ([^\[:]+)(?:\[\d+\])?:\s*(.*)$", re.MULTILINE)


def redact(text: str) -> str:
    """C(text) without the passwords and keys of FRR's statements in it."""
    return _SECRET.sub(r"\1********", text)


def group(cluster: str) -> str:
    """The peer group of a cluster. Its lists and its route-map begin with the same name; nobody else uses it."""
    return f"CLUSTER-{cluster}"


@dataclasses.dataclass(frozen=True)
class Router:
    """A router that a cluster's nodes speak BGP to: each by its address, or whoever calls from C(listen_ranges)."""

    cluster: str
    asn: int
    router_id: str
    cluster_asn: int
    nodes: t.Tuple[Address, ...]
    listen_ranges: t.Tuple[Network, ...]
    pools: t.Tuple[Network, ...]
    timers: Timers
    graceful_restart: int
    ebgp_multihop: int
    password: str
    maximum_prefix: int

    @classmethod
    def from_options(cls, options: Options) -> Router:
        """From the keys of the filter homeops.cluster.frr_config; ClusterError lists everything that is wrong."""
        reader = Reader()
        fields = {field.name for field in dataclasses.fields(cls)}
        for key in sorted(str(key) for key in set(options) - fields):
            reader.problems.append(Problem(key, "unknown key", f"These exist: {', '.join(sorted(fields))}; remove it"))
        given = {key: value for key, value in options.items() if value is not None}
        pools = _pools(given.get("pools") or [], reader)
        addresses = min(sum(pool.num_addresses for pool in pools), MAXIMUM_PREFIX_CEILING)
        return reader.finish(
            cls(
                cluster=_cluster(given.get("cluster"), reader),
                asn=reader.integer(given.get("asn"), ASN_LIMITS, "asn"),
                router_id=_router_id(given.get("router_id"), reader),
                cluster_asn=reader.integer(given.get("cluster_asn"), ASN_LIMITS, "cluster_asn"),
                nodes=_nodes(given.get("nodes") or [], given.get("listen_ranges"), reader),
                listen_ranges=_listen_ranges(given.get("listen_ranges") or [], reader),
                pools=pools,
                timers=Timers.read(given.get("timers"), "timers", reader),
                graceful_restart=reader.integer(
                    given.get("graceful_restart", DEFAULT_GRACEFUL_RESTART), GRACEFUL_RESTART_LIMITS, "graceful_restart"
                ),
                ebgp_multihop=reader.integer(
                    given.get("ebgp_multihop", DEFAULT_EBGP_MULTIHOP), EBGP_MULTIHOP_LIMITS, "ebgp_multihop"
                ),
                password=_password(given.get("password", ""), reader),
                maximum_prefix=reader.integer(
                    given.get("maximum_prefix", addresses or 1), MAXIMUM_PREFIX_LIMITS, "maximum_prefix"
                ),
            )
        )


def _pools(pools: t.Sequence[t.Any], reader: Reader) -> t.Tuple[Network, ...]:
    """The fewest prefixes that hold exactly the addresses of all pools."""
    found: t.List[Network] = []
    for index, pool in enumerate(pools):
        try:
            found += _prefixes(pool)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            remedy = "Write a cidr such as 198.51.100.0/26, or start and stop addresses in this order"
            reader.problems.append(Problem(f"pools[{index}]", f"not a range of addresses ({error})", remedy))
    if not pools:
        reader.problems.append(Problem("pools", "empty: the router would accept no route", "Name at least one pool"))
    return _collapsed(found)


def _collapsed(networks: t.Iterable[Network]) -> t.Tuple[Network, ...]:
    found = list(networks)
    by_version = [[network for network in found if network.version == version] for version in (4, 6)]
    return tuple(prefix for same in by_version for prefix in ipaddress.collapse_addresses(same))  # type: ignore[type-var]


def _prefixes(pool: t.Any) -> t.List[Network]:
    if isinstance(pool, str):
        return [ipaddress.ip_network(pool)]
    if pool.get("cidr"):
        return [ipaddress.ip_network(str(pool["cidr"]))]
    start = ipaddress.ip_address(str(pool["start"]))
    stop = ipaddress.ip_address(str(pool.get("stop") or start))
    return list(ipaddress.summarize_address_range(start, stop))


def _cluster(value: t.Any, reader: Reader) -> str:
    """The name that marks the configuration: it ends at the first dot, so it has none."""
    if isinstance(value, str) and _NAME.match(value):
        return value
    remedy = "Write the cluster's name: lower case letters, digits and hyphens"
    reader.problems.append(Problem("cluster", f"{value!r} is not a name", remedy))
    return ""


def _router_id(value: t.Any, reader: Reader) -> str:
    try:
        return str(ipaddress.IPv4Address(str(value)))
    except ValueError:
        remedy = "Write the router's IPv4 address"
        reader.problems.append(Problem("router_id", f"{value!r} is not an IPv4 address", remedy))
        return ""


def _nodes(nodes: t.Sequence[t.Any], listen_ranges: t.Any, reader: Reader) -> t.Tuple[Address, ...]:
    texts = [reader.address(node, f"nodes[{index}]") for index, node in enumerate(nodes)]
    for twin in sorted({text for text in texts if text and texts.count(text) > 1}):
        reader.problems.append(Problem("nodes", f"{twin} is named twice", "Give each node its own address"))
    if bool(nodes) == bool(listen_ranges):
        what = "both nodes and listen_ranges are given" if nodes else "neither nodes nor listen_ranges is given"
        reader.problems.append(Problem("nodes", what, "Give the nodes' addresses, or the ranges that they call from"))
    return tuple(
        sorted((ipaddress.ip_address(text) for text in texts if text), key=lambda node: (node.version, int(node)))
    )


def _listen_ranges(ranges: t.Sequence[t.Any], reader: Reader) -> t.Tuple[Network, ...]:
    found: t.List[Network] = []
    for index, text in enumerate(ranges):
        try:
            found.append(ipaddress.ip_network(str(text)))
        except ValueError as error:
            where, remedy = f"listen_ranges[{index}]", "Write a network such as 192.0.2.0/24"
            reader.problems.append(Problem(where, str(error), remedy))
    return _collapsed(found)


def _password(value: t.Any, reader: Reader) -> str:
    """A password that stays one word of one line; its value is never part of a message."""
    text = str(value)
    if text and not (len(text) <= PASSWORD_LENGTH and text.isascii() and text.isprintable() and " " not in text):
        what = "the password holds a space or a special character, or is too long"
        remedy = f"Write at most {PASSWORD_LENGTH} printable ASCII characters without spaces"
        reader.problems.append(Problem("password", what, remedy))
    return text


def render(router: Router) -> str:
    """The whole configuration of bgpd, between two marks. Lists and route-maps come last, as UniFi wants them."""
    versions = [version for version in (4, 6) if any(pool.version == version for pool in router.pools)]
    return "\n".join(
        [
            f"! {MARK} {router.cluster}. Changes made by hand are replaced.",
            f"router bgp {router.asn}",
            *(f" {line}" for line in _sessions(router)),
            *(f" {line}" for version in (4, 6) for line in _family(router, version)),
            "exit",
            "!",
            *(line for version in versions for line in _prefix_list(router, version)),
            "!",
            f"route-map {group(router.cluster)}-OUT deny 10",
            "exit",
            f"! {END_MARK} {router.cluster}.",
            "",
        ]
    )


def _sessions(router: Router) -> t.Iterator[str]:
    name = group(router.cluster)
    yield f"bgp router-id {router.router_id}"
    yield "bgp log-neighbor-changes"
    yield "no bgp default ipv4-unicast"
    # By itself FRR helps nodes that restart, for the time they ask for. It says nothing that they would keep for it, so
    # it never asks the same of them: a router that restarts would wait minutes for a node that is gone.
    # A peer group takes the statement and its members do not follow it, so it is said for each, or for all.
    if not router.graceful_restart and router.listen_ranges:
        yield "bgp graceful-restart-disable"
    yield f"neighbor {name} peer-group"
    yield f"neighbor {name} remote-as {router.cluster_asn}"
    if router.ebgp_multihop > 1:
        yield f"neighbor {name} ebgp-multihop {router.ebgp_multihop}"
    if router.password:
        yield f"neighbor {name} password {router.password}"
    yield f"neighbor {name} timers {router.timers.keepalive} {router.timers.hold}"
    yield f"neighbor {name} timers connect {router.timers.connect_retry}"
    for network in router.listen_ranges:
        yield f"bgp listen range {network} peer-group {name}"
    for node in router.nodes:
        yield f"neighbor {node} peer-group {name}"
        if not router.graceful_restart:
            yield f"neighbor {node} graceful-restart-disable"


def _family(router: Router, version: int) -> t.Iterator[str]:
    name = group(router.cluster)
    if not any(pool.version == version for pool in router.pools):
        # IPv4 is on by itself in an instance that others opened.
        if version == 4:
            yield from ("!", "address-family ipv4 unicast", f" no neighbor {name} activate", "exit-address-family")
        return
    yield "!"
    yield f"address-family ipv{version} unicast"
    yield f" neighbor {name} activate"
    yield f" neighbor {name} soft-reconfiguration inbound"
    yield f" neighbor {name} maximum-prefix {router.maximum_prefix} restart {MAXIMUM_PREFIX_RESTART_MINUTES}"
    yield f" neighbor {name} prefix-list {name}-IN-{version} in"
    yield f" neighbor {name} route-map {name}-OUT out"
    if 0 < len(router.nodes) <= PATHS_OF_EVERY_BUILD:
        yield f" maximum-paths {len(router.nodes)}"
    yield "exit-address-family"


def _prefix_list(router: Router, version: int) -> t.Iterator[str]:
    family, name = "ip" if version == 4 else "ipv6", f"{group(router.cluster)}-IN-{version}"
    for sequence, pool in enumerate((pool for pool in router.pools if pool.version == version), start=1):
        longest = pool.max_prefixlen
        lengths = "" if pool.prefixlen == longest else f" ge {longest} le {longest}"
        yield f"{family} prefix-list {name} seq {sequence * 10} permit {pool}{lengths}"


def find_vtysh(name: str, find: t.Callable[[str], t.Optional[str]], *, required: bool = True) -> str:
    """The path of vtysh, or nothing if it may be missing."""
    path = find(name)
    if required and not path:
        remedy = "Install FRR on this host (package frr), or name a host that has it"
        raise ClusterError(Problem(name, "this program is not installed", remedy))
    return path or ""


def syntax_problems(text: str, vtysh: str, path: str, run: Run) -> t.List[Problem]:
    """What vtysh finds wrong in C(text), which the caller has put into the file C(path) for it."""
    code, out, err = run([vtysh, "-C", "-f", path])
    if code == 0:
        return []
    lines = text.splitlines()
    remedy = "Correct the line; FRR's own documentation lists the statements that its version knows"
    problems = [
        Problem(f"line {number}", redact(f"{what.strip()}: {lines[int(number) - 1].strip()}"), remedy)
        for number, what, _statement in _SYNTAX_ERROR.findall(out + err)
        if int(number) <= len(lines)
    ]
    if problems:
        return problems
    said = redact((out + err).strip()) or "no reason given"
    return [
        Problem(vtysh, f"the configuration was not checked (exit status {code}: {said})", "Repair FRR on this host")
    ]
