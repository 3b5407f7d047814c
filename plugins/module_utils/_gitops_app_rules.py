# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the options of an application must be to each other."""

from __future__ import annotations

import collections
import re
import typing as t
from decimal import Decimal

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_explicit as explicit
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_schema import WORKLOAD
from ansible_collections.homeops.cluster.plugins.module_utils._issuer import ENVIRONMENTS, full_name
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Options = t.Mapping[str, t.Any]
Found = t.Iterator[Problem]

_UNITS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_ONE_NODE = ("ReadWriteOnce", "ReadWriteOncePod")
_CONFIG_MAP_BYTES = 1_000_000

ROOT = "root"
TAKEN = ("projects", "applicationsets", explicit.FOLDER)
_SECRET_NAME = re.compile(r"(^|_)(token|password|passphrase|passwd|secret|(api|private|access)_?key)$", re.IGNORECASE)

# Of each type of storage: what it must have, and what it may have.
_COMMON = {"type", "name", "mount", "read_only", "sub_path"}
_STORAGE: t.Mapping[str, t.Tuple[t.Set[str], t.Set[str]]] = {
    "pvc": ({"size"}, {"storage_class", "access_mode", "keep"}),
    "claim": ({"claim"}, set()),
    "nfs": ({"server", "share"}, set()),
    "config": ({"files"}, set()),
    "secret": ({"secret"}, set()),
    "empty": (set(), {"size", "medium"}),
}


def problems(given: Options, app: Options, where: str) -> t.List[Problem]:
    """C(given) is what was written, C(app) the same with all that follows from it."""
    found = [*_name(given, app, where), *_sources(given, app, where)]
    if app.get("image"):
        for rule in (_environment, _network, _exposure, _storage, _scale, _probe, _resources, _security):
            found += rule(given, app, where)
    return found


def _name(given: Options, app: Options, where: str) -> Found:
    name = app["name"]
    if name == ROOT:
        yield Problem(f"{where}.name", f"{name} is the application of all applications", "Write another name")
    if app["category"] in TAKEN:
        what = f"{app['category']} is a folder of the layout, and no category"
        yield Problem(f"{where}.category", what, "Write another category")
    longest = 53 if app.get("chart") else 52 if app["kind"] == "statefulset" else 63
    if len(name) > longest:
        what = f"has {len(name)} characters, and the names that are made from it would be too long"
        yield Problem(f"{where}.name", what, f"Use at most {longest}")


def _sources(given: Options, app: Options, where: str) -> Found:
    if app.get("image") and app.get("chart"):
        yield Problem(where, "has an image and a chart", "Leave one of them; more objects go into manifests")
    if app.get("chart") and app.get("own_files"):
        yield Problem(f"{where}.own_files", "are not for a chart", "Put the files into its folder templates")
    if not app.get("image"):
        if not app.get("chart") and not app.get("manifests"):
            yield Problem(where, "has nothing to run", "Give it an image, a chart, manifests or catalogue")
        for name in given:
            if name in WORKLOAD and name != "image":
                remedy = "Put it into chart.values" if app.get("chart") else "Give an image"
                yield Problem(f"{where}.{name}", "is only for an image", remedy)


def _environment(given: Options, app: Options, where: str) -> Found:
    """The value is never shown."""
    for name, value in (app.get("env") or {}).items():
        if value and _SECRET_NAME.search(name):
            what = "looks like a secret, which everybody who reads the repository could read"
            yield Problem(f"{where}.env.{name}", what, "Put it into a Secret, and name that in env_from")


