# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What Argo CD would find in the folder of an Application: manifests, charts to fetch, and what cannot be told here."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import (
    CHART,
    CHARTS,
    KUSTOMIZATIONS,
    UNKNOWN,
    Document,
    Tree,
)
from ansible_collections.homeops.cluster.plugins.module_utils._gobwas_glob import GlobError, compile_glob
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import (
    is_mapping,
    is_scalar,
    items,
    pairs,
)

Source = t.Mapping[str, t.Any]

_FILE = re.compile(r"\.(?:yaml|yml|json|jsonnet)\Z")
BEHIND = "is a symbolic link or a submodule, which is not followed here"
_SKIPPED = b"+argocd:skip-file-rendering"
_REMOTE = re.compile(
    r"\A(?:[a-z+]+://|[^/@]+@[^/:]+:|git::|(?:www\.)?(?:github|gitlab|bitbucket)\.[a-z]+[/:])|\?ref=|//"
)
PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """An object as the folder gives it: a kustomization may have put it into another namespace, or renamed it."""

    path: str
    line: int
    group: str
    kind: str
    name: str
    namespace: str
    document: t.Optional[Document] = dataclasses.field(default=None, compare=False)
    images: t.Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)  # other names for them


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A chart or base that comes from elsewhere. C(checked): Argo CD knows whether the project permits it."""

    path: str
    line: int
    url: str
    checked: bool


@dataclasses.dataclass(frozen=True)
class Note:
    path: str
    line: int
    code: str
    what: str


@dataclasses.dataclass
class Content:
    manifests: t.List[Manifest] = dataclasses.field(default_factory=list)
    fetched: t.List[Fetched] = dataclasses.field(default_factory=list)
    notes: t.List[Note] = dataclasses.field(default_factory=list)
    kind: str = "Directory"


def content(tree: Tree, folder: str, source: Source) -> Content:
    """Of a folder that is in the repository."""
    found = Content()
    names = tree.folders[folder]
    explicit = [kind for kind in ("directory", "kustomize", "helm", "plugin") if source.get(kind)]
    if explicit:
        found.kind = explicit[0].capitalize()
    elif any(name in KUSTOMIZATIONS for name in names):
        found.kind = "Kustomize"  # also beside a Chart.yaml, which Argo CD comes across before it
    elif CHART in names:
        found.kind = "Helm"
    if found.kind == "Helm":
        _chart(tree, folder, found)
    elif found.kind == "Kustomize":
        _Kustomization(tree, found).read(folder, _overrides(source))
    elif found.kind == "Directory":
        _directory(tree, folder, source.get("directory") or {}, found)
    else:
        found.notes.append(Note(folder, 1, "not_evaluated", "is for a plugin, which cannot be run offline"))
    return found


def _directory(tree: Tree, folder: str, options: t.Mapping[str, t.Any], found: Content) -> None:
    prefix = f"{folder}/" if folder else ""
    matching = [
        (_glob(options.get(key)), wanted) for key, wanted in (("exclude", False), ("include", True)) if options.get(key)
    ]
    folders = [folder]
    if options.get("recurse"):
        folders = [path for path in tree.folders if path == folder or path.startswith(prefix)]
    for path in (posixpath.join(one, name) for one in sorted(folders) for name in tree.folders[one]):
        relative = path[len(prefix) :]
        if not _FILE.search(path) or any(matches(relative) != wanted for matches, wanted in matching):
            continue
        if _SKIPPED in tree.contents[path]:
            continue
        if path.endswith(".jsonnet"):
            found.notes.append(Note(path, 1, "not_evaluated", "is Jsonnet, which is not evaluated offline"))
            continue
        _file(tree, path, found)
    for path in sorted(tree.links):
        below, relative = path.rpartition("/")[0], path[len(prefix) :]
        if below in folders and _FILE.search(path) and all(matches(relative) == wanted for matches, wanted in matching):
            found.notes.append(Note(path, 1, "not_evaluated", BEHIND))


def _glob(pattern: t.Any) -> t.Callable[[str], bool]:
    """Argo CD's of a Directory: an asterisk is for slashes, too."""
    try:
        return compile_glob(str(pattern)).match
    except GlobError:
        return lambda _path: False


