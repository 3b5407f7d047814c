# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for running sops, for what is around it; tests/integration/secrets has the real one."""

from __future__ import annotations

import base64
import json

import yaml


class Sops:
    """Keeps a whole text as one value. Counts its calls by verb, and fails on verbs that a test did not allow."""

    def __init__(self, opens=True, allowed=("encrypt", "decrypt", "set", "unset", "updatekeys")):
        self.opens, self.allowed, self.calls = opens, allowed, []

    def __call__(self, arguments, content):
        verb = next(word for word in arguments[3:] if not word.startswith("-"))
        assert verb in self.allowed, arguments
        self.calls.append(verb)
        with open(arguments[2], encoding="utf-8") as stream:
            rule = (json.load(stream).get("creation_rules") or [{}])[0]
        return getattr(self, verb)(rule, arguments, content)

    def encrypt(self, rule, arguments, content):
        return 0, self.file(rule, yaml.safe_load(content), len(self.calls)), b""

    def decrypt(self, rule, arguments, content):
        if not self.opens:
            return 128, b"", b""
        text = self.value(content)
        return (51, b"", b"") if text is None else (0, yaml.safe_dump(text, sort_keys=False).encode(), b"")

    def set(self, rule, arguments, content):
        with open(arguments[-2], "rb") as stream:
            values = self.value(stream.read())
        values[arguments[-1][2:-2]] = json.loads(content)
        with open(arguments[-2], "wb") as stream:
            stream.write(self.file(rule, values, len(self.calls)))
        return 0, b"", b""

    def updatekeys(self, rule, arguments, content):
        with open(arguments[-1], "rb") as stream:
            values = self.value(stream.read())
        with open(arguments[-1], "wb") as stream:
            stream.write(self.file(rule, values, 0))
        return 0, b"", b""

    @staticmethod
    def file(rule, values, number):
        """Another one each time, as with the real one."""
        age = rule["age"].split(",")
        data = base64.b64encode(json.dumps(values).encode()).decode()
        block = {
            "age": [{"recipient": one, "enc": "x"} for one in age],
            "lastmodified": f"{number}",
            "mac": "ENC[AES256_GCM,data:x,type:str]",
            "unencrypted_suffix": "_unencrypted",
        }
        return yaml.safe_dump({"all": f"ENC[AES256_GCM,data:{data},type:str]", "sops": block}).encode()

    @staticmethod
    def value(content):
        try:
            data = yaml.safe_load(content)["all"].split("data:")[1].split(",")[0]
            return json.loads(base64.b64decode(data))
        except (KeyError, ValueError, IndexError):
            return None
