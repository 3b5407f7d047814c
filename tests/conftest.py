# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ansible_collections.homeops.cluster importable from the checkout, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.common import warnings
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).parent.parent

# The same examples in every run, and nothing left beside the sources.
set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
settings.register_profile("gate", derandomize=True, database=None)
settings.load_profile("gate")

_AnsibleCollectionFinder(paths=[str(ROOT / ".ansible" / "collections")])._install()


@pytest.fixture(autouse=True)
def own_warnings(monkeypatch):
    """Ansible keeps what modules warn of until the process ends; a result must not tell of another test's."""
    monkeypatch.setattr(warnings, "_global_warnings", {})
