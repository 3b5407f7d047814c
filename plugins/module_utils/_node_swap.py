# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Everything that turns swap on, and how to keep it off."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._node_host import Host

FSTAB = "/etc/fstab"
UNITS = "/etc/systemd/system"
COMMENT = "# homeops.cluster keeps swap off: "
# systemd's generators (fstab, partition table, zram) hang all they find on this target; these services do not.
TARGET = "swap.target"
SERVICES = ("dphys-swapfile.service", "zram-config.service", "zramswap.service")
UNIT_DIRECTORIES = ("/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late")


def fstab_without_swap(text: str) -> str:
    """The same lines, those that are swap commented out."""
    return "\n".join(COMMENT + line if _is_swap(line) else line for line in text.split("\n"))


def _is_swap(line: str) -> bool:
    fields = line.split()
    return len(fields) > 2 and not fields[0].startswith("#") and fields[2] == "swap"


def units_to_mask(host: Host) -> t.List[str]:
    """Units that would turn swap on at the next boot."""
    return [
        TARGET,
        *(name for name in SERVICES if any(host.exists(f"{directory}/{name}") for directory in UNIT_DIRECTORIES)),
    ]


def active_swap(host: Host) -> t.List[str]:
    """The devices and files the kernel swaps to."""
    return [line.split()[0] for line in (host.read("/proc/swaps") or "").splitlines()[1:] if line.strip()]
