# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""K3s on one host: what it is now, and every state it can be brought to."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import socket
import time
import typing as t
import urllib.parse

from ansible_collections.homeops.cluster.plugins.module_utils import _k3s_files as layout
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import (
    API_PORT,
    ClusterNode,
    Join,
    Server,
    check_evict,
    check_one_cluster,
    check_restart,
    decide_join,
)
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_files import ManagedFile
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import (
    TLS,
    Api,
    Files,
    OpenUrl,
    Processes,
    Run,
    Systemd,
    Unit,
)
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_release import RECORD, Binary, Release
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

DATA = "/var/lib/rancher/k3s"
SERVER_TOKEN = f"{DATA}/server/token"
# The digest of everything that the running process has read at its start; kept over a killed run.
STARTED = "/usr/local/share/k3s/started"
# Embedded SQLite holds a cluster as much as a member of etcd does.
CLUSTER_DATA = (f"{DATA}/server/db/etcd/member", f"{DATA}/server/db/state.db")
# The markers come last, so that a reset that was killed is taken up again.
TRACES = (
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/run/k3s",
    "/run/flannel",
    DATA,
    "/etc/rancher/node",
    "/etc/rancher/k3s",
    "/usr/local/share/k3s",
    layout.BINARY,
)
MARKERS = (DATA, "/etc/rancher/k3s", "/usr/local/share/k3s", layout.BINARY)
OTHERS_GRACE = 60


@dataclasses.dataclass(frozen=True)
class Desired:
    """What a node that is started shall run."""

    release: Release
    config: t.Mapping[str, t.Any]
    token: str
    registries: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    environment: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Result:
    changes: t.List[Change] = dataclasses.field(default_factory=list)
    restart_required: bool = False
    bootstrap: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.changes) or self.restart_required


@dataclasses.dataclass(frozen=True)
class Step:
    change: Change
    apply: t.Callable[[], None]
    file: t.Optional[ManagedFile] = None


