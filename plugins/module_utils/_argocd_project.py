# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What an AppProject permits: which entries of its lists come and go, wherever the project is kept."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_rules as rules
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_layout import IN_CLUSTER
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._url_credentials import masked_url

SOURCE_REPOS, DESTINATIONS = "sourceRepos", "destinations"
LISTS = (SOURCE_REPOS, DESTINATIONS)
STATES = ("present", "absent", "exact")
DESTINATION_KEYS = ("server", "name", "namespace")
IN_CLUSTER_NAME = "in-cluster"
CREDENTIALS = "credentials"
RISKS = (*rules.CODES, CREDENTIALS)

Entry = t.Union[str, t.Mapping[str, str]]
Same = t.Union[str, t.Tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Expression:
    """An entry of a template. What it will be is not known, so it equals nothing and nobody takes it away."""

    text: str


Entries = t.Sequence[t.Union[Entry, Expression]]


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for. C(lists) holds those that are given."""

    project: str
    namespace: str
    lists: t.Mapping[str, t.Tuple[Entry, ...]]
    state: str = "present"
    accept_risk: t.FrozenSet[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Plan:
    """C(add) is appended to the lists; C(remove) are indices into them as they are."""

    add: t.Mapping[str, t.Tuple[Entry, ...]]
    remove: t.Mapping[str, t.Tuple[int, ...]]
    warnings: t.Tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return any(self.add.values()) or any(self.remove.values())

    def touches(self, name: str) -> bool:
        return bool(self.add.get(name) or self.remove.get(name))

    def after(self, name: str, current: Entries) -> t.List[t.Union[Entry, Expression]]:
        gone = self.remove.get(name, ())
        return [*(entry for index, entry in enumerate(current) if index not in gone), *self.add.get(name, ())]

    def removed(self, name: str, current: Entries) -> t.List[Entry]:
        return [t.cast(Entry, current[index]) for index in self.remove.get(name, ())]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """C(current) are the lists that C(plan) is for; C(change) is without credentials."""

    current: t.Mapping[str, Entries]
    plan: Plan
    change: Change
    warnings: t.Tuple[str, ...] = ()
    refreshed: t.Tuple[str, ...] = ()

    def told(self) -> t.Dict[str, t.Any]:
        """As a module's result."""
        return {
            "changed": self.plan.changed,
            "added": {name: told(self.plan.add.get(name, ())) for name in LISTS},
            "removed": {name: told(self.plan.removed(name, self.current.get(name, ()))) for name in LISTS},
            "refreshed": list(self.refreshed),
        }


def told(entries: t.Iterable[t.Union[Entry, Expression]]) -> t.List[t.Any]:
    """Entries as data, without credentials."""
    return [
        masked_url(entry)
        if isinstance(entry, str)
        else entry.text
        if isinstance(entry, Expression)
        else {key: masked_url(value) for key, value in entry.items()}
        for entry in entries
    ]


def request(options: t.Mapping[str, t.Any]) -> Request:
    """From the module's options; ClusterError lists everything that is wrong with them."""
    problems = list(_nowhere(options))
    lists: t.Dict[str, t.Tuple[Entry, ...]] = {}
    if options.get("source_repos") is not None:
        lists[SOURCE_REPOS] = _distinct(options["source_repos"])
        problems += _empty("source_repos", options["source_repos"])
    destinations = options.get("destinations")
    namespaces = options.get("namespaces")
    if destinations is not None or namespaces is not None:
        lists[DESTINATIONS] = _distinct(
            [
                *({key: entry[key] for key in DESTINATION_KEYS if entry.get(key)} for entry in destinations or []),
                *({"server": IN_CLUSTER, "namespace": namespace} for namespace in namespaces or []),
            ]
        )
        problems += _empty("namespaces", namespaces or [])
        problems += _empty("destinations", [entry.get("server") or entry.get("name") for entry in destinations or []])
    if not problems and not lists:
        remedy = "Give at least one of source_repos, destinations and namespaces"
        problems.append(Problem("argocd_project_repo", "nothing is asked for", remedy))
    if problems:
        raise ClusterError(*problems)
    return Request(
        options["project"],
        options["namespace"],
        lists,
        options.get("state") or "present",
        frozenset(options.get("accept_risk") or ()),
    )


def texts(options: t.Mapping[str, t.Any]) -> t.List[str]:
    """Of the entries that are asked for, those that may be URLs."""
    destinations = [entry.get(key) for entry in options.get("destinations") or [] for key in ("server", "name")]
    return [text for text in [*(options.get("source_repos") or []), *destinations] if text]


def _nowhere(options: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    """Without a namespace it would be the projects of all of them, and without a path the one in the cluster."""
    for option in ("project", "namespace"):
        if not options.get(option):
            yield Problem(option, "is empty", "Name what it is to be")
    if options.get("path") == "":
        yield Problem("path", "is empty", "Name the file, or leave path out to change the project in the cluster")


def _empty(option: str, values: t.Sequence[t.Optional[str]]) -> t.Iterator[Problem]:
    what = "has neither server nor name" if option == "destinations" else "is empty"
    for index, value in enumerate(values):
        if not value:
            yield Problem(f"{option}[{index}]", what, "Name what it is to be, or leave the entry out")


def same(entry: t.Union[Entry, Expression]) -> t.Optional[Same]:
    """Entries are equal if this is: to Argo CD they then mean the same. None equals nothing."""
    if isinstance(entry, Expression):
        return None
    if not isinstance(entry, str):
        return tuple(entry.get(key) or "" for key in DESTINATION_KEYS)
    normal = permission.normalized_entry(entry)
    # All that cannot be parsed has one normal form, which is empty.
    return normal if normal.strip("!") else f"unparsable {entry}"


def is_denied(entry: Entry) -> bool:
    """Whether the entry forbids what it matches."""
    return any(value[:1] == "!" for value in values(entry))


def _distinct(entries: t.Iterable[Entry]) -> t.Tuple[Entry, ...]:
    found: t.Dict[t.Optional[Same], Entry] = {}
    for entry in entries:
        found.setdefault(same(entry), entry)
    return tuple(found.values())


def plan(current: t.Mapping[str, Entries], wanted: Request, where: str) -> Plan:
    """What it takes; ClusterError lists everything that speaks against it. C(where) is where the project is kept."""
    add = {name: _missing(current.get(name, ()), entries, wanted) for name, entries in wanted.lists.items()}
    remove = {name: _surplus(current.get(name, ()), entries, wanted) for name, entries in wanted.lists.items()}
    bare = Plan(add, remove)
    problems: t.List[Problem] = []
    warnings: t.List[str] = []
    for name, entries in wanted.lists.items():
        found = current.get(name, ())
        unknown = [entry.text for entry in found if isinstance(entry, Expression)]
        at = f"{where}, spec.{name}"
        if unknown and wanted.state == "exact":
            what = f"holds what only rendering tells ({', '.join(unknown)})"
            problems.append(Problem(at, what, "Use the states present and absent, or write the entries out"))
        elif unknown and wanted.state == "absent":
            warnings.append(f"{at}: what only rendering tells is left as it is ({', '.join(unknown)})")
        if wanted.state != "absent":
            problems += _forbidden(at, name, entries, bare.after(name, found))
        for new, problem in _risks(at, name, bare, found, wanted.accept_risk):
            if new:
                problems.append(problem)
            else:
                warnings.append(str(problem))
    problems += _refused(where, bare, current)
    if problems:
        raise ClusterError(*problems)
    return dataclasses.replace(bare, warnings=tuple(warnings))


def _missing(current: Entries, entries: t.Sequence[Entry], wanted: Request) -> t.Tuple[Entry, ...]:
    if wanted.state == "absent":
        return ()
    known = {same(entry) for entry in current}
    return tuple(entry for entry in entries if same(entry) not in known)


def _surplus(current: Entries, entries: t.Sequence[Entry], wanted: Request) -> t.Tuple[int, ...]:
    if wanted.state == "present":
        return ()
    named = {same(entry): entry for entry in entries}
    if wanted.state == "absent":
        return tuple(index for index, entry in enumerate(current) if same(entry) in named)
    kept: t.Dict[t.Optional[Same], int] = {}
    for index, entry in enumerate(current):
        key = same(entry)
        # Of equals, the one that is written as it is asked for stays, else the first.
        if key in named and (key not in kept or (entry == named[key] and current[kept[key]] != named[key])):
            kept[key] = index
    return tuple(index for index in range(len(current)) if index not in kept.values())


def _forbidden(at: str, name: str, entries: t.Sequence[Entry], after: Entries) -> t.Iterator[Problem]:
    """To be in the list is not enough: a deny entry that matches has the last word."""
    denying = [entry for entry in after if not isinstance(entry, Expression) and is_denied(entry)]
    for entry in entries:
        by = _forbids(name, denying, entry) if denying and not is_denied(entry) else None
        if by is not None:
            what = f"the entry {shown(by)} forbids {shown(entry)}"
            yield Problem(at, what, "Take that entry away first (state=absent)")


def _forbids(name: str, denying: t.Sequence[Entry], entry: Entry) -> t.Optional[Entry]:
    """Which of the deny entries does."""
    if isinstance(entry, str):
        verdict = permission.source(_only(name, denying), entry)
    else:
        found = as_destination(entry)
        # What Argo CD calls this cluster besides is not known here; so nothing is said of entries that go by it.
        unknown = [key for key in ("server", "name") if not getattr(found, key)]
        denying = [each for each in denying if not any(t.cast("t.Mapping[str, str]", each).get(key) for key in unknown)]
        verdict = permission.destination(_only(name, denying), found)
    return None if verdict.denied_by is None else denying[verdict.denied_by]


def _only(name: str, entries: t.Sequence[Entry]) -> permission.Project:
    return permission.Project.of({"spec": {name: entries}})


def as_destination(entry: t.Mapping[str, t.Any]) -> permission.Destination:
    """Of an Application, or an entry as if it were one. Argo CD calls the cluster that it runs in by both names."""
    server, name = entry.get("server") or "", entry.get("name") or ""
    if server == IN_CLUSTER:
        name = name or IN_CLUSTER_NAME
    elif name == IN_CLUSTER_NAME:
        server = server or IN_CLUSTER
    return permission.Destination(server, name, entry.get("namespace") or "")


def _risks(
    at: str, name: str, bare: Plan, current: Entries, accepted: t.AbstractSet[str]
) -> t.Iterator[t.Tuple[bool, Problem]]:
    """What does not mean what it seems to, and whether an entry is to blame that is yet to be added."""
    after = [entry for entry in bare.after(name, current) if not isinstance(entry, Expression)]
    first_new = len(after) - len(bare.add.get(name, ()))
    for index, code, what, remedy in _traps(name, after):
        if code not in accepted:
            new = index >= first_new
            way_out = f"{remedy}. If it is meant, add {code} to accept_risk" if new else remedy
            yield new, Problem(at, what, way_out)


def _traps(name: str, entries: t.Sequence[Entry]) -> t.Iterator[t.Tuple[int, str, str, str]]:
    """The index of the entry, the code, what is wrong, and the way out."""
    find = rules.source_traps if name == SOURCE_REPOS else rules.destination_traps
    for trap in find(entries):  # type: ignore[arg-type]
        entry = entries[trap.entry]
        if not (trap.code == "deny_opens_rest" and open_anyway(entry, entries)):
            yield trap.entry, trap.code, _told(trap.what, entry), _told(trap.remedy, entry).rstrip(".")
    for index, entry in enumerate(entries):
        if any(masked_url(value) != value for value in values(entry)):
            what = f"everybody who may read the project reads the credentials of {shown(entry)}"
            remedy = "Give them to Argo CD in a repository Secret, and here the URL without them"
            yield index, CREDENTIALS, what, remedy


def _told(text: str, entry: Entry) -> str:
    """What a rule says about the entry, without its credentials."""
    for value in values(entry):
        if masked_url(value) != value:
            text = text.replace(value, masked_url(value)).replace(repr(value)[1:-1], masked_url(value))
    return text


def open_anyway(denied: Entry, entries: t.Sequence[Entry]) -> bool:
    """Whether all that this deny entry permits besides is permitted by an entry for everything."""
    if isinstance(denied, str):
        return "*" in entries
    return {**denied, "namespace": "*"} in entries


def _refused(where: str, bare: Plan, current: t.Mapping[str, Entries]) -> t.Iterator[Problem]:
    """What argocd-server would refuse after the change, and would not have refused before."""

    def refused(lists: t.Mapping[str, Entries]) -> t.Dict[str, Problem]:
        spec = {
            name: [entry for entry in entries if not isinstance(entry, Expression)] for name, entries in lists.items()
        }
        found = rules.project_problems({"metadata": {"name": "project"}, "spec": spec})
        return {problem.what: problem for problem in found}

    before = refused(current)
    after = refused({name: bare.after(name, current.get(name, ())) for name in {**current, **bare.add}})
    for what, problem in after.items():
        if what not in before:
            yield Problem(where, f"argocd-server would refuse it ({what})", problem.remedy)


def shown(entry: Entry) -> str:
    """As people write it, without credentials."""
    if isinstance(entry, str):
        return masked_url(entry)
    return ", ".join(f"{key} {masked_url(value)}" for key, value in entry.items())


def values(entry: Entry) -> t.Iterable[str]:
    return [entry] if isinstance(entry, str) else entry.values()
