# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures, and writes what came of it to RESULTS.md: `python -m tests.bench [section …]`, all sections by default.

A section is a module beside this one with a TITLE and `measure() -> str`, the Markdown below its heading.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import re
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
SECTIONS = ("lab", "bgp_policy", "bgp_verify", "configure", "secret_guard", "argocd_project_repo", "argocd_permissions")
HEAD = """# Measurements

Written by `make bench`, section by section. Times are of one machine and drift with it: compare within a section.
Where a range is given, the figure before it is the median.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="section", help=", ".join(SECTIONS))
    for name in parser.parse_args().sections or SECTIONS:
        section = importlib.import_module(f"tests.bench.{name}")
        print(f"=== {name}", flush=True)
        write(section.TITLE, section.measure())


def write(title: str, body: str) -> None:
    """Put the section into the page, in place of the one with this title."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {platform.release()}"
    page = RESULTS.read_text() if RESULTS.exists() else HEAD
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    found = f"## {title}\n\nMeasured on {datetime.date.today().isoformat()}; {machine}.\n\n{body.strip()}\n\n"
    others = [part for part in parts[1:] if not part.startswith(f"## {title}\n")]
    order = [importlib.import_module(f"tests.bench.{name}").TITLE for name in SECTIONS]
    kept = sorted([*others, found], key=lambda part: order.index(part[3:].partition("\n")[0]))
    RESULTS.write_text(parts[0].rstrip() + "\n\n" + "\n".join(part.rstrip() + "\n" for part in kept))


if __name__ == "__main__":
    main()
