# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the values of the description must be to each other. Each rule is a generator over what was readable."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _pool_rules
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import normalize_git_url
from ansible_collections.homeops.cluster.plugins.module_utils._compatibility import version_problems
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import (
    ADDRESS,
    FLAG,
    NODE_NAME,
    show,
    without_credentials,
)
from ansible_collections.homeops.cluster.plugins.module_utils._description_model import Address, Cluster, address_of
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

Problems = t.Iterator[Problem]

OWNED_PROJECTS = {
    "default": "the project of what is in no other, locked",
    "root": "the project of the root application",
}
SERVICE_PREFIXES = range(12, 29)  # the API server refuses more than 2^20 addresses; CoreDNS has the tenth


def node_problems(nodes: t.Sequence[t.Mapping[str, t.Any]]) -> Problems:
    addresses = {node["name"]: node.get("address") for node in reversed(nodes)}
    for name in dict.fromkeys(node["name"] for node in nodes):
        finding = NODE_NAME.check(name)
        if finding:
            yield Problem(f"inventory host {name}", *finding)
        if {"server", "agent"} <= {node["role"] for node in nodes if node["name"] == name}:
            yield Problem(
                f"inventory host {name}",
                "is both a server and an agent",
                "Keep it in one of the groups k3s_servers and k3s_agents; a server runs workloads as well",
            )
        address = addresses[name]
        finding = ADDRESS.check(address)
        if finding:
            yield Problem(
                address_of(name),
                finding.what,
                f"Set ansible_host or cluster_node_address of {name} to its IPv4 address in the node network",
            )
    for node in nodes:
        finding = FLAG.check(node.get("bgp_enabled", True))
        if finding:
            yield Problem(f"cluster_bgp_enabled of {node['name']}", *finding)
    if nodes and all(node.get("bgp_enabled") is False for node in nodes):
        what = "is false on every host, so that no router would learn an address of a service"
        yield Problem("cluster_bgp_enabled", what, "Let at least one host speak BGP")


def server_count(cluster: Cluster) -> Problems:
    count = len({node["name"] for node in cluster.hosts if node["role"] == "server"})
    where = "inventory group k3s_servers"
    if count == 0:
        yield Problem(
            where, "has no host", "Put one host into it, or three for a cluster that survives the loss of one"
        )
    elif count % 2 == 0:
        yield Problem(
            where,
            f"has {count} hosts, but etcd needs a majority: {count} servers survive the loss of {(count - 1) // 2}, "
            f"no more than {count - 1} do",
            f"Use {count - 1} or {count + 1} servers; further hosts go into k3s_agents"
            if count < 6
            else "Use 1, 3 or 5 servers; further hosts go into k3s_agents",
        )
    elif count > 5:
        yield Problem(
            where,
            f"has {count} hosts; every write waits for a majority, so more than 5 servers only make etcd slower",
            "Use 1, 3 or 5 servers; further hosts go into k3s_agents",
        )


def networks_apart(cluster: Cluster) -> Problems:
    for (name, network), (other_name, other) in itertools.combinations(cluster.networks.items(), 2):
        if network.overlaps(other):
            yield Problem(
                f"cluster_networks.{other_name}",
                f"{other} overlaps cluster_networks.{name} ({network})",
                "Choose networks with nothing in common, for example pod 10.42.0.0/16 and service 10.43.0.0/16",
            )


def network_sizes(cluster: Cluster) -> Problems:
    pod, service = cluster.networks.get("pod"), cluster.networks.get("service")
    hosts = len({node["name"] for node in cluster.hosts})
    if pod and hosts > 2 ** (24 - pod.prefixlen):
        room = int(2 ** (24 - pod.prefixlen))
        prefix = 24 - max(hosts - 1, 0).bit_length()
        yield Problem(
            "cluster_networks.pod",
            f"{pod} has room for {room} node{'' if room == 1 else 's'} of a /24 each, the inventory has {hosts}",
            f"Write a /{prefix} or larger, for example 10.42.0.0/16; it cannot be changed later",
        )
    if service and service.prefixlen not in SERVICE_PREFIXES:
        yield Problem(
            "cluster_networks.service",
            f"{service} is too {'large' if service.prefixlen < SERVICE_PREFIXES[0] else 'small'}",
            f"Write a network of /{SERVICE_PREFIXES[0]} to /{SERVICE_PREFIXES[-1]}, for example 10.43.0.0/16",
        )


def node_addresses(cluster: Cluster) -> Problems:
    owners: t.Dict[Address, str] = {}
    for node in cluster.nodes:
        yield from _inside_node_network(
            cluster, node.where, node.address, "Nodes reach each other and the router there"
        )
        if owners.setdefault(node.address, node.name) != node.name:
            yield Problem(
                node.where,
                f"{node.address} is the address of {owners[node.address]} too",
                "Give every host its own address",
            )


def _inside_node_network(cluster: Cluster, where: str, address: Address, why: str) -> Problems:
    network = cluster.networks.get("node")
    if network is None:
        return
    if address not in network:
        yield Problem(
            where,
            f"{address} is outside cluster_networks.node ({network})",
            f"{why}: write an address of that network, or correct the network",
        )
    elif network.prefixlen < 31 and address in (network.network_address, network.broadcast_address):
        special = "network" if address == network.network_address else "broadcast"
        first, last = network[1], network[-2]
        yield Problem(
            where, f"{address} is the {special} address of {network}", f"Write an address from {first} to {last}"
        )