def _network(given: Options, app: Options, where: str) -> Found:
    for short, many in (("port", "ports"), ("host", "hosts")):
        if given.get(short) and given.get(many):
            yield Problem(f"{where}.{short}", f"is set beside {many}", f"Put all of them into {many}")
    if app["ports"] and not app["name"][:1].isalpha():
        what = f"{app['name']} does not begin with a letter, as the name of a Service must"
        yield Problem(f"{where}.name", what, "Write a name that does")
    yield from _unique(f"{where}.ports", "name", [port["name"] for port in app["ports"]])
    # Of the pod as well as of the Service: they are the keys that server-side apply tells entries apart by.
    for number in ("port", "service_port"):
        numbers = [f"{port.get(number) or port['port']}/{port['protocol']}" for port in app["ports"]]
        yield from _unique(f"{where}.ports", number, numbers)
    service = app["service"]
    if given.get("service") and not app["ports"]:
        yield Problem(f"{where}.service", "has no port", "Give port, or ports")
    if service["type"] not in ("LoadBalancer", "NodePort") and service.get("external_traffic_policy"):
        yield Problem(f"{where}.service.external_traffic_policy", "is only for LoadBalancer and NodePort", "Remove it")
    for name in ("pool", "address"):
        if service["type"] != "LoadBalancer" and service.get(name):
            yield Problem(f"{where}.service.{name}", "is only for LoadBalancer", "Write service.type: LoadBalancer")


def _exposure(given: Options, app: Options, where: str) -> Found:
    yield from _unique(f"{where}.hosts", "host", app["hosts"])
    exposure = app["exposure"]
    if app["hosts"] and exposure == "none":
        yield Problem(f"{where}.exposure", "is none, but there is a host", "Remove one of them")
    if exposure == "none":
        for name in ("path", "annotations", "ingress_class", "issuer", "tls_secret", "gateway"):
            if given.get(name):
                yield Problem(f"{where}.{name}", "has no effect without a host", "Give host, or hosts")
        return
    if not app["hosts"]:
        yield Problem(f"{where}.exposure", f"is {exposure}, but there is no host", "Give host, or hosts")
    if not app["ports"]:
        yield Problem(f"{where}.host", "leads to no port", "Give port, or ports")
    elif app["ports"][0]["protocol"] != "TCP":
        yield Problem(f"{where}.ports[0]", "is UDP, but a host leads to the first port", "Put the port for HTTP first")
    for name in ("ingress_class", "issuer", "tls_secret"):
        if exposure == "httproute" and given.get(name):
            remedy = "Remove it: the Gateway's listener has class and certificate"
            yield Problem(f"{where}.{name}", "is only for an Ingress", remedy)
    if app.get("issuer"):
        yield from _issuer(app["issuer"], f"{where}.issuer")
    if exposure == "ingress" and given.get("gateway"):
        yield Problem(f"{where}.gateway", "is only for an HTTPRoute", "Write exposure: httproute, or remove it")


def _issuer(name: str, where: str) -> Found:
    """The short name, or one suffix too many, would be looked up and never found."""
    suffix = next((one for one in ENVIRONMENTS if name.endswith(f"-{one}")), "")
    if name == "letsencrypt":
        yield Problem(where, "is the short name", f"Write the full one, like {name}-{ENVIRONMENTS[1]}")
    elif suffix:
        try:
            full_name(name, suffix=suffix, repair=False)
        except ClusterError as error:
            yield from (Problem(where, problem.what, problem.remedy) for problem in error.problems)


def _storage(given: Options, app: Options, where: str) -> Found:
    storage = app.get("storage") or []
    yield from _unique(f"{where}.storage", "name", [volume.get("name") for volume in storage])
    mounts = [(volume.get("mount") or "").rstrip("/") for volume in storage]
    yield from _unique(f"{where}.storage", "mount", mounts)
    for index, volume in enumerate(storage):
        place = f"{where}.storage[{index}]"
        if volume.get("type") not in _STORAGE:
            continue
        must, may = _STORAGE[volume["type"]]
        for name in sorted(must - {key for key, value in volume.items() if value not in (None, {}, "")}):
            yield Problem(f"{place}.{name}", f"is required for {volume['type']}", "Add it")
        for name in sorted(set(volume) - _COMMON - must - may):
            yield Problem(f"{place}.{name}", f"is not for {volume['type']}", "Remove it")
        if volume.get("name") == "tmp" and mounts[index] != "/tmp" and app["security"]["read_only_root"]:
            yield Problem(f"{place}.name", "tmp is the name of the volume at /tmp", "Write another name")
        size = sum(len(text.encode()) for text in (volume.get("files") or {}).values())
        if size > _CONFIG_MAP_BYTES:
            yield Problem(f"{place}.files", f"are {size} bytes, and a ConfigMap takes 1 MiB", "Use a pvc")


