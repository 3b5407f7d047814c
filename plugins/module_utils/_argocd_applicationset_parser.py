# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Go's text/template, read: from the text of an ApplicationSet to nodes. What they mean is the evaluation's matter."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t


class TemplateError(Exception):
    """What Argo CD refuses, too."""


class UnsupportedError(Exception):
    """What may well be right, but cannot be told without Argo CD."""


class Number(float):
    """One that is written with a point or exponent; what is whole is an integer where one is wanted."""


@dataclasses.dataclass(frozen=True)
class Literal:
    value: t.Any


@dataclasses.dataclass(frozen=True)
class Chain:
    """Fields of something: C(.a.b), C($x.a), C((index .list 0).a). No root is the dot."""

    root: t.Any
    fields: t.Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Variable:
    name: str


@dataclasses.dataclass(frozen=True)
class Function:
    name: str


@dataclasses.dataclass(frozen=True)
class Pipe:
    """C(names) get its value; C(declares) whether they are new."""

    commands: t.Tuple[t.Tuple[t.Any, ...], ...]
    names: t.Tuple[str, ...] = ()
    declares: bool = False


@dataclasses.dataclass(frozen=True)
class Text:
    text: str


@dataclasses.dataclass(frozen=True)
class Block:
    """C(if), C(with) or C(range)."""

    word: str
    pipe: Pipe
    body: t.Tuple[t.Any, ...]
    otherwise: t.Tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True)
class Jump:
    """C(break) or C(continue)."""

    word: str


DOT = Chain(None, ())
_SPACE = " \t\r\n"
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.[^']*)')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
    |(?P<field>\.[^\W\d]\w*)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>:=|[().|,=])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.S
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_KEYWORDS = ("if", "with", "range", "else", "end", "define", "template", "block", "break", "continue")

Token = t.Tuple[str, str]
Nodes = t.Tuple[t.Any, ...]


@functools.lru_cache(maxsize=2_000)
def parse(text: str) -> Nodes:
    """Raises TemplateError and UnsupportedError."""
    return _Parser(_pieces(text)).whole()


def _pieces(text: str) -> t.List[t.Union[str, t.List[Token]]]:
    """Texts, and the tokens of actions."""
    found: t.List[t.Union[str, t.List[Token]]] = []
    at, trim = 0, False
    while True:
        start = text.find("{{", at)
        plain = text[at : start if start >= 0 else len(text)]
        plain = plain.lstrip(_SPACE) if trim else plain
        if start < 0:
            found.append(plain)
            return [piece for piece in found if piece != ""]
        at = start + 2
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] in tuple(_SPACE):
            plain, at = plain.rstrip(_SPACE), at + 2
        found.append(plain)
        if text.startswith("/*", at):
            end = text.find("*/", at)
            closing = re.compile(r"(?:[ \t\r\n]-)?\}\}").match(text, end + 2) if end >= 0 else None
            if not closing:
                raise TemplateError("unclosed comment, or comment that does not end its action")
            at, trim = closing.end(), "-" in closing.group()
            continue
        tokens, at, trim = _action(text, at)
        found.append(tokens)


def _action(text: str, at: int) -> t.Tuple[t.List[Token], int, bool]:
    tokens: t.List[Token] = []
    while True:
        closing = re.compile(r"([ \t\r\n]-)?\}\}").match(text, at)
        if closing:
            return tokens, closing.end(), bool(closing.group(1))
        match = _TOKEN.match(text, at)
        if not match:
            raise TemplateError(
                f"unexpected {text[at : at + 1]!r} in an action" if at < len(text) else "unclosed action"
            )
        tokens.append((str(match.lastgroup), match.group()))
        at = match.end()


class _Parser:
    def __init__(self, pieces: t.List[t.Union[str, t.List[Token]]]) -> None:
        self._pieces = pieces
        self._at = 0
        self._loops = 0
        self._variables = ["$"]

    def whole(self) -> Nodes:
        nodes, stop = self._nodes()
        if stop:
            raise TemplateError(f"unexpected {{{{{stop[0]}}}}}")
        return nodes

    def _nodes(self) -> t.Tuple[Nodes, t.List[str]]:
        """Up to C(end) or C(else), and what that is."""
        found: t.List[t.Any] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if isinstance(piece, str):
                found.append(Text(piece))
                continue
            tokens = _stripped(piece)
            word = tokens[0][1] if tokens and tokens[0][0] == "word" else ""
            if word in ("end", "else"):
                rest = _stripped(tokens[1:])
                if word == "end" and rest:
                    raise TemplateError("unexpected operand in end")
                self._rest = rest
                return tuple(found), [word]
            if word in ("define", "template", "block"):
                raise UnsupportedError(f"{{{{{word}}}}}")
            if word in ("break", "continue"):
                if not self._loops or len(tokens) > 1:
                    raise TemplateError(f"{{{{{word}}}}} outside {{{{range}}}}")
                found.append(Jump(word))
            elif word in ("if", "with", "range"):
                found.append(self._block(word, tokens[1:]))
            else:
                found.append(self._pipe(tokens, ""))
        return tuple(found), []

    def _block(self, word: str, tokens: t.List[Token]) -> Block:
        known = len(self._variables)
        pipe = self._pipe(_stripped(tokens), word)
        self._loops += word == "range"
        body, stop = self._nodes()
        self._loops -= word == "range"
        otherwise: Nodes = ()
        if stop == ["else"]:
            rest = self._rest
            if rest and word in ("if", "with") and rest[0] == ("word", word):
                otherwise = (self._block(word, rest[1:]),)  # its end is this one's, too
                stop = ["end"]
            elif rest:
                raise TemplateError("unexpected operand in else")
            else:
                otherwise, stop = self._nodes()
        if stop != ["end"]:
            raise TemplateError("unexpected else" if stop else f"{{{{{word}}}}} has no {{{{end}}}}")
        del self._variables[known:]
        return Block(word, pipe, body, otherwise)

    def _pipe(self, tokens: t.List[Token], word: str) -> Pipe:
        names: t.List[str] = []
        declares = False
        marks = [token[1] for token in tokens if token[0] != "space"]
        if marks and marks[0].startswith("$") and len(marks) > 1:
            many = word == "range" and len(marks) > 3 and marks[1] == "," and marks[3] in (":=", "=")
            if many or marks[1] in (":=", "="):
                names = [marks[0], marks[2]] if many else [marks[0]]
                sign = marks[3] if many else marks[1]
                declares = sign == ":="
                tokens = _stripped(tokens[tokens.index(("mark", sign)) + 1 :])
                if not declares and any(name not in self._variables for name in names):
                    raise TemplateError(f"undefined variable {names[0]!r}")
        pipe = _Commands(tokens, self._variables).pipe()
        if declares:
            self._variables += names
        return dataclasses.replace(pipe, names=tuple(names), declares=declares)


