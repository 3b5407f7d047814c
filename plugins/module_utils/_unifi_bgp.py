# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Whose the BGP configuration of a UniFi gateway is, what has to become of it, and how that is proven or taken back."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._frr import END_MARK, MARK, group
from ansible_collections.homeops.cluster.plugins.module_utils._frr_block import (
    blocks,
    is_foreign,
    place,
    restored,
    sessions_of,
    split,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._session_guard import (
    Before,
    Journal,
    Sessions,
    Watch,
    attempt,
)
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig, Client


def _is_from_before_blocks(text: str, cluster: str) -> bool:
    """Whether all of it is ours by its first line, as it was before clusters could share a gateway (decision 6)."""
    return text.startswith(f"! {MARK} {cluster}.") and END_MARK not in text and f" {group(cluster)} " not in text


def origin(current: t.Optional[BgpConfig], cluster: str) -> str:
    """Whose it is: this collection's for C(cluster), for other clusters only (shared), or somebody else's."""
    if current is None:
        return "absent"
    if _is_from_before_blocks(current.text, cluster):
        return "managed"
    if is_foreign(current.text):
        return "foreign"
    return "managed" if split(current.text, cluster, "config")[1] else "shared"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to happen. C(desired) is the whole configuration with those of other clusters, None to delete it."""

    desired: t.Optional[BgpConfig]
    change: Change


def plan(
    current: t.Optional[BgpConfig],
    desired: t.Optional[BgpConfig],
    *,
    header: str,
    cluster: str,
    overwrite: bool = False,
) -> Plan:
    """C(desired) holds the cluster's own part, None takes it out; those of other clusters stay.

    What somebody else wrote is left alone unless C(overwrite) says otherwise.
    """
    problems = list(desired.problems()) if desired else []
    if problems:
        raise ClusterError(*problems)
    there = blocks(current.text) if current else ""
    text = place(there, desired.text if desired else "", cluster, header).text
    frame = desired or current
    wanted = dataclasses.replace(frame, text=text) if frame and text else None
    change = Change(
        header=header,
        before=current.as_text() if current else "",
        after=wanted.as_text() if wanted else "",
        hidden=current != wanted,
    )
    if change.needed and origin(current, cluster) == "foreign" and not overwrite:
        what = f"the gateway has a BGP configuration that homeops.cluster did not write for cluster {cluster}"
        if desired:
            remedy = "Keep a copy and add what you need to the description, then set overwrite to true for one run"
        else:
            remedy = "Leave it to who wrote it; to delete it all the same, keep a copy and set overwrite to true"
        raise ClusterError(Problem(header, what, remedy))
    return Plan(wanted, change)


def carry_out(
    client: Client,
    current: t.Optional[BgpConfig],
    todo: Plan,
    *,
    cluster: str,
    up: Sessions,
    journal: Journal,
    watch: Watch,
) -> Sessions:
    """Write what was planned, and prove it by those of the sessions C(up) that it asks for; they are the result."""
    unproven = journal.unproven()
    before = unproven or Before(current.text if current else None, up)
    expected = sessions_of(before.sessions, todo.desired.text if todo.desired else "", cluster)

    def change() -> None:
        if current != todo.desired:
            client.apply(todo.desired)

    def put_back() -> None:
        now = client.read()
        frame = (todo.desired if unproven else None) or current or now
        text = before.text or ""
        if (unproven or now != current) and not is_foreign(text):
            text = restored(now.text if now else "", text, cluster, client.url)
        client.apply(dataclasses.replace(frame, text=text) if frame and text else None)

    proven = attempt(client.url, before, expected, journal, watch, change=change, put_back=put_back)
    if not split(todo.desired.text if todo.desired else "", cluster, client.url)[1]:
        journal.clear()
    return proven
