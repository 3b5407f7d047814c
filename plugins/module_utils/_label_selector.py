# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Label selectors, as Kubernetes understands them: whether one is well-formed, and what it selects."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem

Selector = t.Mapping[str, t.Any]
WITH_VALUES = ("In", "NotIn")
WITHOUT_VALUES = ("Exists", "DoesNotExist")


def selects(selector: t.Optional[Selector], labels: t.Mapping[str, str]) -> bool:
    """Whether a selector selects what has these labels; none selects all."""
    if not selector:
        return True
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        _expression(term, labels) for term in selector.get("matchExpressions") or []
    )


def _expression(term: Selector, labels: t.Mapping[str, str]) -> bool:
    key, values = term["key"], term.get("values") or []
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[term["operator"]]


def problems(selector: Selector, where: str) -> t.Iterator[Problem]:
    """What an API server takes and the reader of the selector later stumbles over, too."""
    for key in sorted(set(selector) - {"matchLabels", "matchExpressions"}):
        yield Problem(f"{where}.{key}", "no part of a label selector", "Write matchLabels or matchExpressions")
    labels = selector.get("matchLabels") or {}
    if not isinstance(labels, t.Mapping) or not all(isinstance(value, str) for value in labels.values()):
        yield Problem(f"{where}.matchLabels", "not a mapping of names to texts", 'Quote values such as "true" or "1"')
    for index, term in enumerate(selector.get("matchExpressions") or []):
        place = f"{where}.matchExpressions[{index}]"
        operator, values = term.get("operator"), term.get("values") or []
        if not term.get("key"):
            yield Problem(f"{place}.key", "missing", "Name the label")
        if operator not in WITH_VALUES + WITHOUT_VALUES:
            remedy = f"Write one of {', '.join(WITH_VALUES + WITHOUT_VALUES)}"
            yield Problem(f"{place}.operator", f"{operator!r} is no operator", remedy)
        elif bool(values) != (operator in WITH_VALUES):
            remedy = "Give it values" if operator in WITH_VALUES else "Leave the values out"
            yield Problem(f"{place}.values", f"{operator} does not go with {list(values)}", remedy)
