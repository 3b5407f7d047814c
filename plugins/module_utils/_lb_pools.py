# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The cluster's load balancer pools: described once, apart from everything else, and never moved under a service."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils import _pool_rules
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import OWNER
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_status import SERVICE
from ansible_collections.homeops.cluster.plugins.module_utils._description import read
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import NETWORK
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import SCHEMA, Field
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY, Step, Wanted
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import selects
from ansible_collections.homeops.cluster.plugins.module_utils._pool_rules import Pool, Pools
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

API_VERSIONS = ("v2", "v2alpha1")
OURS = f"{MANAGED_BY}={OWNER}"
# Services of any other class get their addresses elsewhere.
SERVED_CLASSES = ("", "io.cilium/bgp-control-plane", "io.cilium/l2-announcer")

SHRINKS = "its addresses shrink"

Range = t.Tuple[t.Any, t.Any]  # first and last address, both IPv4Address or both IPv6Address


def _field(variable: str, name: str) -> Field:
    """The description's own format, under the name of an option."""
    return dataclasses.replace(next(field for field in SCHEMA if field.name == variable), name=name, at_least=0)


POOLS = _field("cluster_lb_pools", "pools")


def described(options: t.Mapping[str, t.Any]) -> Pools:
    """From options pools and networks; ClusterError lists everything that is wrong."""
    given = [_without_none(entry) for entry in options.get("pools") or []]
    values, problems = read((POOLS,), {"pools": given})
    networks: t.Dict[str, ipaddress.IPv4Network] = {}
    for name, network in sorted((options.get("networks") or {}).items()):
        finding = NETWORK.check(network)
        if finding:
            problems.append(Problem(f"networks.{name}", *finding))
        else:
            networks[f"networks.{name}"] = ipaddress.IPv4Network(network)
    pools = Pools("pools", values["pools"], networks)
    problems += _pool_rules.problems(pools)
    if problems:
        raise ClusterError(*problems)
    return pools


def _without_none(entry: t.Any) -> t.Any:
    return {key: value for key, value in entry.items() if value is not None} if isinstance(entry, dict) else entry


def kind(version: str) -> Resource:
    return Resource(f"cilium.io/{version}", "CiliumLoadBalancerIPPool", "ciliumloadbalancerippools")


def served_kind(cluster: Kubernetes, api: str = "auto") -> t.Optional[Resource]:
    """The kind in the newest version that is served, or in the one asked for."""
    candidates = (kind(version) for version in (API_VERSIONS if api == "auto" else (api,)))
    return next((each for each in candidates if each.plural in cluster.served(each.api_version)), None)


def await_kind(cluster: Kubernetes, api: str, timeout: float, **clock: t.Any) -> Resource:
    """Cilium's operator registers its kinds after it has started."""
    found = poll(
        lambda: served_kind(cluster, api), lambda answer: answer is not None, timeout=timeout, interval=1, **clock
    )
    if found is None:
        what = f"the server does not serve CiliumLoadBalancerIPPool ({api}) after {timeout:g} s"
        raise ClusterError(Problem("cilium.io", what, "Install Cilium 1.15 or later, and check that its operator runs"))
    return found


def wanted(pools: Pools, resource: Resource) -> t.Tuple[Wanted, ...]:
    return tuple(_object(entry, resource) for entry in pools.entries)


def _object(entry: t.Mapping[str, t.Any], resource: Resource) -> Wanted:
    block = {key: entry[key] for key in ("cidr", "start", "stop") if key in entry}
    # The first address of a network names the network, and some clients refuse to speak to it.
    spec: t.Dict[str, t.Any] = {"allowFirstLastIPs": "No", "blocks": [block]}
    selector = {key: value for key, value in (entry.get("service_selector") or {}).items() if value}
    if selector:
        spec["serviceSelector"] = selector
    if entry.get("disabled"):
        spec["disabled"] = True
    head = {"apiVersion": resource.api_version, "kind": resource.kind}
    return Wanted(resource, {**head, "metadata": {"name": entry["name"], "labels": {MANAGED_BY: OWNER}}, "spec": spec})


def plan(cluster: Kubernetes, resource: t.Optional[Resource], pools: Pools) -> t.Tuple[Step, ...]:
    """What it takes to have exactly these pools beside those of others; C(resource) is None where it is not served."""
    if resource is None:
        return kubernetes_set.plan(cluster, (), OURS, wanted(pools, kind(API_VERSIONS[0])))
    live = cluster.list(resource)
    foreign = [item for item in live if (item["metadata"].get("labels") or {}).get(MANAGED_BY) != OWNER]
    problems = [
        *_namesakes(pools, {item["metadata"]["name"] for item in foreign}),
        *_pool_rules.apart(dataclasses.replace(pools, networks={}, taken=_taken(foreign))),
    ]
    if problems:
        raise ClusterError(*problems)
    return kubernetes_set.plan(cluster, (resource,), OURS, wanted(pools, resource), {resource: live})


def _namesakes(pools: Pools, theirs: t.AbstractSet[str]) -> t.Iterator[Problem]:
    for index, entry in enumerate(pools.entries):
        if entry["name"] in theirs:
            yield Problem(
                f"{pools.where}[{index}].name",
                f"somebody else made the pool {entry['name']} of the cluster",
                "Choose another name, or hand it over: "
                f"kubectl label ciliumloadbalancerippools {entry['name']} {MANAGED_BY}={OWNER}",
            )


def _taken(foreign: t.Sequence[Object]) -> t.List[Pool]:
    """The foreign pools' ranges of the family that can be described."""
    return [
        Pool(
            f"the cluster's pool {item['metadata']['name']}", "", first, last, block.get("cidr") or f"{first} to {last}"
        )
        for item in foreign
        for block in blocks(item)
        for first, last in [block_range(block)]
        if first.version == 4
    ]


