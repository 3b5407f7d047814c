# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the templates of a GitOps repository may use: the configuration and the secrets, as one mapping."""

from __future__ import annotations

import base64
import dataclasses
import json
import traceback
import typing as t
import urllib.parse

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
    ENGINE = ""
else:
    YAML_IMPORT_ERROR = None
    ENGINE = f"PyYAML {yaml.__version__}"

Key = t.Union[str, int]
KeyPath = t.Tuple[t.Any, ...]

HIDDEN = "(hidden)"
# Shorter values are in every text.
SHORTEST_SECRET = 6
# Lines are counted down to here: an alias can make a value a part of itself.
DEEPEST = 100


@dataclasses.dataclass(frozen=True)
class Document:
    """A file of values. C(lines) knows where each key is; C(secret) that it lies encrypted in the repository."""

    name: str
    data: t.Dict[str, t.Any]
    lines: t.Mapping[KeyPath, int] = dataclasses.field(default_factory=dict)
    secret: bool = False

    def where(self, path: KeyPath) -> str:
        """The line of a key, or of the nearest one around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


@dataclasses.dataclass(frozen=True)
class Values:
    """All documents merged, and which leaf came from which."""

    data: t.Dict[str, t.Any]
    documents: t.Tuple[Document, ...] = ()
    leaves: t.Mapping[KeyPath, Document] = dataclasses.field(default_factory=dict)

    @property
    def secrets(self) -> t.Iterator[t.Tuple[KeyPath, str]]:
        """Every secret text and number."""
        for path, document in self.leaves.items():
            value = _at(self.data, path)
            if document.secret and value != "" and isinstance(value, (str, int)):
                yield path, str(value)

    def where(self, path: KeyPath) -> str:
        """The file and line that a key came from, or the nearest one around it."""
        found = [document.where(path) for document in self.documents]
        exact = [document.where(path) for document in self.documents if path in document.lines]
        deeper = [where for where in found if ":" in where]
        return (exact or deeper or found or ["config"])[0]

    def is_secret(self, path: KeyPath) -> bool:
        """Whether something at or below a key is a secret."""
        return any(document.secret and leaf[: len(path)] == path for leaf, document in self.leaves.items())


class Redaction:
    """Takes secret values, and their usual codings, out of a text that is about to be shown."""

    def __init__(self, secrets: t.Iterable[str]) -> None:
        values = set(secrets)
        forms = {form for value in values for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)
        # In a message, but not in a diff, even a short one is a secret if it stands there in quotes.
        self._quoted = {repr(value) for value in values if len(value) < SHORTEST_SECRET}

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def problem(self, problem: Problem) -> Problem:
        return Problem(problem.where, self._message(problem.what), self._message(problem.remedy))

    def _message(self, text: str) -> str:
        for quoted in self._quoted:
            text = text.replace(quoted, HIDDEN)
        return self(text)


def leaked(text: str, secrets: t.Iterable[t.Tuple[KeyPath, str]]) -> t.Iterator[KeyPath]:
    """The secrets whose value stands in a text, plainly, in base64 or as a part of an URL."""
    for path, value in secrets:
        if any(form in text for form in _forms(value)):
            yield path


def pick(text: str, path: KeyPath) -> t.Any:
    """What a YAML text holds at a path of keys; None if it is not there. Several documents are a list of them."""
    try:
        documents = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        return _at(documents[0] if len(documents) == 1 else documents, path)
    except (yaml.YAMLError, ValueError, LookupError, TypeError):
        return None


def _forms(value: str) -> t.Set[str]:
    """What a value looks like in a text. Of a short one, nothing: no one could tell it from a coincidence."""
    texts = {text for text in (value, value.strip()) if len(text) >= SHORTEST_SECRET}
    return {coded for text in texts for coded in _codings(text)}


def _codings(value: str) -> t.Iterator[str]:
    encoded = value.encode("utf-8", errors="surrogatepass")
    yield value
    yield base64.b64encode(encoded).decode("ascii")
    yield urllib.parse.quote(encoded)
    yield urllib.parse.quote(encoded, safe="")
    if "\n" in value or '"' in value or "\\" in value:
        yield repr(value)[1:-1]
        yield json.dumps(value)[1:-1]
    if "\n" in value:  # of a block of several lines, each line by itself is a part of the secret
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 4 * SHORTEST_SECRET)


def parse(name: str, text: str, secret: bool = False, lines_of: t.Optional[str] = None) -> Document:
    """A file of values; C(lines_of) is the text to count lines in, if another. Raises ClusterError, without values."""
    if name.endswith(".json"):
        return Document(name, _mapping(name, _json(name, text)), secret=secret)
    node = _compose(name, text, secret)
    lines: t.Dict[KeyPath, int] = {}
    problems = list(_index(name, node, lines))
    if lines_of is not None and node is not None:
        lines = {}
        list(_index(name, _compose(name, lines_of, secret), lines))
    if problems:
        raise ClusterError(*problems)
    return Document(name, _mapping(name, _construct(name, node, secret)), lines, secret)


def merge(documents: t.Sequence[Document]) -> Values:
    """One mapping of all. A value that is in two of them is a problem, not a matter of order. Raises ClusterError."""
    merging = _Merging()
    for document in documents:
        try:
            merging.add(document, document.data, merging.data, ())
        except RecursionError:
            raise ClusterError(
                Problem(
                    document.name, "is nested without end, or too deeply", "Look for an alias inside of its own anchor"
                )
            ) from None
    if merging.problems:
        raise ClusterError(*merging.problems)
    return Values(merging.data, tuple(documents), merging.leaves)


def dotted(path: KeyPath) -> str:
    """A path as a template would write it."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