class Clock(t.Protocol):
    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Node:
    """C(check): decide everything, touch nothing. C(host) is the name the inventory gives this node."""

    def __init__(
        self,
        *,
        files: Files,
        systemd: Systemd,
        api: Api,
        processes: Processes,
        binary: Binary,
        role: str,
        host: str,
        servers: t.Sequence[Server] = (),
        wait_timeout: float = 300,
        check: bool = False,
        clock: t.Optional[Clock] = None,
    ) -> None:
        self.files = files
        self.systemd = systemd
        self.api = api
        self.processes = processes
        self.binary = binary
        self.role = role
        self.host = host
        self.servers = servers
        self.wait_timeout = wait_timeout
        self.check = check
        self.clock: Clock = clock or time
        self.unit = layout.UNITS.get(role, "k3s")

    @classmethod
    def here(cls, run: Run, open_url: OpenUrl, **options: t.Any) -> Node:
        if os.geteuid() != 0:
            raise ClusterError(
                Problem(options["host"], "K3s cannot be seen or changed without root", "Set become: true")
            )
        files = Files()
        return cls(
            files=files,
            systemd=Systemd(run),
            api=Api(files),
            processes=Processes(files, run),
            binary=Binary(files, run, open_url, os.uname().machine),
            **options,
        )

    # What is

    def observe(self, address: str = "") -> t.Dict[str, t.Any]:
        """Read only; C(address) is handed through for whoever joins this server."""
        role = next((role for role in layout.UNITS if self.files.exists(layout.unit_path(role))), "none")
        unit = self.systemd.unit(layout.UNITS[role]) if role != "none" else Unit()
        ready = self.api.ready() if role == "server" and unit.running else role == "agent" and unit.running
        nodes = {
            node["metadata"]["name"]: dataclasses.asdict(ClusterNode.from_object(node))
            for node in (self.api.nodes() if ready and role == "server" else [])
        }
        return {
            "host": self.host,
            "address": address,
            "node_name": self.node_name(),
            "role": role,
            "version": self.binary.version(),
            "active": unit.active in ("active", "reloading", "activating"),
            "enabled": unit.enabled,
            "ready": ready,
            "member": self.member,
            "has_data": self.member or self.files.exists(f"{DATA}/agent"),
            "cluster_id": self.cluster_id,
            "nodes": nodes,
        }

    @property
    def member(self) -> bool:
        """Whether this host has a part of a cluster. With an external datastore its authority is all there is."""
        environment = self.files.read(layout.environment_path("server")) or ""
        if f"\n{layout.DATASTORE}=" in environment and self.cluster_id:
            return True
        return any(self.files.exists(path) for path in CLUSTER_DATA)

    @property
    def cluster_id(self) -> str:
        return self.files.sha256(f"{TLS}/server-ca.crt")

    def node_name(self) -> str:
        configured = re.search(r'^node-name: "?([^"\n]+)"?$', self.files.read(layout.CONFIG) or "", re.MULTILINE)
        return configured[1] if configured else socket.gethostname().lower()

    # started

    def start(self, desired: Desired) -> Result:
        self._check_role()
        join = self._join(desired)
        if self.role == "server" and self.member:
            layout.check_token(desired.token, self.files.read(SERVER_TOKEN))
        if join.action == "init" and not self.cluster_id:
            layout.check_founding_token(desired.token)
        unit = self.systemd.unit(self.unit)
        steps = [*self._binary_steps(desired.release), *self._file_steps(self._managed(desired, join))]
        result = Result([step.change for step in steps], bootstrap=join.action)
        service = Change(
            f"{self.unit}.service",
            {"active": unit.active in ("active", "reloading", "activating"), "enabled": unit.enabled},
            {"active": True, "enabled": True},
        )
        if service.needed:
            result.changes.append(service)
        if self.check:
            result.restart_required = unit.running and self._digest(steps) != self.files.read(STARTED)
            return result
        for step in steps:
            step.apply()
        result.restart_required = unit.running and self._digest() != self.files.read(STARTED)
        if steps or unit.stale or service.needed:
            self.systemd("daemon-reload")
        if not unit.enabled:
            self.systemd("enable", self.unit)
        if not unit.running:
            if join.action == "join":
                self._await_cluster(join.url)
            # Before the start, so that whoever is killed in between finds a stopped unit and starts it.
            self.files.write(STARTED, self._digest(), 0o600)
            stuck = unit.active == "activating" and bool(steps)
            self.systemd("restart" if stuck else "start", "--no-block", self.unit)
        if not result.restart_required:
            self._await_ready()
        if join.action == "init" and join.other:
            self.files.write(layout.JOIN, layout.yaml_file({"server": join.other}), 0o600)
        return result

    def _check_role(self) -> None:
        other = next(role for role in layout.UNITS if role != self.role)
        if self.files.exists(layout.unit_path(other)):
            raise ClusterError(
                Problem(
                    self.host, f"runs K3s as {other}, and shall be {self.role}", "Reset the host (state absent) first"
                )
            )

    def _join(self, desired: Desired) -> Join:
        if self.role == "server":
            return decide_join(self.host, self.servers)
        check_one_cluster(self.servers)
        return Join("keep" if self.files.exists(f"{DATA}/agent") else "join", str(desired.config.get("server", "")))

    def _managed(self, desired: Desired, join: Join) -> t.List[ManagedFile]:
        managed = layout.managed_files(
            self.role, desired.config, desired.token, desired.registries, desired.environment
        )
        settings = join.settings if self.role == "server" else None
        # A founder that loses its data must not found a second cluster when it boots, before anybody looks after it.
        if join.action == "keep" and join.other and "\ncluster-init:" in (self.files.read(layout.JOIN) or ""):
            settings = {"server": join.other}
        return [*managed, ManagedFile(layout.JOIN, layout.yaml_file(settings))] if settings else managed

    def _binary_steps(self, release: Release) -> t.Iterator[Step]:
        change = self.binary.change(release)
        if change.needed:
            yield Step(change, lambda: self._install(release))
        for name in layout.LINKS:
            path = f"/usr/local/bin/{name}"
            if not self.files.exists(path):
                yield Step(Change(path, "", "k3s\n"), _bind(self.files.link, "k3s", path))

    def _install(self, release: Release) -> None:
        self.binary.install(release)
        # Whatever runs was started from another file, even if that one was not ours and the record is the same.
        self.files.remove(STARTED)

    def _file_steps(self, managed: t.Sequence[ManagedFile]) -> t.Iterator[Step]:
        for file in managed:
            change = file.change(self.files.read(file.path), self.files.mode(file.path))
            if not change.needed:
                continue
            if file.content is None:
                yield Step(change, _bind(self.files.remove, file.path), file)
            else:
                yield Step(change, _bind(self.files.write, file.path, file.content, file.mode), file)

    def _digest(self, steps: t.Sequence[Step] = ()) -> str:
        """Of what K3s reads when it starts, as it will be after C(steps); empty if another binary is among them.

        The join settings do not count, K3s ignores them once it has data.
        """
        if any(step.change.header == layout.BINARY for step in steps):
            return ""
        planned = {step.file.path: step.file.sha256 for step in steps if step.file}
        paths = (RECORD, layout.CONFIG, layout.TOKEN, layout.REGISTRIES)
        digest = hashlib.sha256()
        for path in (*paths, layout.environment_path(self.role), layout.unit_path(self.role)):
            digest.update(f"{path}\0{planned.get(path, self.files.sha256(path))}\n".encode())
        return f"{digest.hexdigest()}\n"

    # restarted, stopped

    def restart(self) -> Result:
        self._check_role()
        unit = self.systemd.unit(self.unit)
        result = Result([Change(f"{self.unit}.service", {"restarted": False}, {"restarted": True})])
        if self.check:
            return result
        if self.role == "server":
            self._check_others()
        if unit.stale:
            self.systemd("daemon-reload")
        self.systemd("restart", "--no-block", self.unit)
        # After the restart: whoever is killed in between restarts once more than needed, never once less.
        self.files.write(STARTED, self._digest(), 0o600)
        self._await_ready(not_pid=unit.main_pid)
        return result

    def _check_others(self) -> None:
        others = [server for server in self.servers if server.host != self.host]
        ready: t.Dict[str, bool] = {}

        def all_ready() -> bool:
            ready.update({server.host: self.api.ready(server.address or server.host) for server in others})
            return all(ready.values())

        if not self._await(all_ready, min(OTHERS_GRACE, self.wait_timeout)):
            check_restart(self.host, self.servers, ready)

    def stop(self) -> Result:
        active = self.systemd.unit(self.unit).active in ("active", "reloading", "activating")
        if active and not self.check:
            self.systemd("stop", self.unit)
        return Result([Change(f"{self.unit}.service", {"active": True}, {"active": False})] if active else [])

    # absent

    def reset(self) -> Result:
        """Only where K3s is or was: other Kubernetes distributions use the same directories."""
        units = [role for role in layout.UNITS if self.files.exists(layout.unit_path(role))]
        if not units and not any(self.files.exists(path) for path in MARKERS):
            return Result()
        links = [f"/usr/local/bin/{name}" for name in layout.LINKS]
        links = [link for link in links if self.files.link_target(link) in ("k3s", layout.BINARY)]
        unit_files = [path for role in units for path in (layout.unit_path(role), layout.environment_path(role))]
        paths = [path for path in (*unit_files, *links, *TRACES) if self.files.exists(path)]
        result = Result([Change(path, "present\n", "") for path in paths])
        if self.check:
            return result
        for role in units:
            self.systemd("disable", "--now", layout.UNITS[role])
        self.processes.kill_leftovers()
        self._await(lambda: not self.processes.leftovers(), 10)
        self.processes.unmount()
        for path in paths:
            self.files.remove(path)
        if units:
            self.systemd("daemon-reload")
        return result

    # evicted

    def evict(self, name: str, address: str) -> Result:
        """Removes another host's Node, and with it K3s removes its member of etcd; through this server's API."""
        if not self.api.ready():
            raise ClusterError(
                Problem(self.host, f"is not ready, Node {name} cannot be removed", "Repair this server first")
            )
        nodes = {node["metadata"]["name"]: node for node in self.api.nodes()}
        if name not in nodes:
            return Result()
        check_evict(name, address, ClusterNode.from_object(nodes[name]))
        result = Result([Change(f"Node {name}", "present\n", "")])
        if self.check:
            return result
        path = f"/api/v1/nodes/{name}"
        status, _body = self.api.request(path, method="DELETE")
        if status not in (200, 202, 404) or not self._await(
            lambda: self.api.request(path)[0] == 404, self.wait_timeout
        ):
            raise ClusterError(
                Problem(f"Node {name}", f"was not removed (HTTP {status})", f"Try 'k3s kubectl delete node {name}'")
            )
        return result

    # Waiting

    def _await(self, condition: t.Callable[[], bool], timeout: float) -> bool:
        end = self.clock.monotonic() + timeout
        while not condition():
            if self.clock.monotonic() >= end:
                return False
            self.clock.sleep(0.5)
        return True

    def _await_cluster(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        host, port = parts.hostname or address, parts.port or API_PORT
        if not self._await(lambda: self.api.answers(host, port), self.wait_timeout):
            raise ClusterError(
                Problem(
                    self.host,
                    f"waited {self.wait_timeout:g} s for the cluster at {address}, nobody answers",
                    "Start the server behind it, and check cluster_api_endpoint and the way there (port 6443/tcp)",
                )
            )

    def _await_ready(self, not_pid: int = 0) -> None:
        name = self.node_name()

        def ready() -> bool:
            unit = self.systemd.unit(self.unit)
            if not unit.running or (not_pid and unit.main_pid == not_pid):
                return False
            return self.role == "agent" or (self.api.ready() and self.api.request(f"/api/v1/nodes/{name}")[0] == 200)

        if not self._await(ready, self.wait_timeout):
            raise ClusterError(
                Problem(
                    self.host,
                    f"{self.unit} is not ready after {self.wait_timeout:g} s; its log ends with\n{self._log()}\n",
                    f"Look at 'journalctl -u {self.unit}', correct the cause and run again",
                )
            )

    def _log(self) -> str:
        text = re.sub(r"K10\w+::\S+", layout.HIDDEN, self.systemd.log(self.unit))
        password = layout.token_password(self.files.read(layout.TOKEN) or "")
        return text.replace(password, layout.HIDDEN) if password else text


def _bind(function: t.Callable[..., None], *args: t.Any) -> t.Callable[[], None]:
    return lambda: function(*args)
