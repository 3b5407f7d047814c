# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How far an application of applications is, what it waits for, and whether waiting helps."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import Kubernetes, Object, Resource, poll

APPLICATION = Resource("argoproj.io/v1alpha1", "Application", "applications")
APPLICATION_SET = Resource("argoproj.io/v1alpha1", "ApplicationSet", "applicationsets")

GRACE = 15.0  # seconds for which the same must be wrong before nobody waits for it any longer
MANY = 5  # named resources of one application; the rest is counted
RETRIES = 3
FAILED = ("Failed", "Error")  # of an operation that is over: the same commit is not tried again
TRACKING = "argocd.argoproj.io/tracking-id"
WIPED = "auto-sync will wipe out all resources"
# What a component says of another that has not started yet, or of a network that comes back.
PASSING = re.compile(
    r"Unavailable|DeadlineExceeded|deadline exceeded|connection re(fused|set)|i/o timeout|no such host|\bEOF\b"
    r"|TLS handshake timeout|context canceled|server is currently unable"
)


@dataclasses.dataclass(frozen=True)
class State:
    """Of one Application or ApplicationSet. C(stuck): nothing but a change of what is described helps."""

    kind: str
    name: str
    project: str
    sync: str
    health: str
    operation: str
    reason: str
    stuck: bool

    @property
    def settled(self) -> bool:
        return self.sync == "Synced" and self.health == "Healthy" and self.operation in ("", "Succeeded")

    def __str__(self) -> str:
        condition = ", ".join(filter(None, [self.sync, self.health, self.operation and f"operation {self.operation}"]))
        return f"{self.kind} {self.name} ({condition or 'no status'}): {self.reason}"


@dataclasses.dataclass(frozen=True)
class Report:
    """C(waiting) are all that are not settled, the root application first.

    C(stuck): the root application is, or what came from it.
    """

    synced: bool
    stuck: bool
    waiting: t.Tuple[State, ...]

    @property
    def reason(self) -> str:
        """The stuck ones explain the others, so that these come after them."""
        return "\n".join(map(str, sorted(self.waiting, key=lambda state: not state.stuck)))

    def answer(self) -> t.Dict[str, t.Any]:
        waiting = [dataclasses.asdict(state) for state in self.waiting]
        return {"synced": self.synced, "stuck": self.stuck, "reason": self.reason, "waiting": waiting}


def read(cluster: Kubernetes, namespace: str, root: str) -> Report:
    """Two requests, however many applications there are."""
    return report(
        cluster.list(APPLICATION, namespace=namespace), cluster.list(APPLICATION_SET, namespace=namespace), root
    )


def watch(cluster: Kubernetes, namespace: str, root: str, timeout: float, **clock: t.Any) -> Report:
    """Until it is synced, or has been stuck for the same reason through C(GRACE), or the time is over.

    C(stuck) of what is returned means that it lasted. Without a timeout there is nothing to compare with.
    """
    seen: t.List[t.Tuple[str, int]] = []

    def done(answer: Report) -> bool:
        stuck = answer.reason if answer.stuck else ""
        count = seen[-1][1] + 1 if seen and seen[-1][0] == stuck else 0
        seen.append((stuck, count))
        return answer.synced or (bool(stuck) and count >= GRACE)

    answer = poll(lambda: read(cluster, namespace, root), done, timeout=timeout, interval=1, **clock)
    lasting = timeout == 0 or seen[-1][1] >= GRACE
    return dataclasses.replace(answer, stuck=answer.stuck and lasting and not answer.synced)


def report(applications: t.Sequence[Object], sets: t.Sequence[Object], root: str) -> Report:
    states = [application_state(item) for item in applications]
    mine = next((state for state in states if state.name == root), None)
    if mine is None:
        missing = State(APPLICATION.kind, root, "", "", "", "", "there is no such Application", False)
        return Report(False, False, (missing,))
    others = [state for state in (*states, *map(set_state, sets)) if state is not mine and not state.settled]
    item = next(item for item in applications if item["metadata"]["name"] == root)
    synced = mine.sync == "Synced" and mine.operation in ("", "Succeeded") and _current(item)
    # Argo CD calls an application synced that finds no file, and does not delete all that it once found.
    empty = synced and not item["status"].get("resources")
    if empty or WIPED in mine.reason:
        mine = dataclasses.replace(mine, reason=f"{mine.reason} {_nothing(item['spec'].get('source', {}))}".strip())
    if not mine.reason:
        mine = dataclasses.replace(mine, reason="not compared yet with what is described now.")
    waiting = [mine, *others] if empty or not synced else others
    descent = _descent(root, [*applications, *sets])
    return Report(synced, any(state.stuck for state in waiting if (state.kind, state.name) in descent), tuple(waiting))


