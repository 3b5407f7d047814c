# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the mirror serves: K3s release, charts, Gateway API, Debian and rpm packages, a Git repository.

Everything lies in .lab/<name>/mirror, which the mirror container serves; who pushes to a Git repository writes there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.lab import argo_cd_chart
from tests.lab.command import digest, note, run
from tests.lab.images import machine_network, root_of
from tests.lab.programs import k3s, module_directory, versions
from tests.lab.settings import Lab

GATEWAY_API_MODULE = "sigs.k8s.io/gateway-api"
MADE_BY = digest(Path(__file__), Path(argo_cd_chart.__file__))
GIT = ("git", "-c", "user.name=lab", "-c", "user.email=lab@localhost", "-c", "init.defaultBranch=main")


def fill(lab: Lab, node_image: str) -> None:
    """Bring every part up to date; a part is made again only when what it is made of has changed."""
    content = lab.directory / "mirror"
    content.mkdir(parents=True, exist_ok=True)
    served = versions(lab)
    gateway_api = [version["gateway_api"] for version in served]
    packages = lab.sources / "debian" / "packages.txt"
    stubs = lab.sources / "rocky" / "packages.txt"
    given = {"cilium": lab.settings.cilium_chart, "argo-cd": lab.settings.argocd_chart}
    releases = {release: lab.binaries / k3s(release).name for release in (version["k3s"] for version in served)}
    if lab.settings.k3s_binary:
        releases[served[0]["k3s"]] = Path(lab.settings.k3s_binary)
    _releases(releases, content / "k3s")
    parts: tuple[tuple[str, str, Callable[[Path], None]], ...] = (
        (
            "charts",
            digest(lab.sources / "charts", *lab.cilium_versions, *given.values()),
            lambda to: _charts(lab, given, to),
        ),
        ("gateway-api", digest(*gateway_api), lambda to: _gateway_api(gateway_api, to)),
        ("debian", digest(packages, node_image), lambda to: _debian(packages, node_image, to)),
        ("rocky", digest(stubs), lambda to: _rocky(stubs, to)),
        ("git", digest(lab.sources / "git"), lambda to: _git(lab.sources / "git", to)),
    )
    for name, wanted, make in parts:
        _publish(lab, f"{name}-{digest(wanted, MADE_BY)}", content / name, make)


def _publish(lab: Lab, name: str, served: Path, make: Callable[[Path], None]) -> None:
    """Make a part in the cache unless it is there, and serve it as a tree of hard links of its own."""
    cached = lab.cache / name
    if not cached.exists():
        note(served.name)
        part = lab.scratch / name
        part.mkdir()
        make(part)
        for old in lab.cache.glob(f"{served.name}-*"):
            shutil.rmtree(old)
        lab.cache.mkdir(exist_ok=True)
        os.replace(part, cached)
    stamp = served / ".from"
    if stamp.exists() and stamp.read_text() == cached.name:
        return
    shutil.rmtree(served, ignore_errors=True)
    run("cp", "--archive", "--link", cached, served)
    stamp.write_text(cached.name)


def _releases(binaries: Mapping[str, Path], folder: Path) -> None:
    """The files of each K3s release under the names a real one has."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in binaries:
            shutil.rmtree(old)
    for release, binary in binaries.items():
        _release(binary, folder / release)


def _release(binary: Path, folder: Path) -> None:
    served, sums = folder / "k3s", folder / "sha256sum-amd64.txt"
    current = served.exists() and sums.exists() and os.path.samefile(served, binary)
    if current and sums.stat().st_mtime_ns > binary.stat().st_mtime_ns:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        os.link(binary.resolve(), served)
    except OSError:
        shutil.copy2(binary, served)
    sums.write_text(f"{_sha256(served)}  k3s\n")


def _charts(lab: Lab, given: Mapping[str, str], folder: Path) -> None:
    helm = lab.binaries / "helm"
    for name, real in given.items():
        if real:
            shutil.copy2(real, folder)
            continue
        if name == "argo-cd":
            argo_cd_chart.package(lab, folder)
        else:
            package_cilium(lab, lab.sources / "charts" / name, folder)
    run(helm, "repo", "index", folder)


def package_cilium(lab: Lab, chart: Path, folder: Path) -> None:
    """One chart for all versions: it has the values that the role cilium uses, which none of them lacks."""
    for version in lab.cilium_versions:
        named = ("--version", version, "--app-version", version)
        run(lab.binaries / "helm", "package", chart, "--destination", folder, *named)


def _gateway_api(releases: Iterable[str], folder: Path) -> None:
    for version in releases:
        source = module_directory(GATEWAY_API_MODULE, version) / "config" / "crd" / "standard"
        release = folder / version
        release.mkdir()
        text = "".join(f"---\n{file.read_text()}\n" for file in sorted(source.glob("*.yaml")))
        (release / "standard-install.yaml").write_text(text)
        sums = f"{_sha256(release / 'standard-install.yaml')}  standard-install.yaml\n"
        (release / "sha256sum.txt").write_text(sums)


def _debian(packages: Path, node_image: str, folder: Path) -> None:
    """The packages with everything they need beyond what the node image has: a flat apt repository."""
    names = [words[0] for words in _lines(packages)]
    with root_of(node_image) as (_container, root):
        with machine_network(root) as inside:
            inside("apt-get", "update", "-q")
            inside("apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only", *names)
        for package in (root / "var/cache/apt/archives").glob("*.deb"):
            shutil.copy2(package, folder)
    index = run("dpkg-scanpackages", "--multiversion", ".", cwd=folder)
    (folder / "Packages").write_text(index)
    (folder / "Release").write_text(
        f"Suite: lab\nSHA256:\n {_sha256(folder / 'Packages')} {len(index.encode())} Packages\n"
    )


SPEC = """\
Name: {name}
Version: 1.0
Release: 1.lab
Summary: Stand-in of the homeops.cluster lab
License: GPL-3.0-or-later
BuildArch: noarch
%description
Holds nothing but units that sleep.
%install
mkdir -p %{{buildroot}}/usr/lib/systemd/system
{install}
%files
{files}
"""
UNIT = """\
[Unit]
Description=Stand-in of the homeops.cluster lab
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


def _rocky(stubs: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        unit = Path(scratch) / "unit"
        unit.write_text(UNIT)
        for name, *units in _lines(stubs):
            paths = [f"/usr/lib/systemd/system/{service}" for service in units]
            spec = Path(scratch) / f"{name}.spec"
            install = "\n".join(f"cp {unit} %{{buildroot}}{path}" for path in paths)
            spec.write_text(SPEC.format(name=name, install=install, files="\n".join(paths)))
            run("rpmbuild", "-bb", "--quiet", "-D", f"_topdir {scratch}", "-D", f"_rpmdir {folder}", spec)
    run("createrepo_c", "--quiet", folder)


def _git(tree: Path, folder: Path) -> None:
    """home.git with what lies in tests/lab/git; HTTP clients may read it."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "home"
        shutil.copytree(tree, work)
        run(*GIT, "init", "--quiet", work)
        run(*GIT, "-C", work, "add", "--all")
        run(*GIT, "-C", work, "commit", "--quiet", "--message", "Describe the cluster")
        run(*GIT, "clone", "--quiet", "--bare", work, folder / "home.git")


def _lines(file: Path) -> list[list[str]]:
    """The words of every line that says something."""
    lines = (line.partition("#")[0].split() for line in file.read_text().splitlines())
    return [words for words in lines if words]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
