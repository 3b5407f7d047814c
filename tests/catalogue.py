# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of the catalogue, the examples in docs/catalogue.md, and what becomes of them.

`python -m tests.catalogue` prints the table of docs/catalogue.md.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "catalogue.md"
FOLDER = ROOT / "roles" / "gitops_repo" / "catalogue"
ENTRIES: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))
}


@dataclass(frozen=True)
class Chart:
    """Where a chart's sources are: a Go module, and the folder in it."""

    module: str
    version: str
    folder: str


# Those that the Go module proxy has. The versions of the modules are those that hold the chart of the entry.
CHARTS = {
    "cert-manager": Chart("github.com/cert-manager/cert-manager", "v1.21.2", "deploy/charts/cert-manager"),
    "metrics-server": Chart("sigs.k8s.io/metrics-server", "v0.9.0", "charts/metrics-server"),
    "sealed-secrets": Chart("github.com/bitnami-labs/sealed-secrets", "v0.40.0", "helm/sealed-secrets"),
}


def minimal(name: str) -> dict[str, Any]:
    """An application of an entry with nothing but what has to be given."""
    parameters = {
        parameter: SAMPLES[parameter]
        for parameter, about in ENTRIES[name]["parameters"].items()
        if about.get("required")
    }
    return {"catalogue": name, **({"parameters": parameters} if parameters else {})}


# Values of the parameters that have to be given.
SAMPLES = {
    "domain": "home.example",
    "email": "admin@home.example",
    "media": {"type": "nfs", "name": "media", "mount": "/media", "server": "192.0.2.20", "share": "/volume1/media"},
    "server": "192.0.2.20",
    "share": "/volume1/kubernetes",
}


@functools.cache
def examples() -> list[dict[str, Any]]:
    """The applications that the page adds, in its order."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    documents = [yaml.safe_load(block) for block in blocks]
    return [app for document in documents if "apps" in document for app in document["apps"]]


def name_of(app: dict[str, Any]) -> str:
    return str(app.get("name") or ENTRIES[app["catalogue"]]["app"]["name"])


@dataclass(frozen=True)
class Source:
    """Where Argo CD takes an application from, and where it puts it."""

    folder: Path
    namespace: str
    project: str


def source_of(repository: Path, name: str) -> Source:
    """Of an application in a repository: of one that is explicit, or of one that is discovered."""
    for own in (repository / "kubernetes").glob(f"*/{name}/app.yaml"):
        spec = yaml.safe_load(own.read_text())["spec"]
        return Source(repository / spec["source"]["path"], spec["destination"]["namespace"], spec["project"])
    (folder,) = (repository / "kubernetes").glob(f"*/{name}")
    return Source(folder, name, folder.parent.name)


# What somebody sealed for one of the examples. Only the controller would find out that it is no ciphertext.
SEALED = {
    "apiVersion": "bitnami.com/v1alpha1",
    "kind": "SealedSecret",
    "metadata": {"name": "cloudflared-tunnel", "namespace": "cloudflared"},
    "spec": {"encryptedData": {"token": "AgBy8"}},
}


def put_own_file(repository: Path) -> Path:
    """What an example says is its own, beside the application."""
    file = repository / "kubernetes" / "infrastructure" / "cloudflared" / "token.sealed.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(SEALED))
    return file


def table() -> str:
    rows = [
        "| entry | category | what you get | parameters | Secret that it needs | ports |",
        "|---|---|---|---|---|---|",
    ]
    for name, entry in ENTRIES.items():
        app, parameters = entry["app"], entry["parameters"]
        cells = (
            f"`{name}`",
            app["category"],
            entry["description"],
            ", ".join(f"**`{key}`**" if about.get("required") else f"`{key}`" for key, about in parameters.items()),
            _secret(app, parameters),
            ", ".join(str(port["port"]) for port in app.get("ports", [{"port": app["port"]}] if "port" in app else [])),
        )
        rows.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return "\n".join(rows)


def _secret(app: dict[str, Any], parameters: dict[str, Any]) -> str:
    if "token_secret" not in parameters:
        return ""
    secret, key = (parameters[name]["default"] for name in ("token_secret", "token_key"))
    return f"`{app.get('namespace', app['name'])}/{secret}`, key `{key}`"


if __name__ == "__main__":
    print(table())
