# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""AppProjects in a file of a Git repository: what they permit, and how to change that line by line.

Every edit is read again, and a template also run with its loops and conditions in several states. What means anything
else than what was asked for, or changes anything else, is not given back.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _yaml_lines as lines
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_nodes import (
    MAPPING,
    NULL,
    SCALAR,
    SEQUENCE,
    STR,
    Node,
    parse,
)
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_source import BOM, Item, Place, Source
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_style import Entry

# In the order in which they are added: that of the alphabet, as missing keys are.
LISTS = ("destinations", "sourceNamespaces", "sourceRepos")
SPEC = "spec"


@dataclasses.dataclass(frozen=True)
class EntryInFile:
    """C(value) is a text or a mapping; of what Jinja makes, as it is written there.

    C(is_expression): nobody knows whether it is there, or what it is, before the template is rendered.
    """

    value: t.Any
    line: int
    is_expression: bool = False


@dataclasses.dataclass(frozen=True)
class ProjectInFile:
    """C(document) counts from 0. All three lists are there; of what is missing in the file, they are empty."""

    name: str
    namespace: str
    document: int
    line: int
    lists: t.Mapping[str, t.Tuple[EntryInFile, ...]]


@dataclasses.dataclass(frozen=True)
class Edits:
    """What to add to which list, and the numbers of the entries to remove, as ProjectInFile counts them."""

    add: t.Mapping[str, t.Sequence[Entry]] = dataclasses.field(default_factory=dict)
    remove: t.Mapping[str, t.Collection[int]] = dataclasses.field(default_factory=dict)


def delimiters_of(path: str, delimiters: t.Optional[Delimiters] = None) -> t.Optional[Delimiters]:
    """None for a file that is no template."""
    return (delimiters or Delimiters()) if path.endswith((".j2", ".jinja", ".jinja2")) else None


def projects(text: str, where: str = "manifest", delimiters: t.Optional[Delimiters] = None) -> t.List[ProjectInFile]:
    """The AppProjects of a file. C(delimiters) are those of a template. Raises ClusterError."""
    source = Source(text[len(BOM) :] if text.startswith(BOM) else text, where, delimiters)
    return [_project(source, number) for number in _documents(source)]


def edit(
    text: str, project: str, edits: Edits, where: str = "manifest", delimiters: t.Optional[Delimiters] = None
) -> str:
    """The text with an AppProject changed; raises ClusterError if that cannot be done without touching more."""
    mark = BOM if text.startswith(BOM) else ""
    before = Source(text[len(mark) :], where, delimiters)
    place = Place(_number_of(before, project), (SPEC,))
    _refuse_in_doubt(before, place, edits)
    after = _edited(before, place, edits)
    _verify(before, after, place, edits)
    return mark + after.text


def _edited(source: Source, place: Place, edits: Edits) -> Source:
    """Adds first, so that what comes has the style of what goes."""
    before = source
    removals = {name: set(edits.remove.get(name, ())) for name in LISTS}
    for name in LISTS:
        if edits.add.get(name):
            changed, first = lines.add(source, place, name, edits.add[name])
            added = len(edits.add[name])
            removals[name] = {number + added if number >= first else number for number in removals[name]}
            source = _again(before, changed)
    for name in reversed(LISTS):
        if removals[name]:
            source = _again(before, lines.remove(source, place, name, removals[name]))
    return source


def _again(before: Source, text: str) -> Source:
    try:
        return before.again(text)
    except ClusterError:
        raise _other_meaning(before) from None


def _other_meaning(source: Source) -> ClusterError:
    what = "the change would mean something else than what was asked for"
    return ClusterError(Problem(source.where, what, "Change it by hand"))


def _documents(source: Source) -> t.Iterator[int]:
    for number, document in enumerate(source.documents):
        api, kind = (_text(source, document, key) for key in ("apiVersion", "kind"))
        if kind == "AppProject" and api.startswith("argoproj.io/"):
            yield number


def _text(source: Source, node: Node, *keys: str) -> str:
    """Of a scalar; empty if there is none."""
    for key in keys:
        node = next((value.resolved for _key, value in node.values(key)), Node(SCALAR, 0, 0))
    if node.kind != SCALAR:
        return ""
    return source.source(node) if source.is_code(node.start, node.end) else node.text


