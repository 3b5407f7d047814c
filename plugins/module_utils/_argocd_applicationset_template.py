# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The texts of an ApplicationSet with their parameters put in: Go's text/template, or the older {{path.basename}}."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_functions import (
    FUNCTIONS,
    KNOWN_ELSEWHERE,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    Block,
    Function,
    Jump,
    Literal,
    Nodes,
    Pipe,
    TemplateError,
    Text,
    UnsupportedError,
    Variable,
    parse,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import (
    ABSENT,
    is_true,
    kind,
    printed,
)

Params = t.Mapping[str, t.Any]
_MISSING_KEY = {
    "missingkey=error": "error",
    "missingkey=default": "",
    "missingkey=invalid": "",
    "missingkey=zero": "zero",
}
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TEMPLATED = re.compile(r".*\{\{.*\}\}.*")
_MOST = 100_000  # rounds of all loops of one text; whoever needs more does not write an ApplicationSet


class Texts:
    """How one ApplicationSet's texts are filled in. Raises TemplateError and UnsupportedError."""

    def __init__(self, go: bool, options: t.Sequence[str] = ()) -> None:
        self._go = go
        self._missing = ""
        for option in options if go else ():
            if option not in _MISSING_KEY:
                raise TemplateError(f"unrecognized option: {option}")
            self._missing = _MISSING_KEY[option]

    def text(self, template: str, params: Params) -> str:
        if self._go:
            if "{{" not in template:
                return template
            return _Evaluation(params, self._missing).text(parse(template))
        return simple(template, params)

    def every(self, value: t.Any, params: Params) -> t.Any:
        """All texts below a value, and the keys of mappings."""
        if isinstance(value, str):
            return self.text(value, params) if "{{" in value else value
        if isinstance(value, dict):
            return {self.every(key, params): self.every(one, params) for key, one in value.items()}
        if isinstance(value, list):
            return [self.every(one, params) for one in value]
        return value


def simple(template: str, params: Params) -> str:
    """Without goTemplate. What is not known stays as it is."""
    if not _TEMPLATED.search(template):
        return template

    def one(match: t.Match[str]) -> str:
        value = params.get(match.group(1).strip())
        return value if isinstance(value, str) and match.group(1).strip() else match.group()

    if template.count("{{") and template.rfind("{{") > template.rfind("}}"):
        raise TemplateError("invalid template: cannot find end tag")
    return _TAG.sub(one, template)


class _JumpError(Exception):
    """Out of the body of a range."""


