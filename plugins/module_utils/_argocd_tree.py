# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A repository as Argo CD would check it out: its folders, and the documents in its files with their lines.

A file is read as YAML only if somebody asks for its documents, once.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import posixpath
import re
import subprocess
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _git_files as git_files
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_shapes import SHAPES, shaped
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_shapes import Problem as ShapeProblem
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import UTF16, Text, pairs
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

try:
    import yaml
except ImportError:  # the command and the module say so before anything is read
    yaml = None  # type: ignore[assignment]

MANIFEST = re.compile(r"\.(?:yaml|yml|json)\Z")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MANIFEST_WORDS = (b"apiVersion", b"kind", b"metadata")
CHART = "Chart.yaml"
CHARTS = (CHART, "requirements.yaml")
# What may be an Application, a project, a CRD, or a Secret that tells Argo CD of a repository or cluster.
_ARGOCD = re.compile(rb"argoproj\.io|CustomResourceDefinition")
UNKNOWN = "\u2047"  # stands for what a template puts there; no name and no URL has it

Keys = t.Sequence[t.Union[str, int]]


class Document:
    """One document of a file, or one item of a List in it."""

    def __init__(self, path: str, node: t.Any, is_template: bool = False) -> None:
        self.path, self.node, self.is_template = path, node, is_template
        self.malformed: t.List[ShapeProblem] = []
        self.twice: t.List[t.Tuple[int, str]] = []  # lines and names of keys

    @functools.cached_property
    def object(self) -> t.Dict[str, t.Any]:
        """What is of another shape than it must be is in C(malformed), and here only if it does not matter."""
        try:
            found = plain(self.node, twice=self.twice)
        except RecursionError:
            self.malformed.append(((), "is nested too deeply"))
            return {}
        name = self.path.rpartition("/")[2]
        kind = "Kustomization" if name in KUSTOMIZATIONS else "Chart" if name in CHARTS else self.kind
        done = shaped(found, SHAPES.get(kind, {}), self.malformed)
        if self.is_template:
            self.malformed = [(keys, what) for keys, what in self.malformed if UNKNOWN not in what]
            self.twice = []  # of both halves of an if
        return t.cast(t.Dict[str, t.Any], done)

    @functools.cached_property
    def _head(self) -> t.Dict[str, t.Any]:
        return {key.value: value for key, value in pairs(self.node)[::-1] if isinstance(key, yaml.ScalarNode)}

    @functools.cached_property
    def _metadata(self) -> t.Dict[str, str]:
        return {
            key.value: value.value
            for key, value in pairs(self._head.get("metadata"))[::-1]
            if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
        }

    def _text(self, key: str) -> str:
        value = self._head.get(key)
        return value.value if isinstance(value, yaml.ScalarNode) else ""

    @functools.cached_property
    def kind(self) -> str:
        return self._text("kind")

    @functools.cached_property
    def group(self) -> str:
        return self._text("apiVersion").rpartition("/")[0]

    @property
    def name(self) -> str:
        return self._metadata.get("name") or self._metadata.get("generateName", "")

    @property
    def namespace(self) -> str:
        return self._metadata.get("namespace", "")

    def line(self, *keys: t.Union[str, int]) -> int:
        """Of the value at a path of keys, or of the nearest above it that is there."""
        node = self.node
        for key in keys:
            below = _below(node, key)
            if below is None:
                break
            node = below
        return int(node.start_mark.line) + 1

    @functools.cached_property
    def _items(self) -> t.List[Document]:
        items = self._head.get("items")
        if self.kind.endswith("List") and isinstance(items, yaml.SequenceNode):
            return [Document(self.path, node, self.is_template) for node in items.value]
        return [self]

    def items(self) -> t.List[Document]:
        """Itself, or what is in it if it is a List."""
        return self._items


def _below(node: t.Any, key: t.Union[str, int]) -> t.Any:
    if isinstance(key, int):
        found = node.value if isinstance(node, yaml.SequenceNode) else []
        return found[key] if key < len(found) else None
    return next((value for name, value in pairs(node) if getattr(name, "value", None) == key), None)


def plain(
    node: t.Any,
    known: t.Optional[t.Dict[int, t.Any]] = None,
    twice: t.Optional[t.List[t.Tuple[int, str]]] = None,
) -> t.Any:
    """As Kubernetes sees it: numbers and booleans, and else texts. Aliases are one value, and a circle of them ends.

    C(twice) gets the keys that a mapping has twice.
    """
    known = {} if known is None else known
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = None
    done: t.Any
    if isinstance(node, yaml.SequenceNode):
        done = [plain(one, known, twice) for one in node.value]
    else:
        done = {}
        for key, value in pairs(node):  # those that are merged (<<) come last, and replace nothing
            if _key(key) not in done:
                done[_key(key)] = plain(value, known, twice)
            elif twice is not None and any(key is own for own, _value in node.value):
                twice.append((key.start_mark.line + 1, _key(key)))
    known[id(node)] = done
    return done


