# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/argocd-permissions.md lists every code of the linter with its severity, and no other; and each is tested."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import CODES

ROOT = Path(__file__).parents[3]
UTILS = ROOT / "tests" / "unit" / "plugins" / "module_utils"


def test_every_code_is_documented():
    page = (ROOT / "docs" / "argocd-permissions.md").read_text()
    listed = page.partition("## Codes")[2]
    assert dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", listed, re.MULTILINE)) == dict(CODES)


def test_every_code_is_tested():
    tests = "".join(path.read_text() for path in (*UTILS.glob("test__argocd_lint*"), *UTILS.glob("test__argocd_proj*")))
    assert {code for code in CODES if code not in tests} == set()
