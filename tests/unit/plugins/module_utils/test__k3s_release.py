# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_files import BINARY
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import Files
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_release import RECORD, Binary, Release
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

VERSION = "v1.35.4+k3s1"
URL = "https://mirror/k3s"
BASE = f"{URL}/v1.35.4%2Bk3s1"
PROGRAM = b"#!k3s " + VERSION.encode()
DIGEST = hashlib.sha256(PROGRAM).hexdigest()
RELEASE = Release(VERSION, URL)
FILES = {f"{BASE}/sha256sum-amd64.txt": f"{'0' * 64}  k3s-images.txt\n{DIGEST}  k3s\n".encode(), f"{BASE}/k3s": PROGRAM}


class Host:
    """A root directory, a web server, and programs that say their own content as their version."""

    def __init__(self, root, web, machine="x86_64"):
        self.files = Files(str(root))
        self.web = dict(web)
        self.asked = []
        self.binary = Binary(self.files, self.run, self.open_url, machine)

    def run(self, argv):
        if argv[0] == "restorecon":
            raise FileNotFoundError(argv[0])
        with open(argv[0], "rb") as stream:
            word, version = stream.read().decode().split(" ")
        assert argv[1:] == ["--version"]
        return (0, f"k3s version {version} (abc)\ngo version go1\n", "") if word == "#!k3s" else (1, "", "")

    def open_url(self, address):
        self.asked.append(address)
        if address not in self.web:
            raise OSError(f"HTTP 404: {address}")
        return io.BytesIO(self.web[address])


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path, FILES)


def test_a_release_is_verified_installed_and_then_needs_no_network(host):
    assert host.binary.change(RELEASE).needed
    assert host.asked == []
    host.binary.install(RELEASE)
    assert host.asked == [f"{BASE}/sha256sum-amd64.txt", f"{BASE}/k3s"]
    assert host.files.mode(BINARY) == 0o755
    assert host.files.read(RECORD) == f"{DIGEST}  {VERSION}\n"
    assert host.binary.version() == VERSION
    host.web.clear()
    assert not host.binary.change(RELEASE).needed


@pytest.mark.parametrize(
    ("machine", "suffix", "sums"),
    [("x86_64", "", "amd64"), ("aarch64", "-arm64", "arm64"), ("armv7l", "-armhf", "arm")],
)
def test_each_machine_has_its_artifact(tmp_path, machine, suffix, sums):
    web = {f"{BASE}/k3s{suffix}": PROGRAM, f"{BASE}/sha256sum-{sums}.txt": f"{DIGEST} *k3s{suffix}".encode()}
    host = Host(tmp_path, web, machine)
    host.binary.install(RELEASE)
    assert host.binary.version() == VERSION


@pytest.mark.parametrize(
    ("web", "release", "message"),
    [
        ({f"{BASE}/k3s": b"#!k3s evil"}, RELEASE, "has SHA-256"),
        ({f"{BASE}/k3s": None}, RELEASE, "cannot be fetched: HTTP 404"),
        ({f"{BASE}/sha256sum-amd64.txt": b"abc  other\n"}, RELEASE, "no checksum of k3s"),
        ({}, Release(VERSION, URL, checksum="0" * 64), f"not {'0' * 64}"),
        ({}, Release(path="/opt/k3s"), "/opt/k3s: does not exist"),
    ],
)
def test_what_is_not_the_release_is_not_installed(tmp_path, web, release, message):
    host = Host(tmp_path, {key: value for key, value in {**FILES, **web}.items() if value is not None})
    with pytest.raises(ClusterError, match=message):
        host.binary.install(release)
    assert not host.files.exists(BINARY)
    assert host.binary.change(release).needed


@pytest.mark.parametrize(
    ("program", "message"), [(b"#!k3s v1.0.0", "says it is v1.0.0, wanted v1.35.4"), (b"not K3s", "does not run")]
)
def test_another_version_or_another_program_is_not_installed(host, program, message):
    host.files.write("/opt/k3s", program.decode(), 0o755)
    with pytest.raises(ClusterError, match=message):
        host.binary.install(Release(VERSION, path="/opt/k3s"))
    assert not host.files.exists(BINARY)


def test_an_unknown_machine_is_told(tmp_path):
    with pytest.raises(ClusterError, match="machine: is riscv64"):
        Host(tmp_path, FILES, "riscv64").binary.install(RELEASE)


def test_a_broken_download_leaves_the_old_binary_and_no_rest(host):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionResetError("reset by peer")

    host.binary.install(RELEASE)
    real = host.open_url
    host.binary.open_url = lambda address: Broken() if address.endswith("/k3s") else real(address)
    with pytest.raises(ClusterError, match="broke off: reset by peer"):
        host.binary.install(RELEASE)
    assert host.binary.version() == VERSION
    assert sorted(entry for entry in __import__("os").listdir(host.files.at("/usr/local/bin"))) == ["k3s"]


@pytest.mark.parametrize(
    ("tamper", "release", "needed"),
    [
        pytest.param({}, RELEASE, False, id="the same"),
        pytest.param({BINARY: "#!k3s tampered"}, RELEASE, True, id="other bytes"),
        pytest.param({RECORD: ""}, RELEASE, True, id="never verified"),
        pytest.param({}, Release("v1.36.0+k3s1", URL), True, id="another version wanted"),
        pytest.param({}, Release(VERSION, URL, checksum=DIGEST), False, id="the wanted checksum"),
        pytest.param({}, Release(VERSION, URL, checksum="0" * 64), True, id="another checksum wanted"),
        pytest.param(
            {"/opt/k3s": PROGRAM.decode()}, Release(VERSION, path="/opt/k3s"), False, id="the same local file"
        ),
        pytest.param({"/opt/k3s": "#!k3s other"}, Release(path="/opt/k3s"), True, id="another local file"),
        pytest.param({}, Release(path="/opt/k3s"), True, id="a local file yet to come"),
    ],
)
def test_whether_the_binary_changes(host, tamper, release, needed):
    host.binary.install(RELEASE)
    for path, content in tamper.items():
        host.files.write(path, content, 0o755)
    assert host.binary.change(release).needed is needed
