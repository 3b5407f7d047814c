# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_catalogue import expand

from tests.catalogue import ENTRIES


@dataclass(frozen=True)
class Application:
    options: dict[str, Any]
    objects: list[dict[str, Any]]
    files: dict[str, str]

    def one(self, kind):
        (found,) = [thing for thing in self.objects if thing["kind"] == kind]
        return found

    @property
    def container(self):
        (found,) = self.one("Deployment")["spec"]["template"]["spec"]["containers"]
        return found

    @property
    def pod(self):
        return self.one("Deployment")["spec"]["template"]["spec"]


@pytest.fixture
def application():
    """What the generator makes of an application, or of an entry of the catalogue."""

    def make(given):
        whole = expand(ENTRIES[given["catalogue"]], given) if "catalogue" in given else given
        options = gitops_app.read(whole)
        return Application(options, gitops_app.objects(options), gitops_app.files(options))

    return make