def _key(node: t.Any) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _scalar(node: t.Any) -> t.Any:
    kind, value = node.tag.rpartition(":")[2], node.value
    if kind == "null":
        return None
    if kind == "bool":
        return value.lower() in ("true", "yes", "on")
    digits = value.replace("_", "")
    try:
        if kind == "int":
            return int(value, 8) if re.fullmatch(r"0[0-7]+", value) else int(digits, 0)
        return float(re.sub(r"\.(?=inf|nan)", "", digits.lower())) if kind == "float" else value
    except ValueError:
        return value


@dataclasses.dataclass(frozen=True)
class Templates:
    """As the module gitops_render is told. No folder: templates beside the other files only, and none is rendered."""

    folder: str = "templates"
    config: t.Tuple[str, ...] = ("config.yaml",)
    output: str = "."
    exclude: t.Tuple[str, ...] = ()
    delimiters: Delimiters = dataclasses.field(default_factory=Delimiters)


class Tree:
    """C(contents) are the files by their paths; C(templates) those of them whose expressions are not known.

    C(links) are symbolic links and submodules: what is behind them is not read.
    """

    def __init__(
        self,
        contents: t.Mapping[str, bytes],
        templates: t.Collection[str] = (),
        urls: t.Sequence[str] = (),
        links: t.Collection[str] = (),
    ):
        self.contents = dict(contents)
        self.templates, self.links = frozenset(templates), frozenset(links)
        self.own(urls)
        self.unreadable: t.Dict[str, t.Tuple[int, str]] = {}
        self._documents: t.Dict[str, t.List[Document]] = {}
        self._texts: t.Optional[t.Dict[str, str]] = None

    def documents(self, path: str) -> t.List[Document]:
        """Nothing of a file that cannot be read; C(unreadable) then has the line and the reason."""
        if path not in self._documents:
            text = Text(path, self.contents.get(path, b""))
            if text.documents is None:
                self.unreadable[path] = _reason(text.text)
            for node in text.documents or ():
                if not isinstance(node, yaml.MappingNode) and not node.tag.endswith(":null"):
                    self.unreadable.setdefault(path, (node.start_mark.line + 1, "is no mapping"))
            self._documents[path] = [
                Document(path, node, path in self.templates)
                for node in text.documents or ()
                if isinstance(node, yaml.MappingNode)
            ]
        return self._documents[path]

    def read(self) -> t.Iterator[Document]:
        """What was read so far."""
        for documents in self._documents.values():
            for document in documents:
                yield from document.items()

    def of_argocd(self) -> t.Iterator[Document]:
        """All that may concern Argo CD itself, wherever it is; but no templates of charts, and no hidden folders."""
        for path in self.contents:
            for document in self.documents(path) if self._may_concern_argocd(path) else ():
                yield from document.items()

    def _may_concern_argocd(self, path: str) -> bool:
        content = self.contents[path]
        found = MANIFEST.search(path) and (_ARGOCD.search(content) or content.startswith(UTF16))
        return bool(found) and not self.is_hidden(path) and not self.is_in_chart(path)

    def broken(self) -> t.Iterator[str]:
        """Files that may concern Argo CD, look like manifests and cannot be read, of those that were asked for."""
        for path in self.unreadable:
            content = Text(path, self.contents.get(path, b"")).content
            if all(word in content for word in MANIFEST_WORDS) and self._may_concern_argocd(path):
                yield path

    def link(self, path: str) -> str:
        """The symbolic link or submodule that a path is, or is behind; empty for none."""
        parts = path.split("/") if self.links else []
        above = ("/".join(parts[:number]) for number in range(1, len(parts) + 1))
        return next((one for one in above if one in self.links), "")

    @staticmethod
    def is_hidden(path: str) -> bool:
        return path.startswith(".") or "/." in path

    def is_in_chart(self, path: str) -> bool:
        """Whether only Helm can tell what a file is."""
        parts = path.split("/")
        return any(
            parts[number] in ("templates", "charts") and "/".join((*parts[:number], CHART)) in self.contents
            for number in range(1, len(parts) - 1)
        )

    @functools.cached_property
    def folders(self) -> t.Dict[str, t.List[str]]:
        """Every folder with the names of its files; the top is the empty name."""
        found: t.Dict[str, t.List[str]] = {"": []}
        for path in sorted(self.contents):
            folder, _slash, name = path.rpartition("/")
            while folder not in found:
                found[folder] = []
                folder = folder.rpartition("/")[0]
            found[path.rpartition("/")[0]].append(name)
        return found

    # What ApplicationSets ask.

    def directories(self) -> t.Sequence[str]:
        return self._directories

    @functools.cached_property
    def _directories(self) -> t.List[str]:
        return sorted((path for path in self.folders if path and not self.is_hidden(path)), key=lambda p: p.split("/"))

    def texts(self) -> t.Mapping[str, str]:
        if self._texts is None:
            self._texts = {path: content.decode("utf-8", "replace") for path, content in self.contents.items()}
        return self._texts

    def is_own(self, url: str) -> bool:
        return place(url) in self._places

    def own(self, urls: t.Iterable[str]) -> None:
        """By which Applications mean this repository."""
        self.urls = tuple(urls)
        self._places = frozenset(map(place, self.urls))


