# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab from the command line: see docs/lab.md. LAB_NAME, LAB_SERVERS, LAB_AGENTS, LAB_ROCKY describe it."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from tests.lab import check, packages
from tests.lab.command import LabError
from tests.lab.settings import Lab, read


def main() -> int:
    chosen = _arguments()
    try:
        _run(chosen)
    except LabError as error:
        print(f"\nERROR: {error.what}\n{error.remedy}".rstrip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: it continues where it stopped.", file=sys.stderr)
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="is this machine fit for the lab?")
    commands.add_parser("python", help="install packages, and the virtual environment .venv")
    commands.add_parser("prepare", help="install and compile what the lab needs, but make no host")
    commands.add_parser("browser", help="install the browser that some tests open pages with")
    up = commands.add_parser("up", help="make the lab, run site.yml against it, show what came of it")
    up.add_argument("--no-site", action="store_true", help="make the hosts only")
    commands.add_parser("status", help="show the table again")
    commands.add_parser("reset", help="make the hosts again, empty")
    wipe = commands.add_parser("wipe", help="make one host again, with an empty disk")
    wipe.add_argument("host")
    down = commands.add_parser("down", help="remove the lab")
    down.add_argument("--all", action="store_true", help="images and caches as well")
    return parser.parse_args()


def _run(chosen: argparse.Namespace) -> None:
    """`check`, `python` and `down` must do with the system's Python, so the rest is imported only when it is wanted."""
    if chosen.command == "check":
        check.check(Lab(read(os.environ)))
    elif chosen.command == "python":
        packages.install()
        packages.make_environment()
    elif chosen.command == "browser":
        packages.install_browser()
    elif chosen.command == "down":
        import_module("tests.lab.down").down(everything=chosen.all)
    else:
        commands = import_module("tests.lab.up")
        if chosen.command == "up":
            commands.up(site=not chosen.no_site)
        elif chosen.command == "wipe":
            commands.wipe(chosen.host)
        else:
            getattr(commands, chosen.command)()


if __name__ == "__main__":
    sys.exit(main())
