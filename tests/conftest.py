# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ansible_collections.homeops.cluster importable from the checkout, wherever it lies."""

from __future__ import annotations

from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

ROOT = Path(__file__).parent.parent

_AnsibleCollectionFinder(paths=[str(ROOT / ".ansible" / "collections")])._install()
