# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No plain secret in Git: the module secret_guard as a command, which needs Python and PyYAML but no Ansible."""

from __future__ import annotations

import argparse
import json
import sys
import types
from pathlib import Path

PACKAGE = "ansible_collections.homeops.cluster"


def importable(root: Path) -> None:
    """Lets the collection's files find each other under their names, wherever the collection lies."""
    parents = PACKAGE.split(".")
    for number in range(1, len(parents) + 1):
        package = types.ModuleType(".".join(parents[:number]))
        package.__path__ = [str(root)] if number == len(parents) else []
        sys.modules.setdefault(package.__name__, package)


class Parser(argparse.ArgumentParser):
    """A wrong option is an error, not a finding; argparse's own exit code would say otherwise."""

    def error(self, message: str) -> None:
        self.print_usage(sys.stderr)
        self.exit(3, f"{self.prog}: error: {message}\n")


def main() -> int:
    parser = Parser(
        prog="secret-guard",
        description=__doc__,
        epilog="Exit codes: 0 nothing found, 2 something found, 3 could not tell.",
    )
    parser.add_argument("folder", nargs="?", default=".", help="folder of a Git work tree (default: the current one)")
    parser.add_argument("--staged", action="store_true", help="what git commit would commit now, not what is on disk")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    try:
        import yaml  # noqa: F401, PLC0415

        importable(Path(__file__).resolve().parent.parent)
        from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import guard  # noqa: PLC0415
    except ImportError as error:
        sys.stderr.write(f"secret-guard: error: {error}. Install it with pip install PyYAML.\n")
        return 3
    report = guard(arguments.folder, staged=arguments.staged)
    sys.stdout.write((json.dumps(report.answer(), indent=2) if arguments.json else report.text()) + "\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
