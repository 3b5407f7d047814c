# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about Argo CD's permissions: `python -m tests.differential.generate SEED COUNT`, the same each time.

Each kind of question has its own maker. Most patterns are made from the value that is asked for, and then bent, so
that both verdicts are common and what decides is the odd detail.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

Case = dict[str, Any]

HOSTS = [
    "github.com",
    "GitHub.com",
    "github.com:443",
    "github.com:22",
    "user@github.com",
    "user:token@github.com",
    "gitlab.example.com:8443",
    "10.0.0.5:5000",
    "[fe80::1]",
    "[fe80::1%25eth0]:22",
    "[::ffff:1.2.3.4]:80",
    "[1.2.3.4]",
    "registry-1.docker.io",
    "b\u00fccher.example",
    "a%20b.example",
    "%e4%b8%ad.example",
    "host,other:80",
    "a:1:2",
    "\u212aubernetes.example",
    "",
    "*.example.com",
    "evil.test?.example.com",
    "ex ample.com",
    "[::1",
    "a[b].example",
    "p@ss@github.com",
    "us%65r@h",
    "us%er@h",
    "<h>",
    'h"x',
    "[::1%25%41]",
    "[::1%25a%20b]",
    "[::1%25%e4]",
]
PATHS = [
    "org/repo",
    "Org/Repo.git",
    "org/repo.git.git",
    "org/repo/",
    "org/repo.git/",
    "org/../evil/repo",
    "org/sub/repo",
    "org//repo",
    "org/re po",
    "org/{a,b}",
    "org/*",
    "org/**",
    "**",
    "*",
    "org/re?o",
    "org/[ab]*",
    "org/r%65po",
    "org/r%2fpo",
    "org/r%2Fpo",
    "org/%zz",
    "org/100%",
    "org/repo#frag",
    "org/repo#fr%20ag",
    "org/repo#fr ag*",
    "org/repo#%",
    "org/repo?",
    "org/repo??",
    "org/repo?a=b c",
    "org/repo?a=%zz",
    "org/R\u00e9po",
    "org/\u0130stanbul",
    "org/\u017ftra\u1e9ee",
    "org/\u4e2d\u6587",
    "org/\ufffd",
    "\u00e9*",
    "bitnamicharts",
    "org/'quoted'",
    "org/(x)!",
    "org/a:b@c",
    "org/~user/$x&y=z+1;2,3",
    "_git/my%20project",
    "org/a\\b",
    "org/a^b|c`d",
    "",
    "/",
    "//",
    "?x",
    "#",
    "*#x",
]
SCHEMES = [
    "https://",
    "http://",
    "ssh://",
    "ssh://git@",
    "git@",
    "git://",
    "oci://",
    "",
    "file:///",
    "HTTPS://",
    "git+ssh://",
]
ODD_URLS = [
    "",
    " ",
    "*",
    "**",
    "?",
    "!",
    "!*",
    "!!*",
    "*.git",
    "git@github.com:org/repo.git",
    "git@github.com:22/org/repo",
    "ssh://git@github.com:org/repo.git",
    "ssh://git@evil.test:other/repo.git",
    "git@a@b:c/d",
    "a b@c:d",
    "@host:path",
    "user@",
    "ssh://ssh://a@b:c",
    "127.0.0.1:5000/*",
    "localhost:5000/charts",
    "mailto:a*b",
    "mailto:a@b",
    "x:",
    "x:?",
    "x:#",
    "x:*y?z#w",
    ":x",
    "1a:b",
    "a/b:c",
    "./a:b",
    "%3a/b",
    "%3ab",
    "//host/path",
    "///host/path",
    "//",
    "/abs/path",
    "http:/x",
    "http:///x",
    "http://",
    "http:",
    "https://?q",
    "https://#f",
    "https://h?q",
    "h\u0000st",
    "https://h/\u0001",
    "https://h/\u007f",
    "https://h/#\u0001",
    "\u0085https://h/p\u00a0",
    "\u2003https://h/p\u3000",
    "\u001chttps://h/p",
    "https://h/p\u200b",
    "\t\n!https://h/p",
    " !foo/bar",
    "!foo/bar",
    "https://h/" + "a" * 300,
    "https://h/" + "a*" * 8,
    "\u03a3\u039f\u03a6\u039f\u03a3@h:p",
    "https://h/\u0391\u03a3",
    "https://\u01c5/\u01c8",
    "https://h/\u2c2f\ua7c0\U00010570",
]
SERVERS = [
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc/",
    "https://10.0.0.1:6443",
    "https://A.example",
    "",
]
NAMES = ["in-cluster", "In-Cluster", "prod-eu", "prod-us", "", "*", "!x"]
NAMESPACES = ["default", "kube-system", "team-a", "team-b", "argocd", "", "*", "a/b", "prod-\u00e9", "Team-A"]
KINDS = [
    ("", "Pod"),
    ("", "Secret"),
    ("", "Namespace"),
    ("apps", "Deployment"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("networking.k8s.io", "Ingress"),
    ("a/b", "X/Y"),
    ("", ""),
    ("\u00e9.io", "K\u00e9y"),
]
REGULAR = [
    "team-.*",
    "^team-[ab]$",
    "team",
    "^((?!kube-).)*$",
    "(?i)TEAM-A",
    "^(?<x>t).*-\\k<x>",
    "(a",
    "a)",
    "*",
    "a**",
    "a++",
    "[",
    "[]",
    "[^-]",
    "[a-",
    "[z-a]",
    "\\d+",
    "\\w+$",
    "^\\w{4}-\\w$",
    "^[a-z-[aeiou]]+$",
    "\\p{L}+",
    "\\p{Ll}-",
    "\\P{Lu}",
    "\\p{Nope}",
    "^.{3,}$",
    "^.{,3}$",
    "{",
    "a{2",
    "a{2,1}",
    "x{0}",
    "(?#note)team",
    "(?x) team - a # note",
    "(?>team)-",
    "(?<=team-)a",
    "(?<!team-)a",
    "(team|kube)-(a|system)",
    "(t)(e)am-\\1?",
    "\\1",
    "\\q",
    "\\",
    "\\bteam\\b",
    "\\Ateam\\Z",
    "\\z",
    "\\x74eam",
    "\\u0074eam",
    "\\cA",
    "\\t",
    "\\045",
    "^$",
    "",
    "$^",
    "a|",
    "|",
    "()",
    "(?:)",
    "(?=t)team",
    "(?n)(t)eam",
    "(?-i)team",
    "(?i:T)eam",
    "(?P<n>t)eam",
    "(?'n't)eam",
    "(?<1>t)eam",
    "(?(1)a|b)",
    "(?(?=t)team|kube)",
    "(?<n>t)(?(n)eam|x)",
    "[[:alpha:]]+",
    "[\\w-]+",
    "[\\d-z]",
    "[a-\\d]",
    "[\\]]",
    "[^\\s]+$",
    "\\S+",
    "\\G",
    ".*?-",
    "t??e",
    "(a*)*b",
    "\\e",
    "\\.",
    "\\-",
    "\\_",
    "/",
]
FUZZ = "ab/*?[]{},!\\-^.\u00e9"


class Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def cases(self, count: int) -> Iterator[tuple[str, Case]]:
        """The kind of each question, and the question."""
        makers: list[tuple[str, Callable[[], Case]]] = [
            ("source", self.source),
            ("source", self.source),
            ("source_glob", self.source_glob),
            ("url", self.url_case),
            ("destination", self.destination),
            ("destination_glob", self.destination_glob),
            ("kind", self.kind),
            ("namespace", self.namespace),
            ("all", self.everything),
        ]
        for number in range(count):
            label, make = makers[number % len(makers)]
            case = make()
            case["id"] = f"{label}-{number}"
            yield label, case

    # Values

    def url(self) -> str:
        if self.random.random() < 0.2:
            return self.random.choice(ODD_URLS)
        scheme, host, path = (
            self.random.choice(values) for values in (SCHEMES, HOSTS[:5] * 6 + HOSTS, PATHS[:8] * 4 + PATHS)
        )
        separator = ":" if scheme in ("git@", "") and self.random.random() < 0.5 else "/"
        return scheme + host + (separator + path if path else "")

    def bent(self, text: str) -> str:
        """A few changes to a text, of the kind that people and attackers make."""
        pick = self.random.random
        while pick() < 0.4:
            at = self.random.randint(0, len(text))
            change = self.random.randrange(11)
            if change == 0:
                text = text[:at] + self.random.choice(FUZZ) + text[at:]
            elif change == 1:
                text = text[:at] + text[at + 1 :]
            elif change == 2:
                text = text.swapcase()
            elif change == 3:
                text = self.random.choice([" ", "\t", "\u00a0", ""]) + text + self.random.choice([" ", "", "\n"])
            elif change == 4:
                text += self.random.choice(["/", ".git", "?", "#", ":443", "?a", "#b"])
            elif change == 5 and at < len(text):
                text = text[:at] + f"%{ord(text[at]) & 255:02x}" + text[at + 1 :]
            elif change == 6:
                text = (
                    text[:at]
                    + self.random.choice(["\ud800", "\udc00", "\ud83d\ude00", "\ufffd", "\u0000", "\u212a"])
                    + text[at:]
                )
            elif change == 7:
                text = text.replace("k", "\u212a").replace("s", "\u017f").replace("i", "\u0130")
            elif change == 8:
                text = text.replace("https", "http")
            elif change == 9:
                text = text[:at] + self.random.choice(["%2a", "%41", "%c3%a9", "%", "%zz", "..", "//"]) + text[at:]
            else:
                text = text[: len(text) // 2] + text[at:]
        return text

    def pattern(self, text: str) -> str:
        """A pattern that matches the text, or nearly."""
        parts, at = [], 0
        while at < len(text):
            draw = self.random.random()
            size = self.random.randint(1, 6)
            taken = text[at : at + size]
            if draw < 0.72:
                parts.append(taken)
            elif draw < 0.82:
                parts.append(self.random.choice(["*", "**", "***"]))
            elif draw < 0.86:
                parts.append("?" * len(taken))
            elif draw < 0.92:
                parts.append(self._class(taken[0]))
                taken = taken[:1]
            elif draw < 0.97:
                parts.append(self._alternatives(taken))
            else:
                parts.append("\\" + taken)
            at += len(taken)
        found = "".join(parts)
        return self.bent(found) if self.random.random() < 0.15 else found

    def _class(self, character: str) -> str:
        return self.random.choice(
            [
                f"[{character}]",
                f"[!{character}]",
                f"[{character}-{character}]",
                f"[a-z{character}]",
                f"[{character}xyz]",
                "[!/]",
                "[a-z]",
                "[!a-z]",
                "[0-9]",
                f"[^{character}]",
                f"[\\{character}]",
                "[",
                "[]",
                "[!]",
                "[z-a]",
                "[a-",
            ]
        )

    def _alternatives(self, text: str) -> str:
        others = [text, self.bent(text), "", "*", text[:1] + "*", "**", "?", text + text[:1], "x" + text[1:]]
        chosen = [self.random.choice(others) for _each in range(self.random.randint(1, 4))]
        if self.random.random() < 0.7:
            chosen.insert(self.random.randint(0, len(chosen)), text)
        if self.random.random() < 0.15:
            chosen[0] = self._alternatives(chosen[0])
        closing = "}" if self.random.random() < 0.95 else ""
        return "{" + ",".join(chosen) + closing

    def glob(self, depth: int = 0) -> str:
        """Any pattern at all."""
        parts = []
        for _each in range(self.random.randint(0, 6 if not depth else 3)):
            draw = self.random.random()
            if draw < 0.45:
                parts.append("".join(self.random.choice("ab/\u00e9") for _one in range(self.random.randint(1, 3))))
            elif draw < 0.7:
                parts.append(self.random.choice(["*", "*", "**", "?", "?"]))
            elif draw < 0.82:
                parts.append(self._class(self.random.choice("ab/\u00e9")))
            elif depth < 3:
                parts.append("{" + ",".join(self.glob(depth + 1) for _one in range(self.random.randint(1, 3))) + "}")
        return "".join(parts)

    def text(self) -> str:
        return "".join(self.random.choice("aaabb/\u00e9\u4e2d") for _each in range(self.random.randint(0, 9)))

    def entries(self, make: Callable[[], Any], most: int = 4) -> list[Any] | None:
        if self.random.random() < 0.03:
            return None
        return [make() for _each in range(self.random.randint(0, most))]

    def denied(self, pattern: str) -> str:
        draw = self.random.random()
        if draw < 0.2:
            return "!" + pattern
        return self.random.choice([" !", "!!", "! "]) + pattern if draw < 0.23 else pattern

    # Questions

    def source(self) -> Case:
        asked = self.url()
        if self.random.random() < 0.3:
            asked = self.bent(asked)

        def entry() -> str:
            draw = self.random.random()
            if draw < 0.45:
                return self.denied(asked if self.random.random() < 0.4 else self.bent(asked))
            if draw < 0.75:
                return self.denied(self.pattern(asked))
            return self.denied(self.url())

        return {"project": {"spec": {"sourceRepos": self.entries(entry)}}, "source_repo": asked}

    def source_glob(self) -> Case:
        asked = self.text()
        return {
            "project": {"spec": {"sourceRepos": self.entries(lambda: self.denied(self.glob()), 3)}},
            "source_repo": self.random.choice(["", "https://h/", "x:"]) + asked,
        }

    def url_case(self) -> Case:
        one = self.bent(self.url())
        other = self.bent(one) if self.random.random() < 0.8 else self.url()
        return {"project": {}, "source_repo": one, "same_url": [one, other]}

    def _pattern_of(self, value: str, values: list[str]) -> str:
        draw = self.random.random()
        if draw < 0.3:
            return self.denied(value)
        if draw < 0.5:
            return self.denied(self.pattern(value))
        if draw < 0.7:
            return self.denied(self.random.choice(["*", "**", "", "?*", value + "*", value[:3] + "*"]))
        return self.denied(self.random.choice(values))

    def destination(self) -> Case:
        server, name, namespace = (self.random.choice(values) for values in (SERVERS, NAMES, NAMESPACES))

        def entry() -> Case:
            made = {
                "server": self._pattern_of(server, SERVERS),
                "name": self._pattern_of(name, NAMES),
                "namespace": self._pattern_of(namespace, NAMESPACES),
            }
            for key in ("server", "name", "namespace"):
                if self.random.random() < (0.5 if key == "name" else 0.15):
                    del made[key]
            return made

        only = self.random.random() < 0.25
        return {
            "project": {
                "spec": {"destinations": self.entries(entry), "permitOnlyProjectScopedClusters": only},
            },
            "dest": {"server": server, "name": name, "namespace": namespace},
            "project_clusters": self.entries(
                lambda: {"server": self.random.choice(SERVERS), "name": self.random.choice(NAMES)}, 2
            ),
        }

    def destination_glob(self) -> Case:
        asked = self.text()
        pattern = self.glob() if self.random.random() < 0.7 else self.pattern(asked)
        if self.random.random() < 0.1:
            pattern = "".join(self.random.choice(FUZZ) for _each in range(self.random.randint(0, 12)))
        return {
            "project": {"spec": {"destinations": [{"server": "*", "namespace": pattern}]}},
            "dest": {"server": "x", "namespace": asked},
        }

    def kind(self) -> Case:
        group, kind = self.random.choice(KINDS)
        name = self.random.choice(["a", "prod-x", "", "a/b", "\u00e9"])

        def one(value: str) -> str:
            draw = self.random.random()
            if draw < 0.45:
                return value
            if draw < 0.65:
                return "*"
            return self.random.choice(
                [self.pattern(value), value.lower(), value[:2] + "*", "!" + value, "[^A]*", "[a-", ""]
            )

        def entry() -> Case:
            made = {"group": one(group), "kind": one(kind)}
            if self.random.random() < 0.4:
                made["name"] = one(name)
            return made

        lists = (
            "namespaceResourceWhitelist",
            "namespaceResourceBlacklist",
            "clusterResourceWhitelist",
            "clusterResourceBlacklist",
        )
        spec = {key: self.entries(entry, 2) for key in lists if self.random.random() < 0.5}
        spec["destinations"] = [{"server": "*", "namespace": self.random.choice(["*", "team-a", "!team-a"])}]
        return {
            "project": {"spec": spec},
            "kind": {"group": group, "kind": kind, "name": name, "namespaced": self.random.random() < 0.5},
            "dest": {"server": "x", "namespace": self.random.choice(["team-a", "b", ""])},
        }

    def namespace(self) -> Case:
        asked = self.random.choice(NAMESPACES)

        def entry() -> str:
            draw = self.random.random()
            if draw < 0.5:
                inner = self.random.choice(REGULAR)
                if draw > 0.45 and "(?(" not in inner:  # a condition without an alternative: decision 16
                    inner = self.bent(inner)
                return f"/{inner}/" if self.random.random() < 0.95 else f"/{inner}"
            return self._pattern_of(asked, NAMESPACES)

        return {"project": {"spec": {"sourceNamespaces": self.entries(entry, 2)}}, "app_namespace": asked}

    def everything(self) -> Case:
        """One project with all lists, asked all at once."""
        parts = [self.source(), self.destination(), self.kind(), self.namespace(), self.url_case()]
        case: Case = {}
        spec: Case = {}
        for part in parts:
            spec = {**(part["project"].get("spec") or {}), **spec}
            case = {**part, **case}
        case["project"] = {"kind": "AppProject", "metadata": {"name": "p"}, "spec": spec}
        return case


def written(case: Case) -> bytes:
    return json.dumps(case).encode()


if __name__ == "__main__":
    for _label, made in Maker(int(sys.argv[1])).cases(int(sys.argv[2])):
        print(written(made).decode())