class _Merging:
    def __init__(self) -> None:
        self.data: t.Dict[str, t.Any] = {}
        self.leaves: t.Dict[KeyPath, Document] = {}
        self.problems: t.List[Problem] = []

    def add(self, document: Document, more: t.Mapping[str, t.Any], data: t.Dict[str, t.Any], path: KeyPath) -> None:
        for key, value in more.items():
            here = (*path, key)
            if isinstance(value, dict) and value and isinstance(data.get(key, {}), dict):
                self.add(document, value, data.setdefault(key, {}), here)
            elif key in data:
                other = next(self.leaves[leaf] for leaf in self.leaves if leaf[: len(here)] == here)
                self.problems.append(
                    Problem(
                        document.where(here),
                        f"{dotted(here)} is also set in {other.where(here)}",
                        "Keep it in one place, and secrets in the encrypted file",
                    )
                )
            else:
                data[key] = value
                self.leaves.update((leaf, document) for leaf in _leaves(value, here))


def _leaves(value: t.Any, path: KeyPath) -> t.Iterator[KeyPath]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, entry in entries:
        found = True
        yield from _leaves(entry, (*path, key))
    if not found:
        yield path


def _at(data: t.Any, path: KeyPath) -> t.Any:
    for key in path:
        data = data[key]
    return data


def _json(name: str, text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f"{name}:{line}" if line else name
        raise ClusterError(Problem(where, "is not valid JSON", "Repair it")) from None


def _compose(name: str, text: str, secret: bool) -> t.Any:
    try:
        loader = _loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        raise ClusterError(_yaml_problem(name, error, secret)) from None  # the error itself would quote the file


def _construct(name: str, node: t.Any, secret: bool) -> t.Any:
    if node is None:
        return None
    try:
        return _loader("").construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ClusterError(_yaml_problem(name, error, secret)) from None


def _loader(text: str) -> t.Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)


def _yaml_problem(name: str, error: Exception, secret: bool) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    reason = getattr(error, "problem", None)
    if reason == "but found another document":
        return Problem(where, "holds a second YAML document", "Keep all values in one")
    return Problem(where, "is not valid YAML" + (f": {reason}" if reason and not secret else ""), "Repair it")


def _index(name: str, node: t.Any, lines: t.Dict[KeyPath, int], path: KeyPath = ()) -> t.Iterator[Problem]:
    """Notes the line of every key, and finds keys that are there twice, of which YAML silently takes the last."""
    if isinstance(node, yaml.MappingNode):
        seen: t.Set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            here = (*path, key.value)
            if key.value in seen:
                where = f"{name}:{key.start_mark.line + 1}"
                yield Problem(where, f"{dotted(here)} is there twice", "Keep one of them")
            elif here not in lines and len(path) < DEEPEST:  # what an alias repeats is indexed where it is used, too
                lines[here] = key.start_mark.line + 1
                yield from _index(name, value, lines, here)
            seen.add(key.value)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            if (*path, number) not in lines and len(path) < DEEPEST:
                lines[(*path, number)] = value.start_mark.line + 1
                yield from _index(name, value, lines, (*path, number))


def _mapping(name: str, data: t.Any) -> t.Dict[str, t.Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ClusterError(Problem(name, "is not a mapping of names to values", "Write lines like 'domain: home.arpa'"))
    wrong = [key for key in data if not isinstance(key, str)]
    if wrong:
        raise ClusterError(*(Problem(name, f"{key!r} cannot name a value", "Quote it") for key in wrong))
    return data
