# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The upper rungs: what the cluster's objects and the router say about a session, and whether both see it alike."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import WARNING, Finding, Way
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE_LABEL
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import UNKNOWN

CALLING = ("active", "connect")


def object_rungs(way: Way) -> t.Iterator[Finding]:
    """Whether the node is told to speak to the router at all."""
    layer, kubectl, cluster = "configuration", way.commands.kubectl, way.evidence.cluster
    legacy = way.object["legacy_policies"]
    if legacy and cluster["api"] != "legacy":
        what = (
            f"the legacy CiliumBGPPeeringPolicy {', '.join(legacy)} selects the node: "
            "it wins over everything else, and no status says so"
        )
        remedy = f"{kubectl} delete ciliumbgppeeringpolicy {' '.join(legacy)}"
        yield way.finding(layer, "legacy_policy_overrides", what, remedy)
    if len(legacy) > 1:
        what = f"several CiliumBGPPeeringPolicy select the node ({', '.join(legacy)}), and Cilium then follows none"
        others = [name for name in legacy if name != way.expected.policy]
        yield way.finding(
            layer, "cluster_config_conflict", what, f"{kubectl} delete ciliumbgppeeringpolicy {' '.join(others)}"
        )
    if way.session is None:
        yield from _unasked(way)
        return
    policy, followed = way.session["policy"], way.object["policy"]
    if followed not in ("", policy):
        what = f"the node follows CiliumBGPClusterConfig {followed}, and Cilium then ignores {policy}"
        remedy = f"{kubectl} delete ciliumbgpclusterconfig {followed}"
        yield way.finding(layer, "cluster_config_conflict", what, remedy)
    if way.session["configuration_missing"]:
        name = way.session["configuration"]
        what = f"CiliumBGPPeerConfig {name} is missing, and Cilium then leaves the peer {way.session['name']} out"
        yield way.finding(layer, "peer_config_missing", what, way.commands.site)


def _unasked(way: Way) -> t.Iterator[Finding]:
    """No policy of the node names the router."""
    layer, policies = "configuration", way.evidence.cluster["policies"]
    followed = [*way.object["policies"], *way.object["legacy_policies"]]
    naming = [policy for policy in policies if way.peer.address in policy["peers"]]
    if way.expected.policy in followed or (followed and not naming):
        what = f"no policy of the node ({', '.join(followed)}) names the router {way.peer.address} as a peer"
        yield way.finding(layer, "peer_missing", what, way.commands.site)
        return
    # A policy without its peers is still the one whose label counts.
    asking = naming or [policy for policy in policies if policy["name"] == way.expected.policy]
    if not asking:
        what = f"no policy of the cluster names the router {way.peer.address}"
        yield way.finding(layer, "policy_missing", what, way.commands.site)
        return
    selector = asking[0]["node_selector"]
    labels = selector.get("matchLabels") or {NODE_LABEL: "enabled"}
    pairs = " ".join(f"{key}={value}" for key, value in sorted(labels.items()))
    what = f"the node lacks the label that policy {asking[0]['name']} asks for, and then speaks BGP with nobody"
    remedy = f"{way.commands.kubectl} label --overwrite node {way.node} {pairs}"
    yield way.finding(layer, "node_label_missing", what, remedy, f"nodeSelector: {selector}")


def cluster_rungs(way: Way) -> t.Iterator[Finding]:
    """Whether the cluster's end is as described."""
    session, site = way.session, way.commands.site
    if session is None:
        return
    policy, local_asn = session["policy"], session["local_asn"]
    if local_asn != way.expected.local_asn:
        what = f"policy {policy} gives the cluster AS {local_asn} instead of {way.expected.local_asn}"
        yield way.finding("session", "cluster_asn_wrong", what, site)
    if session["asn"] not in (way.peer.asn, 0):  # 0 takes any
        what = f"policy {policy} expects AS {session['asn']} of {way.peer.name}, not {way.peer.asn}"
        yield way.finding("session", "cluster_asn_wrong", what, site)
    secret = session["secret"]
    if secret and (session["secret_missing"] or way.evidence.secrets.get(secret, True) is None):
        what = f"the Secret {secret} is missing, and Cilium then speaks without a password"
        seen = f"Cilium says that the session is {session['state']}"
        yield way.finding("session", "password_secret_missing", what, site, seen)
    if way.expected.password and not secret:
        what = f"the cluster has no password for {way.peer.name}, and the description has one"
        yield way.finding("session", "password_absent", what, site)
    if way.expected.password and way.evidence.secrets.get(secret) is False:
        what = f"the Secret {secret} holds another password than the description"
        yield way.finding("session", "password_differs", what, site)