class _Evaluation:
    def __init__(self, params: Params, missing: str) -> None:
        self._missing = missing
        self._params = params
        self._variables: t.List[t.Tuple[str, t.Any]] = [("$", params)]
        self._out: t.List[str] = []
        self._rounds = 0

    def text(self, nodes: Nodes) -> str:
        self._walk(self._params, nodes)
        return "".join(self._out)

    def _walk(self, dot: t.Any, nodes: Nodes) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self._out.append(node.text)
            elif isinstance(node, Pipe):
                value = self._pipe(dot, node)
                if not node.names:
                    self._out.append(printed(value))
            elif isinstance(node, Jump):
                raise _JumpError(node.word)
            elif isinstance(node, Block):
                known = len(self._variables)
                self._block(dot, node)
                del self._variables[known:]

    def _block(self, dot: t.Any, node: Block) -> None:
        if node.word == "range":
            self._range(dot, node)
            return
        value = self._pipe(dot, node.pipe)
        if is_true(value):
            self._walk(value if node.word == "with" else dot, node.body)
        else:
            self._walk(dot, node.otherwise)

    def _range(self, dot: t.Any, node: Block) -> None:
        pairs = _pairs(self._pipe(dot, Pipe(node.pipe.commands)), len(node.pipe.names))
        if not pairs:
            self._walk(dot, node.otherwise)
        known = len(self._variables)
        for key, one in pairs:
            self._rounds += 1
            if self._rounds > _MOST:
                raise UnsupportedError("a loop without an end in sight")
            names = node.pipe.names
            for name, given in zip(names, (one,) if len(names) == 1 else (key, one)):
                if node.pipe.declares:
                    self._variables.append((name, given))
                else:
                    self._assign(name, given)
            try:
                self._walk(one, node.body)
            except _JumpError as jump:
                if str(jump) == "break":
                    break
            finally:
                del self._variables[known:]

    def _pipe(self, dot: t.Any, pipe: Pipe) -> t.Any:
        value: t.Any = None
        for number, command in enumerate(pipe.commands):
            value = self._command(dot, command, () if number == 0 else (value,))
            value = ABSENT if value is None else value
        for name in pipe.names:
            if pipe.declares:
                self._variables.append((name, value))
            else:
                self._assign(name, value)
        return value

    def _assign(self, name: str, value: t.Any) -> None:
        for number in range(len(self._variables) - 1, -1, -1):
            if self._variables[number][0] == name:
                self._variables[number] = (name, value)
                return

    def _command(self, dot: t.Any, command: t.Tuple[t.Any, ...], last: t.Tuple[t.Any, ...]) -> t.Any:
        first, rest = command[0], command[1:]
        if isinstance(first, Function):
            return self._call(dot, first.name, rest, last)
        if rest or last:
            raise TemplateError("can't give argument to non-function")
        if isinstance(first, Literal) and first.value is None:
            raise TemplateError("nil is not a command")
        return self._value(dot, first)

    def _call(self, dot: t.Any, name: str, rest: t.Tuple[t.Any, ...], last: t.Tuple[t.Any, ...]) -> t.Any:
        if name in ("and", "or"):
            value: t.Any = None
            if not rest and not last:
                raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")
            for operand in rest:
                value = self._value(dot, operand)
                if is_true(value) == (name == "or"):
                    return value
            return last[0] if last else value
        if name not in FUNCTIONS:
            if name in KNOWN_ELSEWHERE:
                raise UnsupportedError(f"the function {name}")
            raise TemplateError(f'function "{name}" not defined')
        values = [self._value(dot, operand) for operand in rest] + list(last)
        try:
            return FUNCTIONS[name](*values)
        except TemplateError as error:
            raise TemplateError(f"error calling {name}: {error}") from None
        except TypeError as error:
            if "argument" in str(error):
                raise TemplateError(f"wrong number of args for {name}") from None
            raise UnsupportedError(f"the function {name} with these values") from None
        except (ValueError, ArithmeticError, LookupError, RecursionError):
            raise UnsupportedError(f"the function {name} with these values") from None

    def _value(self, dot: t.Any, operand: t.Any) -> t.Any:
        if isinstance(operand, Literal):
            return ABSENT if operand.value is None else operand.value
        if isinstance(operand, Pipe):
            return self._pipe(dot, operand)
        if isinstance(operand, Variable):
            return next(value for name, value in reversed(self._variables) if name == operand.name)
        if isinstance(operand, Function):
            return self._call(dot, operand.name, (), ())
        value = dot if operand.root is None else self._value(dot, operand.root)
        for field in operand.fields:
            value = self._field(value, field)
        return value

    def _field(self, value: t.Any, name: str) -> t.Any:
        if value is ABSENT:
            if self._missing == "error":
                raise TemplateError(f"nil data; no entry for key {name!r}")
            return ABSENT
        if value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, dict):
            raise TemplateError(f"can't evaluate field {name} in type {kind(value)}")
        if name in value:
            return value[name]
        if self._missing == "error":
            raise TemplateError(f'map has no entry for key "{name}"')
        return None if self._missing == "zero" else ABSENT


def _pairs(value: t.Any, names: int) -> t.List[t.Tuple[t.Any, t.Any]]:
    """What a range goes over, with the keys or numbers."""
    if value is None or value is ABSENT:
        return []
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return list(enumerate(value))
    if not isinstance(value, int) or isinstance(value, bool):
        raise TemplateError(f"range can't iterate over {printed(value)}")
    if names > 1:
        raise TemplateError(f"can't use {value} to iterate over more than one variable")
    return [(number, number) for number in range(min(value, _MOST + 1))]
