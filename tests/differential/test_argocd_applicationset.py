# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ApplicationSets evaluated offline against Argo CD's own code (tests/lab/programs/argocd/generator)."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset import evaluate
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_functions import FUNCTIONS
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_template import Texts
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import from_json

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".cache" / "argocd-generator"
TEMPLATES = (Path(__file__).parent / "applicationset_templates.txt").read_text().splitlines()
OPTIONS = (["missingkey=error"], [], ["missingkey=zero"])
URL = "https://git.example.com/home/cluster.git"

PARAMS = {
    "path": {
        "path": "kubernetes/apps/My_App",
        "basename": "My_App",
        "basenameNormalized": "my-app",
        "segments": ["kubernetes", "apps", "My_App"],
    },
    "port": 8443,
    "big": 1000000,
    "huge": 123456789012,
    "frac": 0.25,
    "small": 0.00001,
    "neg": -3,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "list": ["b", "a", "c", "a"],
    "nums": [3, 1, 2],
    "map": {"x": "1", "y": {"z": "deep"}},
    "values": {"env": "prod"},
    "name": "web",
    "text": "  hello  World ",
    "csv": "a,b,,c",
    "unicode": "grün",
    "multi": "a\nb",
    "num": "12",
    "html": "<a&b>",
}


@pytest.fixture(scope="session")
def argocd():
    """Asks Argo CD, many questions at once."""
    if not shutil.which("go"):
        pytest.skip("needs Go")
    PROGRAM.parent.mkdir(exist_ok=True)
    folder = ROOT / "tests" / "lab" / "programs" / "argocd"
    subprocess.run(("go", "build", "-o", PROGRAM, "./generator"), cwd=folder, check=True)

    def ask(questions):
        lines = "".join(f"{json.dumps(question)}\n" for question in questions)
        done = subprocess.run((PROGRAM,), input=lines, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def own(template, options, params, go=True):
    """What is printed, that it is refused (None), or that it is not known here (...)."""
    try:
        return Texts(go, options).text(template, from_json(params) if go else params)
    except TemplateError:
        return None
    except UnsupportedError:
        return ...


def compared(argocd, templates, params=None, go=True):
    """Where the two differ, and how many were not known; with PARAMS unless it is said otherwise."""
    params = PARAMS if params is None else params
    asked = [(template, options) for template in templates for options in (OPTIONS if go else ([],))]
    answers = argocd(
        {"template": template, "params": params, "go": go, "options": options} for template, options in asked
    )
    assert len(answers) == len(asked)
    different, unknown = [], 0
    for (template, options), answer in zip(asked, answers, strict=True):
        mine = own(template, options, params, go)
        unknown += mine is ...
        theirs = None if answer.get("error") else answer.get("text", "")
        same = mine is ... or mine == theirs
        if not same and mine is not None and theirs is not None and "toYaml" in template:
            same = yaml.safe_load(mine) == yaml.safe_load(theirs)
        if not same:
            different.append((template, options, mine, answer))
    return different, unknown


def test_templates_that_people_write_and_those_that_go_wrong(argocd):
    different, unknown = compared(argocd, TEMPLATES)
    assert different == []
    assert unknown <= 40, "what is not known here must stay the exception"


WORDS = (
    *(".name", ".port", ".yes", ".nothing", ".empty", ".list", ".nums", ".map", ".missing", ".csv", ".num", ".frac"),
    *(
        ".path.basename",
        ".path.segments",
        ".values.env",
        '"a"',
        '"b,c"',
        '""',
        "1",
        "0",
        "-2",
        "3.0",
        "true",
        "nil",
        ".",
    ),
)
# Not comparable letter by letter, or too long to wait for.
LEFT_OUT = {"toYaml", "fromYaml", "fromYamlArray", "repeat", "until", "untilStep", "regexReplaceAll", "printf"}


def expression(dice, depth):
    if depth == 0 or dice.random() < 0.25:
        return dice.choice(WORDS)
    name = dice.choice(sorted({*FUNCTIONS, "and", "or"} - LEFT_OUT))
    count = dice.choice((1, 1, 2, 2, 2, 3))
    operands = [expression(dice, depth - 1) for _number in range(count)]
    wrapped = [f"({operand})" if " " in operand else operand for operand in operands]
    if dice.random() < 0.3 and not wrapped[-1].startswith(('"', "1", "0", "-", "3", "t", "n")):
        return " ".join([operands[-1], "|", name, *wrapped[:-1]])
    return " ".join([name, *wrapped])


def test_expressions_that_nobody_writes(argocd):
    dice = random.Random(6)
    templates = [f"{{{{ {expression(dice, 2)} }}}}" for _number in range(4000)]
    different, unknown = compared(argocd, templates)
    assert different == []
    assert unknown <= 600


SIMPLE = (
    "{{path}} {{ path.basename }} {{nope}} {{}} {{ }}",
    "{{path[0]}}/{{path[1]}} {{{path}}} {{path}}}",
    "{{path",
    "}}{{path}}",
    "{{path}} {{",
    "{{a}}{{b}}",
    "no {{\n}} x {{path}}",
    "plain",
)


def test_the_older_form(argocd):
    params = {"path": "kubernetes/apps/web", "path.basename": "web", "path[0]": "kubernetes", "a": "1"}
    assert compared(argocd, SIMPLE, params, go=False)[0] == []


class Repository:
    def __init__(self, directories, files):
        self._directories, self._files = directories, files

    def directories(self):
        return self._directories

    def texts(self):
        return self._files

    def is_own(self, url):
        return url == URL


DIRECTORIES = [
    "kubernetes",
    *(f"kubernetes/{category}" for category in ("apps", "core")),
    *(f"kubernetes/apps/{name}" for name in ("blog", "My_App", "wiki", "x1", "x2")),
    "kubernetes/apps/blog/charts",
    *(f"kubernetes/core/{name}" for name in ("cilium", "dns")),
]
FILES = {
    "kubernetes/apps/blog/config.json": '{"name": "blog", "port": 80, "deep": {"a": [1, "x"]}}',
    "kubernetes/apps/wiki/config.json": '[{"name": "one"}, {"name": "two", "port": 8.5}]',
    "kubernetes/core/dns/config.json": "",
}


def _patterns(dice):
    items = [
        {"path": dice.choice(("kubernetes/apps/*", "kubernetes/*/*", "*/apps/x?", "kubernetes/[a-c]*", "k*/[^a]*/*"))}
    ]
    for _number in range(dice.randint(0, 2)):
        path = dice.choice(
            ("kubernetes/apps/blog", "kubernetes/*/x*", "[", "kubernetes/core/*", "kubernetes/apps/x[12]")
        )
        items.append({"path": path, "exclude": dice.random() < 0.7})
    return items


def _generator(dice, go, nested=False):
    kind = dice.choice(
        ("git", "git", "list", "files") if nested else ("git", "git", "list", "files", "matrix", "merge")
    )
    if kind in ("git", "files"):
        git = {"repoURL": URL, "revision": "HEAD"}
        git.update(
            {"directories": _patterns(dice)} if kind == "git" else {"files": [{"path": "kubernetes/*/*/config.json"}]}
        )
        if dice.random() < 0.3:
            git["values"] = {"env": dice.choice(("prod", "{{.path.basename}}" if go else "{{path.basename}}"))}
        if dice.random() < 0.15:
            git["pathParamPrefix"] = "repo"
        found = {"git": git}
    elif kind == "list":
        elements = [
            {"name": name, "cluster": f"c{number}"} for number, name in enumerate(dice.sample(("a", "b", "c"), 2))
        ]
        if go and dice.random() < 0.5:
            elements[0]["port"] = dice.choice((80, 1.5, True))
        found = {"list": {"elements": elements}}
        if dice.random() < 0.2:
            found["list"]["elementsYaml"] = "- name: more\n  cluster: '9'\n"
    else:
        found = {kind: {"generators": [_generator(dice, go, True) for _number in range(2)]}}
        if kind == "merge":
            found["merge"]["mergeKeys"] = [dice.choice(("name", "cluster", "path"))]
    if dice.random() < 0.15:
        found["selector"] = dice.choice(
            (
                {"matchLabels": {"name": "a"}},
                {"matchExpressions": [{"key": "path.basename", "operator": "NotIn", "values": ["wiki"]}]},
                {"matchExpressions": [{"key": "name", "operator": "Exists"}]},
            )
        )
    return found


def _applicationset(dice):
    go = dice.random() < 0.6
    names = (
        (
            "{{ .path.basename | lower }}",
            "{{ .name }}",
            '{{ dig "path" "basename" "none" . }}-{{ dig "name" "x" . }}',
            "{{.values.env}}",
        )
        if go
        else ("{{path.basename}}", "{{name}}-{{path.basenameNormalized}}", "{{values.env}}", "{{path[1]}}-{{cluster}}")
    )
    name = dice.choice(names)
    spec = {
        "goTemplate": go,
        "generators": [_generator(dice, go) for _number in range(dice.randint(1, 2))],
        "template": {
            "metadata": {"name": name, "labels": {name: "x"}},
            "spec": {
                "project": dice.choice(("apps", "{{ .path.basename }}" if go else "{{path.basename}}")),
                "source": {"repoURL": URL, "path": "{{ .path.path }}" if go else "{{path}}"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            },
        },
    }
    if go:
        spec["goTemplateOptions"] = dice.choice((["missingkey=error"], []))
    if dice.random() < 0.2:
        patch = "spec:\n  project: other\n  source: {targetRevision: X}\n  destination: {namespace: null}\n"
        spec["templatePatch"] = patch
    if dice.random() < 0.15:
        spec["generators"][0][next(iter(spec["generators"][0]))]["template"] = {
            "metadata": {},
            "spec": {"project": "own", "destination": {"namespace": "own"}, "source": {"repoURL": URL}},
        }
    metadata = {"name": "set", "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadata, "spec": spec}


def _essence(application):
    spec = application["spec"]
    destination = {key: value for key, value in (spec.get("destination") or {}).items() if value}
    source = {key: value for key, value in (spec.get("source") or {}).items() if value}
    metadata = {key: application["metadata"].get(key) for key in ("name", "namespace", "labels", "finalizers")}
    return {"metadata": metadata, "project": spec.get("project") or "", "source": source, "destination": destination}


def test_applicationsets(argocd):
    dice = random.Random(61)
    asked = [_applicationset(dice) for _number in range(3000)]
    repository = Repository(DIRECTORIES, FILES)
    answers = argocd({"applicationset": one, "directories": DIRECTORIES, "files": FILES} for one in asked)
    different, applications = [], 0
    for one, answer in zip(asked, answers, strict=True):
        outcome = evaluate(one, repository)
        mine = sorted((_essence(found) for found in outcome.applications), key=json.dumps)
        theirs = sorted((_essence(found) for found in answer.get("applications") or ()), key=json.dumps)
        applications += len(theirs)
        if bool(answer.get("error")) != bool(outcome.troubles) or mine != theirs:
            different.append((one, mine, theirs, outcome.troubles, answer.get("error")))
    assert different == []
    assert applications > 5000
