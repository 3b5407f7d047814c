# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The parameters that generators of an ApplicationSet come to, as far as a repository can tell."""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_functions import normalize
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_template import Texts
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import (
    from_json,
    printed,
    shown,
)
from ansible_collections.homeops.cluster.plugins.module_utils._go_path_match import path_match
from ansible_collections.homeops.cluster.plugins.module_utils._label_selector import problems, selects

try:
    import yaml
except ImportError:  # whoever reads the repository has said so
    yaml = None  # type: ignore[assignment]

Params = t.Dict[str, t.Any]
Generator = t.Mapping[str, t.Any]

# In the order in which Argo CD evaluates those of one entry.
KINDS = (
    "list",
    "clusters",
    "git",
    "scmProvider",
    "clusterDecisionResource",
    "pullRequest",
    "matrix",
    "merge",
    "plugin",
)


class Repository(t.Protocol):
    """What Argo CD's repo-server would see."""

    def directories(self) -> t.Sequence[str]: ...

    def texts(self) -> t.Mapping[str, str]: ...

    def is_own(self, url: str) -> bool:
        """Whether a URL is this repository's."""


class Generators:
    """Those of one ApplicationSet. Raises TemplateError and UnsupportedError."""

    def __init__(self, texts: Texts, go: bool, repository: Repository) -> None:
        self._texts, self._go, self._repository = texts, go, repository

    def params(self, generator: Generator, given: t.Optional[Params] = None) -> t.List[t.Tuple[str, t.List[Params]]]:
        """For each kind that an entry has, the sets of parameters. C(given) are those of the first half of a matrix."""
        found = []
        kinds = [kind for kind in KINDS if generator.get(kind) is not None]
        if not kinds:
            raise TemplateError("unrecognized generators: " + (", ".join(sorted(generator)) or "none"))
        if given:
            generator = {**self._interpolated(generator, given), "selector": generator.get("selector")}
        for kind in kinds:
            sets = self._kind(kind, generator[kind])
            selector = generator.get("selector")
            wrong = next(problems(selector or {}, "selector"), None)
            if wrong:
                raise TemplateError(f"error parsing label selector: {wrong.where} {wrong.what}")
            if selector:
                sets = [one for one in sets if selects(selector, _flat(one))]
            found.append((kind, sets))
        return found

    def _kind(self, kind: str, options: t.Mapping[str, t.Any]) -> t.List[Params]:
        if kind == "list":
            return self._list(options)
        if kind == "git":
            return self._git(options)
        if kind == "matrix":
            return self._matrix(options)
        if kind == "merge":
            return self._merge(options)
        raise UnsupportedError(f"the generator {kind}, which asks a cluster or a service")

    def _interpolated(self, generator: Generator, given: Params) -> Generator:
        """With what the first generator of a matrix knows. C(values) may use what only comes later."""
        done = {}
        for kind, options in generator.items():
            if isinstance(options, dict) and isinstance(options.get("values"), dict) and kind != "list":
                rest = {key: value for key, value in options.items() if key != "values"}
                values = {key: self._early(value, given) for key, value in options["values"].items()}
                done[kind] = {**self._texts.every(rest, given), "values": values}
            else:
                done[kind] = self._texts.every(options, given)
        return done

    def _early(self, value: str, given: Params) -> str:
        texts = Texts(True, ["missingkey=error"]) if self._go else self._texts
        try:
            return texts.text(value, given)
        except TemplateError as error:
            if "map has no entry for key" in str(error) or "can't evaluate field" in str(error):
                return value
            raise

    def _list(self, options: t.Mapping[str, t.Any]) -> t.List[Params]:
        found: t.List[Params] = []
        for element in options.get("elements") or []:
            if self._go:
                found.append(from_json(element))
                continue
            params: Params = {}
            for key, value in element.items():
                if key == "values":
                    if not isinstance(value, dict):
                        raise TemplateError("error parsing values map")
                    params.update({f"values.{name}": one for name, one in value.items()})
                else:
                    params[key] = value
            if not all(isinstance(value, str) for value in params.values()):
                raise TemplateError("error parsing value as string: without goTemplate, elements hold only texts")
            found.append(params)
        text = options.get("elementsYaml")
        if text:
            more = _yaml(text)
            if not isinstance(more, list) or not all(isinstance(one, dict) for one in more):
                raise TemplateError("elementsYaml is no list of mappings")
            found += from_json(more)
        return found

    def _git(self, options: t.Mapping[str, t.Any]) -> t.List[Params]:
        url = str(options.get("repoURL") or "")
        if not self._repository.is_own(url):
            raise UnsupportedError(f"the repository {url}, which is not this one")
        prefix, values = str(options.get("pathParamPrefix") or ""), options.get("values") or {}
        if options.get("directories"):
            return [self._path_params(path, prefix, values) for path in self._directories(options["directories"])]
        if options.get("files"):
            found = []
            for path in self._files(options["files"]):
                if not path.endswith((".yaml", ".yml", ".json")) and not self._repository.texts()[path]:
                    raise UnsupportedError(
                        f"the file {path}, which is not read as its name is not that of YAML or JSON"
                    )
                for data in _objects(path, self._repository.texts()[path]):
                    found.append(self._path_params(posixpath.dirname(path), prefix, values, path, data))
            return found
        raise TemplateError("git generator without directories and files")

    def _directories(self, items: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[str]:
        wanted = [_folder(str(item.get("path") or "")) for item in items if not item.get("exclude")]
        unwanted = [_folder(str(item.get("path") or "")) for item in items if item.get("exclude")]
        return [
            path
            for path in self._repository.directories()
            if any(matches(path) for matches in wanted) and not any(matches(path) for matches in unwanted)
        ]

    def _files(self, items: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[str]:
        """As git ls-files reads a pattern: an asterisk is for slashes, too; and a folder is for all that is in it."""
        found: t.Set[str] = set()
        for exclude in (False, True):
            for item in items:
                if bool(item.get("exclude")) == exclude:
                    matched = set(filter(_pathspec(str(item.get("path") or "")), self._repository.texts()))
                    found = found - matched if exclude else found | matched
        return sorted(found)

    def _path_params(
        self,
        path: str,
        prefix: str,
        values: t.Mapping[str, str],
        file: str = "",
        data: t.Optional[Params] = None,
    ) -> Params:
        path = path or "."
        name, filename = posixpath.basename(path), posixpath.basename(file)
        params: Params = {}
        if self._go:
            inner: Params = {"path": path, "basename": name, "basenameNormalized": normalize(name)}
            inner["segments"] = path.split("/")
            if file:
                inner.update(filename=filename, filenameNormalized=normalize(filename))
            params.update(data or {})
            params.update({prefix: {"path": inner}} if prefix else {"path": inner})
        else:
            under = f"{prefix}.path" if prefix else "path"
            params.update({key: printed(value) for key, value in _flatten(data or {}).items()})
            params.update({under: path, f"{under}.basename": name, f"{under}.basenameNormalized": normalize(name)})
            if file:
                params.update({f"{under}.filename": filename, f"{under}.filenameNormalized": normalize(filename)})
            params.update({f"{under}[{number}]": part for number, part in enumerate(path.split("/")) if part})
        filled = {key: self._texts.text(value, params) for key, value in values.items()}
        if filled and self._go:
            params["values"] = filled
        elif filled:
            params.update({f"values.{key}": value for key, value in filled.items()})
        return params

    def _nested(self, generator: Generator, given: t.Optional[Params] = None) -> t.List[Params]:
        found = self.params(generator, given)
        if len(found) > 1:
            raise TemplateError("found more than one generator in one entry of a matrix or merge")
        return found[0][1]

    def _matrix(self, options: t.Mapping[str, t.Any]) -> t.List[Params]:
        generators = options.get("generators") or []
        if len(generators) != 2:
            raise TemplateError(f"matrix takes two generators, not {len(generators)}")
        found = []
        for one in self._nested(generators[0]):
            for other in self._nested(generators[1], one):
                found.append(_merged(_merged({}, other), one) if self._go else _combined(one, other))
        return found

    def _merge(self, options: t.Mapping[str, t.Any]) -> t.List[Params]:
        generators, keys = options.get("generators") or [], options.get("mergeKeys") or []
        if len(generators) < 2:
            raise TemplateError("merge takes two generators or more")
        if not keys:
            raise TemplateError("no merge keys were specified")
        base, *others = [self._by_keys(keys, self._nested(generator)) for generator in generators]
        for other in others:
            for key, params in base.items():
                if key in other:
                    base[key] = _merged(params, other[key]) if self._go else {**params, **other[key]}
        return list(base.values())

    def _by_keys(self, keys: t.Sequence[str], sets: t.Sequence[Params]) -> t.Dict[str, Params]:
        found: t.Dict[str, Params] = {}
        for params in sets:
            key = json.dumps({name: params.get(name) for name in keys}, sort_keys=True)
            if key in found:
                raise TemplateError(f"the parameters are not unique by the merge keys: {key}")
            found[key] = params
        return found


def _yaml(text: str) -> t.Any:
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        raise TemplateError("is not YAML") from None


def _objects(path: str, text: str) -> t.List[Params]:
    found = _yaml(text)
    found = [{}] if found is None else [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TemplateError(f"unable to parse file {path}: neither a mapping nor a list of them")
    return t.cast(t.List[Params], from_json(found))


def _folder(pattern: str) -> t.Callable[[str], bool]:
    """What cannot match is not compared letter by letter: a repository has thousands of folders."""
    known = re.split(r"[*?\[\\]", pattern, maxsplit=1)[0]
    return lambda path: path.startswith(known) and path_match(pattern, path)


def _pathspec(pattern: str) -> t.Callable[[str], bool]:
    if not re.search(r"[*?\[\\]", pattern):
        return lambda path: path == pattern or path.startswith(pattern.rstrip("/") + "/")
    compiled = re.compile(fnmatch.translate(pattern.replace("[^", "[!")))
    return lambda path: bool(compiled.match(path))


def _merged(base: Params, over: Params) -> Params:
    """mergo with override: what is empty overrides nothing."""
    done = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(done.get(key), dict):
            done[key] = _merged(done[key], value)
        elif value or key not in done:
            done[key] = value
    return done


def _combined(one: Params, other: Params) -> Params:
    done = {key: shown(value) for key, value in one.items()}
    for key, value in other.items():
        if done.setdefault(key, shown(value)) != shown(value):
            raise TemplateError(f"found duplicate key {key} with different value, a: {done[key]} ,b: {shown(value)}")
    return done


def _flatten(value: t.Any, under: str = "") -> t.Dict[str, t.Any]:
    if isinstance(value, dict) and (value or not under):
        pairs: t.Iterable[t.Tuple[t.Any, t.Any]] = value.items()
    elif isinstance(value, list) and value:
        pairs = enumerate(value)
    else:
        return {under: value}
    done: t.Dict[str, t.Any] = {}
    for key, one in pairs:
        done.update(_flatten(one, f"{under}.{key}" if under else str(key)))
    return done


def _flat(params: Params) -> t.Dict[str, str]:
    return {key: shown(value) for key, value in _flatten(params).items()}
