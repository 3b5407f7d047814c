# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An FRR that remembers statements as the real one does, and has sessions when its settings are those of the nodes."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.homeops.cluster.plugins.module_utils import _frr_block, _frr_delta
from ansible_collections.homeops.cluster.plugins.module_utils._frr_block import Line


class Statements:
    """FRR as far as a cluster's statements go: what replaces what, what a no takes with it, and what is an error."""

    def __init__(self, text=""):
        self.lines = list(_frr_block.statements(text))

    @property
    def text(self):
        return "\n".join(_frr_delta._sections((line.context, line.text) for line in self.lines))

    @property
    def groups(self):
        return {line.text.split()[1] for line in self.lines if line.text.split()[2:] == ["peer-group"]}

    def load(self, lines):
        for line in _frr_block.read("\n".join(lines)):
            if line.text.startswith("no router bgp"):
                assert _frr_block.asn(self.lines) == line.text.split()[-1]
                self.lines = [kept for kept in self.lines if not kept.in_instance]
            elif line.text.startswith("router bgp "):
                assert _frr_block.asn(self.lines) in ("", line.text.split()[-1]), "BGP is already running"
            elif line.is_statement:
                self.statement(line)

    def statement(self, line):
        words = line.text.split()
        if words[0] == "no" and words[3:] == ["activate"]:
            self.lines = [kept for kept in self.lines if kept != Line(line.context, line.text[3:])]
            return
        if words[0] == "no" and line.text != "no bgp default ipv4-unicast":
            self.remove(Line(line.context, line.text[3:]))
            return
        if line.in_instance and "peer-group" in words[3:]:
            assert any(kept.text == f"neighbor {words[-1]} peer-group" for kept in self.lines), "peer-group first"
        new = (line.context, _frr_block.setting(line))
        self.lines = [kept for kept in self.lines if (kept.context, _frr_block.setting(kept)) != new] + [line]

    def remove(self, line):
        words = line.text.split()
        matches = [
            kept for kept in self.lines if kept.context == line.context and f"{kept.text} ".startswith(f"{line.text} ")
        ]
        assert matches, f"no such line: {line}"
        gone = set(matches)
        if words[0] == "neighbor" and words[2:3] in ([], ["remote-as"]) and words[1] not in self.groups:
            gone |= {kept for kept in self.lines if kept.in_instance and kept.text.split()[:2] == words[:2]}
        elif words[0] == "neighbor" and words[2] == "peer-group":
            names = {words[1]}
            if len(words) == 3:
                names |= {kept.text.split()[1] for kept in self.lines if kept.text.endswith(f" peer-group {words[1]}")}
            gone |= {kept for kept in self.lines if kept.in_instance and kept.text.split()[1] in names}
        self.lines = [kept for kept in self.lines if kept not in gone]


class FakeFrr(Statements):
    """The programs of a router. C(nodes) have a session if FRR expects their C(asn); time passes by sleeping only."""

    def __init__(self, text="", *, config=None, nodes=(), asn=65010, daemons="zebra bgpd watchfrr staticd", refuse=""):
        super().__init__(text)
        self.config, self.nodes, self.asn, self.running, self.refuse = config, nodes, asn, daemons, refuse
        self.now, self.calls = 0.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    @property
    def sessions(self):
        texts = {line.text for line in self.lines}
        return {
            node
            for node in self.nodes
            for text in texts
            if text.startswith(f"neighbor {node} peer-group ")
            and f"neighbor {text.split()[-1]} remote-as {self.asn}" in texts
        }

    def run(self, arguments):
        """Answers what is asked of vtysh and systemctl; anything else fails."""
        program, *rest = list(arguments)
        self.calls.append(rest[-1] if rest[0] == "-c" else " ".join(map(str, rest[:1])))
        if program == "systemctl" and rest[1:] == ["frr"]:
            self.systemctl(rest[0])
            return 0, "", ""
        if rest[0] == "-c":
            return self.answer(rest[1])
        text = Path(rest[-1]).read_text()
        if self.refuse and self.refuse in text:
            return 2, "", f"line 1: % Unknown command[1]: {self.refuse}"
        if rest[:2] != ["-C", "-f"]:
            self.load(text.splitlines())
        return 0, "", ""

    def systemctl(self, action):
        assert action == "restart", action
        self.running, self.lines = "zebra bgpd watchfrr staticd", []
        Statements.load(self, Path(self.config).read_text().splitlines())

    def answer(self, question):
        if question == "show daemons":
            none = (1, "", "Exiting: failed to connect to any daemons.")
            return (0, f" {self.running}\n", "") if self.running else none
        if question == "show running-config":
            return 0, f"Building configuration...\n\nCurrent configuration:\n!\n{self.text}\nend\n", ""
        if question == "show bgp summary json":
            peers = {node: {"state": "Established" if node in self.sessions else "Active"} for node in self.nodes}
            return 0, json.dumps({"ipv4Unicast": {"peers": peers}}), ""
        assert question.startswith("clear bgp ipv"), question
        return 0, "", ""
