# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a node says about its way to a router: its link, its address, its route, and who answers on TCP 179.

A router that expects TCP MD5 signatures drops calls without one, as a firewall does. So it is called twice, without a
signature and, if there is a password, with one. A router that has a session with the node is not called at all: with
graceful restart, FRR ends a session as soon as the same node calls again.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import struct
import typing as t
from concurrent.futures import ThreadPoolExecutor

BGP_PORT = 179
TCP_MD5SIG = 14  # linux/tcp.h; the socket module does not know it
PASSWORD_LENGTH = 80
ESTABLISHED = "01"
NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL, errno.EINVAL)
ECHO = struct.pack(">BBHHH", 8, 0, 0, BGP_PORT, 1)
ECHO_V6 = struct.pack(">BBHHH", 128, 0, 0, BGP_PORT, 1)

Answer = t.Dict[str, t.Any]


class Node(t.Protocol):
    """The host, as little of it as is needed."""

    def ip(self, *arguments: str) -> t.List[t.Dict[str, t.Any]]:
        """What ip -json answers; nothing if it fails."""

    def read(self, path: str) -> str:
        """The text of a file, nothing if there is none."""

    def call(self, address: str, password: str) -> str:
        """What becomes of a TCP connection to BGP's port: ok, refused, timeout or unreachable."""

    def ping(self, address: str) -> t.Optional[bool]:
        """Whether the address answers; None if it cannot be told."""


def probe(node: Node, address: str, peers: t.Sequence[str], password: str) -> Answer:
    """The whole answer of bgp_node_info."""
    links = node.ip("address", "show")
    held = {entry["local"]: link for link in links for entry in link.get("addr_info", []) if "local" in entry}
    link = held.get(address, {})
    with ThreadPoolExecutor(max_workers=max(len(peers), 1)) as pool:
        answers = list(pool.map(lambda peer: _peer(node, peer, password), peers))
    return {
        "address": address,
        "has_address": address in held,
        "addresses": sorted(held),
        "link": {"name": link.get("ifname", ""), "up": "LOWER_UP" in link.get("flags", [])},
        "peers": answers,
    }


def _peer(node: Node, peer: str, password: str) -> Answer:
    routes = node.ip("route", "get", peer)
    neighbor = node.ip("neigh", "show", peer)
    answer: Answer = {
        "address": peer,
        "route": bool(routes) and routes[0].get("type", "unicast") in ("unicast", "local"),
        "device": routes[0].get("dev", "") if routes else "",
        "neighbor": "/".join(neighbor[0].get("state", [])) if neighbor else "",
    }
    if has_session(node.read("/proc/net/tcp6" if ":" in peer else "/proc/net/tcp"), peer):
        return {**answer, "tcp": "established", "tcp_signed": "", "ping": None}
    return {
        **answer,
        "tcp": node.call(peer, ""),
        "tcp_signed": node.call(peer, password) if password else "",
        "ping": node.ping(peer),
    }


def has_session(table: str, peer: str) -> bool:
    """Whether the kernel's table of connections has a living one between BGP's port and C(peer)."""
    packed = ipaddress.ip_address(peer).packed
    words = [packed[start : start + 4][::-1].hex().upper() for start in range(0, len(packed), 4)]
    wanted = "".join(words)
    port = f"{BGP_PORT:04X}"
    for line in table.splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        address, _colon, remote_port = remote.partition(":")
        if state == ESTABLISHED and address == wanted and port in (remote_port, local.rpartition(":")[2]):
            return True
    return False


def connect(address: str, password: str, timeout: float) -> str:
    """Call BGP's port, and hang up at once."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(timeout)
        try:
            if password:
                caller.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, signature_option(address, password))
            caller.connect((address, BGP_PORT))
        except ConnectionRefusedError:
            return "refused"
        except OSError as error:
            return "unreachable" if error.errno in NO_WAY else "timeout"
        return "ok"


def signature_option(address: str, password: str) -> bytes:
    """The kernel's struct tcp_md5sig."""
    host = ipaddress.ip_address(address)
    if host.version == 4:
        peer = struct.pack("=H", socket.AF_INET) + struct.pack(">H", BGP_PORT) + host.packed
    else:
        peer = struct.pack("=H", socket.AF_INET6) + struct.pack(">HI", BGP_PORT, 0) + host.packed
    key = password.encode()[:PASSWORD_LENGTH]
    return peer.ljust(128, b"\0") + struct.pack("=BBHi", 0, 0, len(key), 0) + key.ljust(PASSWORD_LENGTH, b"\0")


def echo(address: str, timeout: float) -> t.Optional[bool]:
    """Ping once; None without the right to do so."""
    version = ipaddress.ip_address(address).version
    family, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if version == 6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    )
    try:
        with socket.socket(family, socket.SOCK_RAW, protocol) as caller:
            caller.settimeout(timeout)
            caller.connect((address, 0))
            caller.send(ECHO_V6 if version == 6 else with_checksum(ECHO))
            while True:
                packet = caller.recv(1024)
                if packet[0 if version == 6 else (packet[0] & 15) * 4] in (0, 129):
                    return True
    except PermissionError:
        return None
    except OSError:
        return False


def with_checksum(packet: bytes) -> bytes:
    """The Internet checksum (RFC 1071) put into an ICMP packet."""
    total = sum(struct.unpack(f">{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return packet[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + packet[4:]


def documents(output: str) -> t.List[t.Dict[str, t.Any]]:
    """The answer of ip -json, which says nothing at all where there is nothing."""
    return json.loads(output) if output.lstrip().startswith("[") else []
