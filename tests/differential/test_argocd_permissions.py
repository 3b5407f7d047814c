# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same questions to this collection and to Argo CD's own code: not one answer may differ.

`TEST_ALL=1` asks a million with other seeds. A difference is shown as the smallest question that still differs.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.differential.argocd_permissions import ROOT, answer, written
from tests.differential.generate import Case, Maker
from tests.differential.generate import written as asked
from tests.tools.build import build_oracle

SEEDS = range(1, 51) if os.environ.get("TEST_ALL") else range(1, 2)
CASES = 21_000
ORACLE_SECONDS = 300
VERDICTS = (
    "source_permitted",
    "dest_permitted",
    "kind_permitted",
    "resource_permitted",
    "app_namespace_permitted",
    "same_url",
)


def _spec(case: Case) -> dict[str, Any]:
    return case["project"].get("spec") or {}


def _sources(case: Case) -> list[str]:
    return _spec(case).get("sourceRepos") or []


def _destinations(case: Case) -> list[dict[str, str]]:
    return _spec(case).get("destinations") or []


@pytest.fixture(scope="module")
def oracle() -> Path:
    return build_oracle()


# What has to be among the questions, by a sign of it in the entries or in the answer.
ODD = {
    "a deny that opens the rest": lambda case, _: any(entry.startswith("!http") for entry in _sources(case)),
    "a double deny": lambda case, _: any(entry.startswith("!!") for entry in _sources(case)),
    "an empty deny": lambda case, _: "!*" in _sources(case),
    "braces": lambda case, _: any("{" in entry for entry in _sources(case)),
    "a space at the start": lambda case, _: any(entry.startswith(" ") for entry in _sources(case)),
    "a trailing slash": lambda case, _: any(entry.endswith("/") for entry in _sources(case)),
    "a host with a wildcard": lambda case, _: any("//*." in entry for entry in _sources(case)),
    "an empty normal form": lambda _, result: result.get("normalized_source") == "",
    "two URLs that cannot be parsed": lambda case, result: (
        result.get("normalized_source") == "" and result["source_permitted"] and bool(case["source_repo"].strip())
    ),
    "an escaped star": lambda _, result: any("%2A" in entry for entry in result.get("normalized_source_repos", ())),
    "the Kelvin sign": lambda case, _: "\u212a" in case.get("source_repo", ""),
    "a dotted capital I": lambda case, _: "\u0130" in case.get("source_repo", ""),
    "half a surrogate": lambda case, _: "\ud800" in case.get("source_repo", ""),
    "a namespace denied by name only": lambda case, _: any(
        entry.get("namespace", "").startswith("!") and not entry.get("server") for entry in _destinations(case)
    ),
    "a server with a slash": lambda case, _: any(
        entry.get("server", "").endswith("/") for entry in _destinations(case)
    ),
    "only a project's own clusters": lambda case, result: (
        _spec(case).get("permitOnlyProjectScopedClusters") is True and result.get("dest_permitted") is True
    ),
    "an empty whitelist": lambda case, _: _spec(case).get("namespaceResourceWhitelist") == [],
    "a whitelist that is null": lambda case, _: _spec(case).get("namespaceResourceWhitelist", "") is None,
    "a regular expression": lambda case, result: (
        result.get("app_namespace_permitted") is True
        and any(entry.startswith("/") for entry in _spec(case).get("sourceNamespaces") or ())
    ),
    "a panic of Argo CD": lambda _, result: "panic" in result.get("error", ""),
    "a project that its server refuses": lambda _, result: bool(result.get("project_invalid")),
}


def ask(oracle: Path, lines: list[bytes]) -> list[bytes]:
    question = b"\n".join(lines) + b"\n"
    # Argo CD's own libraries take very long for some expressions, and nothing would end that.
    done = subprocess.run([oracle], input=question, stdout=subprocess.PIPE, check=True, timeout=ORACLE_SECONDS)
    return done.stdout.splitlines()


def mine(line: bytes) -> bytes:
    return written(answer(line)).encode("utf-8", "replace")


def smaller(case: Any) -> Iterator[Any]:
    """The same question with one thing less."""
    if isinstance(case, dict):
        for key in case:
            if key != "project":
                yield {name: value for name, value in case.items() if name != key}
        for key, value in case.items():
            for less in smaller(value):
                yield {**case, key: less}
    elif isinstance(case, list):
        for at, value in enumerate(case):
            yield case[:at] + case[at + 1 :]
            for less in smaller(value):
                yield [*case[:at], less, *case[at + 1 :]]
    elif isinstance(case, str):
        for at in range(len(case)):
            yield case[:at] + case[at + 1 :]


