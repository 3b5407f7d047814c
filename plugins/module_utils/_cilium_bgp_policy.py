# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The cluster's end of BGP as the user describes it, read and checked; nothing here knows a kind of Cilium's."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _label_selector as label_selector
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import (
    ASN_LIMITS,
    Options,
    Peer,
    Reader,
    refuse_twin_peers,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_advertisement import (
    EVERY_SERVICE,
    Advertisement,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
PORT_LIMITS = (1, 65535)
LONGEST_PASSWORD = 80  # bytes, in the Linux kernel
DEFAULT_SECRETS_NAMESPACE = "kube-system"


@dataclasses.dataclass(frozen=True)
class PolicyPeer(Peer):
    """The far end of a session, and what is carried over it. C(advertise) are names of advertisements."""

    families: t.Tuple[str, ...] = ("ipv4",)
    advertise: t.Tuple[str, ...] = ()
    password: str = dataclasses.field(default="", repr=False)
    password_secret: str = ""

    @classmethod
    def from_entry(cls, entry: Options, advertised: t.Sequence[str], where: str, reader: Reader) -> PolicyPeer:
        """C(advertised) are the names of all advertisements, which is what a peer gets that does not choose."""
        peer = Peer.read(entry, where, reader)
        chosen = entry.get("advertise")
        for index, name in enumerate(chosen or []):
            if name not in advertised:
                what, remedy = f"there is no advertisement {name!r}", f"Write one of {', '.join(advertised)}"
                reader.problems.append(Problem(f"{where}.advertise[{index}]", what, remedy))
        password, secret = entry.get("password") or "", entry.get("password_secret") or ""
        if password and secret:
            remedy = "Write one of password and password_secret"
            reader.problems.append(Problem(f"{where}.password_secret", "there is a password as well", remedy))
        if len(password.encode()) > LONGEST_PASSWORD:
            what = f"longer than {LONGEST_PASSWORD} bytes, which no kernel takes"
            reader.problems.append(Problem(f"{where}.password", what, "Use a shorter one, on both ends"))
        return cls(
            **{field.name: getattr(peer, field.name) for field in dataclasses.fields(peer)},
            families=tuple(entry.get("families") or [peer.family]),
            advertise=tuple(name for name in advertised if chosen is None or name in chosen),
            password=password,
            password_secret=secret,
        )


@dataclasses.dataclass(frozen=True)
class NodeOverride:
    """What one node does otherwise than the rest."""

    node: str
    router_id: str = ""
    local_port: t.Optional[int] = None
    local_address: str = ""

    @classmethod
    def from_entry(cls, entry: Options, where: str, reader: Reader) -> NodeOverride:
        given = {key: value for key, value in entry.items() if value is not None}
        override = cls(
            node=str(given.get("node", "")),
            router_id=reader.address(given["router_id"], f"{where}.router_id") if "router_id" in given else "",
            local_port=(
                reader.integer(given["local_port"], PORT_LIMITS, f"{where}.local_port")
                if "local_port" in given
                else None
            ),
            local_address=(
                reader.address(given["local_address"], f"{where}.local_address") if "local_address" in given else ""
            ),
        )
        if ":" in override.router_id:
            remedy = "Write it as an IPv4 address, whatever the family of the session"
            reader.problems.append(Problem(f"{where}.router_id", f"{override.router_id} is no router ID", remedy))
        if set(given) <= {"node"}:
            remedy = "Write router_id, local_port or local_address, or remove the entry"
            reader.problems.append(Problem(where, "it overrides nothing", remedy))
        return override

    def applies_to(self, peer: Peer) -> bool:
        """Whether the local address can speak to the peer."""
        return bool(self.local_address) and (":" in self.local_address) == (peer.family == "ipv6")


@dataclasses.dataclass(frozen=True)
class Policy:
    """Everything one call of the module describes."""

    name: str
    local_asn: int
    peers: t.Tuple[PolicyPeer, ...]
    advertisements: t.Tuple[Advertisement, ...] = (EVERY_SERVICE,)
    node_selector: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    node_overrides: t.Tuple[NodeOverride, ...] = ()
    secrets_namespace: str = DEFAULT_SECRETS_NAMESPACE

    @classmethod
    def from_options(cls, options: Options) -> Policy:
        """From the options of the module cilium_bgp_policy; ClusterError lists everything that is wrong."""
        reader = Reader()
        local_asn = reader.integer(options.get("local_asn"), ASN_LIMITS, "local_asn")
        advertisements = tuple(
            Advertisement.from_entry(entry, f"advertisements[{index}]", reader)
            for index, entry in enumerate(options.get("advertisements") or [])
        ) or (EVERY_SERVICE,)
        advertised = [entry.name for entry in advertisements]
        policy = cls(
            name=str(options["name"]),
            local_asn=local_asn,
            peers=tuple(
                PolicyPeer.from_entry(entry, advertised, f"peers[{index}]", reader)
                for index, entry in enumerate(options.get("peers") or [])
            ),
            advertisements=advertisements,
            node_selector=options.get("node_selector") or {},
            node_overrides=tuple(
                NodeOverride.from_entry(entry, f"node_overrides[{index}]", reader)
                for index, entry in enumerate(options.get("node_overrides") or [])
            ),
            secrets_namespace=str(options.get("secrets_namespace") or DEFAULT_SECRETS_NAMESPACE),
        )
        reader.problems.extend(policy.contradictions())
        refuse_twin_peers(policy.peers, "peers", reader)
        reader.refuse_twins(advertised, "advertisements", "name")
        reader.refuse_twins([entry.node for entry in policy.node_overrides], "node_overrides", "node")
        return reader.finish(policy)

    @property
    def instance(self) -> str:
        return f"instance-{self.local_asn}"

    def part(self, name: str) -> str:
        """A dot is in no name of a policy, so that no two policies ever claim one object."""
        return f"{self.name}.{name}"

    def secret_name(self, peer: PolicyPeer) -> str:
        """The Secret that holds the peer's password, ours or somebody's; empty if there is none."""
        return peer.password_secret or (self.part(f"{peer.name}.bgp-auth") if peer.password else "")

    def contradictions(self) -> t.Iterator[Problem]:
        """What no single entry shows: Cilium takes all of it, and ignores some part without a word."""
        named = [("name", self.name)]
        named += [(f"peers[{index}].name", peer.name) for index, peer in enumerate(self.peers)]
        named += [(f"advertisements[{index}].name", entry.name) for index, entry in enumerate(self.advertisements)]
        for where, name in named:
            if not NAME.fullmatch(name):
                remedy = "Write at most 63 lower-case letters, digits and hyphens, with no hyphen at either end"
                yield Problem(where, f"{name!r} cannot be a part of an object's name", remedy)
        yield from label_selector.problems(self.node_selector, "node_selector")
        if not self.peers:
            yield Problem("peers", "nobody to speak to", "Name at least one peer")
        for index, peer in enumerate(self.peers):
            if peer.asn == self.local_asn and peer.ebgp_multihop > 1:
                what = f"AS {peer.asn} is the cluster's own, and sessions inside an AS ignore it"
                yield Problem(f"peers[{index}].ebgp_multihop", what, "Remove it")
        for index, entry in enumerate(self.advertisements):
            takers = [peer for peer in self.peers if entry.name in peer.advertise]
            where = f"advertisements[{index}]"
            if self.peers and not takers:
                remedy = f"Add {entry.name} to advertise of a peer, or remove the advertisement"
                yield Problem(where, "no peer selects it, so that it is announced to nobody", remedy)
            elif takers and entry.local_preference is not None and all(peer.asn != self.local_asn for peer in takers):
                what = "it is never sent to another AS, and no peer of the cluster's own AS selects this advertisement"
                yield Problem(f"{where}.local_preference", what, "Remove it")
        for index, override in enumerate(self.node_overrides):
            if override.local_address and not any(override.applies_to(peer) for peer in self.peers):
                what = f"no peer has an address of the family of {override.local_address}"
                remedy = "Write an address of the family of the peers' addresses"
                yield Problem(f"node_overrides[{index}].local_address", what, remedy)
