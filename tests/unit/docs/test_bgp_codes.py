# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/bgp.md lists every code that bgp_verify can give, and no other; and each of them is tested."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "plugins" / "module_utils").glob("_bgp_*.py")
TESTS = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "test__bgp_diagnosis.py"


def test_every_code_is_documented_and_tested():
    page = (ROOT / "docs" / "bgp.md").read_text()
    listed = page.partition("## What it can name")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE))
    tested = set(re.findall(r"^@fault\(\"(\w+)\"", TESTS.read_text(), re.MULTILINE))
    words = {word for path in SOURCES for word in re.findall(r"\"([a-z]+(?:_[a-z]+)+)\"", path.read_text())}
    assert documented == tested | {"cluster_not_answering"}
    assert documented <= words