def blocks(pool: Object) -> t.List[Object]:
    """Of a pool in the cluster; Cilium 1.15 and earlier also know them as cidrs."""
    spec = pool.get("spec") or {}
    return [*(spec.get("blocks") or []), *(spec.get("cidrs") or [])]


def block_range(block: Object) -> Range:
    if block.get("cidr"):
        network = ipaddress.ip_network(block["cidr"], strict=False)
        return network[0], network[-1]
    return ipaddress.ip_address(block["start"]), ipaddress.ip_address(block.get("stop") or block["start"])


@dataclasses.dataclass(frozen=True)
class Renumbered:
    """A service that would lose its address, or that would do so when Cilium's operator next starts."""

    namespace: str
    name: str
    address: str
    pool: str
    reason: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} ({self.address})"


def renumbered(services: t.Sequence[Object], steps: t.Sequence[Step]) -> t.Tuple[Renumbered, ...]:
    """The services whose address the changed pools no longer have for them."""
    served = [item for item in services if item["spec"].get("loadBalancerClass", "") in SERVED_CLASSES]
    return tuple(
        Renumbered(service["metadata"]["namespace"], service["metadata"]["name"], address, step.name, reason)
        for step in steps
        if step.before is not None and step.action in ("updated", "deleted")
        for service, address, reason in _losses(step, step.before, served)
    )


def _losses(step: Step, before: Object, services: t.Sequence[Object]) -> t.Iterator[t.Tuple[Object, str, str]]:
    """What has an address from this pool and loses it, and why."""
    held = [
        (service, address, found, _loss(address, labels(service), before, step, found))
        for service in services
        for address in addresses(service)
        for found in [_holder(address, before)]
        if found is not None and selects(before["spec"].get("serviceSelector"), labels(service))
    ]
    # Of a range that is replaced, those without an address are served first, with any address of the others.
    replaced = {found for *_rest, found, reason in held if reason == SHRINKS} - _ranges(step.after)
    for service, address, found, reason in held:
        if reason or found in replaced:
            yield service, address, reason or SHRINKS


def _ranges(pool: t.Optional[Object]) -> t.Set[Range]:
    return {block_range(block) for block in blocks(pool or {})}


def addresses(service: Object) -> t.List[str]:
    if service["spec"].get("type") != "LoadBalancer":
        return []
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [entry["ip"] for entry in ingress if entry.get("ip")]


def labels(service: Object) -> t.Dict[str, str]:
    """What selectors of services see: Cilium adds the name and the namespace."""
    metadata = service["metadata"]
    names = {f"io.kubernetes.service.{key}": metadata[key] for key in ("name", "namespace")}
    return {**(metadata.get("labels") or {}), **names}


def _loss(address: str, service: t.Mapping[str, str], before: Object, step: Step, held: Range) -> str:
    """Why a service with an address of the pool's range C(held) loses it, empty if it keeps it."""
    after = step.after
    if after is None:
        return "the pool goes"
    same_range = held in _ranges(after)
    lost = {
        # Not even an unchanged range keeps what it would not give out: Cilium's operator forgets it when it restarts.
        SHRINKS: _holder(address, after, given_out_anew=True) is None,
        # To Cilium up to 1.17, 1.18.0 and 1.18.1 a range that grows is a new one: it takes all its addresses back and
        # gives them out in any order. The last two cannot be told from those that came after.
        "its range changes, and Cilium before 1.18 gives its addresses out anew": not same_range
        and step.resource == kind("v2alpha1"),
        "its service_selector changes": not selects(after["spec"].get("serviceSelector"), service),
        # It forgets the addresses of disabled pools then, too.
        "it is disabled": after["spec"].get("disabled") and not (before["spec"].get("disabled") and same_range),
    }
    return next((reason for reason, applies in lost.items() if applies), "")


def _holder(address: str, pool: Object, given_out_anew: bool = False) -> t.Optional[Range]:
    """The range of the pool that has an address, without what it would not give out."""
    wanted_address = ipaddress.ip_address(address)
    for block in blocks(pool):
        first, last = found = block_range(block)
        if first.version != wanted_address.version or not first <= wanted_address <= last:
            continue
        kept_back = block.get("cidr") and int(last) - int(first) > 1 and pool["spec"].get("allowFirstLastIPs") == "No"
        if not (given_out_anew and kept_back and wanted_address in found):
            return found
    return None


def refuse(lost: t.Sequence[Renumbered]) -> None:
    """Name every service of every pool at once."""
    by_pool: t.Dict[t.Tuple[str, str], t.List[Renumbered]] = {}
    for entry in lost:
        by_pool.setdefault((entry.pool, entry.reason), []).append(entry)
    if by_pool:
        raise ClusterError(
            *(
                Problem(
                    f"pool {pool}",
                    f"{reason}, and these services would lose their addresses: {', '.join(map(str, entries))}",
                    "Leave the pool as it is, or set allow_renumber to true to have the services renumbered",
                )
                for (pool, reason), entries in by_pool.items()
            )
        )


def reconcile(
    cluster: Kubernetes, resource: t.Optional[Resource], pools: Pools, allow_renumber: bool
) -> t.Tuple[t.Tuple[Step, ...], t.Tuple[Renumbered, ...]]:
    """The steps, and which services they renumber; ClusterError if there are some and it was not allowed."""
    steps = plan(cluster, resource, pools)
    moving = any(step.action in ("updated", "deleted") for step in steps)
    lost = renumbered(cluster.list(SERVICE), steps) if moving else ()
    if not allow_renumber:
        refuse(lost)
    return steps, lost
