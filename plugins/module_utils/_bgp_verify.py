# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From options and a cluster to a verdict: gather what is still missing, let the diagnosis judge, report."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._bgp_diagnosis import diagnose
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_finding import (
    Answer,
    Commands,
    Evidence,
    Expected,
    by_peer,
    is_silent,
)
from ansible_collections.homeops.cluster.plugins.module_utils._bgp_report import Report, report, unanswered
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp import SECRET
from ansible_collections.homeops.cluster.plugins.module_utils._cilium_bgp_answer import describe
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, UnreachableError

NO_FAILURES = {"missing": 0, "unexpected": 0, "wrong": 0}


def verify(connect: t.Callable[[], Kubernetes], options: Answer, timestamp: str) -> Report:
    """The verdict. A cluster that does not answer is one, too."""
    expected = Expected.from_options(options["expected"])
    try:
        cluster = connect()
        answer = describe(cluster)
    except UnreachableError as error:
        problem = error.problems[0]
        return unanswered(f"{problem.where}: {problem.what}", problem.remedy, timestamp)
    names = {peer["secret"] for node in answer["nodes"] for peer in node["peers"] if peer["secret"]}
    evidence = Evidence(
        expected=expected,
        cluster=answer,
        routers=by_peer(expected.peers, since(options["routers_earlier"] or {}, options["routers"] or {})),
        nodes=options["nodes"] or {},
        secrets=passwords(cluster, names, options["secrets_namespace"], options["password"] or ""),
        commands=Commands(options["site_command"], options["kubectl_command"]),
    )
    return report(evidence, diagnose(evidence), timestamp)


def since(earlier: t.Mapping[str, Answer], now: t.Mapping[str, Answer]) -> t.Dict[str, Answer]:
    """The answers of now, with the failures since then: those of before have nothing to do with what is wrong now."""
    found: t.Dict[str, Answer] = {}
    for host, answer in now.items():
        then = earlier.get(host)
        if is_silent(answer):
            found[host] = answer
            continue
        failures = answer["signature_failures"]
        before = failures if then is None or is_silent(then) else then["signature_failures"]
        found[host] = {**answer, "signature_failures": {key: failures[key] - before[key] for key in NO_FAILURES}}
    return found


def passwords(
    cluster: Kubernetes, names: t.Collection[str], namespace: str, password: str
) -> t.Dict[str, t.Optional[bool]]:
    """By name of a Secret: whether it holds the password, or None if there is no such Secret. Never what it holds."""
    found: t.Dict[str, t.Optional[bool]] = {}
    for name in sorted(names) if password else ():
        items = cluster.list(SECRET, namespace=namespace, field_selector=f"metadata.name={name}")
        held = [(item.get("data") or {}).get("password", "") for item in items if item["metadata"]["name"] == name]
        found[name] = _decoded(held[0]) == password.encode() if held else None
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