def minimised(oracle: Path, case: Case) -> Case:
    case = copy.deepcopy(case)
    while True:
        candidates = list(smaller(case))
        lines = [asked(candidate) for candidate in candidates]
        for candidate, line, theirs in zip(candidates, lines, ask(oracle, lines)):
            if mine(line) != theirs:
                case = candidate
                break
        else:
            return case


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_argo_cds_own(oracle: Path, seed: int) -> None:
    cases = list(Maker(seed).cases(CASES))
    lines = [asked(case) for _label, case in cases]
    seen: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    answers = ask(oracle, lines)
    assert len(answers) == len(cases)
    for (_label, case), line, theirs in zip(cases, lines, answers):
        ours = mine(line)
        if ours != theirs:
            case = minimised(oracle, case)  # noqa: PLW2901
            line = asked(case)  # noqa: PLW2901
            pytest.fail(f"seed {seed}: {line.decode()}\nArgo CD: {ask(oracle, [line])[0]!r}\nhere:    {mine(line)!r}")
        result = json.loads(theirs)
        seen.update(f"{field} {result[field]}" for field in VERDICTS if field in result)
        odd.update(name for name, sign in ODD.items() if sign(case, result))

    for field in VERDICTS:
        both = seen[f"{field} True"], seen[f"{field} False"]
        assert min(both) * 20 > sum(both), f"{field}: {both[0]} permitted, {both[1]} denied"
    assert set(odd) == set(ODD), f"never asked: {sorted(set(ODD) - set(odd))}"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("", None),
        ("{", "error"),
        ("not JSON", "error"),
        ("[]", "error"),
        ("null", None),
        ("{} {}", "error"),
        ('{"id": 1}', "error"),
        ('{"id": "a", "project": {"spec": {"sourceRepos": "x"}}}', "error"),
        ('{"id": "a", "project": {"spec": {"sourceRepos": [1]}}}', "error"),
        ('{"id": "a", "project": {"spec": {"destinations": {}}}}', "error"),
        ('{"id": "a", "project": {"spec": {"destinations": ["x"]}}}', "error"),
        ('{"project": {"metadata": {"creationTimestamp": "yesterday"}}, "id": "a"}', "error"),
        ('{"project": {"metadata": {"creationTimestamp": null}}, "id": "a"}', None),
        ('{"kind": {"namespaced": "yes"}}', "error"),
        ('{"PROJECT": {"SPEC": {"\u017fourceRepos": ["a"]}}, "source_Repo": "a"}', "source_permitted"),
        ('{"project": {"spec": {"sourceRepos": null}}, "source_repo": "a"}', "source_permitted"),
        ('{"project": null, "source_repo": null, "dest": null, "same_url": ["a"]}', None),
        ('{"project": {"spec": {"sourceRepos": ["a", null]}}, "source_repo": ""}', "source_permitted"),
        ('{"source_repo": "a", "source_repo": "b", "project": {"spec": {"sourceRepos": ["b"]}}}', "source_permitted"),
        (
            '{"project": {"spec": {"sourceRepos": ["a", "b"]}}, "project": {"spec": {"sourceRepos": [null]}},'
            ' "source_repo": "a"}',
            "source_permitted",
        ),
        ('{"unknown": {"deep": [1, 2.5e3, true]}, "source_repo": "a"}', "source_permitted"),
        ('{"source_repo": "\\ud800\\udc00\\ud800", "same_url": ["\\udc00", "\ufffd"]}', "same_url"),
        ('{"app_namespace": "\u2028\\u0007\\b<>&"}', "app_namespace_permitted"),
        ('{"source_repo": "a\tb"}', "error"),
        ('{"a": NaN}', "error"),
        ('{"a": 01}', "error"),
        ("\ufeff{}", "error"),
        ('{"same_url": ["a", "a"]}\r', "same_url"),
    ],
)
def test_a_line_is_read_as_go_reads_it(oracle: Path, line: str, field: str | None) -> None:
    encoded = line.encode("utf-8", "surrogatepass")
    [theirs] = ask(oracle, [encoded]) or [b""]
    ours = mine(encoded.rstrip(b"\r")) if encoded else b""
    if field == "error":
        assert "error" in json.loads(theirs)
        assert "error" in json.loads(ours)
        assert json.loads(theirs).get("id") == json.loads(ours).get("id")
    else:
        assert ours == theirs
        assert field is None or field in json.loads(ours)


def test_bytes_that_are_no_utf_8_are_read_as_go_reads_them(oracle: Path) -> None:
    for raw in (b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80"):
        line = b'{"id": "' + raw + b'", "project": {"spec": {"sourceRepos": ["*"]}}, "source_repo": "x:' + raw + b'"}'
        assert mine(line) == ask(oracle, [line])[0]


def test_the_program_reads_and_writes_as_the_oracle_does(oracle: Path) -> None:
    lines = b'{"id":"1","same_url":["a","A"]}\n\n{bad\n\r\n{"id":"2","same_url":["a","b"]}'
    command = [str(ROOT / ".venv" / "bin" / "python"), str(ROOT / "tests" / "differential" / "argocd_permissions.py")]
    ours = subprocess.run(command, input=lines, stdout=subprocess.PIPE, check=True, cwd="/").stdout.splitlines()
    theirs = subprocess.run([oracle], input=lines, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    assert (ours[0], ours[2]) == (theirs[0], theirs[2])
    assert [sorted(json.loads(line)) for line in ours] == [sorted(json.loads(line)) for line in theirs]
