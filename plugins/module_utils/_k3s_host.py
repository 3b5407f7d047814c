# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A host as K3s sees it: files, systemd, the Kubernetes API, processes and mounts. No decisions here."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import ssl
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import API_PORT
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

Run = t.Callable[[t.List[str]], t.Tuple[int, str, str]]
OpenUrl = t.Callable[[str], t.BinaryIO]

TLS = "/var/lib/rancher/k3s/server/tls"
CHUNK = 1024 * 1024


class Files:
    """Files below C(root); written whole and atomically: whoever is killed leaves the old one or the new one."""

    def __init__(self, root: str = "/") -> None:
        self.root = root
        self._locked: t.Set[str] = set()

    def at(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))

    def exists(self, path: str) -> bool:
        """An empty mount point, which nobody can remove, counts as absent."""
        at = self.at(path)
        return os.path.lexists(at) and not (os.path.ismount(at) and os.path.isdir(at) and not os.listdir(at))

    def read(self, path: str) -> t.Optional[str]:
        try:
            with open(self.at(path), encoding="utf-8", errors="surrogateescape") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def mode(self, path: str) -> t.Optional[int]:
        try:
            return os.stat(self.at(path)).st_mode & 0o7777
        except FileNotFoundError:
            return None

    def sha256(self, path: str) -> str:
        """The digest of a file, empty if there is none."""
        digest = hashlib.sha256()
        try:
            with open(self.at(path), "rb") as stream:
                for chunk in iter(lambda: stream.read(CHUNK), b""):
                    digest.update(chunk)
        except FileNotFoundError:
            return ""
        return digest.hexdigest()

    @contextlib.contextmanager
    def alone(self, path: str) -> t.Iterator[None]:
        """Whoever else wants the files beside C(path) this way waits. No lock outlives its process, however it ends."""
        directory = os.path.dirname(os.path.realpath(self.at(path)))
        with contextlib.ExitStack() as at_last:
            # There may be no directory yet; and not every network file system has locks.
            with contextlib.suppress(OSError):
                if directory not in self._locked:
                    descriptor = os.open(directory, os.O_RDONLY)
                    at_last.callback(os.close, descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                    self._locked.add(directory)
                    at_last.callback(self._locked.discard, directory)
            yield

    def write(self, path: str, content: str, mode: int, keep_owner: bool = False) -> None:
        self.store(path, mode, [content.encode("utf-8", errors="surrogateescape")], keep_owner=keep_owner)

    def store(
        self,
        path: str,
        mode: int,
        chunks: t.Iterable[bytes],
        check: t.Callable[[str], None] = lambda at: None,
        keep_owner: bool = False,
    ) -> None:
        """C(check) sees the complete temporary file before it takes its place. Raises ClusterError."""
        final = os.path.realpath(self.at(path))
        temporary = os.path.join(os.path.dirname(final), f".{os.path.basename(final)}.new")
        try:
            os.makedirs(os.path.dirname(final), mode=0o755, exist_ok=True)
            with self.alone(path), contextlib.ExitStack() as at_last:
                self._forget(temporary)
                at_last.callback(self._forget, temporary)
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    for chunk in chunks:
                        stream.write(chunk)
                    stream.flush()
                    if keep_owner and os.path.exists(final):
                        old = os.stat(final)
                        os.fchown(stream.fileno(), old.st_uid, old.st_gid)
                    os.fchmod(stream.fileno(), mode)
                    os.fsync(stream.fileno())
                check(temporary)
                os.replace(temporary, final)
        except OSError as error:
            raise ClusterError(
                Problem(path, f"cannot be written: {error.strerror}", "Check the disk's space and state (df, mount)")
            ) from error

    def chunks(self, path: str) -> t.Iterator[bytes]:
        with open(self.at(path), "rb") as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")

    def link(self, target: str, path: str) -> None:
        os.symlink(target, self.at(path))

    def link_target(self, path: str) -> str:
        return os.readlink(self.at(path)) if os.path.islink(self.at(path)) else ""

    def remove(self, path: str) -> None:
        if os.path.ismount(self.at(path)) and os.path.isdir(self.at(path)):
            for name in os.listdir(self.at(path)):
                self.remove(os.path.join(path, name))
        elif os.path.isdir(self.at(path)) and not os.path.islink(self.at(path)):
            shutil.rmtree(self.at(path))
        else:
            self._forget(self.at(path))

    @staticmethod
    def _forget(path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


@dataclasses.dataclass(frozen=True)
class Unit:
    """What systemd knows of a unit; C(load) is empty where there is no systemd to ask."""

    load: str = ""
    active: str = "inactive"
    enabled: bool = False
    stale: bool = False
    main_pid: int = 0

    @property
    def running(self) -> bool:
        return self.active in ("active", "reloading")


class Systemd:
    PROPERTIES = "LoadState,ActiveState,UnitFileState,NeedDaemonReload,MainPID"

    def __init__(self, run: Run) -> None:
        self.run = run

    def unit(self, name: str) -> Unit:
        try:
            status, out, _err = self.run(["systemctl", "show", "-p", self.PROPERTIES, name])
        except FileNotFoundError:
            return Unit()
        if status != 0:
            return Unit()
        values = dict(line.partition("=")[::2] for line in out.splitlines())
        return Unit(
            values.get("LoadState", ""),
            values.get("ActiveState", "inactive"),
            values.get("UnitFileState") == "enabled",
            values.get("NeedDaemonReload") == "yes",
            int(values.get("MainPID") or 0),
        )

    def __call__(self, *args: str) -> None:
        try:
            status, out, err = self.run(["systemctl", *args])
        except FileNotFoundError:
            status, out, err = 127, "", "there is no systemctl on this host"
        if status != 0:
            raise ClusterError(
                Problem(
                    f"systemctl {' '.join(args)}", (err or out).strip(), "Look at it on the host; K3s needs systemd"
                )
            )

    def log(self, name: str, lines: int = 20) -> str:
        try:
            status, out, _err = self.run(["journalctl", "-u", name, "-n", str(lines), "--no-pager", "-o", "cat"])
        except FileNotFoundError:
            return ""
        return out.strip() if status == 0 else ""


class Api:
    """The API servers, asked with the administrator's certificate that every server of K3s has on its disk."""

    def __init__(self, files: Files, timeout: float = 5) -> None:
        self.files = files
        self.timeout = timeout

    def answers(self, address: str, port: int) -> bool:
        """Whether anything speaks HTTPS there; nothing is sent that needs trust."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._ask(address, port, context, "GET", "/readyz")[0] > 0

    def request(self, path: str, method: str = "GET", address: str = "127.0.0.1") -> t.Tuple[int, str]:
        """Status and body; status 0 if nobody answers as this cluster's API server, or this is no server."""
        try:
            # The cluster's own authority vouches for the server; names do not matter as it signs nothing else.
            context = ssl.create_default_context(cafile=self.files.at(f"{TLS}/server-ca.crt"))
            context.check_hostname = False
            context.load_cert_chain(self.files.at(f"{TLS}/client-admin.crt"), self.files.at(f"{TLS}/client-admin.key"))
        except OSError:
            return 0, ""
        return self._ask(address, API_PORT, context, method, path)

    def _ask(self, address: str, port: int, context: ssl.SSLContext, method: str, path: str) -> t.Tuple[int, str]:
        connection = http.client.HTTPSConnection(address, port, timeout=self.timeout, context=context)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def ready(self, address: str = "127.0.0.1") -> bool:
        return self.request("/readyz", address=address)[0] == 200

    def nodes(self) -> t.List[t.Dict[str, t.Any]]:
        status, body = self.request("/api/v1/nodes")
        return list(json.loads(body)["items"]) if status == 200 else []


class Processes:
    """What K3s leaves running and mounted when its unit stops (KillMode=process keeps pods alive)."""

    CGROUPS = ("/k3s.service", "/k3s-agent.service", "/kubepods")
    DATA = "/var/lib/rancher/k3s/data/"
    MOUNTS = ("/run/k3s/", "/var/lib/rancher/k3s/", "/var/lib/kubelet/", "/run/netns/cni-")

    def __init__(self, files: Files, run: Run, kill: t.Callable[[int, int], None] = os.kill) -> None:
        self.files = files
        self.run = run
        self.kill = kill

    def leftovers(self) -> t.List[int]:
        proc = self.files.at("/proc")
        try:
            pids = sorted(int(entry) for entry in os.listdir(proc) if entry.isdigit())
        except FileNotFoundError:
            return []
        # On a host that is itself a pod every process is below kubepods.
        own = self.files.read("/proc/1/cgroup") or ""
        cgroups = [cgroup for cgroup in self.CGROUPS if cgroup not in own]
        return [pid for pid in pids if pid not in (1, os.getpid()) and self._is_ours(pid, cgroups)]

    def _is_ours(self, pid: int, cgroups: t.Sequence[str]) -> bool:
        try:
            cgroup = self.files.read(f"/proc/{pid}/cgroup") or ""
            command = (self.files.read(f"/proc/{pid}/cmdline") or "").split("\0")[0]
        except OSError:  # it ended while we looked
            return False
        return command.startswith(self.DATA) or any(part in cgroup for part in cgroups)

    def kill_leftovers(self) -> None:
        for pid in self.leftovers():
            with contextlib.suppress(ProcessLookupError):
                self.kill(pid, signal.SIGKILL)

    def mounts(self) -> t.List[str]:
        lines = (self.files.read("/proc/self/mounts") or "").splitlines()
        points = [line.split(" ")[1].replace("\\040", " ") for line in lines]
        return [point for point in reversed(points) if point.startswith(self.MOUNTS)]

    def unmount(self) -> None:
        """Deleting a directory must never reach into storage that is still mounted below it."""
        for point in self.mounts():
            self.run(["umount", point])
        left = self.mounts()
        if left:
            raise ClusterError(
                Problem(
                    left[0],
                    "is still mounted, nothing below it was deleted",
                    "Unmount it (see fuser -vm) and run again",
                )
            )
