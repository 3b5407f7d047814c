# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with an AppProject in them, as different people write them: C(generate(seed)) mixes all the ways there are."""

from __future__ import annotations

import dataclasses
import json
import random
import typing as t

import jinja2
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

NAME = "apps"
LISTS = ("destinations", "sourceNamespaces", "sourceRepos")
CUSTOM = Delimiters("<%", "%>", "[[", "]]", "<#", "#>")
CONTEXT = {
    "repos": ["https://git.example/loop-1", "https://git.example/loop-2"],
    "namespaces": ["loop-1", "loop-2"],
    "nothing": [],
    "repo": "https://git.example/expression",
    "namespace": "expression",
    "on": True,
    "off": False,
}
IN_CLUSTER = "https://kubernetes.default.svc"


@dataclasses.dataclass(frozen=True)
class ProjectFile:
    """C(states) tells how each list is written; C(refused) which of them nobody can edit."""

    text: str
    delimiters: Delimiters | None
    trim: bool
    states: t.Mapping[str, str]
    refused: frozenset[str]

    def load(self, text: str | None = None) -> list[t.Any]:
        """What Argo CD gets to see."""
        text = (self.text if text is None else text).lstrip("\ufeff")
        if self.delimiters:
            codes = {f"{name}_string": value for name, value in dataclasses.asdict(self.delimiters).items()}
            environment = jinja2.Environment(
                trim_blocks=self.trim,
                lstrip_blocks=self.trim,
                keep_trailing_newline=True,
                undefined=jinja2.StrictUndefined,
                autoescape=False,
                **codes,
            )
            text = environment.from_string(text).render(CONTEXT)
        return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def spec_of(documents: t.Sequence[t.Any]) -> dict[str, t.Any]:
    found = [document for document in documents if document and document.get("kind") == "AppProject"]
    return next(document["spec"] for document in found if document["metadata"]["name"] == NAME)


def generate(seed: int) -> ProjectFile:
    return _Generator(random.Random(seed)).file()


