# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing what was made. Runs on the system's own Python, too."""

from __future__ import annotations

import os
import shutil

from tests.lab import containers, images
from tests.lab.command import note
from tests.lab.settings import load


def down(everything: bool) -> None:
    """Containers, network and files of one lab; with `everything` the images and caches of all labs as well."""
    lab = load(os.environ)
    if shutil.which("podman"):
        containers.remove(lab)
        if everything:
            images.remove()
    shutil.rmtree(lab.directory, ignore_errors=True)
    if everything:
        shutil.rmtree(lab.shared, ignore_errors=True)
    note(f"lab {lab.name} is gone" + (", with images and caches" if everything else "; images and caches are kept"))
