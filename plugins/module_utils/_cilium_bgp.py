# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The cluster's end of BGP: one description turned into the objects of Cilium's BGP control plane."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Options, Peer, Reader, Sessions
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY, Wanted
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

API_VERSIONS = ("v2", "v2alpha1")
OWNER = "homeops.cluster"
POLICY_LABEL = "homeops.cluster/bgp-policy"
OPT_OUT_LABEL = "homeops.cluster/bgp"
SECRET = Resource("v1", "Secret", "secrets")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclasses.dataclass(frozen=True)
class Kinds:
    """Cilium's kinds in one API version."""

    version: str

    def __post_init__(self) -> None:
        if self.version not in API_VERSIONS:
            remedy = f"Write one of {', '.join(API_VERSIONS)}"
            raise ClusterError(Problem("api", f"{self.version!r} is no API version of BGP", remedy))

    def _resource(self, kind: str) -> Resource:
        return Resource(f"cilium.io/{self.version}", kind, f"{kind.lower()}s")

    @property
    def cluster_config(self) -> Resource:
        return self._resource("CiliumBGPClusterConfig")

    @property
    def peer_config(self) -> Resource:
        return self._resource("CiliumBGPPeerConfig")

    @property
    def advertisement(self) -> Resource:
        return self._resource("CiliumBGPAdvertisement")

    @property
    def node_config(self) -> Resource:
        return self._resource("CiliumBGPNodeConfig")

    @property
    def pool(self) -> Resource:
        return self._resource("CiliumLoadBalancerIPPool")

    @property
    def plurals(self) -> t.FrozenSet[str]:
        every = (self.cluster_config, self.peer_config, self.advertisement, self.node_config, self.pool)
        return frozenset(kind.plural for kind in every)

    @property
    def written(self) -> t.Tuple[Resource, ...]:
        """In the order of writing: nothing refers to what does not exist yet."""
        return SECRET, self.peer_config, self.advertisement, self.cluster_config


@dataclasses.dataclass(frozen=True)
class Advertisement:
    """Which addresses of which services are announced to every peer."""

    name: str = "services"
    addresses: t.Tuple[str, ...] = ("LoadBalancerIP",)
    selector: Object = dataclasses.field(default_factory=dict)

    @property
    def service_selector(self) -> Object:
        """Never absent or empty: absent selects nothing, and empty maps get lost on their way through tools."""
        if self.selector:
            return self.selector
        return {"matchExpressions": [{"key": OPT_OUT_LABEL, "operator": "NotIn", "values": ["never"]}]}


