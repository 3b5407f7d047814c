# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every version of Cilium in the lab: its program, its Kubernetes, and what the mirror serves for it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tarfile

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._compatibility import version_problems

from tests.lab import mirror, programs
from tests.lab.settings import CILIUM_VERSIONS, Lab, Settings

LABS = [Lab(Settings(cilium_version=version)) for version in CILIUM_VERSIONS]
IMAGES = yaml.safe_load((LABS[0].sources / "programs" / "images.yaml").read_text())


def supported(versions, k3s):
    return not version_problems(k3s, versions["cilium"], versions["gateway_api"])


@pytest.mark.parametrize("lab", LABS, ids=CILIUM_VERSIONS)
def test_its_versions_go_together(lab):
    versions = programs.versions(lab)
    assert versions[0]["cilium"] == lab.settings.cilium_version
    assert supported(versions[0], versions[0]["k3s"])


@pytest.mark.parametrize("lab", LABS, ids=CILIUM_VERSIONS)
def test_it_is_upgraded_with_the_k3s_that_it_has(lab):
    for before, after in itertools.pairwise(programs.versions(lab)):
        assert supported(after, before["k3s"])


@pytest.mark.parametrize("version", CILIUM_VERSIONS)
def test_its_module_asks_for_it(version):
    program = programs.CILIUM[version]
    module = (LABS[0].sources / "programs" / program.module / "go.mod").read_text()
    assert f"\tgithub.com/cilium/cilium v{version}\n" in module


@pytest.mark.parametrize("version", CILIUM_VERSIONS)
@pytest.mark.parametrize("image", ["cilium", "operator-generic"])
def test_its_image_stands_for_its_program(version, image):
    name = f"quay.io/cilium/{image}"
    argv = IMAGES.get(f"{name}:v{version}", IMAGES[name])["argv"]
    assert argv[0] == f"/usr/local/lib/lab/{programs.CILIUM[version].name}"


def test_a_lab_compiles_what_it_needs_and_what_it_needs_to_be_upgraded():
    older, newer = ([program.name for program in programs.stand_ins(lab)] for lab in LABS)
    assert newer == ["k3s-v1.35.4+k3s1", "cilium-bgp-1.19", "argocd-v3.5.3"]
    assert older == ["k3s-v1.33.6+k3s1", "k3s-v1.35.4+k3s1", "cilium-bgp-1.18", "cilium-bgp-1.19", "argocd-v3.5.3"]


def test_each_k3s_says_its_own_version():
    assert programs.k3s("v1.33.6+k3s1").flags == ("-ldflags", "-s -w -X main.version=v1.33.6+k3s1")


def test_the_mirror_serves_each_release_and_no_other(tmp_path):
    binary = tmp_path / "k3s-v1"
    binary.write_text("1")
    for versions in (["v1", "v2"], ["v2"]):
        mirror._releases(dict.fromkeys(versions, binary), tmp_path / "k3s")
        served = sorted(path.relative_to(tmp_path / "k3s").as_posix() for path in (tmp_path / "k3s").glob("*/*"))
        assert served == [f"{version}/{name}" for version in versions for name in ("k3s", "sha256sum-amd64.txt")]


@pytest.mark.skipif(shutil.which("helm", path=str(LABS[0].binaries)) is None, reason="the lab brings helm")
def test_the_mirror_serves_the_chart_as_each_version(tmp_path):
    chart = tmp_path / "cilium"
    shutil.copytree(LABS[0].sources / "charts" / "cilium", chart)
    mirror.package_cilium(LABS[0], chart, tmp_path)
    for version in CILIUM_VERSIONS:
        with tarfile.open(tmp_path / f"cilium-{version}.tgz") as archive:
            described = yaml.safe_load(archive.extractfile("cilium/Chart.yaml").read())
        assert (described["version"], described["appVersion"]) == (version, version)
        command = [LABS[0].binaries / "helm", "template", "cilium", tmp_path / f"cilium-{version}.tgz"]
        rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert f"quay.io/cilium/cilium:v{version}" in rendered
        assert f"quay.io/cilium/operator-generic:v{version}" in rendered
