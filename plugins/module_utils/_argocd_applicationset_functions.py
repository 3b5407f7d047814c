# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The functions that templates of ApplicationSets have: Go's own, sprig's that always say the same, and Argo CD's.

What is not here is not guessed at: whoever uses it is told that it cannot be evaluated offline.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import math
import posixpath
import re
import typing as t
import urllib.parse

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_collections import COLLECTIONS
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import (
    ABSENT,
    Int64,
    decimal,
    equal,
    integer,
    is_true,
    kind,
    less,
    printf,
    quoted,
    shown,
    strings,
    text,
    whole,
)
from ansible_collections.homeops.cluster.plugins.module_utils._go_regex import go_regex

Value = t.Any
# What Argo CD knows, too, and what cannot be told here: it depends on time or chance, or hardly anybody uses it.
_NAMES = """
    abbrev abbrevboth add1f addf adler32sum ago b32dec b32enc bcrypt biggest buildCustomCert call camelcase
    chunk date dateInZone dateModify date_in_zone date_modify decryptAES deepCopy deepEqual derivePassword divf
    duration durationRound encryptAES genCA genCAWithKey genPrivateKey genSelfSignedCert
    genSelfSignedCertWithKey genSignedCert genSignedCertWithKey hello html htmlDate htmlDateInZone htpasswd
    initials js kebabcase keys maxf merge mergeOverwrite minf mulf mustAppend mustChunk mustCompact
    mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite
    mustPrepend mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral
    mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq
    mustWithout must_date_modify now osBase osClean osDir osExt osIsAbs plural randAlpha randAlphaNum randAscii
    randBytes randInt randNumeric regexFindAll regexQuoteMeta regexSplit semver semverCompare seq sha512sum
    shuffle slugify snakecase subf swapcase toDate toDecimal toPrettyJson toRawJson trimall typeIs typeIsLike
    typeOf unixEpoch urlJoin urlParse uuidv4 values wrap wrapWith
"""
KNOWN_ELSEWHERE = frozenset(_NAMES.split())
_WHITE = " \t\n\v\f\r\x85\xa0"


def normalize(name: Value) -> str:
    """Argo CD's SanitizeName: how it makes a name of a path."""
    return re.sub(r"[^-a-z0-9.]", "-", text(name).lower())[:253].strip("-.")


def _length(value: Value) -> int:
    if isinstance(value, (list, dict)):
        return len(value)
    if isinstance(value, str):
        return len(value.encode("utf-8"))
    raise TemplateError(f"len of type {kind(value)}")


def _print(*values: Value) -> str:
    done = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            done += " "
        done += shown(value)
    return done


def _urlquery(*values: Value) -> str:
    known = ("<no value>" if value is None or value is ABSENT else value for value in values)
    return urllib.parse.quote_plus(_print(*known), safe="-_.~")


def _eq(first: Value, *others: Value) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(equal(first, other) for other in others)


def _title(value: Value) -> str:
    """What follows on no letter, digit or underscore."""
    return re.sub(r"(?<!\w)\w", lambda match: match.group().upper(), text(value))


def _trunc(length: Value, value: Value) -> str:
    length, raw = whole(length), text(value).encode("utf-8")
    cut = raw[length:] if length < 0 and len(raw) + length > 0 else raw[:length] if 0 <= length < len(raw) else raw
    return _decoded(cut)


def _substr(start: Value, end: Value, value: Value) -> str:
    start, end, raw = whole(start), whole(end), text(value).encode("utf-8")
    if start < 0:
        return _decoded(raw[: max(end, 0)])
    if end < 0 or end > len(raw):
        return _decoded(raw[start:])
    if start > end or start > len(raw):
        raise TemplateError("slice bounds out of range")
    return _decoded(raw[start:end])


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedError("a part of a letter") from None


def _trim(letters: Value, value: Value) -> str:
    return text(value).strip(text(letters)) if text(letters) else text(value)


def _without_prefix(prefix: Value, value: Value) -> str:
    return text(value)[len(text(prefix)) :] if text(value).startswith(text(prefix)) else text(value)


def _without_suffix(suffix: Value, value: Value) -> str:
    return text(value)[: len(text(value)) - len(text(suffix))] if text(value).endswith(text(suffix)) else text(value)


