# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Argo CD would refuse: the module argocd_permissions as a command, which needs Python and PyYAML, no Ansible."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import traceback
from pathlib import Path

from secret_guard import Parser, importable


def main() -> int:
    parser = Parser(
        prog="argocd-permissions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 all permitted, 1 warnings, 2 something is refused, 3 could not tell.",
    )
    add = parser.add_argument
    add("folder", nargs="?", default=".", help="the repository, or a folder in it (default: the current one)")
    add("--json", action="store_true", help="print the report as JSON")
    add("--staged", action="store_true", help="what git commit would commit now, not what is on disk")
    add("--repository", action="append", default=[], metavar="URL", help="of this repository (default: Git's remotes)")
    add("--namespace", default="argocd", help="of Argo CD (default: argocd)")
    add("--cluster", action="append", default=[], metavar="NAME=SERVER", help="a cluster that Argo CD knows")
    add("--image-policy", action="store_true", help="images need an entry registry/owner/image in sourceRepos")
    add("--unused", action="store_true", help="tell of entries that nothing needs, too")
    add("--templates", default="templates", metavar="FOLDER", help="of templates not rendered yet (default: templates)")
    add("--config", action="append", default=[], metavar="FILE", help="with their values (default: config.yaml)")
    arguments = parser.parse_args()
    try:
        import yaml  # noqa: F401, PLC0415

        importable(Path(__file__).resolve().parent.parent)
        from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_lint as linter  # noqa: PLC0415
    except ImportError as error:
        sys.stderr.write(f"argocd-permissions: error: {error}. Install it with pip install PyYAML.\n")
        return 3
    if any("=" not in cluster for cluster in arguments.cluster):
        parser.error("--cluster takes NAME=SERVER")
    settings = linter.Settings(
        repositories=tuple(arguments.repository),
        namespace=arguments.namespace,
        image_policy=arguments.image_policy,
        unused=arguments.unused,
        staged=arguments.staged,
        clusters=tuple(
            linter.Destination(server, name)
            for name, _equals, server in (one.partition("=") for one in arguments.cluster)
        ),
        templates=linter.Templates(arguments.templates, tuple(arguments.config or ["config.yaml"])),
    )
    gc.disable()  # nodes of YAML have no cycles, and looking for them takes a quarter of the time
    report = linter.lint(arguments.folder, settings)
    sys.stdout.write(json.dumps(report.answer(), indent=2) + "\n" if arguments.json else report.text())
    return report.exit_code


def exit_code() -> int:
    """Python's own of a crash means warnings here."""
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files, on a terminal that has no letters for them
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, but nobody all of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except Exception:
        traceback.print_exc()
        return 3
    return code


if __name__ == "__main__":
    sys.exit(exit_code())