def _descent(root: str, items: t.Sequence[Object]) -> t.Set[t.Tuple[str, str]]:
    """The root application and all that came from it; it does not wait for what somebody made beside it."""
    parents = {(item["kind"], item["metadata"]["name"]): _parent(item["metadata"]) for item in items}
    found: t.Set[t.Tuple[str, str]] = set()
    more = {(APPLICATION.kind, root)}
    while more:
        found |= more
        more = {child for child, parent in parents.items() if parent in found} - found
    return found


def _parent(metadata: Object) -> t.Tuple[str, str]:
    for owner in metadata.get("ownerReferences") or []:
        if owner["kind"] == APPLICATION_SET.kind:
            return APPLICATION_SET.kind, owner["name"]
    return APPLICATION.kind, (metadata.get("annotations") or {}).get(TRACKING, "").partition(":")[0]


def _nothing(source: Object) -> str:
    include = (source.get("directory") or {}).get("include", "")
    files = f"that fits {include} " if include else ""
    return (
        f"There is no file {files}below {source.get('path', '.')} of {source.get('repoURL')}: "
        "arrange the repository as the role gitops_repo does, or set argocd_root_directory."
    )


def _current(item: Object) -> bool:
    """Whether the controller has seen the source that is described now."""
    compared = item.get("status", {}).get("sync", {}).get("comparedTo", {}).get("source", {})
    wanted = item["spec"].get("source", {})
    return _within(wanted, compared) and _within(compared, wanted)


def _within(wanted: t.Any, found: t.Any) -> bool:
    """Go leaves out what is empty or false, and adds empty fields of its own."""
    if isinstance(wanted, t.Mapping):
        return all(_within(value, (found or {}).get(key)) for key, value in wanted.items())
    return (not wanted and not found) or bool(wanted == found)


def application_state(item: Object) -> State:
    status = item.get("status") or {}
    operation = status.get("operationState") or {}
    phase = operation.get("phase", "")
    errors = [entry for entry in status.get("conditions") or [] if entry.get("type", "").endswith("Error")]
    refused = [
        entry for entry in (operation.get("syncResult") or {}).get("resources") or [] if entry["status"] == "SyncFailed"
    ]
    lasting = [entry for entry in errors if not PASSING.search(entry.get("message", ""))]
    # After some retries the server is not going to change its mind; a resource that is not healthy yet may recover.
    hopeless = bool(refused) and operation.get("retryCount", 0) >= RETRIES
    return State(
        APPLICATION.kind,
        item["metadata"]["name"],
        (item.get("spec") or {}).get("project", ""),
        (status.get("sync") or {}).get("status", ""),
        (status.get("health") or {}).get("status", ""),
        phase,
        " ".join(_reasons(status, errors, refused)),
        bool(lasting) or hopeless or phase in FAILED,
    )


def _reasons(status: Object, errors: t.Sequence[Object], refused: t.Sequence[Object]) -> t.Iterator[str]:
    if not status.get("sync"):
        yield "no controller has looked at it yet: see the pods of Argo CD."
        return
    for entry in errors:
        yield f"{entry['type']}: {_sentence(entry.get('message', ''))}"
    for entry in refused[:MANY]:
        yield f"{_named(entry)}: {_sentence(entry.get('message', ''))}"
    operation = status.get("operationState") or {}
    if not errors and operation.get("phase") != "Succeeded" and operation.get("message"):
        yield _sentence(operation["message"])
    pending = [entry for entry in status.get("resources") or [] if entry.get("status") != "Synced"]
    if pending and not errors and not refused:
        more = f" and {len(pending) - MANY} more" if len(pending) > MANY else ""
        yield f"Not synced: {', '.join(map(_named, pending[:MANY]))}{more}."
    health = status.get("health") or {}
    if health.get("status") not in (None, "Healthy") and health.get("message"):
        yield _sentence(health["message"])


def _named(entry: Object) -> str:
    return "/".join(filter(None, [entry.get("kind"), entry.get("namespace"), entry.get("name")]))


def _sentence(text: str) -> str:
    text = " ".join(str(text).split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def set_state(item: Object) -> State:
    """An ApplicationSet is settled when it has made its Applications; these speak for themselves."""
    conditions = {entry["type"]: entry for entry in (item.get("status") or {}).get("conditions") or []}
    error = conditions.get("ErrorOccurred", {})
    failed = error.get("status") == "True"
    made = conditions.get("ResourcesUpToDate", {}).get("status") == "True" and not failed
    message = error.get("message", "") if failed else "no controller has looked at it yet"
    return State(
        APPLICATION_SET.kind,
        item["metadata"]["name"],
        "",
        "Synced" if made else "",
        "Degraded" if failed else "Healthy" if made else "",
        "",
        _sentence(message),
        failed and not PASSING.search(message),
    )
