# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._compatibility import (
    CILIUM,
    bgp_api_version,
    gateway_api_version,
    minor_of,
    version_problems,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


@pytest.mark.parametrize(
    ("cilium", "bgp_api", "gateway_api"),
    [
        ("1.16.12", "v2alpha1", "v1.1.0"),
        ("1.17.6", "v2alpha1", "v1.2.0"),
        ("1.18.0", "v2", "v1.2.0"),
        ("1.19.4", "v2", "v1.4.1"),
        ("1.20.0-pre.1", "v2", "v1.5.1"),
    ],
)
def test_cilium_decides_about_apis(cilium, bgp_api, gateway_api):
    assert bgp_api_version(cilium) == bgp_api
    assert gateway_api_version(cilium) == gateway_api


@pytest.mark.parametrize(("cilium", "why"), [("1.15.9", "legacy"), ("1.21.0", "newer"), ("2.0.0", "newer")])
def test_unknown_cilium_names_the_known_ones(cilium, why):
    with pytest.raises(ClusterError, match=why) as error:
        bgp_api_version(cilium)
    assert "1.16, 1.17, 1.18, 1.19, 1.20" in str(error.value)


@pytest.mark.parametrize("version", ["v1.35.4+k3s1", "1.35.4", "v1.35.0-rc1+k3s1"])
def test_minor_is_a_pair_of_numbers(version):
    assert minor_of(version) == (1, 35)


@pytest.mark.parametrize("minor", CILIUM)
def test_both_ends_of_the_kubernetes_range_are_supported(minor):
    lowest, highest = CILIUM[minor].kubernetes
    cilium, gateway_api = f"{minor[0]}.{minor[1]}.0", CILIUM[minor].gateway_api

    def troubled(kubernetes):
        return [problem.where for problem in version_problems(f"v1.{kubernetes}.0+k3s1", cilium, gateway_api)]

    assert troubled(lowest[1]) == troubled(highest[1]) == []
    assert troubled(lowest[1] - 1) == troubled(highest[1] + 1) == ["cluster_versions.k3s"]


def test_what_was_not_readable_is_not_judged():
    assert version_problems("v1.10.0+k3s1", None, "v0.1.0") == []
    assert version_problems(None, "1.19.0", None) == []
