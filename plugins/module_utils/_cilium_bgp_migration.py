# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From CiliumBGPPeeringPolicy to its successors in a running cluster, which at no point has neither.

As long as a legacy policy selects a node, Cilium ignores the other objects there: so these are written first, and are
complete when the legacy policy goes. Every step may be the last one of a run that is killed, and the next run goes on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _cilium_agents as agents
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._bgp import Options
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import NODE, Kinds, selector
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_legacy import (
    Translation,
    selected_nodes,
    translate,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_policy import Policy
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import (
    SERVICE,
    Session,
    await_established,
)
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_l2_announcements import L2_POLICY, announced
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, poll
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import Step
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._lb_pools import served_kind
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

QUICK = "quick"
HITLESS = "hitless"
STRATEGIES = (QUICK, HITLESS)
SHORTEST_RESTART = 60  # seconds for which routers have to keep routes
DESCRIBED_BY = ("local_asn", "peers", "advertisements", "node_selector", "node_overrides")
AGENT_START = 30  # of these, what an agent may take from its start to its sessions


@dataclasses.dataclass(frozen=True)
class Migration:
    """C(legacy) are the policies that go. C(description) are options read from them, where nothing else is described.

    C(remarks) are what is not carried over. C(policy) is None where there is nothing to describe a policy by.
    """

    policy: t.Optional[Policy]
    legacy: t.Tuple[Object, ...] = ()
    remarks: t.Tuple[Problem, ...] = ()
    stopped: t.Tuple[str, ...] = ()
    nodes: t.Tuple[Object, ...] = ()
    l2: t.Tuple[t.Mapping[str, t.Any], ...] = ()

    def removals(self, kinds: Kinds) -> t.Tuple[Step, ...]:
        return tuple(Step(kinds.peering_policy, item, None) for item in self.legacy)

    def refuse(self, cluster: Kubernetes, kinds: Kinds, strategy: str, routers: t.Mapping[str, t.Any]) -> None:
        """Raise what is in the way, before anything is written."""
        for step in self.removals(kinds):
            cluster.delete(step.resource, step.name, step.namespace, dry_run=True)
        problems = [*hitless_problems(self, routers)] if strategy == HITLESS else []
        if problems:
            raise ClusterError(*problems)

    def summary(self, strategy: str) -> t.Dict[str, t.Any]:
        return {
            "strategy": strategy,
            "legacy": [item["metadata"]["name"] for item in self.legacy],
            "without_equivalent": [str(remark) for remark in self.remarks],
            "l2": list(self.l2),
        }


def read(cluster: Kubernetes, kinds: t.Optional[Kinds], options: Options, check_mode: bool = False) -> Migration:
    """What there is to migrate for this policy; ClusterError if something of it cannot be.

    In check mode, the labels that C(node_selector) goes by may be still to come.
    """
    given = any(options.get(key) for key in DESCRIBED_BY)
    if kinds is None:
        return Migration(Policy.from_options(options) if given else None)
    if kinds.legacy:
        what = "this Cilium has no other form of BGP, or an early one that changed later"
        remedy = "Upgrade Cilium to 1.16, 1.17 or 1.18, one minor version at a time, then migrate before you go to 1.19"
        raise ClusterError(Problem("migrate", what, remedy))
    legacy = cluster.list(kinds.peering_policy)
    nodes = cluster.list(NODE)
    stopped = agents.stopped(cluster)
    found = Migration(None, stopped=stopped, nodes=tuple(nodes))
    if given:
        found = _described(found, Policy.from_options(options), legacy, check_mode)
    else:
        found = _taken_over(found, _chosen(cluster, kinds, options["name"], legacy, nodes), options)
    return dataclasses.replace(found, l2=tuple(_l2(cluster, found.policy, nodes)))


def _described(found: Migration, policy: Policy, legacy: t.Sequence[Object], check_mode: bool) -> Migration:
    """Every legacy policy that would keep a node from this one goes, if that leaves no node without BGP."""
    chosen = {_name(node) for node in found.nodes if selects(policy.node_selector, _labels(node))}
    if check_mode and not chosen:
        chosen = {_name(node) for node in found.nodes}
    concerned = [item for item in legacy if chosen & _selected(item, found.nodes)]
    problems = [
        Problem(
            f"CiliumBGPPeeringPolicy {_name(item)}",
            f"it also selects {', '.join(sorted(_selected(item, found.nodes) - chosen))}, where no BGP would be left",
            "Write node_selector so that these are selected too, or describe another policy for them first",
        )
        for item in concerned
        if _selected(item, found.nodes) - chosen
    ]
    if problems and not check_mode:
        raise ClusterError(*problems)
    peers = {(peer.address, peer.asn) for peer in policy.peers}
    remarks = problems
    for item in concerned:
        translation = translate(item, found.nodes)
        remarks.extend([*translation.losses, *translation.idle])
        for peer in translation.options["peers"]:
            if (peer["address"], peer["asn"]) not in peers:
                what = f"its session with {peer['address']} (AS {peer['asn']}) is not described, and goes"
                remarks.append(Problem(f"CiliumBGPPeeringPolicy {_name(item)}", what, "Add the peer if it should stay"))
    return dataclasses.replace(found, policy=policy, legacy=tuple(concerned), remarks=tuple(remarks))


def _taken_over(found: Migration, item: t.Optional[Object], options: Options) -> Migration:
    if item is None:
        return found
    translation = translate(item, found.nodes)
    policy, problems = _policy(translation, options)
    if policy is None or problems:
        raise ClusterError(*problems)
    return dataclasses.replace(found, policy=policy, legacy=(item,), remarks=translation.idle)


def _policy(translation: Translation, options: Options) -> t.Tuple[t.Optional[Policy], t.List[Problem]]:
    """All that stands in the way at once: what has no equivalent, and what a policy does not take."""
    problems = list(translation.losses)
    try:
        return Policy.from_options({**options, **translation.options}), problems
    except ClusterError as error:
        return None, [*problems, *error.problems]


def _chosen(
    cluster: Kubernetes, kinds: Kinds, name: str, legacy: t.Sequence[Object], nodes: t.Sequence[Object]
) -> t.Optional[Object]:
    """The legacy policy of this name, or the only one; of a migration that was interrupted, the one that is left."""
    named = [item for item in legacy if _name(item) == name]
    if named or not legacy:
        return named[0] if named else None
    candidates = list(legacy)
    ours = cluster.list(kinds.cluster_config, selector(name))
    if ours:
        chosen = {_name(n) for item in ours for n in nodes if selects(item["spec"].get("nodeSelector"), _labels(n))}
        candidates = [item for item in legacy if chosen & _selected(item, nodes)]
    if len(candidates) > 1:
        names = ", ".join(_name(item) for item in candidates)
        what = f"no legacy policy is called {name}, and there is more than one: {names}"
        raise ClusterError(Problem("name", what, "Run it once for each, with its name; or describe the policy"))
    return candidates[0] if candidates else None


def _l2(
    cluster: Kubernetes, policy: t.Optional[Policy], nodes: t.Sequence[Object]
) -> t.Sequence[t.Mapping[str, t.Any]]:
    policies = cluster.list(L2_POLICY)
    if not policies or policy is None:
        return ()
    pools = served_kind(cluster)
    held = cluster.list(pools) if pools else ()
    return announced(policies, cluster.list(SERVICE), held, policy.advertisements, nodes)


def hitless_problems(migration: Migration, routers: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    """What would make routers forget the routes while no agent runs. C(routers) are answers of bgp_route_info."""
    policy, addresses = migration.policy, _addresses(migration)
    if policy is None:
        return
    for item in migration.legacy:
        former = translate(item, migration.nodes).options
        if former["local_asn"] != policy.local_asn:
            what = f"its AS is {former['local_asn']}, and a router forgets the routes if it is {policy.local_asn} then"
            yield Problem(f"CiliumBGPPeeringPolicy {_name(item)}", what, "Keep the AS, or choose the strategy quick")
        for peer in former["peers"]:
            if peer["graceful_restart"] < SHORTEST_RESTART:
                yield Problem(
                    f"CiliumBGPPeeringPolicy {_name(item)}, neighbor {peer['address']}",
                    _too_short(peer["graceful_restart"]),
                    f"Set gracefulRestart with restartTimeSeconds of at least {SHORTEST_RESTART}, which resets the "
                    "session once, or choose the strategy quick",
                )
    for index, described in enumerate(policy.peers):
        if described.graceful_restart < SHORTEST_RESTART:
            remedy = f"Write at least {SHORTEST_RESTART}, or choose the strategy quick"
            yield Problem(f"peers[{index}].graceful_restart", _too_short(described.graceful_restart), remedy)
    if migration.legacy and len(routers) < len(policy.peers):
        what = f"{len(policy.peers)} peers, and answers of {len(routers)} routers"
        remedy = (
            "Give the answers of homeops.cluster.bgp_route_info by name of the router, or choose the strategy quick"
        )
        yield Problem("routers", what, remedy)
    for router, answer in sorted(routers.items()):
        sessions = {peer["address"]: peer for peer in answer.get("peers") or []}
        # An interrupted run has stopped some already, and the time of their restart is running.
        for node, address in sorted(item for item in addresses.items() if item[0] not in migration.stopped):
            reason = _not_kept(sessions.get(address))
            if reason:
                remedy = (
                    "Switch on graceful restart on the router and wait for the session, or choose the strategy quick"
                )
                yield Problem(f"router {router}, node {node} ({address})", reason, remedy)


def _too_short(seconds: int) -> str:
    return f"the routes would be kept for {seconds} s" if seconds else "graceful restart is off"


def _not_kept(session: t.Optional[t.Mapping[str, t.Any]]) -> str:
    """Why a router would not keep the routes of a node, empty if it does."""
    if session is None or not session.get("established"):
        return "no session is established"
    seconds = session.get("graceful_restart") or 0
    return _too_short(seconds) if seconds < SHORTEST_RESTART else ""


def carry_out(
    cluster: Kubernetes,
    kinds: Kinds,
    steps: t.Sequence[Step],
    migration: Migration,
    *,
    strategy: str,
    timeout: float,
    **clock: t.Any,
) -> t.Tuple[Session, ...]:
    """Write C(steps), take the legacy policies away, and return when all sessions are back; else put all of it back."""
    configs = [step.definition for step in steps if step.resource == kinds.cluster_config and step.definition]
    removals = migration.removals(kinds)
    sleeping = strategy == HITLESS or migration.stopped
    done: t.List[Step] = []
    try:
        with agents.started_afterwards(cluster, **clock) if sleeping else contextlib.nullcontext():
            kubernetes_set.apply(cluster, steps)
            done.extend(steps)
            _await_configured(cluster, kinds, configs, _concerned(migration), timeout, **clock)
            if strategy == HITLESS:
                agents.stop(cluster, _concerned(migration), _patience(migration), **clock)
            kubernetes_set.apply(cluster, removals)
            done.extend(removals)
        return await_established(cluster, kinds, configs, timeout, **clock)
    except ClusterError as error:
        written = [step for step in done if step.action != "unchanged"]
        raise ClusterError(*error.problems, *kubernetes_set.undo(cluster, written)) from error


def resume(cluster: Kubernetes, kinds: Kinds, name: str, timeout: float, **clock: t.Any) -> t.Tuple[Session, ...]:
    """Start what a killed run left stopped, after it had taken the legacy policy away."""
    agents.start(cluster, **clock)
    return await_established(cluster, kinds, cluster.list(kinds.cluster_config, selector(name)), timeout, **clock)


def _patience(migration: Migration) -> float:
    """How long agents may take to end, so that the rest of the time of the restart suffices for them to come back."""
    restarts = [
        peer["graceful_restart"]
        for item in migration.legacy
        for peer in translate(item, migration.nodes).options["peers"]
    ]
    return float(min([*restarts, SHORTEST_RESTART * 2]) - AGENT_START)


def _await_configured(
    cluster: Kubernetes, kinds: Kinds, configs: t.Sequence[Object], nodes: t.Set[str], timeout: float, **clock: t.Any
) -> None:
    """Cilium's operator tells each node what it is to do; only then is there a successor."""
    instances = {instance["name"] for config in configs for instance in config["spec"]["bgpInstances"]}

    def missing() -> t.Set[str]:
        ready = {
            _name(item)
            for item in cluster.list(kinds.node_config)
            if instances <= {instance["name"] for instance in item["spec"].get("bgpInstances") or []}
        }
        return nodes - ready

    left = poll(missing, lambda found: not found, timeout=timeout, interval=0.5, **clock)
    if left:
        what = f"Cilium's operator has not configured it after {timeout:g} s"
        remedy = "See the conditions of kubectl get ciliumbgpclusterconfigs -o yaml, and the operator's log"
        raise ClusterError(*(Problem(f"node {name}", what, remedy) for name in sorted(left)))


def _concerned(migration: Migration) -> t.Set[str]:
    """The nodes whose sessions change hands."""
    return {name for item in migration.legacy for name in _selected(item, migration.nodes)}


def _selected(item: Object, nodes: t.Sequence[Object]) -> t.Set[str]:
    return {_name(node) for node in selected_nodes(item, nodes)}


def _addresses(migration: Migration) -> t.Dict[str, str]:
    """Of the nodes that are concerned, as the routers know them."""
    concerned = _concerned(migration)
    return {
        _name(node): entry["address"]
        for node in migration.nodes
        if _name(node) in concerned
        for entry in (node.get("status") or {}).get("addresses") or []
        if entry["type"] == "InternalIP" and ":" not in entry["address"]
    }


def _name(item: Object) -> str:
    return t.cast(str, item["metadata"]["name"])


def _labels(item: Object) -> t.Mapping[str, str]:
    return t.cast("t.Mapping[str, str]", item["metadata"].get("labels") or {})
