# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import bgp_node_info


@pytest.mark.parametrize("check", [False, True])
def test_the_node_answers_and_the_password_is_not_told(capsys, check):
    options = {"address": "127.0.0.1", "peers": ["127.0.0.1"], "password": "s3cret!", "timeout": 1}
    with patch_module_args({**options, "_ansible_check_mode": check}), pytest.raises(SystemExit):
        bgp_node_info.main()
    out = capsys.readouterr().out
    result = json.loads(out)
    assert "s3cret!" not in out
    assert (result["changed"], result["has_address"], result["link"]) == (False, True, {"name": "lo", "up": True})
    assert [peer["address"] for peer in result["peers"]] == ["127.0.0.1"]


def test_a_file_that_is_not_there_is_empty():
    assert bgp_node_info.Host(None).read("/nowhere") == ""