class _Generator:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.template = chance.random() < 0.5
        self.delimiters = chance.choice([Delimiters(), Delimiters(), CUSTOM]) if self.template else None
        self.trim = chance.random() < 0.7
        self.quote = chance.choice(["", "", "'", '"'])
        self.dash = chance.choice(["  ", "", "    "])
        self.gap = chance.choice([" ", " ", " ", "   "])
        self.states: dict[str, str] = {}
        self.refused: set[str] = set()
        self.number = 0

    # Pieces

    def some(self, probability: float) -> bool:
        return self.chance.random() < probability

    def code(self, kind: str, text: str) -> str:
        start, end = getattr(self.delimiters, f"{kind}_start"), getattr(self.delimiters, f"{kind}_end")
        return f"{start} {text} {end}"

    def statement(self, text: str, indentation: str) -> str:
        """A line of its own. Without trimming, people have Jinja take the line's beginning away."""
        start, end = self.delimiters.block_start, self.delimiters.block_end
        if self.trim:
            return self.chance.choice(["", indentation]) + f"{start} {text} {end}"
        return f"{indentation}{start}- {text} {end}"

    def remark(self) -> str:
        return self.chance.choice(["", "", "", "  # as it is", " #\ttab", "  # isn't: - [it, {a: b}]"])

    def quoted(self, value: str) -> str:
        quote = self.quote if self.some(0.8) else self.chance.choice(["", "'", '"'])
        if not quote and (value[0] in "*!" or value.startswith("[")):
            quote = "'"
        return quote + value + quote

    def value(self, name: str) -> t.Any:
        self.number += 1
        if name == "sourceRepos":
            kind = self.chance.choice(["https://git.example/org/r{0}.git", "https://charts.example/c{0}", "oci/{0}"])
            kind = self.chance.choice([kind, "git@git.example:org/r{0}", "https://a.example/{0}/*", "*.example/{0}"])
            return kind.format(self.number)
        if name == "sourceNamespaces":
            return self.chance.choice(["team-{0}", "*-{0}", "t{0}"]).format(self.number)
        entry = {"server": IN_CLUSTER, "namespace": f"ns-{self.number}", "name": "in-cluster"}
        keys = self.chance.choice([("server", "namespace"), ("namespace", "server"), ("name", "namespace", "server")])
        return {key: entry[key] for key in keys}

    def expression(self, name: str) -> t.Any:
        """Returns what is written, quoted if it has to be."""
        code = self.code("variable", "repo" if name == "sourceRepos" else "namespace")
        code = self.chance.choice(['"{0}"', "'{0}'", '"{0}-{1}"']).format(code, self.number)
        if name != "destinations":
            return code
        return self.chance.choice(["{{server: {0}, namespace: {1}}}", "{{ namespace: {1}, server: {0} }}"]).format(
            IN_CLUSTER, code
        )

    def flow(self, value: t.Any) -> str:
        if isinstance(value, str):
            return self.quoted(value)
        pad = self.chance.choice(["", " "])
        return "{" + pad + ", ".join(f"{key}: {self.quoted(below)}" for key, below in value.items()) + pad + "}"

    def entry(self, value: t.Any, indentation: str) -> list[str]:
        """An entry with a dash."""
        if isinstance(value, str) or self.some(0.3):
            return [f"{indentation}-{self.gap}{self.flow(value)}{self.remark()}"]
        deeper = indentation + " " * (1 + len(self.gap))
        lines = [f"{deeper}{key}: {self.quoted(below)}{self.remark()}" for key, below in value.items()]
        return [f"{indentation}-{self.gap}{lines[0].lstrip()}", *lines[1:]]

    # Lists

    def list_lines(self, name: str, indentation: str) -> list[str]:
        states = [
            "absent",
            "brackets",
            "blanks",
            "bare",
            "tilde",
            *["block"] * 6,
            "line",
            "lines",
            "anchored",
            "aliases",
        ]
        states += ["loop", "middle", "condition", "entry", "whole", "opaque", "raw"] if self.template else ["alias"]
        state = self.chance.choice(states)
        self.states[name] = state
        if state in ("whole", "alias"):
            self.refused.add(name)
        return getattr(self, f"_{state}")(name, f"{indentation}{name}:", indentation)

    def _absent(self, name: str, key: str, indentation: str) -> list[str]:
        return []

    def _brackets(self, name: str, key: str, indentation: str) -> list[str]:
        return [f"{key} []{self.remark()}"]

    def _blanks(self, name: str, key: str, indentation: str) -> list[str]:
        return [f"{key}{self.chance.choice([' [ ]', '  []', ' [  ]'])}{self.remark()}"]

    def _bare(self, name: str, key: str, indentation: str) -> list[str]:
        return [f"{key}{self.remark()}"]

    def _tilde(self, name: str, key: str, indentation: str) -> list[str]:
        return [f"{key}{self.chance.choice([' ~', ' null'])}{self.remark()}"]

    def _block(self, name: str, key: str, indentation: str) -> list[str]:
        lines = [key + self.remark()]
        for _entry in range(self.chance.randint(1, 4)):
            if self.some(0.2):
                lines.append(self.chance.choice(["", f"{indentation}{self.dash}# about it", "# far left", "  "]))
            lines += self.entry(self.value(name), indentation + self.dash)
        if self.some(0.2):
            lines.append(f"{indentation}{self.dash}# the end")
        return lines

    def _line(self, name: str, key: str, indentation: str) -> list[str]:
        pad = self.chance.choice(["", " "])
        values = ", ".join(self.flow(self.value(name)) for _entry in range(self.chance.randint(1, 3)))
        comma = self.chance.choice(["", "", ","])
        return [f"{key} [{pad}{values}{comma}{pad}]{self.remark()}"]

    def _lines(self, name: str, key: str, indentation: str) -> list[str]:
        values = [self.flow(self.value(name)) for _entry in range(self.chance.randint(1, 3))]
        last = self.chance.choice(["", ","])
        written = [f"{value},{self.remark()}" for value in values[:-1]] + [f"{values[-1]}{last}{self.remark()}"]
        if self.some(0.3):
            return [f"{key} [{written[0]}", *(f"{indentation}    {line}" for line in written[1:]), f"{indentation}  ]"]
        return [f"{key} [{self.remark()}", *(f"{indentation}    {line}" for line in written), f"{indentation}  ]"]

    def _anchored(self, name: str, key: str, indentation: str) -> list[str]:
        """An anchor that nobody uses, and one in the list that the list itself uses."""
        lines = [f"{key} &{name}{self.remark()}"]
        first = self.flow(self.value(name))
        return [*lines, f"{indentation}{self.dash}-{self.gap}&first-{name} {first}"]

    def _aliases(self, name: str, key: str, indentation: str) -> list[str]:
        """Entries that are written elsewhere."""
        block = self._block(name, key, indentation)
        return [*block, f"{indentation}{self.dash}-{self.gap}*entry-{name}{self.remark()}"]

    def _alias(self, name: str, key: str, indentation: str) -> list[str]:
        return [f"{key} *shared-{name}"]

    def _loop(self, name: str, key: str, indentation: str) -> list[str]:
        return [*self._block(name, key, indentation), *self.loop(name, indentation)]

    def _middle(self, name: str, key: str, indentation: str) -> list[str]:
        lines = [key, *self.loop(name, indentation)]
        if self.some(0.7):
            lines += self.entry(self.value(name), indentation + self.dash)
        return lines

    def loop(self, name: str, indentation: str) -> list[str]:
        loop = "each in " + self.chance.choice(["repos" if name == "sourceRepos" else "namespaces", "nothing"])
        each = self.code("variable", "each")
        entry = f"{{namespace: {each}, server: {IN_CLUSTER}}}" if name == "destinations" else f'"{each}"'
        deeper = indentation + self.dash
        return [
            self.statement(f"for {loop}", deeper),
            f"{deeper}-{self.gap}{entry}",
            self.statement("endfor", deeper),
        ]

    def _condition(self, name: str, key: str, indentation: str) -> list[str]:
        lines = self._block(name, key, indentation)
        deeper = indentation + self.dash
        condition = self.chance.choice(["on", "off"])
        lines += [self.statement(f"if {condition}", deeper), *self.entry(self.value(name), deeper)]
        if self.some(0.3):
            lines += [self.statement("else", deeper), *self.entry(self.value(name), deeper)]
        return [*lines, self.statement("endif", deeper)]

    def _entry(self, name: str, key: str, indentation: str) -> list[str]:
        written = f"{indentation}{self.dash}-{self.gap}{self.expression(name)}{self.remark()}"
        lines = self._block(name, key, indentation)
        return [lines[0], written, *lines[1:]] if self.some(0.5) else [*lines, written]

    def _whole(self, name: str, key: str, indentation: str) -> list[str]:
        code = self.code("variable", "repos | tojson" if name == "sourceRepos" else "nothing")
        return [f"{key} {code}"]

    def _opaque(self, name: str, key: str, indentation: str) -> list[str]:
        """Lines that an expression makes, in a list and in one that has nothing else."""
        code = self.code("variable", "''")
        if self.some(0.3):
            self.refused.add(name)
            return [key, code]
        return [*self._block(name, key, indentation), code]

    def _raw(self, name: str, key: str, indentation: str) -> list[str]:
        lines = self._block(name, key, indentation)
        return [self.raw("raw"), *lines, self.raw("endraw")]

    def raw(self, word: str) -> str:
        minus = "" if self.trim else "-"
        return f"{self.delimiters.block_start}{minus} {word} {self.delimiters.block_end}"

    # Documents

    def other(self) -> list[str]:
        kinds = [
            ["apiVersion: v1", "kind: Namespace", "metadata: {name: other}  # flow"],
            [
                "kind: ConfigMap",
                "apiVersion: v1",
                "data:",
                "  text: |",
                "    kind: AppProject",
                "",
                "    - x",
                "  b: ''",
            ],
            ["apiVersion: argoproj.io/v1alpha1", "kind: AppProject", "metadata:", "  name: other", "spec:"],
        ]
        lines = self.chance.choice(kinds)
        if lines[-1] == "spec:":
            lines = [*lines, "  sourceRepos:", "  - 'https://git.example/other'"]
        elif not self.template and self.some(0.5):
            lines = [*lines, "annotation: '{{ .path }} {% x %}'"]
        return lines

    def project(self) -> list[str]:
        indentation = self.chance.choice(["  ", "  ", "    "])
        keys = {
            "description": self.chance.choice(
                [
                    ["description: plain text"],
                    ["description: >-", "  folded", "  text"],
                    ["description: |", "  literal"],
                ]
            ),
            "permitOnlyProjectScopedClusters": ["<<: *base"],
            "signatureKeys": ["signatureKeys: [{keyID: '0',", '  }, {keyID: "1 \\', "    # no remark", '  "}]'],
            "orphanedResources": ["orphanedResources: {warn: true}"],
            "roles": [
                "roles:",
                "- name: admin",
                "  policies:",
                "  - p, proj:apps:admin, applications, *, apps/*, allow",
            ],
            "clusterResourceWhitelist": ["clusterResourceWhitelist:", "  - group: '*'", "    kind: '*'"],
        }
        chosen = self.chance.sample(sorted(keys), self.chance.randint(1, 3))
        parts = [[indentation + line for line in keys[key]] for key in chosen]
        for name in LISTS:
            parts.append(self.list_lines(name, indentation))
        if "opaque" in self.states.values():  # which may be the beginning of whatever is missing
            self.refused |= {name for name in LISTS if self.states[name] == "absent"}
        self.chance.shuffle(parts)
        lines = ["apiVersion: argoproj.io/v1alpha1", "kind: AppProject", "metadata:", f"  name: {NAME}"]
        shared = [name for name in LISTS if self.states[name] == "alias"]
        if shared:
            lines += ["x-shared:", *(f"  {name}: &shared-{name} []" for name in shared)]
        lines += [
            "x-entries:",
            *(f"  - &entry-{name} {self.flow(self.value(name))}" for name in LISTS if self.states[name] == "aliases"),
            "  - &base {permitOnlyProjectScopedClusters: true}",
        ]
        lines.append(f"spec:{self.remark()}")
        for part in parts:
            if self.some(0.15):
                lines.append(self.chance.choice(["", f"{indentation}# next", "# left"]))
            lines += part
        return lines

    def flow_project(self) -> str:
        """JSON, or a spec in braces."""
        spec: dict[str, t.Any] = {"description": "all in braces"}
        for name in LISTS:
            self.states[name] = self.chance.choice(["absent", "brackets", "line", "line"])
            if self.states[name] != "absent":
                count = 0 if self.states[name] == "brackets" else self.chance.randint(1, 3)
                spec[name] = [self.value(name) for _entry in range(count)]
        items = list(spec.items())
        self.chance.shuffle(items)
        head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": NAME}}
        if self.some(0.5):
            indentation = self.chance.choice([None, 2, 4])
            return json.dumps({**head, "spec": dict(items)}, indent=indentation) + "\n"
        fields = ", ".join(f"{key}: {self.nested(value)}" for key, value in items)
        lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
        return "\n".join([*lines, f"spec: {{{fields}}}  # braces", "status: {}"]) + "\n"

    def nested(self, value: t.Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(self.flow(below) for below in value) + "]"
        return self.quoted(value)

    def file(self) -> ProjectFile:
        if self.some(0.12):
            self.template, self.delimiters = False, None
            text = self.flow_project()
        else:
            text = self._text(self.project())
        newline = "\r\n" if self.some(0.15) else "\n"
        text = text.replace("\n", newline)
        if self.some(0.2):
            text = text[: -len(newline)]
        if self.some(0.1):
            text = "\ufeff" + text
        return ProjectFile(text, self.delimiters, self.trim, self.states, frozenset(self.refused))

    def _text(self, lines: list[str]) -> str:
        if self.template and self.some(0.2):
            lines = [self.statement("if on", ""), *lines, self.statement("endif", "")]
        elif self.template and self.some(0.2):
            lines = [self.code("comment", "a remark\nof two lines"), *lines]
        documents = [lines]
        for _other in range(self.chance.randint(0, 2)):
            documents.insert(self.chance.randint(0, len(documents)), self.other())
        text = "".join("---\n" + "\n".join(document) + "\n" for document in documents)
        start = self.chance.choice(["", "", "# a file\n", "%YAML 1.1\n", "\n"])
        if start != "%YAML 1.1\n" and not (self.template and not self.trim) and self.some(0.5):
            text = text[len("---\n") :]
        return start + text
