# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _bgp_node

ADDRESS, ROUTER = "192.0.2.11", "192.0.2.1"
LINKS = [
    {"ifname": "lo", "flags": ["LOOPBACK", "UP", "LOWER_UP"], "addr_info": [{"local": "127.0.0.1"}]},
    {"ifname": "eth0", "flags": ["BROADCAST", "UP", "LOWER_UP"], "addr_info": [{"local": ADDRESS}]},
]
# The router's address as the kernel writes it, and port 179.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B0200C0:A9B3 010200C0:00B3 {state} 00000000:00000000 00:00000000 00000000     0        0 1 1
"""


class Node:
    def __init__(self, links=None, route=({"dev": "eth0"},), neighbor=(), state="06"):
        self.answers = {"address": LINKS if links is None else links, "route": list(route), "neigh": list(neighbor)}
        self.table, self.called = TABLE.format(state=state), []

    def ip(self, *arguments):
        return self.answers[arguments[0]]

    def read(self, path):
        assert path in ("/proc/net/tcp", "/proc/net/tcp6")
        return self.table

    def call(self, address, password):
        self.called.append((address, password))
        return "timeout" if password else "ok"

    def ping(self, address):
        self.called.append((address,))
        return True


def test_a_router_without_a_session_is_called_twice_and_pinged():
    node = Node(neighbor=[{"state": ["STALE"]}])
    assert _bgp_node.probe(node, ADDRESS, [ROUTER], "secret") == {
        "address": ADDRESS,
        "has_address": True,
        "addresses": ["127.0.0.1", ADDRESS],
        "link": {"name": "eth0", "up": True},
        "peers": [
            {
                "address": ROUTER,
                "route": True,
                "device": "eth0",
                "neighbor": "STALE",
                "tcp": "ok",
                "tcp_signed": "timeout",
                "ping": True,
            }
        ],
    }
    assert node.called == [(ROUTER, ""), (ROUTER, "secret"), (ROUTER,)]


def test_a_router_with_a_session_is_left_in_peace():
    """With graceful restart FRR ends a session when the same node calls again."""
    node = Node(state="01")
    [peer] = _bgp_node.probe(node, ADDRESS, [ROUTER], "secret")["peers"]
    assert (peer["tcp"], peer["tcp_signed"], peer["ping"]) == ("established", "", None)
    assert node.called == []


def test_without_a_password_there_is_one_call():
    node = Node()
    [peer] = _bgp_node.probe(node, ADDRESS, [ROUTER], "")["peers"]
    assert (peer["tcp"], peer["tcp_signed"]) == ("ok", "")


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (LINKS[:1], (False, {"name": "", "up": False})),
        ([{**LINKS[1], "flags": ["UP", "NO-CARRIER"]}], (True, {"name": "eth0", "up": False})),
    ],
    ids=["no address", "no carrier"],
)
def test_the_link_and_the_address(links, expected):
    answer = _bgp_node.probe(Node(links), ADDRESS, [], "")
    assert (answer["has_address"], answer["link"]) == expected


@pytest.mark.parametrize(
    ("route", "expected"), [((), False), (({"type": "unreachable"},), False), (({"type": "local", "dev": "lo"},), True)]
)
def test_the_route(route, expected):
    [peer] = _bgp_node.probe(Node(route=route), ADDRESS, [ROUTER], "")["peers"]
    assert peer["route"] is expected


V6 = (
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000000000001:B000 B80D0120000000000000000001000000:00B3 01\n"
)


@pytest.mark.parametrize(
    ("table", "peer", "expected"),
    [
        (TABLE.format(state="01"), ROUTER, True),
        (TABLE.format(state="02"), ROUTER, False),
        (TABLE.format(state="01"), "192.0.2.2", False),
        (TABLE.format(state="01").replace("00B3", "01BB"), ROUTER, False),
        (V6, "2001:db8::1", True),
        (V6, "2001:db8::2", False),
        ("", ROUTER, False),
    ],
    ids=["established", "calling", "somebody else", "another port", "IPv6", "another IPv6 host", "no table"],
)
def test_a_session_is_found_in_the_kernels_table(table, peer, expected):
    assert _bgp_node.has_session(table, peer) is expected


def test_a_session_that_the_router_began_counts():
    table = "head\n   0: 0B0200C0:00B3 010200C0:C001 01 0 0\n"
    assert _bgp_node.has_session(table, ROUTER)


@pytest.fixture
def listener(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(_bgp_node, "BGP_PORT", server.getsockname()[1])
        yield server


def test_a_call_that_is_answered(listener):
    assert _bgp_node.connect("127.0.0.1", "", 2) == "ok"


def test_a_call_that_is_refused(listener):
    listener.close()
    assert _bgp_node.connect("127.0.0.1", "", 2) == "refused"


@pytest.mark.parametrize(("error", "expected"), [(113, "unreachable"), (101, "unreachable"), (None, "timeout")])
def test_a_call_that_gets_nowhere(monkeypatch, error, expected):
    class Caller(socket.socket):
        def connect(self, _address):
            raise OSError(error, "no") if error else TimeoutError

    monkeypatch.setattr(_bgp_node.socket, "socket", Caller)
    assert _bgp_node.connect("127.0.0.1", "", 2) == expected


@pytest.mark.parametrize(
    ("address", "head"),
    [
        ("192.0.2.1", socket.AF_INET.to_bytes(2, "little") + b"\0\xb3\xc0\0\2\1"),
        ("2001:db8::1", socket.AF_INET6.to_bytes(2, "little") + b"\0\xb3\0\0\0\0\x20\1\x0d\xb8"),
    ],
)
def test_the_signature_is_as_the_kernel_wants_it(address, head):
    option = _bgp_node.signature_option(address, "secret")
    assert len(option) == 216  # struct tcp_md5sig of Linux
    assert option.startswith(head)
    assert option[130:132] == (6).to_bytes(2, "little")
    assert option[136:143] == b"secret\0"


def test_the_checksum_of_a_ping():
    packet = _bgp_node.with_checksum(_bgp_node.ECHO)
    total = sum(int.from_bytes(packet[at : at + 2], "big") for at in range(0, len(packet), 2))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


@pytest.mark.parametrize(("output", "expected"), [("", []), ("no such thing", []), ('[{"a": 1}]', [{"a": 1}])])
def test_ip_may_say_nothing(output, expected):
    assert _bgp_node.documents(output) == expected