def _scale(given: Options, app: Options, where: str) -> Found:
    if app["kind"] == "statefulset":
        if given.get("strategy"):
            yield Problem(f"{where}.strategy", "is only for a deployment", "Remove it")
        return
    claims = [volume for volume in app.get("storage") or [] if volume.get("type") == "pvc"]
    alone = [volume for volume in claims if (volume.get("access_mode") or _ONE_NODE[0]) in _ONE_NODE]
    for volume in alone[:1]:
        if app["replicas"] > 1:
            yield Problem(
                f"{where}.replicas",
                f"{app['replicas']} pods on several nodes cannot share the volume {volume['name']} (ReadWriteOnce)",
                "Write replicas: 1, access_mode: ReadWriteMany, or kind: statefulset for a volume each",
            )
        if given.get("strategy") == "RollingUpdate":
            yield Problem(
                f"{where}.strategy",
                f"a new pod would wait for the volume {volume['name']} that the old one keeps",
                "Remove it: Recreate is the default here",
            )


def _probe(given: Options, app: Options, where: str) -> Found:
    probe, place = app["probe"], f"{where}.probe"
    kind = probe["type"]
    if kind == "exec" and not probe.get("command"):
        yield Problem(f"{place}.command", "is required for exec", "Write what is to be run, as a list")
    if kind not in ("http", "tcp"):
        return
    names = [port["name"] for port in app["ports"] if port["protocol"] == "TCP"]
    if probe.get("port") is None:
        what = "there is no TCP port that could be asked whether it works"
        yield Problem(place, what, "Give port, or write probe: {type: exec, command: […]}, or {type: none}")
    elif isinstance(probe["port"], str) and probe["port"] not in names:
        remedy = f"Write {' or '.join(names)}" if names else "Write probe: {type: exec, command: […]}, or {type: none}"
        yield Problem(f"{place}.port", f"{probe['port']} is not the name of a TCP port", remedy)


def _security(given: Options, app: Options, where: str) -> Found:
    root, user = app["security"]["root"], (given.get("security") or {}).get("user")
    if not root and app["security"]["user"] == 0:
        what = "0 is root, which runAsNonRoot forbids: the pod would not start"
        yield Problem(f"{where}.security.user", what, "Write security.root: true, or another user")
    if root and user not in (None, 0, "0"):
        yield Problem(f"{where}.security.user", f"is {user}, but root is set", "Remove one of them")


def _resources(given: Options, app: Options, where: str) -> Found:
    resources = app["resources"]
    for name, limit in resources["limits"].items():
        request = resources["requests"].get(name)
        if request is not None and amount(request) > amount(limit):
            what = f"{name}: {request} is more than the limit of {limit}"
            yield Problem(f"{where}.resources.requests", what, f"Raise resources.limits.{name}, or ask for less")


def amount(quantity: str) -> Decimal:
    found = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", quantity)
    number, unit = (found[1], found[2]) if found else ("0", "")
    if unit == "m":
        return Decimal(number) / 1000
    factor = 1024 if unit.endswith("i") else 1000
    return Decimal(number) * Decimal(factor) ** _UNITS[unit.rstrip("i")]


def _unique(where: str, what: str, values: t.Sequence[t.Any]) -> Found:
    for value, count in collections.Counter(values).items():
        if count > 1 and value not in (None, ""):
            yield Problem(where, f"the {what} {value} is there {count} times", "Leave one of them")