def peers_reachable(cluster: Cluster) -> Problems:
    nodes = {node.address: node.name for node in cluster.nodes}
    for peer in cluster.peers:
        where = f"{peer.where}.address"
        if peer.address is None:
            continue
        if peer.ebgp_multihop == 1:
            why = "A router elsewhere needs ebgp_multihop"
            yield from _inside_node_network(cluster, where, peer.address, why)
        if peer.address in nodes:
            yield Problem(
                where, f"{peer.address} is the node {nodes[peer.address]}", "Write the address of the router instead"
            )


def peers_distinct(cluster: Cluster) -> Problems:
    for what in ("name", "address"):
        seen: t.Dict[t.Any, str] = {}
        for peer in cluster.peers:
            value = getattr(peer, what)
            if value and seen.setdefault(value, peer.where) != peer.where:
                yield Problem(
                    f"{peer.where}.{what}", f"{value} is in {seen[value]} too", f"Give every peer its own {what}"
                )


def ebgp(cluster: Cluster) -> Problems:
    local = cluster.values.get("cluster_bgp", {}).get("local_asn")
    for peer in cluster.peers:
        if local and peer.asn == local:
            yield Problem(
                f"{peer.where}.asn",
                f"{peer.asn} is cluster_bgp.local_asn as well, which is iBGP; this collection configures eBGP",
                "Give cluster and router different AS numbers, for example local_asn: "
                f"{65010 if local != 65010 else 65011} and asn: {local}",
            )


def timers(cluster: Cluster) -> Problems:
    for where, seconds in cluster.timers:
        hold, keepalive = seconds.get("hold"), seconds.get("keepalive")
        if hold and keepalive and keepalive >= hold:
            yield Problem(
                f"{where}.keepalive",
                f"{keepalive} s is not less than the hold time of {hold} s, so sessions would expire",
                f"Write a third of the hold time: {max(hold // 3, 1)}",
            )


def pools(cluster: Cluster) -> Problems:
    yield from _pool_rules.problems(cluster.lb_pools)


def endpoint(cluster: Cluster) -> Problems:
    where, address = "cluster_api_endpoint", cluster.endpoint
    if address is None:
        return
    yield from _inside_node_network(cluster, where, address, "Nodes reach the API there")
    remedy = "Write a free address of the node network, a DNS name, or a server's address"
    for node in cluster.nodes:
        if node.role == "agent" and node.address == address:
            yield Problem(where, f"{address} is the agent {node.name}, which serves no API", remedy)
    for peer in cluster.peers:
        if peer.address == address:
            yield Problem(where, f"{address} is a router ({peer.where}), not the API", remedy)


def versions(cluster: Cluster) -> Problems:
    pinned = cluster.values.get("cluster_versions", {})
    yield from version_problems(pinned.get("k3s"), pinned.get("cilium"), pinned.get("gateway_api"))


def gitops(cluster: Cluster) -> Problems:
    values = cluster.values
    wanted = values.get("cluster_gitops")
    if wanted is None:
        return
    if "argocd" not in values.get("cluster_versions", {"argocd": None}):
        yield Problem(
            "cluster_versions.argocd",
            "is not set, but cluster_gitops needs Argo CD",
            "Add it, for example argocd: 9.1.0",
        )
    if "cluster_argocd_admin_password" not in values:
        yield Problem(
            "cluster_argocd_admin_password",
            "is not set, but cluster_gitops needs Argo CD",
            "Put it into an encrypted file, such as group_vars/all/secrets.yml by ansible-vault or SOPS",
        )
    repository = wanted.get("repository")
    if repository and not normalize_git_url(repository):
        what = f"Argo CD cannot read {show(without_credentials(repository))}, so that no project would permit it"
        yield Problem("cluster_gitops.repository", what, "Write the address as the forge shows it")
    seen: t.Dict[str, int] = {}
    for index, project in enumerate(wanted.get("projects", [])):
        where = f"cluster_gitops.projects[{index}]"
        if project and seen.setdefault(project, index) != index:
            yield Problem(where, f"{project} is listed twice", "Remove one of the two")
        elif project in OWNED_PROJECTS:
            what = f"{project} is {OWNED_PROJECTS[project]}, which the role argocd owns"
            yield Problem(where, what, "Give the folder and its project another name")


def unifi(cluster: Cluster) -> Problems:
    values = cluster.values
    key, user, password = (f"cluster_unifi_{part}" for part in ("api_key", "username", "password"))
    if key in values and (user in values or password in values):
        yield Problem(
            key,
            f"is set, and {user if user in values else password} too",
            f"Keep {key}, remove the user and its password",
        )
    elif (user in values) != (password in values):
        have, lack = (user, password) if user in values else (password, user)
        yield Problem(lack, f"is not set, but {have} is", f"Set both, or {key} instead")
    elif "cluster_unifi" in values and not {key, user} & set(values):
        yield Problem(key, "is not set, but cluster_unifi is", f"Set it, or {user} and {password}")
    console = values.get("cluster_unifi", {})
    if console.get("ca_path") and console.get("validate_certs") is False:
        yield Problem(
            "cluster_unifi.validate_certs", "is false, so that ca_path has no effect", "Remove one of the two lines"
        )


RULES: t.Tuple[t.Callable[[Cluster], Problems], ...] = (
    versions,
    server_count,
    node_addresses,
    endpoint,
    networks_apart,
    network_sizes,
    ebgp,
    peers_reachable,
    peers_distinct,
    timers,
    pools,
    gitops,
    unifi,
)
