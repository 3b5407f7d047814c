# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A cluster's block in the configuration of the FRR on this host: read, decide, write, load, prove or take back."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _frr_delta as delta
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._frr import (
    Run,
    group,
    redact,
    syntax_problems,
)
from ansible_collections.homeops.cluster.plugins.module_utils._frr_block import (
    Layout,
    listen_ranges,
    members,
    place,
    restored,
    sessions_of,
    split,
    statements,
)
from ansible_collections.homeops.cluster.plugins.module_utils._frr_state import documents, parse_summary
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._session_guard import (
    Before,
    Journal,
    Sessions,
    Watch,
    WholeFile,
    attempt,
)

STEADY_SECONDS = 3  # a session that exceeds a limit or differs in something falls within moments
START_SECONDS = 30
HARMLESS_DAEMONS = {"watchfrr", "zebra", "staticd", "mgmtd", "bgpd"}  # none of them loses a session when FRR restarts
NOT_INTEGRATED = re.compile(r"^\s*no service integrated-vtysh-config", re.MULTILINE)
BGPD = re.compile(r"^[ \t]*bgpd=(.*)$", re.MULTILINE)
OFF = re.compile(r"""^[ \t]*bgpd=["']?(?:no|0)?["']?[ \t]*(?:#.*)?$""", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where FRR's configuration is on this host, and what this collection keeps beside it for a cluster."""

    path: str
    cluster: str
    owner: t.Optional[t.Tuple[int, int]] = None  # of a new file: FRR's user and group

    @property
    def daemons(self) -> str:
        return os.path.join(os.path.dirname(self.path), "daemons")

    @property
    def vtysh_conf(self) -> str:
        return os.path.join(os.path.dirname(self.path), "vtysh.conf")

    @property
    def bgpd_conf(self) -> str:
        return os.path.join(os.path.dirname(self.path), "bgpd.conf")

    @property
    def previous(self) -> str:
        return f"{self.path}.before-{self.cluster}"


class Frr:
    """The running FRR. C(scratch) gives a path that only root can read, for statements that may hold a password."""

    def __init__(self, vtysh: str, run: Run, scratch: t.Callable[[str], str], sleep: t.Callable[[float], None]) -> None:
        self.vtysh, self._run, self._scratch, self._sleep = vtysh, run, scratch, sleep

    def daemons(self) -> t.Set[str]:
        code, out, err = self._run([self.vtysh, "-c", "show daemons"])
        if code and "failed to connect to any daemons" not in out + err:
            # Taken for an FRR that does not run, it would be restarted.
            raise self._problem("does not tell what runs", code, out + err)
        return set() if code else set(out.split())

    def running(self) -> str:
        code, out, err = self._run([self.vtysh, "-c", "show running-config"])
        if code:
            raise self._problem("does not show its configuration", code, out + err)
        return out

    def syntax(self, text: str) -> t.List[Problem]:
        return syntax_problems(text, self.vtysh, self._scratch(text), self._run)

    def load(self, lines: t.Sequence[str], cluster: str) -> None:
        """Run the statements, and judge routes anew if a list changed; that resets no session."""
        if not lines:
            return
        code, out, err = self._run([self.vtysh, "-f", self._scratch("\n".join(lines) + "\n")])
        if code:
            raise self._problem("refuses the change", code, out + err)
        if delta.lists_changed(lines):
            for family in ("ipv4", "ipv6"):
                # Nothing to judge in a family without sessions, which is an error to FRR.
                self._run([self.vtysh, "-c", f"clear bgp {family} unicast peer-group {group(cluster)} soft in"])

    def systemctl(self, action: str) -> None:
        code, out, err = self._run(["systemctl", action, "frr"])
        if code:
            raise self._problem(f"does not {action}", code, out + err)

    def start(self) -> None:
        self.systemctl("restart")
        for _second in range(START_SECONDS):
            if "bgpd" in self.daemons():
                return
            self._sleep(1.0)
        raise self._problem(f"runs no bgpd {START_SECONDS} s after its start", 0, "")

    def established(self) -> Sessions:
        code, out, err = self._run([self.vtysh, "-c", "show bgp summary json"])
        found = documents(out)
        if code or not found:
            raise self._problem("does not tell its sessions", code, out + err)
        return frozenset(peer.address for peer in parse_summary(found[0]).sessions if peer.state == "Established")

    def _problem(self, what: str, code: int, said: str) -> ClusterError:
        text = "; ".join(redact(said).split("\n")).strip("; ") or "nothing"
        remedy = "See FRR's log: journalctl -u frr"
        return ClusterError(Problem("FRR", f"it {what} (exit status {code}, it said: {text})", remedy))


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done on this host. C(text) is the file, None if there is none; C(ran): FRR, with bgpd or not."""

    text: t.Optional[str]
    layout: Layout
    daemons: str
    ran: bool
    start: bool
    stale: bool

    @property
    def daemons_wanted(self) -> str:
        if not self.layout.block or not self.daemons:
            return self.daemons
        missing = "" if BGPD.search(self.daemons) else "bgpd=yes\n"
        return OFF.sub("bgpd=yes", self.daemons) + missing

    @property
    def needed(self) -> bool:
        return self.stale or self.start or self.layout.text != (self.text or "") or self.daemons != self.daemons_wanted

    def changes(self, place_: Place) -> t.List[Change]:
        config = Change(place_.path, redact(self.text or ""), redact(self.layout.text))
        daemons = Change(place_.daemons, self.daemons, self.daemons_wanted)
        return [config, *([daemons] if daemons.needed else [])]


def _read(path: str) -> t.Optional[str]:
    return WholeFile(path).read()


def plan(where: Place, block: str, frr: Frr, journal: Journal, *, overwrite: bool) -> Plan:
    """Decide everything before anything is written; C(block) is empty if it is to go."""
    text, daemons = _read(where.path), _read(where.daemons) or ""
    if NOT_INTEGRATED.search(_read(where.vtysh_conf) or ""):
        what = "FRR reads one file for each daemon here, not this one"
        remedy = f"Remove 'no service integrated-vtysh-config' from {where.vtysh_conf} and merge the files into one"
        raise ClusterError(Problem(where.path, what, remedy))
    if text is None and _read(where.bgpd_conf):
        what = f"it does not exist, and FRR would no longer read {where.bgpd_conf} once it does"
        remedy = "Merge FRR's files into one with: vtysh -c 'write integrated'"
        raise ClusterError(Problem(where.path, what, remedy))
    layout = place(text or "", block, where.cluster, where.path, overwrite=overwrite)
    present = frr.daemons()
    start = bool(block) and "bgpd" not in present
    running = frr.running() if "bgpd" in present else ""
    problems = [
        *delta.conflicts(running, layout, where.cluster, overwrite=overwrite),
        *(frr.syntax(layout.text) if block else []),
    ]
    strangers = present - HARMLESS_DAEMONS
    if start and strangers:
        what = f"bgpd does not run, and starting it would restart {', '.join(sorted(strangers))} of others"
        remedy = f"Write bgpd=yes into {where.daemons} and restart FRR when nobody minds, then run again"
        problems.append(Problem("FRR", what, remedy))
    if problems:
        raise ClusterError(*problems)
    return Plan(
        text=text,
        layout=layout,
        daemons=daemons,
        ran=bool(present),
        start=start,
        stale=journal.unproven() is not None or ("bgpd" in present and delta.differs(running, layout, where.cluster)),
    )


def has_sessions(block: str, cluster: str) -> bool:
    """What remains of a block that others need has none."""
    lines = statements(block)
    return bool(members(lines, cluster) or listen_ranges(lines, cluster))


def carry_out(where: Place, todo: Plan, frr: Frr, journal: Journal, watch: Watch) -> Sessions:
    """Do what was planned; the sessions that came back. A ClusterError tells what was taken back, and why."""
    before = journal.unproven() or Before(todo.text, frozenset() if todo.start else _up(frr, where.cluster))
    expected = sessions_of(before.sessions, todo.layout.block, where.cluster)
    config, daemons = (WholeFile(path, 0o640, where.owner) for path in (where.path, where.daemons))

    def change() -> None:
        if todo.daemons != todo.daemons_wanted:
            daemons.write(todo.daemons_wanted)
        if todo.layout.text != (todo.text or ""):
            config.write(todo.layout.text)
        if todo.start:
            frr.start()
        elif "bgpd" in frr.daemons():
            frr.load(delta.script(frr.running(), todo.layout, where.cluster), where.cluster)

    def put_back() -> None:
        text = restored(config.read() or "", before.text or "", where.cluster, where.path)
        if text or before.text is not None:
            config.write(text)
        else:
            config.remove()
        if todo.start:
            daemons.write(todo.daemons)
            frr.systemctl("restart" if todo.ran else "stop")
        elif "bgpd" in frr.daemons():  # one that fell reads the file when it is started again
            # Without marks, what is ours is wherever somebody wrote it.
            layout = Layout(text, split(text, where.cluster, where.path)[1] or text, todo.layout.shared)
            frr.load(delta.script(frr.running(), layout, where.cluster), where.cluster)

    proven = attempt(where.path, before, expected, journal, watch, change=change, put_back=put_back)
    if not has_sessions(todo.layout.block, where.cluster):
        journal.clear()
    return proven


def _up(frr: Frr, cluster: str) -> Sessions:
    """The cluster's sessions before the change."""
    return sessions_of(frr.established(), frr.running(), cluster) if "bgpd" in frr.daemons() else frozenset()