def place(url: str) -> str:
    """Where a repository is, however it is reached: only to tell which one is meant, not what is permitted."""
    url = url.strip().lower()
    url = re.sub(r"\A[a-z+]+://", "", url) if "://" in url else re.sub(r"\A([^/@]*@)?([^/:]+):(?!\d+/)", r"\1\2/", url)
    host, slash, path = url.rpartition("@")[2].partition("/")
    path = path.strip("/")
    return re.sub(r":\d+\Z", "", host) + slash + (path[:-4] if path.endswith(".git") else path)


def _reason(text: str) -> t.Tuple[int, str]:
    try:
        for _node in yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1 if mark else 1), str(error.problem or error.context)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return 1, str(error).partition("\n")[0]
    return 1, "is not YAML"


def read(folder: str, staged: bool = False) -> t.Tuple[Tree, str]:
    """The repository that a folder is in, and the folder's path in it. What is no Git repository is read as it is."""
    if not os.path.isdir(folder):
        raise ClusterError(Problem(folder, "is no folder", "Give the folder of the repository"))
    try:
        root = git_files.top(folder)
    except ClusterError:
        if staged or _is_of_git(folder):  # without Git nobody knows what is ignored, and what the remotes are
            raise
        found, links = _walked(os.path.realpath(folder))
        return Tree(found, links=links), ""
    reader = git_files.index if staged else git_files.work_tree
    entries = git_files.entries(root, staged)
    contents = {entry.path: b"" for entry in entries}
    wanted = [entry for entry in entries if _is_wanted(entry.path)]
    present = dict(reader(root, wanted))
    links = git_files.links(root)
    for entry in entries if not staged else ():
        if entry.path not in present and os.path.islink(os.path.join(root, entry.path)):
            links.add(entry.path)
            contents.pop(entry.path)
    for entry in wanted:
        if entry.path not in present:
            contents.pop(entry.path, None)
    below = os.path.relpath(os.path.realpath(folder), os.path.realpath(root))
    tree = Tree({**contents, **present}, urls=_remotes(root), links=links)
    return tree, "" if below == "." else below.replace(os.sep, "/")


def _is_of_git(folder: str) -> bool:
    """Git may not be installed, or not trust the owner of a checkout."""
    above = os.path.realpath(folder)
    while not os.path.exists(os.path.join(above, ".git")):
        if above == os.path.dirname(above):
            return False
        above = os.path.dirname(above)
    return True


def _is_wanted(path: str) -> bool:
    """What can hold a manifest, or a template of one."""
    name = posixpath.basename(path)
    return bool(MANIFEST.search(path) or name in KUSTOMIZATIONS or name.endswith(".j2"))


def _walked(root: str) -> t.Tuple[t.Dict[str, bytes], t.Set[str]]:
    found: t.Dict[str, bytes] = {}
    links: t.Set[str] = set()
    problems = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in (*names, *folders):
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root).replace(os.sep, "/")
            if os.path.islink(full):
                links.add(path)
            if os.path.islink(full) or not os.path.isfile(full):
                continue
            found[path] = b""
            if _is_wanted(path):
                try:
                    with open(full, "rb") as stream:
                        found[path] = stream.read()
                except OSError as error:
                    problems.append(Problem(path, f"cannot be read: {error.strerror}", "Correct its permissions"))
    if problems:
        raise ClusterError(*problems)
    return found, links


def _remotes(root: str) -> t.List[str]:
    command = ("git", "-C", root, "config", "--get-regexp", r"^remote\..*\.url$")
    done = subprocess.run(command, capture_output=True, check=False)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return [line.partition(" ")[2] for line in lines]
