# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._node_swap import COMMENT, fstab_without_swap


@pytest.mark.parametrize(
    ("line", "commented"),
    [
        ("UUID=1 none swap sw 0 0\n", True),
        ("/swap.img\tnone\tswap\tsw\t0\t0", True),
        ("  /dev/sda2 swap swap defaults", True),
        ("# UUID=1 none swap sw 0 0\n", False),
        ("/dev/sda3 /swap ext4 defaults 0 2\n", False),
        ("\n", False),
        ("/dev/sda2 none swap sw 0 0\r\n", True),
        ("# a page\x0c/dev/sda2 none swap sw 0 0\n", False),
        ("LABEL=\udce4 /\x85mnt swap swap\n", False),
    ],
)
def test_swap_lines_are_commented_out_and_nothing_else(line, commented):
    text = f"/dev/sda1 / ext4 defaults 0 1\n{line}"
    once = fstab_without_swap(text)
    assert once == (f"/dev/sda1 / ext4 defaults 0 1\n{COMMENT}{line}" if commented else text)
    assert fstab_without_swap(once) == once
