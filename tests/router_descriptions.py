# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Descriptions of a router for homeops.cluster.frr_config: any number of them, the same in every run."""

from __future__ import annotations

import ipaddress
import random
import string
from typing import Any

PASSWORD = "".join(sorted(set(string.ascii_letters + string.digits + string.punctuation)))


def describe(seed: int) -> dict[str, Any]:
    """One that a user could mean; C(seed) decides everything about it."""
    chance = random.Random(seed)
    router: dict[str, Any] = {
        "cluster": chance.choice(["home", "lab-2", "k3s", "a", "x" * 40]),
        "asn": chance.choice([1, 65000, 64512, 4200000000, 4294967295]),
        "router_id": str(ipaddress.IPv4Address(chance.randint(0x01000000, 0xDFFFFFFF))),
        "cluster_asn": chance.randint(64512, 65534),
        "pools": [_pool(chance) for _index in range(chance.choice([1, 1, 2, 3, 8, 40]))],
    }
    if chance.random() < 0.7:
        first = chance.randint(0x0A000001, 0x0A00FFFF)
        count = chance.choice([1, 2, 3, 5, 16, 17, 200])
        router["nodes"] = [str(ipaddress.IPv4Address(first + number)) for number in range(count)]
        chance.shuffle(router["nodes"])
    else:
        bases = chance.sample(range(256), chance.randint(1, 3))
        router["listen_ranges"] = [f"10.{base}.0.0/{chance.randint(16, 32)}" for base in bases]
    options: dict[str, Any] = {
        "timers": {"hold": chance.randint(30, 65535), "keepalive": chance.randint(1, 29)},
        "graceful_restart": chance.choice([0, 1, 120, 4095]),
        "ebgp_multihop": chance.choice([1, 2, 255]),
        "password": "".join(chance.choices(PASSWORD, k=chance.randint(1, 80))),
        "maximum_prefix": chance.choice([1, 1000, 4294967295]),
    }
    return {**router, **{key: value for key, value in options.items() if chance.random() < 0.5}}


def _pool(chance: random.Random) -> Any:
    """A range in any of its spellings; mostly IPv4, with a few of IPv6."""
    if chance.random() < 0.15:
        base, longest, shortest = int(ipaddress.ip_address("2001:db8::")) + chance.getrandbits(64), 128, 112
    else:
        base, longest, shortest = int(ipaddress.ip_address("10.0.0.0")) + chance.getrandbits(24), 32, 20
    kind = ipaddress.IPv6Address if longest == 128 else ipaddress.IPv4Address
    network = ipaddress.ip_network((kind(base), chance.randint(shortest, longest)), strict=False)
    if chance.random() < 0.4:
        return chance.choice([str(network), {"cidr": str(network)}])
    stop = base + chance.choice([0, 1, 2, 3, 15, 100, 257])
    return {"start": str(kind(base)), "stop": str(kind(stop))}
