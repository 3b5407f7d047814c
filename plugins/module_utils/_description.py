# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The description of a cluster, checked as a whole: every problem at once, before anything is touched."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._compatibility import bgp_api_version
from ansible_collections.homeops.cluster.plugins.module_utils._description_advice import ADVICE
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import is_not
from ansible_collections.homeops.cluster.plugins.module_utils._description_model import Cluster
from ansible_collections.homeops.cluster.plugins.module_utils._description_rules import RULES, node_problems
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import SCHEMA, Field
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Values = t.Dict[str, t.Any]

_SECRET_NAME = re.compile(r"(^|_)(token|password|passphrase|passwd|secret|api_?key)$", re.IGNORECASE)


def check(
    description: t.Mapping[str, t.Any],
    secrets: t.Mapping[str, t.Any],
    nodes: t.Sequence[Values],
    already_found: t.Iterable[Problem] = (),
) -> Cluster:
    """The cluster that is described, or ClusterError with everything that is wrong."""
    fields = tuple(field for field in SCHEMA if not field.per_host)
    values, found = read(fields, {**description, **secrets})
    cluster = Cluster(values, nodes)
    problems = [
        *already_found,
        *found,
        *node_problems(nodes),
        *(problem for rule in RULES for problem in rule(cluster)),
    ]
    if problems:
        raise ClusterError(*sorted(problems, key=_place))
    return cluster


def _place(problem: Problem) -> int:
    """Problems of one variable stand together, in the order of the documentation; others come first."""
    variable = re.split(r"[.\[ ]", problem.where)[0]
    return next((place for place, field in enumerate(SCHEMA) if field.name == variable), -1)


def read(fields: t.Sequence[Field], given: t.Mapping[str, t.Any], path: str = "") -> t.Tuple[Values, t.List[Problem]]:
    """The values that are as they should be, defaults filled in, and what is wrong with the others."""
    known = {field.name: field for field in fields}
    strangers = {str(name): _closest(str(name), [*known]) for name in given if name not in known}
    values: Values = {}
    problems = [_stranger(name, hint, path, [*known]) for name, hint in strangers.items()]
    for field in fields:
        where = f"{path}.{field.name}" if path else field.name
        if field.name in given:
            value, found = _read_value(field, given[field.name], where)
            values[field.name] = value
            problems += found
        elif field.required and field.name not in strangers.values():
            problems.append(_missing(field, where))
        elif field.default is not None:
            values[field.name] = read(field.fields, {}, where)[0] if field.fields else field.default
    return values, problems


def _read_value(field: Field, value: t.Any, where: str) -> t.Tuple[t.Any, t.List[Problem]]:
    if not field.many:
        return _read_one(field, value, where)
    if not isinstance(value, list) or len(value) < field.at_least:
        what = "is an empty list" if value == [] else is_not(value, "a list")
        return [], [
            Problem(where, what, f"Write at least one entry, each after a dash, for example {inline(field.hint())}")
        ]
    entries = [_read_one(field, entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    return [entry for entry, found in entries], [problem for entry, found in entries for problem in found]


def _read_one(field: Field, value: t.Any, where: str) -> t.Tuple[t.Any, t.List[Problem]]:
    if field.format:
        finding = field.format.check(value)
        return (None, [Problem(where, *finding)]) if finding else (field.format.normal(value), [])
    if not isinstance(value, dict):
        keys = ", ".join(key.name for key in field.fields)
        return {}, [Problem(where, is_not(value, "a mapping"), f"Write a mapping with the keys {keys}")]
    return read(field.fields, value, where)


def _missing(field: Field, where: str) -> Problem:
    if field.secret:
        remedy = "Put it into an encrypted file, such as group_vars/all/secrets.yml by ansible-vault or SOPS"
    else:
        remedy = f"Add it, for example {field.name}: {inline(field.hint())}"
    return Problem(where, "is required, but not set", remedy)


def _stranger(name: str, hint: str, path: str, known: t.Sequence[str]) -> Problem:
    """The value is never shown: it may be a secret under a wrong name."""
    where = f"{path}.{name}" if path else name
    if path and _SECRET_NAME.search(name):
        top = re.split(r"[.\[]", path)[0]
        best = _closest(f"{top}_{name}", [field.name for field in SCHEMA if field.secret])
        remedy = f"Write it as the variable {best}, in an encrypted file" if best else "Remove it"
        return Problem(where, f"is a secret inside {top}, where diffs and logs would show it", remedy)
    if hint:
        return Problem(where, "unknown key" if path else "unknown variable", f"Did you mean {hint}?")
    if path:
        return Problem(where, "unknown key", f"Remove it; the keys here are {', '.join(known)}")
    return Problem(
        where,
        "unknown variable",
        "Names that begin with cluster_ belong to this collection: compare with docs/description.md, or give your own "
        "variable another name",
    )


def _closest(name: str, names: t.Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.75)), "")