def _split(separator: Value, value: Value) -> t.List[str]:
    return text(value).split(text(separator)) if text(separator) else list(text(value))


def _numbered(parts: t.Sequence[str]) -> t.Dict[str, str]:
    return {f"_{number}": part for number, part in enumerate(parts)}


def _splitn(separator: Value, count: Value, value: Value) -> t.Dict[str, str]:
    if whole(count) < 1 or not text(separator):
        raise UnsupportedError("splitn without a separator or a number")
    return _numbered(text(value).split(text(separator), whole(count) - 1))


def _indent(spaces: Value, value: Value) -> str:
    pad = " " * whole(spaces)
    return pad + text(value).replace("\n", "\n" + pad)


def _default(standing: Value, *given: Value) -> Value:
    return given[0] if given and not _empty(given[0]) else standing


def _empty(value: Value) -> bool:
    return not is_true(value)


def _divided(remainder: bool, one: Value, other: Value) -> int:
    """As Go does, towards zero."""
    dividend, divisor = integer(one), integer(other)
    if not divisor:
        raise TemplateError("integer divide by zero")
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    return Int64(dividend - quotient * divisor if remainder else quotient)


def _round(value: Value, places: Value, *on: Value) -> float:
    if on:
        raise UnsupportedError("round with three arguments")
    power = 10.0 ** whole(places)
    digit = power * decimal(value)
    whole_part = math.trunc(digit)
    return (math.ceil(digit) if digit - whole_part >= 0.5 else math.floor(digit)) / power


def _base64(value: Value) -> str:
    try:
        return _decoded(base64.b64decode(text(value), validate=True))
    except binascii.Error:
        raise UnsupportedError("b64dec of what is not base64") from None


def _regex(function: t.Callable[..., Value]) -> t.Callable[..., Value]:
    """The pattern comes first."""

    def called(pattern: Value, *values: Value) -> Value:
        try:
            compiled = go_regex(text(pattern))
        except ValueError as error:
            raise UnsupportedError(f"the pattern {pattern!r} ({error})") from None
        return function(compiled, *values)

    return called


def _replaced(pattern: t.Pattern[str], value: Value, replacement: Value) -> str:
    if "$" not in text(replacement):
        return pattern.sub(lambda _match: replacement, text(value))

    def one(match: t.Match[str]) -> str:
        def group(name: t.Match[str]) -> str:
            key = name.group(1) or name.group(2)
            try:
                return match.group(int(key) if key.isdigit() else key) or ""
            except (IndexError, KeyError):
                return ""

        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", group, replacement)

    return pattern.sub(one, text(value))


def _repeat(count: Value, value: Value) -> str:
    if whole(count) < 0:
        raise TemplateError("negative Repeat count")
    if whole(count) * len(text(value)) > 1_000_000:
        raise UnsupportedError("a very long text")
    return text(value) * whole(count)


def _ternary(yes: Value, no: Value, condition: Value) -> Value:
    if not isinstance(condition, bool):
        raise TemplateError(f"wrong type for value; expected bool; got {kind(condition)}")
    return yes if condition else no


def _fail(message: Value) -> t.NoReturn:
    raise TemplateError(text(message))


def _digest(name: str, value: Value) -> str:
    return hashlib.new(name, text(value).encode("utf-8")).hexdigest()


def _add(*values: Value) -> int:
    return Int64(sum(map(integer, values)))


