# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What is in a GitOps repository already: its applications, whoever wrote them, and the hosts that they answer to."""

from __future__ import annotations

import os
import shutil
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_explicit as explicit
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_ledger as ledger
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_ledger import Entries, Record
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Found, Outputs

try:
    import yaml

    # LibYAML is ten times as fast, where there is one.
    _LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    yaml = None  # type: ignore[assignment]

FOLDER = "kubernetes"
TEMPLATES = "templates"
LAYOUT = ("projects", "applicationsets")
MANIFESTS = (".yaml", ".yml", ".yaml.j2", ".yml.j2", ".json")

Route = t.Tuple[str, str]  # host and path


class Tree:
    """C(folder) is the one with the categories."""

    def __init__(self, root: str, folder: str = "") -> None:
        self.root = os.path.realpath(root)
        self._outputs = Outputs(root)
        templates = f"{TEMPLATES}/{FOLDER}"
        is_rendered = os.path.isdir(os.path.join(self.root, templates))
        self.folder = os.path.normpath(folder) if folder else templates if is_rendered else FOLDER
        if os.path.isabs(self.folder) or self.folder.partition("/")[0] in ("..", "."):
            raise ClusterError(Problem("folder", f"{folder} is not a folder in the repository", "Write it relative"))

    def look(self, path: str) -> Found:
        return self._outputs.look(path)

    def read(self, path: str) -> t.Optional[str]:
        content = self._outputs.read(path)
        if content is None:
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ClusterError(Problem(path, "is not UTF-8 text", "Correct it")) from error

    def records(self) -> t.Dict[str, Record]:
        found = {}
        for path in self.files(ledger.FOLDER):
            if path.endswith(".yaml"):
                record = ledger.read(path, self.read(path) or "")
                found[record.name] = record
        return found

    def files(self, folder: str) -> t.List[str]:
        """Below a folder, without those that begin with a dot."""
        found = []
        for at, folders, names in os.walk(os.path.join(self.root, folder)):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            above = os.path.relpath(at, self.root)
            found += [f"{above}/{name}" for name in sorted(names) if not name.startswith(".")]
        return found

    def homes_of(self, name: str) -> t.List[str]:
        """The folders of this name with anything in them: of all categories, and where no ApplicationSet looks."""
        top = os.path.join(self.root, self.folder)
        folders = [f"{self.folder}/{one}/{name}" for one in (sorted(os.listdir(top)) if os.path.isdir(top) else [])]
        return [folder for folder in folders if folder.split("/")[-2] not in LAYOUT and self.files(folder)]

    def project_file(self, category: str) -> str:
        return self._one(f"{self.folder}/projects/{category}.yaml", category, True)

    def application_set_file(self, category: str) -> str:
        return self._one(f"{self.folder}/applicationsets/{category}.yaml", category, False)

    def _one(self, path: str, category: str, template: bool) -> str:
        candidates = [path, f"{path}.j2"] if template else [path]
        for candidate in candidates:
            if self.look(candidate).kind == "file":
                return candidate
        if self.look(f"{path}.j2").kind == "file":
            what = "is a template, so that what it will find is not known here"
            raise ClusterError(Problem(f"{path}.j2", what, "Use the name as namespace, and no sync_wave"))
        known = [name[: name.index(".")] for name in self._projects()]
        remedy = f"The categories are {', '.join(known)}" if known else "Write it first: run playbooks/scaffold.yml"
        raise ClusterError(Problem(path, f"is not there, so there is no category {category}", remedy))

    def _projects(self) -> t.List[str]:
        return [path.rpartition("/")[2] for path in self.files(f"{self.folder}/projects") if "." in path]

    def repositories(self) -> t.List[str]:
        """The URLs by which Argo CD finds the folders in this repository."""
        found = set()
        for path in self.files(f"{self.folder}/applicationsets"):
            for line in (self.read(path) or "").splitlines():
                key, colon, value = line.strip("- ").partition(": ")
                if key == "repoURL" and colon and "{{" not in value:
                    found.add(value.partition(" #")[0].strip(" \"'"))
        return sorted(found)

    def needed_by_others(self, category: str, entries: Entries, ours: t.Container[str]) -> Entries:
        """Of these entries those that other applications of the category seem to need: rather one too many."""
        if not entries:
            return entries
        tops = [f"{self.folder}/{category}", f"{self.folder}/{explicit.FOLDER}"]
        others = [path for top in tops for path in self.files(top) if path not in ours]
        depth = self.folder.count("/") + 2
        names = {path.split("/")[depth] for path in others if path.count("/") > depth}
        texts = [self.read(path) or "" for path in others if path.endswith(MANIFESTS)]
        lines = {line.strip() for text in texts for line in text.splitlines() if "namespace:" in line}
        spaces = {line.partition("namespace:")[2].strip(" \"'") for line in lines}
        return Entries(
            tuple(url for url in entries.sources if any(url in text for text in texts)),
            tuple(namespace for namespace in entries.namespaces if namespace in names | spaces),
        )

    def routes(self, hosts: t.Collection[str], ours: t.Container[str]) -> t.Dict[Route, str]:
        """Who answers to which of these hosts, of what is not ours. Only files that name one of them are parsed."""
        found: t.Dict[Route, str] = {}
        for path in self.files(self.folder) if hosts else []:
            if path in ours or not path.endswith(MANIFESTS[:2]):
                continue
            text = self.read(path) or ""
            if any(host in text for host in hosts):
                found.update(dict.fromkeys(_routes(text), path))
        return found


def _routes(text: str) -> t.Iterator[Route]:
    try:
        documents = list(yaml.load_all(text, Loader=_LOADER))
    except yaml.YAMLError:
        return  # a Helm template, or broken: others tell
    for document in documents:
        if isinstance(document, dict) and document.get("kind") in ("Ingress", "HTTPRoute"):
            yield from routes_of(document)


def routes_of(item: t.Mapping[str, t.Any]) -> t.List[Route]:
    """The hosts and paths of an Ingress or HTTPRoute."""
    spec = item.get("spec") or {}
    rules = spec.get("rules") or []
    if item.get("kind") == "Ingress":
        return [
            (str(rule.get("host")), str(path.get("path") or "/"))
            for rule in rules
            for path in (rule.get("http") or {}).get("paths") or [{}]
        ]
    if item.get("kind") != "HTTPRoute":
        return []
    paths = [(match.get("path") or {}).get("value") or "/" for rule in rules for match in rule.get("matches") or [{}]]
    return [(str(host), str(path)) for host in spec.get("hostnames") or [] for path in paths or ["/"]]


def copied(tree: Tree, target: str) -> str:
    """The repository at another place, to be examined there: nothing that was rendered from templates, no secrets."""
    settings = [name for name in os.listdir(tree.root) if name.startswith("config.")]
    for name in [tree.folder.partition("/")[0], ledger.FOLDER.partition("/")[0], *settings]:
        source, at = os.path.join(tree.root, name), os.path.join(target, name)
        if os.path.isdir(source):
            shutil.copytree(source, at, symlinks=True, dirs_exist_ok=True)
        elif os.path.isfile(source):
            shutil.copy2(source, at)
    return target
