# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


def test_the_action_group_names_exactly_the_modules():
    modules = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert runtime["action_groups"] == {"cluster": modules}