class _Commands:
    """The inside of one action."""

    def __init__(self, tokens: t.List[Token], variables: t.Sequence[str]) -> None:
        self._tokens, self._at, self._variables = tokens, 0, variables

    def pipe(self, closing: bool = False) -> Pipe:
        commands: t.List[t.Tuple[t.Any, ...]] = []
        words: t.List[t.Any] = []
        while True:
            kind, text = self._next()
            if kind == "space":
                continue
            if text == "|" or kind == "end" or (closing and text == ")"):
                if not words:
                    raise TemplateError("missing value for command")
                if commands and not isinstance(words[0], (Function, Chain, Variable, Pipe)):
                    raise TemplateError("non executable command in pipeline")
                commands.append(tuple(words))
                words = []
                if text == "|":
                    continue
                if closing and kind == "end":
                    raise TemplateError("unclosed left paren")
                return Pipe(tuple(commands))
            words.append(self._operand(kind, text))
            after = self._tokens[self._at][0:2] if self._at < len(self._tokens) else ("end", "")
            if after[0] not in ("space", "end") and after[1] not in ("|", ")"):
                raise TemplateError(f"unexpected {after[1]!r} in operand")

    def _operand(self, kind: str, text: str) -> t.Any:
        root = self._term(kind, text)
        fields: t.List[str] = []
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "field":
            fields.append(self._next()[1][1:])
        if not fields:
            return root
        if isinstance(root, Literal) or root is DOT:
            raise TemplateError(f"unexpected .{fields[0]} after term {text!r}")
        if isinstance(root, Chain):
            return Chain(root.root, (*root.fields, *fields))
        return Chain(root, tuple(fields))

    def _term(self, kind: str, text: str) -> t.Any:
        if text == "(":
            return self.pipe(closing=True)
        if kind == "variable" and text not in self._variables:
            raise TemplateError(f"undefined variable {text!r}")
        if kind == "word" and text in _KEYWORDS:
            raise TemplateError(f"unexpected <{text}> in command")
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if kind not in _TERMS:
            raise TemplateError(f"unexpected {text!r} in command")
        return _TERMS[kind](text)

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            return ("end", "")
        self._at += 1
        return self._tokens[self._at - 1]


def _number(text: str) -> t.Union[int, float]:
    try:
        digits = text.lstrip("+-")
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        return int(text, 8) if octal else int(text, 0)
    except ValueError:
        pass
    try:
        return Number(text.replace("_", ""))
    except ValueError:
        raise TemplateError(f"bad number syntax: {text!r}") from None


def _unquoted(text: str) -> str:
    def one(match: t.Match[str]) -> str:
        letter, byte, short, long, octal, other = match.groups()
        if letter:
            return _LETTERS.get(letter, letter)
        if other:
            raise TemplateError(f"unknown escape sequence \\{other}")
        if byte or octal:
            number = int(byte, 16) if byte else int(octal, 8)
            if number > 127:
                raise UnsupportedError("a byte that is no text")
            return chr(number)
        return chr(int(short or long, 16))

    return _ESCAPE.sub(one, text)


def _stripped(tokens: t.List[Token]) -> t.List[Token]:
    first, last = 0, len(tokens)
    while first < last and tokens[first][0] == "space":
        first += 1
    while last > first and tokens[last - 1][0] == "space":
        last -= 1
    return tokens[first:last]


_CONSTANTS = {".": DOT, "nil": Literal(None), "true": Literal(True), "false": Literal(False)}
_TERMS: t.Dict[str, t.Callable[[str], t.Any]] = {
    "field": lambda text: Chain(None, (text[1:],)),
    "variable": Variable,
    "word": Function,
    "string": lambda text: Literal(_unquoted(text[1:-1])),
    "raw": lambda text: Literal(text[1:-1]),
    "char": lambda text: Literal(ord(_unquoted(text[1:-1]))),
    "number": lambda text: Literal(_number(text)),
}