def _project(source: Source, number: int) -> ProjectInFile:
    document = source.documents[number]
    found: t.Dict[str, t.Tuple[EntryInFile, ...]] = {}
    for name in LISTS:
        items = source.find(Place(number, (SPEC,)), name).items if _has_spec(document) else ()
        found[name] = tuple(_entry(source, item) for item in items)
    name, namespace = (_text(source, document, "metadata", key) for key in ("name", "namespace"))
    return ProjectInFile(name, namespace, number, source.line(document.start), found)


def _has_spec(document: Node) -> bool:
    return any(value.resolved.kind == MAPPING for _key, value in document.values(SPEC))


def _entry(source: Source, item: Item) -> EntryInFile:
    line = source.line(item.start)
    if item.node is None:
        return EntryInFile(source.text[item.start : item.end], line, is_expression=True)
    value = _value(source, item.node)
    if item.node.kind == MAPPING and isinstance(value, dict):
        value.update({key.text: _value(source, below) for key, below in item.node.pairs if key.text in value})
    return EntryInFile(value, line, not item.certain)


def _value(source: Source, node: Node) -> t.Any:
    by_code = source.is_code(node.start, node.end) and node.kind == SCALAR
    return source.source(node) if by_code else node.data()


def _number_of(source: Source, project: str) -> int:
    names = {number: _text(source, source.documents[number], "metadata", "name") for number in _documents(source)}
    found = [number for number, name in names.items() if name == project]
    if len(found) == 1:
        return found[0]
    if found:
        at = [source.line(source.documents[number].start) for number in found]
        what = f"AppProject {project} is there {len(found)} times (lines {', '.join(map(str, at))})"
        raise ClusterError(Problem(source.where, what, "Keep one of them"))
    there = ", ".join(names.values()) or "none"
    what = f"there is no AppProject {project} (but: {there})"
    raise ClusterError(Problem(source.where, what, "Name one that is there, or create it first"))


def _refuse_in_doubt(source: Source, place: Place, edits: Edits) -> None:
    """Entries that nobody can tell whether they are there already, or that a template would take for its code."""
    problems = []
    signs = source.delimiters
    starts = (signs.block_start, signs.variable_start, signs.comment_start) if signs else ()
    for name in LISTS:
        added = edits.add.get(name, ())
        for entry in added:
            values = [entry] if isinstance(entry, str) else [*entry, *entry.values()]
            code = [start for start in starts if any(start in value for value in values)]
            if code:
                what = f"'{code[0]}' in {entry} would be taken for code of the template"
                problems.append(Problem(f"{source.where}: {name}", what, "Write it by hand, in a raw block"))
        for item in source.find(place, name).items if added else ():
            if item.node and not item.certain and _entry(source, item).value in added and item.stack:
                block = item.stack[-1][0]
                where = f"{source.where}:{source.line(item.start)}"
                what = f"this entry of {name} depends on the '{block.word}' in line {source.line(block.start)}"
                problems.append(Problem(where, what, "Take it out of there, so that it is always permitted"))
    if problems:
        raise ClusterError(*problems)


def _verify(before: Source, after: Source, place: Place, edits: Edits) -> None:
    """The last word: nothing else than what was asked for has changed in what YAML reads."""
    gone = {name: _shapes(before, place, name, edits) for name in LISTS}
    project = before.documents[place.document].shape()
    name = dict(_fields(dict(_fields(project)).get("metadata"))).get("name")
    good = _is_asked_for(before.documents, after.documents, name, edits, gone)
    if good and before.delimiters:
        good = _runs_agree(before, after, name, edits, gone)
    if not good:
        raise _other_meaning(before)


def _shapes(source: Source, place: Place, name: str, edits: Edits) -> t.List[t.Any]:
    numbers = set(edits.remove.get(name, ()))
    if not numbers:
        return []
    items = source.find(place, name).items
    return [_meaning(items[number].node.resolved.shape()) for number in sorted(numbers) if items[number].node]  # type: ignore[union-attr]


