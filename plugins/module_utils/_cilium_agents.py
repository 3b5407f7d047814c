# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Cilium's agents of some nodes, stopped and started through the Kubernetes API.

A deleted pod with a finalizer stays on record after its containers have ended, and as long as it is there, the
DaemonSet makes no other one in its place. So nothing of the DaemonSet is touched, no other node is concerned, and a run
that was killed leaves behind what the next one recognises.
"""

from __future__ import annotations

import contextlib
import signal
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

POD = Resource("v1", "Pod", "pods")
AGENT = "k8s-app=cilium"
FINALIZER = "homeops.cluster/bgp-migration"
INSISTENCE = 30  # seconds for which starting agents is tried again: of the time that routers keep routes, half


def held(cluster: Kubernetes) -> t.List[Object]:
    """The agents that a run stopped, or was about to stop, and did not start again."""
    return [pod for pod in cluster.list(POD, AGENT) if FINALIZER in (pod["metadata"].get("finalizers") or [])]


def stopped(cluster: Kubernetes) -> t.Tuple[str, ...]:
    """The nodes of these agents."""
    return tuple(sorted(pod["spec"]["nodeName"] for pod in held(cluster)))


def stop(cluster: Kubernetes, nodes: t.AbstractSet[str], timeout: float, **clock: t.Any) -> None:
    """Stop the agents of these nodes, and wait until all have ended; those that are stopped already stay so."""
    pods = _of(cluster, nodes)
    missing = nodes - {pod["spec"]["nodeName"] for pod in pods}
    if missing:
        what, remedy = "no agent of Cilium runs there", "See kubectl -n kube-system get pods -l k8s-app=cilium -o wide"
        raise ClusterError(*(Problem(f"node {name}", what, remedy) for name in sorted(missing)))
    for pod in pods:
        _finalizers(cluster, pod, [FINALIZER])
    for pod in pods:
        if "deletionTimestamp" not in pod["metadata"]:
            cluster.delete(POD, pod["metadata"]["name"], pod["metadata"]["namespace"])
    running = poll(
        lambda: [pod for pod in _of(cluster, nodes) if not _ended(pod)],
        lambda found: not found,
        timeout=timeout,
        interval=0.2,
        **clock,
    )
    if running:
        what = f"Cilium's agent has not ended after {timeout:g} s"
        remedy = "Check that the kubelet of the node runs and is reached"
        raise ClusterError(*(Problem(f"node {pod['spec']['nodeName']}", what, remedy) for pod in running))


def start(cluster: Kubernetes, **clock: t.Any) -> t.List[str]:
    """Let the DaemonSet make the agents anew that were stopped; the names of their nodes.

    Whatever fails is tried again for a while, and one that fails keeps no other from being started.
    """
    started: t.Set[str] = set()

    def left() -> t.List[Problem]:
        try:
            pods = held(cluster)
        except ClusterError as error:
            return list(error.problems)
        problems: t.List[Problem] = []
        for pod in pods:
            try:
                _finalizers(cluster, pod, [])
                started.add(pod["spec"]["nodeName"])
            except ClusterError as error:
                problems.append(_still_stopped(pod, error.problems[0].what))
        return problems

    problems = poll(left, lambda found: not found, timeout=INSISTENCE, interval=2, **clock)
    if problems:
        raise ClusterError(*problems)
    return sorted(started)


def _still_stopped(pod: Object, reason: str) -> Problem:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    return Problem(
        f"node {pod['spec']['nodeName']}",
        f"Cilium's agent is stopped for the migration, and cannot be started again ({reason})",
        "Run this again, or: "
        f'kubectl -n {namespace} patch pod {name} --type merge -p \'{{"metadata":{{"finalizers":null}}}}\'',
    )


@contextlib.contextmanager
def started_afterwards(cluster: Kubernetes, **clock: t.Any) -> t.Iterator[None]:
    """No agent stays stopped when this is left, in whatever way; what goes wrong with that is told beside the cause."""
    try:
        yield
    except BaseException as error:
        try:
            start(cluster, **clock)
        except ClusterError as other:
            causes = error.problems if isinstance(error, ClusterError) else ()
            raise ClusterError(*causes, *other.problems) from error
        raise
    start(cluster, **clock)


@contextlib.contextmanager
def ended_in_order() -> t.Iterator[None]:
    """Ansible ends a module by SIGTERM, as at Ctrl-C: as an exception it lets every cleanup happen on its way out."""

    def leave(number: int, _frame: t.Any) -> None:
        raise SystemExit(128 + number)

    former = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _of(cluster: Kubernetes, nodes: t.AbstractSet[str]) -> t.List[Object]:
    return [pod for pod in cluster.list(POD, AGENT) if pod["spec"].get("nodeName") in nodes]


def _ended(pod: Object) -> bool:
    """The kubelet's last word on a pod is to delete it with no time to spare, after the end of its containers."""
    metadata = pod["metadata"]
    return "deletionTimestamp" in metadata and metadata.get("deletionGracePeriodSeconds") == 0


def _finalizers(cluster: Kubernetes, pod: Object, wanted: t.Sequence[str]) -> None:
    """Ours on a pod, by a field manager of their own, so that nobody else's are touched."""
    metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    definition = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "finalizers": list(wanted)}}
    cluster.apply(POD, definition, force=True, dry_run=False, manager=FINALIZER)
