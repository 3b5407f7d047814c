# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the projects of a cluster that follows Git may deploy, in the cluster as in the files in Git."""

from __future__ import annotations

import typing as t

IN_CLUSTER = "https://kubernetes.default.svc"


def project_spec(repository: str, *, privileged: bool, namespace: str) -> t.Dict[str, t.Any]:
    """Of the AppProject of one category. C(namespace) is Argo CD's own.

    Whoever may write to Argo CD's namespace could make applications of a privileged project.
    """
    closed = [] if privileged else [f"!{namespace}", "!kube-system"]
    anything = {"group": "*", "kind": "*"}
    return {
        "sourceRepos": [repository],
        "destinations": [{"server": IN_CLUSTER, "namespace": name} for name in ["*", *closed]],
        "clusterResourceWhitelist": [anything if privileged else {"group": "", "kind": "Namespace"}],
    }