def _runs_agree(before: Source, after: Source, name: t.Any, edits: Edits, gone: t.Mapping[str, t.Any]) -> bool:
    """In each state of the template in which it was YAML before.

    Of the ways to trim lines, the user has one. Nobody knows which of those that made the same of it before.
    """
    results: t.Dict[t.Any, t.List[t.Tuple[t.Any, t.Optional[bool]]]] = {}
    seen: t.Dict[t.Tuple[str, str], t.Tuple[t.Any, t.Optional[bool]]] = {}
    for (trim, old), (_trim, new) in zip(before.template.runs(), after.template.runs()):
        if (old, new) not in seen:
            seen[old, new] = _run_agrees(before.where, (old, new), name, edits, gone)
        results.setdefault(trim, []).append(seen[old, new])
    agreed: t.List[t.Tuple[t.Any, bool]] = []
    for runs in results.values():
        known = [agrees for _meaning, agrees in runs if agrees is not None]
        agreed.append(([meaning for meaning, _agrees in runs], bool(known) and all(known)))
    good = [meaning for meaning, agrees in agreed if agrees]
    return bool(good) and all(agrees for meaning, agrees in agreed if meaning in good)


def _run_agrees(
    where: str, runs: t.Tuple[str, str], name: t.Any, edits: Edits, gone: t.Mapping[str, t.Any]
) -> t.Tuple[t.Any, t.Optional[bool]]:
    """What there was, and whether it is changed as was asked for. None, if there was no YAML."""
    try:
        was = parse(runs[0], where)
    except ClusterError:
        return None, None
    meaning = [document.shape() for document in was]
    try:
        return meaning, _is_asked_for(was, parse(runs[1], where), name, edits, gone)
    except ClusterError:
        return meaning, False


def _is_asked_for(
    before: t.Sequence[Node], after: t.Sequence[Node], name: t.Any, edits: Edits, gone: t.Mapping[str, t.Any]
) -> bool:
    if len(before) != len(after):
        return False
    for old, new in zip(before, after):
        was, now = old.shape(), new.shape()
        if was == now:
            asked = not any(edits.add.values()) and not any(gone.values())
            if asked or not _is_project(was, name):
                continue
        if not _is_project(was, name) or _without_lists(was) != _without_lists(now):
            return False
        for key in LISTS:
            entries, changed = _list(old, key), _list(new, key)
            added = [_wanted(entry) for entry in edits.add.get(key, ())]
            if not _is_changed(entries, changed, added, gone[key]):
                return False
    return True


def _fields(shape: t.Any) -> t.Iterator[t.Tuple[str, t.Any]]:
    if shape and shape[0] == MAPPING:
        for key, value in shape[3]:
            if key[0] == SCALAR:
                yield key[3], value


def _is_project(shape: t.Any, name: t.Any) -> bool:
    fields = dict(_fields(shape))
    kind: t.Any = fields.get("kind")
    return bool(kind) and kind[3] == "AppProject" and dict(_fields(fields.get("metadata"))).get("name") == name


def _without_lists(shape: t.Any) -> t.List[t.Any]:
    """All else, in its order."""
    return [(key, _others(value) if key[3] == SPEC else value) for key, value in shape[3]]


def _others(spec: t.Any) -> t.Any:
    """A spec that has nothing is one without anything else."""
    if spec[0] == MAPPING:
        return [pair for pair in spec[3] if pair[0][3] not in LISTS]
    return [] if spec[1] == NULL else spec


def _list(document: Node, name: str) -> t.List[t.Any]:
    for _key, spec in document.values(SPEC):
        for _name, value in spec.resolved.values(name):
            if value.resolved.kind == SEQUENCE:
                return [_meaning(child.resolved.shape()) for child in value.resolved.children]
            return [] if value.resolved.tag == NULL else [value.shape()]
    return []


def _meaning(shape: t.Any) -> t.Any:
    """Without anchors and the order of keys."""
    if shape[0] == MAPPING:
        return (MAPPING, tuple(sorted((key[3], repr(_meaning(value))) for key, value in shape[3] if key[0] == SCALAR)))
    return (shape[0], shape[1], shape[3])


def _wanted(entry: Entry) -> t.Any:
    if isinstance(entry, str):
        return (SCALAR, STR, entry)
    return (MAPPING, tuple(sorted((key, repr((SCALAR, STR, value))) for key, value in entry.items())))


def _is_changed(before: t.List[t.Any], after: t.List[t.Any], added: t.List[t.Any], gone: t.List[t.Any]) -> bool:
    """Whether all that was stays in its order, without what goes, and what is added comes at one place."""
    kept = list(before)
    for entry in gone:
        if entry not in kept:
            return False
        kept.remove(entry)
    if sorted(map(repr, after)) != sorted(map(repr, [*kept, *added])):
        return False
    if any(before.count(entry) > 1 for entry in gone):
        return True
    return any(after == [*kept[:number], *added, *kept[number:]] for number in range(len(kept) + 1))
