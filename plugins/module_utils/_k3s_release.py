# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The K3s binary: where it comes from, and that it is the one that was released."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import typing as t
import urllib.parse

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_files import BINARY
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import CHUNK, Files, OpenUrl, Run
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

RELEASES = "https://github.com/k3s-io/k3s/releases/download"
# What was verified at installation, so that a later run needs no network to know that the file is still the same.
RECORD = "/usr/local/share/k3s/sha256sum"
# machine: (suffix of the binary, name of the checksum file)
ARTIFACTS = {
    "x86_64": ("", "sha256sum-amd64.txt"),
    "aarch64": ("-arm64", "sha256sum-arm64.txt"),
    "armv7l": ("-armhf", "sha256sum-arm.txt"),
}


@dataclasses.dataclass(frozen=True)
class Release:
    """The wanted binary. C(path), a file on the node, goes before C(url), where each version has its directory."""

    version: str = ""
    url: str = RELEASES
    path: str = ""
    checksum: str = ""

    @property
    def base(self) -> str:
        return f"{self.url.rstrip('/')}/{urllib.parse.quote(self.version, safe='')}"


class Binary:
    def __init__(self, files: Files, run: Run, open_url: OpenUrl, machine: str) -> None:
        self.files = files
        self.run = run
        self.open_url = open_url
        self.machine = machine

    def version(self, at: str = "") -> str:
        """What the binary says it is, empty if it cannot say."""
        try:
            status, out, _err = self.run([at or self.files.at(BINARY), "--version"])
        except OSError:
            return ""
        words = out.split()
        return words[2] if status == 0 and len(words) > 2 and words[:2] == ["k3s", "version"] else ""

    def change(self, release: Release) -> Change:
        """Decided without network; empty strings where the digest is only known after the download."""
        digest, recorded, version = self.files.sha256(BINARY), *self._record()
        wanted = release.checksum or (recorded if version == release.version else "")
        if release.path:
            wanted = self.files.sha256(release.path)
        after = release.version or release.path
        if digest and digest == wanted and (version == release.version or not release.version):
            return Change(BINARY, f"{after}\n", f"{after}\n")
        # The same version with other bytes is a change, too.
        return Change(BINARY, f"{version or 'unknown'}\n" if digest else "", f"{after}\n", hidden=True)

    def install(self, release: Release) -> None:
        """Verified under a temporary name, then renamed: a half-downloaded or wrong binary never runs."""
        where, chunks, wanted = self._source(release)
        digest = hashlib.sha256()
        version = ""

        def hashed() -> t.Iterator[bytes]:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk

        def check(temporary: str) -> None:
            nonlocal version
            if wanted and digest.hexdigest() != wanted:
                raise ClusterError(
                    Problem(
                        where,
                        f"has SHA-256 {digest.hexdigest()}, not {wanted}",
                        "Check the source; nothing was installed",
                    )
                )
            version = self.version(temporary)
            if not version or release.version not in ("", version):
                what = f"says it is {version}" if version else "does not run on this host"
                wanted_version = release.version or "K3s"
                raise ClusterError(
                    Problem(where, f"{what}, wanted {wanted_version}", "Check k3s_version and the source")
                )

        self.files.store(BINARY, 0o755, hashed(), check)
        self.files.write(RECORD, f"{digest.hexdigest()}  {release.version or version}\n", 0o644)
        with contextlib.suppress(OSError):  # no SELinux tools: no SELinux
            self.run(["restorecon", self.files.at(BINARY)])

    def _record(self) -> t.Tuple[str, str]:
        digest, _sep, version = (self.files.read(RECORD) or "").strip().partition("  ")
        return digest, version

    def _source(self, release: Release) -> t.Tuple[str, t.Iterable[bytes], str]:
        """Its name, its bytes, and the digest that they must have."""
        if release.path:
            if not self.files.exists(release.path):
                raise ClusterError(Problem(release.path, "does not exist on the node", "Copy the K3s binary there"))
            return release.path, self.files.chunks(release.path), release.checksum
        if self.machine not in ARTIFACTS:
            known = ", ".join(ARTIFACTS)
            raise ClusterError(
                Problem("machine", f"is {self.machine}, K3s is released for {known}", "Use k3s_binary_path")
            )
        suffix, checksums = ARTIFACTS[self.machine]
        name = f"k3s{suffix}"
        digest = release.checksum or self._published(f"{release.base}/{checksums}", name)
        address = f"{release.base}/{name}"
        return address, self._chunks(address), digest

    def _chunks(self, address: str) -> t.Iterator[bytes]:
        with self._open(address) as stream:
            try:
                yield from iter(lambda: stream.read(CHUNK), b"")
            except (OSError, http.client.HTTPException) as error:
                raise ClusterError(
                    Problem(address, f"broke off: {error}", "Run again; nothing was installed")
                ) from error

    def _published(self, address: str, name: str) -> str:
        with self._open(address) as stream:
            text = stream.read().decode("utf-8", errors="replace")
        for line in text.splitlines():
            digest, *names = line.split()[:2] or [""]
            if names and names[0].lstrip("*") == name:
                return digest.lower()
        raise ClusterError(Problem(address, f"has no checksum of {name}", "Check k3s_release_url, or give a checksum"))

    def _open(self, address: str) -> t.BinaryIO:
        try:
            return self.open_url(address)
        except Exception as error:  # open_url of Ansible raises whatever its transport raises
            raise ClusterError(
                Problem(address, f"cannot be fetched: {error}", "Check k3s_release_url, k3s_version and the network")
            ) from error