@dataclasses.dataclass(frozen=True)
class Policy:
    """Everything one call of the module describes."""

    name: str
    sessions: Sessions
    advertisements: t.Tuple[Advertisement, ...] = (Advertisement(),)
    node_selector: Object = dataclasses.field(default_factory=dict)
    secrets_namespace: str = "kube-system"
    passwords: t.Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def from_options(cls, options: Options) -> Policy:
        reader = Reader()
        peers = options.get("peers") or []
        advertisements = options.get("advertisements") or [{}]
        policy = cls(
            name=options["name"],
            sessions=Sessions.read(options, "", reader),
            advertisements=tuple(
                Advertisement(**{key: value for key, value in entry.items() if value}) for entry in advertisements
            ),
            node_selector=options.get("node_selector") or {},
            secrets_namespace=options.get("secrets_namespace") or "kube-system",
            passwords={peer["name"]: peer["password"] for peer in peers if peer.get("password")},
        )
        named = [("name", policy.name)]
        named += [(f"peers[{index}].name", peer.name) for index, peer in enumerate(policy.sessions.peers)]
        named += [(f"advertisements[{index}].name", entry.name) for index, entry in enumerate(policy.advertisements)]
        for where, name in named:
            if not NAME.fullmatch(name):
                remedy = "Write at most 63 lower-case letters, digits and hyphens, with no hyphen at either end"
                reader.problems.append(Problem(where, f"{name!r} cannot be a part of an object's name", remedy))
        reader.refuse_twins([entry.name for entry in policy.advertisements], "advertisements", "name")
        if not policy.sessions.peers:
            reader.problems.append(Problem("peers", "nobody to speak to", "Name at least one peer"))
        return reader.finish(policy)

    @property
    def instance(self) -> str:
        return f"instance-{self.sessions.local_asn}"

    def objects(self, kinds: Kinds) -> t.Tuple[Wanted, ...]:
        """In the order of writing."""
        peers = self.sessions.peers
        return (
            *(self._secret(peer) for peer in peers if peer.name in self.passwords),
            *(self._peer_config(kinds, peer) for peer in peers),
            *(self._advertisement(kinds, entry) for entry in self.advertisements),
            self._cluster_config(kinds),
        )

    def _object(self, resource: Resource, name: str, namespace: str = "", **content: t.Any) -> Wanted:
        labels = {MANAGED_BY: OWNER, POLICY_LABEL: self.name}
        metadata: t.Dict[str, t.Any] = {"name": name, "labels": labels}
        if namespace:
            metadata["namespace"] = namespace
        head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        return Wanted(resource, {**head, **content})

    def _part(self, name: str) -> str:
        """A dot is in no name of a policy, so that no two policies ever claim one object."""
        return f"{self.name}.{name}"

    def _secret_name(self, peer: Peer) -> str:
        return self._part(f"{peer.name}.bgp-auth")

    def _secret(self, peer: Peer) -> Wanted:
        password = base64.b64encode(self.passwords[peer.name].encode()).decode()
        return self._object(
            SECRET, self._secret_name(peer), self.secrets_namespace, type="Opaque", data={"password": password}
        )

    def _peer_config(self, kinds: Kinds, peer: Peer) -> Wanted:
        timers = self.sessions.timers
        restart = self.sessions.graceful_restart
        spec: t.Dict[str, t.Any] = {
            # All three, always: a default for the missing one may contradict the others and be refused.
            "timers": {
                "holdTimeSeconds": timers.hold,
                "keepAliveTimeSeconds": timers.keepalive,
                "connectRetryTimeSeconds": timers.connect_retry,
            },
            "gracefulRestart": {"enabled": True, "restartTimeSeconds": restart} if restart else {"enabled": False},
            "families": [
                {
                    "afi": "ipv4",
                    "safi": "unicast",
                    "advertisements": {"matchLabels": {POLICY_LABEL: self.name}},
                }
            ],
        }
        if peer.name in self.passwords:
            spec["authSecretRef"] = self._secret_name(peer)
        return self._object(kinds.peer_config, self._part(peer.name), spec=spec)

    def _advertisement(self, kinds: Kinds, entry: Advertisement) -> Wanted:
        service = {
            "advertisementType": "Service",
            "service": {"addresses": list(entry.addresses)},
            "selector": entry.service_selector,
        }
        return self._object(kinds.advertisement, self._part(entry.name), spec={"advertisements": [service]})

    def _cluster_config(self, kinds: Kinds) -> Wanted:
        instance = {
            "name": self.instance,
            "localASN": self.sessions.local_asn,
            "peers": [
                {
                    "name": peer.name,
                    "peerAddress": peer.address,
                    "peerASN": peer.asn,
                    "peerConfigRef": {"name": self._part(peer.name)},
                }
                for peer in self.sessions.peers
            ],
        }
        spec: t.Dict[str, t.Any] = {"bgpInstances": [instance]}
        if self.node_selector:
            spec["nodeSelector"] = self.node_selector
        return self._object(kinds.cluster_config, self.name, spec=spec)


def selector(policy: str) -> str:
    """What finds the objects of a policy."""
    return f"{MANAGED_BY}={OWNER},{POLICY_LABEL}={policy}"


def served_kinds(cluster: Kubernetes, api: str = "auto") -> t.Optional[Kinds]:
    """The kinds of the newest API version that is served completely, or of the one asked for."""
    for version in API_VERSIONS if api == "auto" else (api,):
        kinds = Kinds(version)
        if kinds.plurals <= cluster.served(f"cilium.io/{version}"):
            return kinds
    return None


def await_kinds(cluster: Kubernetes, api: str, timeout: float, **clock: t.Any) -> Kinds:
    """Cilium's operator registers its kinds one per second after it has started."""
    kinds = poll(
        lambda: served_kinds(cluster, api), lambda found: found is not None, timeout=timeout, interval=1, **clock
    )
    if kinds is None:
        what = f"the server does not serve Cilium's BGP kinds ({api}) after {timeout:g} s"
        remedy = "Install Cilium 1.16 or later with bgpControlPlane.enabled, and check that its operator runs"
        raise ClusterError(Problem("cilium.io", what, remedy))
    return kinds
