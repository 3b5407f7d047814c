# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Values as Go's templates see them: numbers of parameters are floats, those of templates may be integers."""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    Number,
    TemplateError,
    UnsupportedError,
)


class Absent:
    """What is not there; not the same as null, which is."""

    def __repr__(self) -> str:
        return "<no value>"


ABSENT = Absent()


class Int64(int):
    """What arithmetic makes, which Go does not take where it wants an int."""


_VERB = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d+))?(.)", re.DOTALL)


def from_json(value: t.Any) -> t.Any:
    """As Go decodes JSON into what it knows nothing of."""
    if isinstance(value, dict):
        return {str(key): from_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def is_true(value: t.Any) -> bool:
    return value is not ABSENT and bool(value)


def kind(value: t.Any) -> str:
    """As the function kindOf says it."""
    if value is None or value is ABSENT:
        return "invalid"
    for python, name in (
        (bool, "bool"),
        (Int64, "int64"),
        (int, "int"),
        (float, "float64"),
        (str, "string"),
        (dict, "map"),
    ):
        if isinstance(value, python):
            return name
    return "slice"


def number(value: float) -> str:
    """%v of a float."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits = repr(abs(value))
    mantissa, _e, exponent = digits.partition("e")
    whole, _dot, part = mantissa.partition(".")
    part = "" if part == "0" else part
    all_digits = (whole + part).lstrip("0") or "0"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    leading = len(whole.lstrip("0")) if whole.strip("0") else -(len(part) - len(part.lstrip("0")))
    power = leading + int(exponent or 0) - 1  # of ten, of the first digit
    all_digits = all_digits.rstrip("0") or "0"
    sign = "-" if value < 0 else ""
    if power < -4 or power >= 6:
        rest = f".{all_digits[1:]}" if len(all_digits) > 1 else ""
        return f"{sign}{all_digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{all_digits}"
    padded = all_digits.ljust(power + 1, "0")
    rest = padded[power + 1 :]
    return f"{sign}{padded[: power + 1]}{'.' + rest if rest else ''}"


def shown(value: t.Any) -> str:
    """%v, as what is inside of lists and maps."""
    if value is None or value is ABSENT:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    return str(value)


def printed(value: t.Any) -> str:
    """What a template prints."""
    return "<no value>" if value is None or value is ABSENT else shown(value)


def text(value: t.Any) -> str:
    """Of a parameter that must be a text."""
    if not isinstance(value, str):
        raise TemplateError(f"wrong type for value; expected string; got {kind(value)}")
    return value


def whole(value: t.Any) -> int:
    """Of a parameter that must be an integer."""
    if isinstance(value, Number) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, (bool, Int64)):
        raise TemplateError(f"wrong type for value; expected int; got {kind(value)}")
    return value


def strings(value: t.Any) -> t.List[str]:
    """Whatever it is, as texts; null is left out."""
    if value is None or value is ABSENT:
        return []
    return (
        [shown(one) for one in value if one is not None and one is not ABSENT]
        if isinstance(value, list)
        else [shown(value)]
    )


def integer(value: t.Any) -> int:
    """Whatever it is, as Masterminds' cast makes an integer of it: 0 if it cannot."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return int(value) if math.isfinite(value) else 0
    if isinstance(value, str):
        trimmed = value[:-2] if re.fullmatch(r"-?\d+\.0", value) else value
        digits = trimmed.lstrip("+-")
        if digits.startswith("0") and len(digits) > 1 and digits.isdigit():
            return int(trimmed, 8) if set(digits) <= set("01234567") else 0
        return int(trimmed, 0) if re.fullmatch(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)", trimmed) else 0
    return 0


def decimal(value: t.Any) -> float:
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value):
        return float(value)
    return 0.0


def equal(one: t.Any, other: t.Any) -> bool:
    """eq, which refuses to compare an integer of a template to a number of a parameter."""
    kinds = _kinds(one, other)
    if "invalid" in kinds:
        return kinds[0] == kinds[1]
    if kinds[0] != kinds[1]:
        raise TemplateError("incompatible types for comparison")
    if kinds[0] in ("map", "slice"):
        raise TemplateError("non-comparable type")
    return bool(one == other)


def _kinds(one: t.Any, other: t.Any) -> t.Tuple[str, str]:
    """Integers of all sizes are one."""
    first, second = (kind(value).replace("int64", "int") for value in (one, other))
    return first, second


def less(one: t.Any, other: t.Any) -> bool:
    kinds = _kinds(one, other)
    if kinds[0] != kinds[1]:
        raise TemplateError("incompatible types for comparison")
    if kinds[0] not in ("int", "float64", "string"):
        raise TemplateError("invalid type for comparison")
    return bool(one < other)


def printf(format: t.Any, *values: t.Any) -> str:
    waiting = list(values)

    def one(match: t.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not waiting:
            return f"%!{verb}(MISSING)"
        value = waiting.pop(0)
        done = _formatted(verb, flags, precision, value)
        if width is None:
            return done
        if "0" in flags and "-" not in flags and verb in "dfgx":
            return done.zfill(int(width))
        return done.ljust(int(width)) if "-" in flags else done.rjust(int(width))

    done = _VERB.sub(one, text(format))
    if re.search(r"%[^%]*\Z", re.sub(r"%[-+# 0]*\d*(?:\.\d+)?.", "", text(format), flags=re.DOTALL)):
        raise UnsupportedError("printf with an unfinished verb")
    if waiting:
        done += "%!(EXTRA " + ", ".join(f"{_type(value)}={shown(value)}" for value in waiting) + ")"
    return done


def _type(value: t.Any) -> str:
    return {"map": "map[string]interface {}", "slice": "[]interface {}"}.get(kind(value), kind(value))


def _formatted(verb: str, flags: str, precision: t.Optional[str], value: t.Any) -> str:
    name = kind(value)
    plain = not flags.strip("-0") and precision is None
    plus = "+" if "+" in flags and name in ("int", "int64", "float64") and value >= 0 else ""
    known: t.Dict[t.Tuple[str, str], t.Callable[[], str]] = {
        ("s", "string"): lambda: str(value) if precision is None else str(value)[: int(precision)],
        ("q", "string"): lambda: quoted(value),
        ("d", "int"): lambda: f"{plus}{value}",
        ("d", "int64"): lambda: f"{plus}{value}",
        ("t", "bool"): lambda: shown(value),
        ("f", "float64"): lambda: f"{plus}{value:.{int(precision or 6)}f}",
        ("x", "int"): lambda: format(value, "x"),
        ("X", "int"): lambda: format(value, "X"),
    }
    if verb == "v" and plain:
        return shown(value)
    if (verb, name) in known:
        return known[verb, name]()
    if name in ("string", "int", "float64", "bool") and verb in "sdtf":
        return f"%!{verb}({name}={shown(value)})"
    raise UnsupportedError(f"printf with %{flags}{verb} of a {name}")


def quoted(value: str) -> str:
    """strconv.Quote."""
    names = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    done = []
    for letter in value:
        if letter in '"\\':
            done.append("\\" + letter)
        elif letter in names:
            done.append(names[letter])
        elif letter.isprintable():
            done.append(letter)
        else:
            code = ord(letter)
            done.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(done) + '"'
