# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.homeops.cluster.plugins.filter import argocd_project_spec as plugin

URL = "https://git.example.com/home/cluster.git"
SERVER = "https://kubernetes.default.svc"


def test_a_privileged_project_may_do_anything_from_the_one_repository():
    assert plugin.FilterModule().filters()["argocd_project_spec"](URL, privileged=True) == {
        "sourceRepos": [URL],
        "destinations": [{"server": SERVER, "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }


def test_others_are_kept_out_of_what_the_cluster_itself_is():
    assert plugin.argocd_project_spec(URL, namespace="cd") == {
        "sourceRepos": [URL],
        "destinations": [
            {"server": SERVER, "namespace": "*"},
            {"server": SERVER, "namespace": "!cd"},
            {"server": SERVER, "namespace": "!kube-system"},
        ],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1,), "repository must be str, not int"),
        ((URL, "yes"), "privileged must be bool, not str"),
        ((URL, True, None), "namespace must be str, not NoneType"),
    ],
)
def test_wrong_types(arguments, said):
    with pytest.raises(AnsibleFilterError, match=said):
        plugin.argocd_project_spec(*arguments)