def inline(value: t.Any) -> str:
    """C(value) as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def concealed(description: t.Mapping[str, t.Any]) -> t.Set[str]:
    """Values that a result must not show: secrets in the wrong place, under a wrong name, or inside a URL."""
    secrets = {field.name for field in SCHEMA if field.secret}
    names = [field.name for field in SCHEMA]
    return {
        text
        for name, value in description.items()
        for text in _secret_texts(value, name in secrets or (name not in names and _looks_secret(name, names, secrets)))
    }


def _looks_secret(name: str, names: t.Sequence[str], secrets: t.Set[str]) -> bool:
    return _SECRET_NAME.search(name) is not None or _closest(name, names) in secrets


def _secret_texts(value: t.Any, secret: bool) -> t.Set[str]:
    if isinstance(value, dict):
        return {
            text
            for key, item in value.items()
            for text in _secret_texts(item, secret or _SECRET_NAME.search(str(key)) is not None)
        }
    if isinstance(value, list):
        return {text for item in value for text in _secret_texts(item, secret)}
    if secret:
        return {str(value)} - {"", "None"}
    login = re.match(r"(\w+)://([^/@]*)@", value) if isinstance(value, str) else None
    if login is None:
        return set()
    # The user of ssh is no secret; a token is often the user of https.
    return {part for part in login[2].split(":")[1 if login[1] == "ssh" else 0 :] if part}


def advice(cluster: Cluster) -> t.List[str]:
    """What is allowed, but deserves a thought."""
    return [str(problem) for rule in ADVICE for problem in rule(cluster)]


def summary(cluster: Cluster) -> Values:
    """What will be built, in a few lines for people. Holds no secret."""
    versions = cluster.values["cluster_versions"]
    bgp = cluster.values["cluster_bgp"]
    timers = bgp["timers"]
    servers = len(cluster.servers)
    password = "with a password" if "cluster_bgp_password" in cluster.values else "without a password"
    return {
        "cluster": f"{cluster.values['cluster_name']}, API at https://{cluster.values['cluster_api_endpoint']}:6443",
        "servers": [f"{node.name} {node.address}" for node in cluster.servers],
        "agents": [f"{node.name} {node.address}" for node in cluster.nodes if node.role == "agent"],
        "etcd": f"{servers} voter{'s' if servers > 1 else ''}, survives the loss of {(servers - 1) // 2}",
        "versions": dict(versions),
        "networks": {name: str(network) for name, network in cluster.networks.items()},
        "bgp": [
            f"AS {bgp['local_asn']} with {peer.name} {peer.address} (AS {peer.asn}) {password}, "
            f"hold {timers['hold']} s, cilium.io/{bgp_api_version(versions['cilium'])}"
            for peer in cluster.peers
        ],
        "pools": [f"{pool.name} {pool}, {pool.size} address{'es' if pool.size > 1 else ''}" for pool in cluster.pools],
        "gitops": "{repository} {revision} {path}".format(**cluster.values["cluster_gitops"])
        if "cluster_gitops" in cluster.values
        else "none",
        "router": f"configured through {cluster.values['cluster_unifi']['url']}"
        if "cluster_unifi" in cluster.values
        else "configuration only rendered",
    }
