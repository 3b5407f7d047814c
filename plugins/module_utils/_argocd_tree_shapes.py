# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What must be a text, a list or a mapping in the objects that the linter reads, as an API server would insist on it.

Whatever is of another shape is told, and then taken as empty, so that nobody after this has to ask.
"""

from __future__ import annotations

import typing as t

Keys = t.Tuple[t.Union[str, int], ...]
Shape = t.Any  # str or bool; [shape] for a list; a mapping of names to shapes, "*" for all names
Problem = t.Tuple[Keys, str]

_ANY_NAME = "*"
_WORDS = {str: "a text", bool: "true or false", list: "a list", dict: "a mapping"}

TEXTS = {_ANY_NAME: str}
METADATA = {
    **dict.fromkeys(("name", "namespace", "generateName"), str),
    "labels": TEXTS,
    "annotations": TEXTS,
    "finalizers": [str],
}
SOURCE = {
    **dict.fromkeys(("repoURL", "path", "chart", "ref", "targetRevision"), str),
    "directory": {"recurse": bool, "include": str, "exclude": str},
    "helm": {},
    "kustomize": dict.fromkeys(("namespace", "namePrefix", "nameSuffix"), str),
    "plugin": {},
}
DESTINATION = dict.fromkeys(("server", "name", "namespace"), str)
APPLICATION_SPEC = {
    "project": str,
    "source": SOURCE,
    "sources": [SOURCE],
    "sourceHydrator": {"drySource": SOURCE, "syncSource": SOURCE},
    "destination": DESTINATION,
    "syncPolicy": {"syncOptions": [str]},
}
TEMPLATE = {"metadata": METADATA, "spec": APPLICATION_SPEC}
PATHS = [{"path": str, "exclude": bool}]
GENERATOR: t.Dict[str, Shape] = {
    **{
        kind: {"template": TEMPLATE, "values": TEXTS}
        for kind in ("clusters", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin")
    },
    "list": {"elements": [{}], "elementsYaml": str, "template": TEMPLATE},
    "git": {
        **dict.fromkeys(("repoURL", "revision", "pathParamPrefix"), str),
        "directories": PATHS,
        "files": PATHS,
        "values": TEXTS,
        "template": TEMPLATE,
    },
    "selector": {"matchLabels": TEXTS, "matchExpressions": [{"key": str, "operator": str, "values": [str]}]},
}
NESTED = {"generators": [GENERATOR], "template": TEMPLATE}
GENERATOR["matrix"] = NESTED
GENERATOR["merge"] = {**NESTED, "mergeKeys": [str]}
RESOURCES = [dict.fromkeys(("group", "kind", "name"), str)]

SHAPES: t.Mapping[str, Shape] = {
    "Application": {"metadata": METADATA, "spec": APPLICATION_SPEC},
    "ApplicationSet": {
        "metadata": METADATA,
        "spec": {
            "goTemplate": bool,
            "goTemplateOptions": [str],
            "generators": [GENERATOR],
            "template": TEMPLATE,
            "templatePatch": str,
            "syncPolicy": {"preserveResourcesOnDeletion": bool},
        },
    },
    "AppProject": {
        "metadata": METADATA,
        "spec": {
            "sourceRepos": [str],
            "destinations": [DESTINATION],
            "sourceNamespaces": [str],
            "clusterResourceWhitelist": RESOURCES,
            "clusterResourceBlacklist": RESOURCES,
            "namespaceResourceWhitelist": RESOURCES,
            "namespaceResourceBlacklist": RESOURCES,
            "permitOnlyProjectScopedClusters": bool,
            "roles": [{"name": str, "description": str, "policies": [str], "groups": [str]}],
            "syncWindows": [{**dict.fromkeys(("kind", "schedule", "duration", "timeZone"), str), "applications": [str],
                             "namespaces": [str], "clusters": [str]}],
            "destinationServiceAccounts": [dict.fromkeys(("server", "namespace", "defaultServiceAccount"), str)],
        },
    },
    "Secret": {"metadata": METADATA, "stringData": TEXTS},
    "SealedSecret": {"metadata": METADATA},
    "CustomResourceDefinition": {"spec": {"group": str, "scope": str, "names": {"kind": str}}},
    "Chart": {"dependencies": [{"repository": str}]},
    "Kustomization": {
        **dict.fromkeys(("namespace", "namePrefix", "nameSuffix"), str),
        **{name: [str] for name in ("resources", "bases", "components", "crds")},
        **{name: [{"name": str, "namespace": str}] for name in ("configMapGenerator", "secretGenerator")},
        "images": [{"name": str, "newName": str}],
        "helmCharts": [{"repo": str}],
    },
}  # fmt: skip


def shaped(value: t.Any, shape: Shape, problems: t.List[Problem], keys: Keys = ()) -> t.Any:
    """The same without what is of another shape. Null counts as not given."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return _wrong(value, dict, problems, keys)
        done = {}
        for key, one in value.items():
            wanted = shape.get(key, shape.get(_ANY_NAME))
            if wanted is None:
                done[key] = one
            elif one is not None:
                done[key] = shaped(one, wanted, problems, (*keys, key))
        return done
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _wrong(value, list, problems, keys)
        return [shaped(one, shape[0], problems, (*keys, number)) for number, one in enumerate(value)]
    return value if isinstance(value, shape) else _wrong(value, shape, problems, keys)


def _wrong(value: t.Any, wanted: t.Any, problems: t.List[Problem], keys: Keys) -> t.Any:
    problems.append((keys, f"must be {_WORDS[wanted]}, not {value!r}"[:120]))
    return wanted()