def router_rungs(way: Way) -> t.Iterator[Finding]:
    """Whether the router's end is as described."""
    if way.router is None:
        return
    neighbor, name = way.neighbor, way.peer.name
    remedy = way.commands.router(name)
    if neighbor is None:
        # One of a range is known only while it is there.
        if not any(_within(way.address, network) for network in way.router["listen_ranges"]):
            what = f"{name} does not know the node ({way.address})"
            yield way.finding("session", "neighbor_missing", what, remedy)
        return
    if neighbor["shutdown"]:
        what = f"the session with the node is shut down on {name}"
        lines = ("configure terminal", f"router bgp {way.peer.asn}", f"no neighbor {way.address} shutdown")
        yield way.finding("session", "neighbor_shutdown", what, way.commands.vtysh(name, *lines))
    if neighbor["asn"] not in (way.expected.local_asn, 0):
        what = f"{name} expects AS {neighbor['asn']} of the cluster instead of {way.expected.local_asn}"
        yield way.finding("session", "router_asn_wrong", what, remedy)
    if neighbor["local_asn"] not in (way.peer.asn, 0):
        what = f"{name} calls itself AS {neighbor['local_asn']} to the node instead of {way.peer.asn}"
        yield way.finding("session", "router_asn_wrong", what, remedy)
    if way.expected.password and not neighbor["password"]:
        what = f"{name} has no password for the node, and the description has one"
        yield way.finding("session", "password_absent", what, remedy)
    if neighbor["password"] and not way.expected.password and not neighbor["established"]:
        what = f"{name} wants a password, and the description has none"
        yield way.finding("session", "password_differs", what, remedy)
    if neighbor["maximum_prefix_reached"]:
        most = neighbor["maximum_prefix"]
        what = f"the node announced more than the {most} prefixes that {name} takes, which hung up"
        undo = f"{way.commands.site}; then {way.commands.vtysh(name, f'clear bgp {way.address}')}"
        yield way.finding("policy", "maximum_prefix_reached", what, undo)


def state_rungs(way: Way) -> t.Iterator[Finding]:
    """Both ends are as described. Whether they see the session alike, and whether it carries anything."""
    cluster = way.session["state"] if way.session else UNKNOWN
    name, restart = way.peer.name, way.commands.agent(way.node, "delete")
    believed = cluster in ("established", UNKNOWN)
    if way.router is None:
        if not believed:
            yield way.finding("session", "session_down", *_unexplained(way, cluster))
    elif way.established:
        if not believed:
            what = f"{name} has the session established, and Cilium still says {cluster}"
            yield way.finding("session", "status_stale", what, restart, severity=WARNING)
    elif cluster == "established":
        says = way.neighbor["state"] if way.neighbor else "nothing of it"
        what = f"Cilium says that the session with {name} is established, and the router says {says}"
        yield way.finding("session", "status_stale", what, restart, *_history(way))
    elif way.wrong_signatures and way.expected.password and cluster in CALLING:
        what = f"the node and {name} have different passwords"
        seen = f"segments with a wrong signature that reached the router meanwhile: {way.wrong_signatures}"
        yield way.finding("session", "password_differs", what, way.commands.site, *_history(way), seen)
    else:
        yield way.finding("session", "session_down", *_unexplained(way, cluster), *_history(way))
    if way.established and way.neighbor and not way.neighbor["policy"]:
        what = f"{name} has no policy for what the node announces, and FRR then takes nothing"
        yield way.finding("policy", "router_policy_missing", what, way.commands.router(name))
    # FRR does not always hang up at once when its limit is lowered.
    if way.established and way.neighbor and 0 < way.neighbor["maximum_prefix"] < way.neighbor["prefixes_received"]:
        most, got = way.neighbor["maximum_prefix"], way.neighbor["prefixes_received"]
        what = f"the node announces {got} prefixes, more than the {most} that {name} takes, which will hang up"
        yield way.finding("policy", "maximum_prefix_reached", what, way.commands.site)


def _unexplained(way: Way, cluster: str) -> t.Tuple[str, str]:
    what = f"the session with {way.peer.name} is not established (Cilium says {cluster}), and nothing tells why"
    logs = f"{way.commands.kubectl} -n kube-system logs -l k8s-app=cilium --tail=-1 | grep -i bgp"
    return what, f"{logs}; on {way.peer.name}: journalctl -u frr"


def _history(way: Way) -> t.List[str]:
    told = {"the router says": "state", "last reset": "last_reset", "last notification": "last_notification"}
    neighbor = way.neighbor or {}
    return [f"{words}: {neighbor[key]}" for words, key in told.items() if neighbor.get(key)]


def _within(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