def _file(tree: Tree, path: str, found: Content, namespace: str = "", affixes: t.Tuple[str, str] = ("", "")) -> None:
    documents = tree.documents(path)
    if path in tree.unreadable:
        raw = tree.contents[path]
        # As Argo CD tells a broken manifest from YAML that is none of its business.
        if path.endswith(".json") or all(word in raw for word in (b"apiVersion:", b"kind:", b"metadata:")):
            found.notes.append(_unreadable(tree, path))
        return
    if b"{{" in tree.contents[path]:
        lines = [line for one in documents for line in _odd_keys(one.node)]
        what = "has {{ }} where only a chart may have it: what Helm would fill in"
        found.notes += [Note(path, line, "manifest_unreadable", what) for line in lines[:1]]
    for document in (item for one in documents for item in one.items()):
        if document.kind and not document.kind.startswith("ENC["):
            name = f"{affixes[0]}{document.name}{affixes[1]}"
            line = document.line("kind")
            space = namespace or document.namespace
            found.manifests.append(Manifest(path, line, document.group, document.kind, name, space, document))


def _odd_keys(node: t.Any) -> t.Iterator[int]:
    """Lines of keys that are no texts."""
    waiting, seen = [node], {id(node)}
    while waiting:
        node = waiting.pop()
        below = pairs(node) if is_mapping(node) else [(None, one) for one in items(node)]
        for key, value in below:
            if key is not None and not is_scalar(key):
                yield node.start_mark.line + 1
            if id(value) not in seen and not is_scalar(value):
                seen.add(id(value))
                waiting.append(value)


def _unreadable(tree: Tree, path: str) -> Note:
    line, what = tree.unreadable[path]
    if path in tree.templates:
        return Note(path, line, "not_evaluated", f"is a template that cannot be read unrendered: {what}")
    return Note(path, line, "manifest_unreadable", what)


def _chart(tree: Tree, folder: str, found: Content) -> None:
    if CHART not in tree.folders[folder]:
        found.notes.append(Note(folder, 1, "path_missing", "is to be a chart, and has no Chart.yaml"))
    for name in CHARTS:
        path = posixpath.join(folder, name)
        for document in tree.documents(path) if path in tree.contents else ():
            for number, dependency in enumerate(_mappings(document.object.get("dependencies"))):
                url = str(dependency.get("repository") or "")
                # Others than these Argo CD does not look at; file:// and none are in the chart's own folder.
                if url.startswith(("https://", "oci://", "@", "alias:", UNKNOWN)):
                    line = document.line("dependencies", number, "repository")
                    found.fetched.append(Fetched(path, line, url, True))
                elif url.startswith("http://"):
                    line = document.line("dependencies", number, "repository")
                    found.fetched.append(Fetched(path, line, url, False))
        if path in tree.unreadable:
            found.notes.append(_unreadable(tree, path))
    for path in tree.folders.get(posixpath.join(folder, "crds"), ()):
        full = posixpath.join(folder, "crds", path)
        if _FILE.search(full):
            _file(tree, full, found)


def _overrides(source: Source) -> t.Dict[str, str]:
    options = source.get("kustomize") or {}
    return {key: str(options.get(key) or "") for key in ("namespace", "namePrefix", "nameSuffix")}


