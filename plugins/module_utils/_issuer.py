# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Full names of cert-manager's ClusterIssuers, with the environment as suffix exactly once."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

# Two of them in one name is never meant: letsencrypt-staging-production would be looked up and never found.
ENVIRONMENTS = ("prod", "production", "staging")

MAX_LENGTH = 253

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")


def full_name(name: str, *, suffix: str = "production", repair: bool = True) -> str:
    """Return the name of the ClusterIssuer; what is full already stays as it is."""
    problems = [*_name_problems(name), *_suffix_problems(suffix)]
    if problems:
        raise ClusterError(*problems)
    ending = f"-{suffix}"
    base, count = _strip(name, ending)
    result = base + ending
    problems = [*_base_problems(name, base, suffix), *_length_problems(name, result)]
    if count > 1 and not repair:
        problems.append(Problem("name", f"{name!r} ends with {ending!r} {count} times", f"Write {result!r}."))
    if problems:
        raise ClusterError(*problems)
    return result


def _strip(name: str, ending: str) -> t.Tuple[str, int]:
    """The name without any of its endings, and how many there were."""
    count = 0
    while name.endswith(ending):
        name, count = name[: -len(ending)], count + 1
    return name, count


def _name_problems(name: str) -> t.Iterator[Problem]:
    if not _SUBDOMAIN.fullmatch(name):
        yield Problem(
            "name",
            f"{name!r} is not an RFC 1123 subdomain",
            "Use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit.",
        )


def _suffix_problems(suffix: str) -> t.Iterator[Problem]:
    if not _LABEL.fullmatch(suffix):
        yield Problem(
            "suffix",
            f"{suffix!r} is not an RFC 1123 label",
            "Use lower-case letters, digits and '-', without the '-' in front, as in 'staging'.",
        )


def _base_problems(name: str, base: str, suffix: str) -> t.Iterator[Problem]:
    if base == suffix:
        yield Problem("name", f"{name!r} is only the suffix", f"Put the issuer in front, as in 'letsencrypt-{suffix}'.")
        return
    for other in ENVIRONMENTS:
        if base.endswith(f"-{other}"):
            yield Problem(
                "name",
                f"{name!r} names the environment {other!r}, but the suffix asked for is {suffix!r}",
                f"Write {base[: -len(other) - 1]!r}, or ask for suffix={other!r}.",
            )


def _length_problems(name: str, result: str) -> t.Iterator[Problem]:
    if len(result) > MAX_LENGTH:
        yield Problem("name", f"{name!r} with its suffix has {len(result)} characters", f"Use at most {MAX_LENGTH}.")
