# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What argocd-server refuses in a project's sync windows: cron schedules (robfig/cron v3) and Go's durations."""

from __future__ import annotations

import re
import typing as t

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# The fields of a schedule: least, most, and names with the number of the first.
_FIELDS: t.Tuple[t.Tuple[int, int, t.Tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_NUMBER = re.compile(r"[+-]?[0-9]+\Z")
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)\Z")
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def window_problem(window: t.Mapping[str, t.Any]) -> t.Tuple[str, str]:
    """The field and what is wrong with it; both empty where nothing is."""
    kind, schedule, duration = (window.get(key) or "" for key in ("kind", "schedule", "duration"))
    if kind not in ("allow", "deny"):
        return ".kind", f"kind '{kind}' mismatch: can only be allow or deny"
    problem = schedule_problem(schedule)
    if problem:
        return ".schedule", f"cannot parse schedule '{schedule}': {problem}"
    if not is_duration(duration):
        return ".duration", f"cannot parse duration '{duration}'"
    if len((window.get("description") or "").encode("utf-8", "surrogatepass")) > 255:
        return ".description", "description must not exceed 255 characters"
    return "", ""


def is_duration(text: str) -> bool:
    """Whether Go's time.ParseDuration takes it; it has room for 292 years."""
    if not _DURATION.match(text):
        return False
    parts = re.findall(r"([0-9]*)(\.?[0-9]*)([^0-9.]+)", text.lstrip("+-"))
    total = sum(int(whole or 0) * _UNITS[unit] + int(float(rest + "0") * _UNITS[unit]) for whole, rest, unit in parts)
    return total < 2**63 or (total == 2**63 and text.startswith("-"))


def schedule_problem(schedule: str) -> str:
    if not schedule:
        return "empty spec string"
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        schedule = schedule.partition(" ")[2].strip()
    if schedule.startswith("@"):
        return f"parser does not accept descriptors: {schedule}"
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]"
    problems = (
        _range_problem(part, *limits) for field, limits in zip(fields, _FIELDS) for part in field.split(",") if part
    )
    return next(filter(None, problems), "")


def _range_problem(text: str, least: int, most: int, names: t.Tuple[str, ...]) -> str:
    span, *steps = text.split("/")
    ends = span.split("-")
    try:
        if ends[0] in ("*", "?"):
            start, end = least, most
        else:
            start = end = _number(ends[0], least, names)
            if len(ends) > 2:
                return f"too many hyphens: {text}"
            end = _number(ends[-1], least, names)
        if len(steps) > 1:
            return f"too many slashes: {text}"
        step = _number(steps[0], 0, ()) if steps else 1
    except ValueError as error:
        return str(error)
    if steps and len(ends) == 1:
        end = most
    return _bounds_problem(text, (start, end, step), least, most)


def _bounds_problem(text: str, found: t.Tuple[int, int, int], least: int, most: int) -> str:
    start, end, step = found
    if start < least:
        return f"beginning of range ({start}) below minimum ({least}): {text}"
    if end > most:
        return f"end of range ({end}) above maximum ({most}): {text}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {text}"
    return "" if step else f"step of range should be a positive number: {text}"


def _number(text: str, first: int, names: t.Tuple[str, ...]) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + first
    if not _NUMBER.match(text) or abs(int(text)) >= 2**63:
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