class _Kustomization:
    """As far as kinds, names and namespaces go; what patches do to the rest does not matter here."""

    def __init__(self, tree: Tree, found: Content) -> None:
        self._tree, self._found = tree, found
        self._open: t.List[str] = []

    def read(self, folder: str, overrides: t.Mapping[str, str]) -> None:
        """What is outside wins: it is applied last."""
        names = [name for name in KUSTOMIZATIONS if name in self._tree.folders.get(folder, ())]
        name = names[0] if names else ""
        path = posixpath.join(folder, name)
        if len(names) > 1:
            self._note(path, 1, "manifest_unreadable", f"is not taken by Kustomize beside {' and '.join(names[1:])}")
        if not name or folder in self._open:
            self._note(folder, 1, "path_missing", "has no kustomization" if not name else "includes itself")
            return
        self._open.append(folder)
        for document in self._tree.documents(path):
            self._document(folder, document, overrides)
        if path in self._tree.unreadable:
            self._found.notes.append(_unreadable(self._tree, path))
        self._open.pop()

    def _document(self, folder: str, document: Document, overrides: t.Mapping[str, str]) -> None:
        data, path = document.object, document.path
        here = {
            "namespace": overrides.get("namespace") or str(data.get("namespace") or ""),
            "namePrefix": overrides.get("namePrefix", "") + str(data.get("namePrefix") or ""),
            "nameSuffix": str(data.get("nameSuffix") or "") + overrides.get("nameSuffix", ""),
        }
        before = len(self._found.manifests)
        for key in ("resources", "bases", "components", "crds"):
            entries = data.get(key)
            for number, entry in enumerate(entries if isinstance(entries, list) else []):
                if key != "crds":
                    self._resource(folder, str(entry), document, document.line(key, number), here)
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for number, entry in enumerate(_mappings(data.get(key))):
                name = f"{here['namePrefix']}{entry.get('name', '')}{here['nameSuffix']}"
                namespace = here["namespace"] or str(entry.get("namespace") or "")
                line = document.line(key, number)
                self._found.manifests.append(Manifest(path, line, "", kind, name, namespace))
        for number, chart in enumerate(_mappings(data.get("helmCharts"))):
            line = document.line("helmCharts", number)
            self._found.fetched.append(Fetched(path, line, str(chart.get("repo") or ""), False))
        for key in ("generators", "transformers"):
            if data.get(key):
                what = f"has {key}, which are not evaluated offline"
                self._note(path, document.line(key), "not_evaluated", what)
        patched = [key for key in PATCHES if data.get(key)]
        texts = [repr([data[key] for key in patched]).encode()]
        texts += [self._tree.contents.get(path, b"") for path in patches(folder, data)]
        if any(word in text for word in (b"namespace", b"image") for text in texts):
            what = "has patches, which are not applied here: the namespaces and images that they set are not seen"
            self._note(path, document.line(patched[0]), "not_evaluated", what)
        names = {
            str(one.get("name")): str(one["newName"]) for one in _mappings(data.get("images")) if one.get("newName")
        }
        if names:
            done = self._found.manifests
            done[before:] = [dataclasses.replace(one, images={**one.images, **names}) for one in done[before:]]

    def _resource(self, folder: str, entry: str, document: Document, line: int, overrides: t.Mapping[str, str]) -> None:
        tree, path = self._tree, document.path
        target = posixpath.normpath(posixpath.join(folder, entry))
        target = "" if target == "." else target
        if UNKNOWN in entry:
            self._note(path, line, "not_evaluated", "names a resource that only rendering would tell")
        elif target in tree.contents:
            _file(tree, target, self._found, overrides["namespace"], (overrides["namePrefix"], overrides["nameSuffix"]))
        elif target in tree.folders:
            self.read(target, overrides)
        elif tree.link(target):
            self._note(path, line, "not_evaluated", f"names {entry}, which {BEHIND}")
        elif _REMOTE.search(entry):
            self._found.fetched.append(Fetched(path, line, entry, False))
        else:
            self._note(path, line, "path_missing", f"names {entry}, which is not there")

    def _note(self, path: str, line: int, code: str, what: str) -> None:
        self._found.notes.append(Note(path, line, code, what))


def patches(folder: str, kustomization: t.Mapping[str, t.Any]) -> t.Set[str]:
    """The files that a kustomization in a folder has its patches in."""
    found: t.Set[str] = set()
    for key in PATCHES:
        entries = kustomization.get(key)
        for entry in entries if isinstance(entries, list) else ():
            file = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(file, str) and "\n" not in file:
                found.add(posixpath.normpath(posixpath.join(folder, file)))
    return found


def _mappings(value: t.Any) -> t.List[t.Mapping[str, t.Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def images(manifest: Manifest) -> t.List[t.Tuple[str, int]]:
    """Of the containers of an object, with their lines."""
    found: t.List[t.Tuple[str, int]] = []
    document = manifest.document
    waiting: t.List[t.Tuple[t.Any, t.Tuple[t.Union[str, int], ...]]] = [(document.object, ())] if document else []
    seen: t.Set[int] = set()  # few lines of aliases make millions of values
    while waiting and document:
        value, keys = waiting.pop()
        if not isinstance(value, (dict, list)) or id(value) in seen:
            continue
        seen.add(id(value))
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in entries:
            waiting.append((below, (*keys, key)))
            if key in _CONTAINERS:
                for number, container in enumerate(_mappings(below)):
                    image = container.get("image")
                    if isinstance(image, str) and image:
                        name = repository_of(image)
                        renamed = next((new for old, new in manifest.images.items() if repository_of(old) == name), "")
                        line = document.line(*keys, key, number, "image")
                        found.append((repository_of(renamed) if renamed else name, line))
    return list(dict.fromkeys(found))


def repository_of(image: str) -> str:
    """Without tag and digest, and with the registry that is meant where none is named."""
    name = image.partition("@")[0]
    if ":" in name.rpartition("/")[2]:
        name = name.rpartition(":")[0]
    first, slash, rest = name.partition("/")
    if not slash:
        return f"docker.io/library/{name}"
    if "." not in first and ":" not in first and first != "localhost":
        return f"docker.io/{name}"
    if first in ("docker.io", "index.docker.io") and "/" not in rest:
        return f"docker.io/library/{rest}"
    return name