FUNCTIONS: t.Dict[str, t.Callable[..., Value]] = {
    # Go's own; and, or are the evaluation's.
    "not": lambda value: not is_true(value),
    "len": _length,
    "print": _print,
    "println": lambda *values: " ".join(map(shown, values)) + "\n",
    "printf": printf,
    "urlquery": _urlquery,
    "eq": _eq,
    "ne": lambda one, other: not equal(one, other),
    "lt": less,
    "le": lambda one, other: less(one, other) or equal(one, other),
    "gt": lambda one, other: not (less(one, other) or equal(one, other)),
    "ge": lambda one, other: not less(one, other),
    # Texts. In sprig slice is the one of lists.
    "trim": lambda value: text(value).strip(_WHITE),
    "trimAll": _trim,
    "trimPrefix": _without_prefix,
    "trimSuffix": _without_suffix,
    "upper": lambda value: text(value).upper(),
    "lower": lambda value: text(value).lower(),
    "title": _title,
    "untitle": lambda value: re.sub(r"(?:(?<=\s)|\A)\S", lambda match: match.group().lower(), text(value)),
    "repeat": _repeat,
    "substr": _substr,
    "trunc": _trunc,
    "nospace": lambda value: re.sub(r"\s", "", text(value)),
    "contains": lambda part, value: text(part) in text(value),
    "hasPrefix": lambda part, value: text(value).startswith(text(part)),
    "hasSuffix": lambda part, value: text(value).endswith(text(part)),
    "replace": lambda old, new, value: text(value).replace(text(old), text(new)),
    "quote": lambda *values: " ".join(
        quoted(shown(value)) for value in values if value is not None and value is not ABSENT
    ),
    "squote": lambda *values: " ".join(
        f"'{shown(value)}'" for value in values if value is not None and value is not ABSENT
    ),
    "cat": lambda *values: " ".join(shown(value) for value in values if value is not None and value is not ABSENT),
    "indent": _indent,
    "nindent": lambda spaces, value: "\n" + _indent(spaces, value),
    "split": lambda separator, value: _numbered(_split(separator, value)),
    "splitList": _split,
    "splitn": _splitn,
    "join": lambda separator, value: text(separator).join(strings(value)),
    "sortAlpha": lambda value: sorted(strings(value)) if isinstance(value, list) else [shown(value)],
    "toString": shown,
    "toStrings": strings,
    "regexMatch": _regex(lambda pattern, value: bool(pattern.search(text(value)))),
    "regexFind": _regex(lambda pattern, value: (pattern.search(text(value)) or [""])[0]),
    "regexReplaceAll": _regex(_replaced),
    "regexReplaceAllLiteral": _regex(lambda pattern, value, new: pattern.sub(lambda _match: text(new), text(value))),
    "b64enc": lambda value: base64.b64encode(text(value).encode("utf-8")).decode("ascii"),
    "b64dec": _base64,
    "sha1sum": functools.partial(_digest, "sha1"),
    "sha256sum": functools.partial(_digest, "sha256"),
    "base": lambda value: posixpath.basename(text(value).rstrip("/")) or ("/" if text(value) else "."),
    "dir": lambda value: _clean(text(value)[: text(value).rfind("/") + 1]),
    "ext": lambda value: re.sub(r"\A.*?(\.[^./]*)?\Z", r"\1", text(value), flags=re.DOTALL),
    "clean": lambda value: _clean(text(value)),
    "isAbs": lambda value: text(value).startswith("/"),
    # Choices
    "default": _default,
    "empty": _empty,
    "coalesce": lambda *values: next((value for value in values if not _empty(value)), None),
    "ternary": _ternary,
    "all": lambda *values: not any(map(_empty, values)),
    "any": lambda *values: not all(map(_empty, values)),
    "fail": _fail,
    "kindOf": kind,
    "kindIs": lambda name, value: kind(value) == text(name),
    # Numbers
    "atoi": lambda value: int(text(value)) if re.fullmatch(r"[+-]?\d+", text(value)) else 0,
    "int": integer,
    "int64": lambda value: Int64(integer(value)),
    "float64": decimal,
    "add": _add,
    "add1": lambda value: Int64(integer(value) + 1),
    "sub": lambda one, other: Int64(integer(one) - integer(other)),
    "mul": lambda first, *values: Int64(
        functools.reduce(lambda done, one: done * integer(one), values, integer(first))
    ),
    "div": functools.partial(_divided, False),
    "mod": functools.partial(_divided, True),
    "max": lambda first, *values: Int64(max(map(integer, (first, *values)))),
    "min": lambda first, *values: Int64(min(map(integer, (first, *values)))),
    "floor": lambda value: float(math.floor(decimal(value))),
    "ceil": lambda value: float(math.ceil(decimal(value))),
    "round": _round,
    # Lists, mappings, and how they are written
    **COLLECTIONS,
    # Argo CD's
    "normalize": normalize,
}


def _clean(path: str) -> str:
    """Go's path.Clean."""
    done = posixpath.normpath(path) if path else "."
    return "/" + done.lstrip("/") if done.startswith("//") else done
