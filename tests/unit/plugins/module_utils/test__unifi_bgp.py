# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _unifi_bgp
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig

URL = "https://192.0.2.1/proxy/network/v2/api/site/default/bgp/config"
OURS = BgpConfig(
    "! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n neighbor CLUSTER-home password hunter1\n"
    "! End of homeops.cluster for cluster home.\n",
    "a.conf",
    "ours",
    True,
)
THEIRS = BgpConfig("router bgp 65000\n", "b.conf", "", True)
NEIGHBOURS = dataclasses.replace(OURS, text=OURS.text.replace("home.", "lab.").replace("-home", "-lab"))
BOTH = dataclasses.replace(OURS, text=NEIGHBOURS.text + OURS.text)
CHANGED = dataclasses.replace(OURS, enabled=False)
OTHER_PASSWORD = dataclasses.replace(OURS, text=OURS.text.replace("hunter1", "hunter2"))


@pytest.mark.parametrize(
    ("current", "desired", "needed", "shown"),
    [
        pytest.param(None, OURS, True, True, id="create"),
        pytest.param(OURS, OURS, False, False, id="same"),
        pytest.param(CHANGED, OURS, True, True, id="update"),
        pytest.param(OTHER_PASSWORD, OURS, True, False, id="only the password differs"),
        pytest.param(OURS, None, True, True, id="delete"),
        pytest.param(None, None, False, False, id="already deleted"),
        pytest.param(NEIGHBOURS, OURS, True, True, id="beside another cluster"),
        pytest.param(BOTH, OURS, False, False, id="same, beside another cluster"),
        pytest.param(BOTH, None, True, True, id="delete, beside another cluster"),
        pytest.param(NEIGHBOURS, None, False, False, id="another cluster alone"),
    ],
)
def test_plan(current, desired, needed, shown):
    change = _unifi_bgp.plan(current, desired, header=URL, cluster="home").change
    assert change.needed is needed
    assert (change.before != change.after) is shown
    assert "hunter" not in str(change.diff())


@pytest.mark.parametrize("desired", [OURS, None])
def test_what_somebody_else_configured_is_left_alone_unless_said_so(desired):
    with pytest.raises(ClusterError, match=r"did not write.*overwrite"):
        _unifi_bgp.plan(THEIRS, desired, header=URL, cluster="home")
    todo = _unifi_bgp.plan(THEIRS, desired, header=URL, cluster="home", overwrite=True)
    assert (todo.change.needed, todo.desired) == (True, desired)


def test_the_parts_of_other_clusters_stay():
    assert _unifi_bgp.plan(NEIGHBOURS, OURS, header=URL, cluster="home").desired == BOTH
    assert _unifi_bgp.plan(BOTH, None, header=URL, cluster="home").desired == NEIGHBOURS
    mixed = dataclasses.replace(BOTH, text=f"router ospf\n{BOTH.text}")
    assert _unifi_bgp.plan(mixed, OURS, header=URL, cluster="home", overwrite=True).desired == BOTH


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("text", " \n", "config"),
        ("description", "d" * 129, "description"),
        ("file_name", "", "file_name"),
        ("file_name", "f" * 257, "file_name"),
    ],
)
def test_what_the_application_would_refuse_is_refused_in_check_mode_too(field, value, where):
    with pytest.raises(ClusterError) as error:
        _unifi_bgp.plan(None, dataclasses.replace(OURS, **{field: value}), header=URL, cluster="home")
    assert [problem.where for problem in error.value.problems] == [where]


@pytest.mark.parametrize(
    ("current", "expected"),
    [(None, "absent"), (OURS, "managed"), (BOTH, "managed"), (NEIGHBOURS, "shared"), (THEIRS, "foreign")],
)
def test_origin(current, expected):
    assert _unifi_bgp.origin(current, "home") == expected
