# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for SOPS: what it encrypts can be told from plaintext, and is another text each time."""

from __future__ import annotations

import itertools
import os

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_inputs import SecretStep

NUMBERS = itertools.count()


def sealed(plaintext):
    return b"sealed %d %s" % (next(NUMBERS), plaintext.hex().encode())


def opened(content):
    return bytes.fromhex(content.split(b" ", 2)[2].decode())


class FakeVault:
    """For paths with .sops. in them; C(key) is whether a private key is at hand; C(decrypted) what was opened."""

    def __init__(self, root, files, key=True):
        self.root, self.files, self.key = str(root), files, key
        self.decrypted, self.staged, self.removed = [], {}, []

    def encrypts(self, path):
        return ".sops." in path

    def is_encrypted(self, path, content):
        return content.startswith(b"sealed ")

    def decrypt(self, path, content):
        if not self.key:
            raise ClusterError(Problem(path, "cannot be opened", "Get the key"))
        self.decrypted.append(path)
        return opened(content)

    def plan(self, plaintexts):
        return [self.step(path, content) for path, content in plaintexts.items()]

    def step(self, path, content):
        now = self.files.read(self.at(path))
        same = now is not None and self.is_encrypted(path, now) and opened(now) == content
        action = "unchanged" if same else "encrypted" if now is None else "updated"
        change = Change(path, {"values": "(hidden)"} if now else {}, {"values": "(hidden), another one"})
        return SecretStep(path, action, same, change, step=sealed(content))

    def stage(self, steps, removals):
        self.staged, self.removed = {}, list(removals)
        for step in steps:
            if step.action == "unchanged":
                continue
            self.staged[step.path] = step.step
            self.files.stage(self.at(step.path), step.step, 0o600)

    def publish(self):
        for path in self.staged:
            self.files.publish(self.at(path))

    def discard(self):
        for path in self.staged:
            self.files.discard(self.at(path))

    def at(self, path):
        return os.path.join(self.root, path)
