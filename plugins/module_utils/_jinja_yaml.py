# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A YAML file that is a Jinja2 template, made readable as YAML without rendering it.

The mask has a character for each one of the template, so that whatever is found in it is at the same place there.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

JINJA = Delimiters()

EXPRESSION, STATEMENT, COMMENT = "expression", "statement", "comment"

# Statements with an end, by what becomes of what is between. Whether a `set` has one shows in its text.
_ONCE = ("if", "block", "with", "autoescape", "trans", "filter", "call")
_PAIRED = (*_ONCE, "for", "macro")
# What is between comes elsewhere, or it may come more than once or changed.
ELSEWHERE = ("macro", "set")
REPEATED = ("for", "macro", "filter", "call", "set")
# Runs of a template that are compared: how often a loop runs, and which branch of a condition is taken.
_RUNS = ((1, 0), (2, 0), (0, 99), (1, 1), (1, 2), (0, 0), (2, 99))

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_WORD = re.compile(r"[-+]?\s*(\w*)")
_REMARK = re.compile(r"(?:^|\s)#.*$")
_HEADER = re.compile(r"(?:^|\s)[|>][-+0-9]*\s*$")  # of a text of several lines
_STRUCTURE = re.compile(r"[ \t]*(?:\r?\n[ \t]*)*\n([ ]*)(?:-\s|[^\s#:]+:\s)")


@dataclasses.dataclass(frozen=True)
class Tag:
    """Code of Jinja, with its delimiters. C(word) is the first one of a statement."""

    start: int
    end: int
    kind: str
    text: str
    word: str
    before: str  # "-" takes the whitespace before it away, "+" keeps it
    after: str


@dataclasses.dataclass(frozen=True)
class Block:
    """From a statement to the one that ends it. C(branches) are where each begins."""

    word: str
    start: int
    end: int
    branches: t.Tuple[int, ...]


Stack = t.Tuple[t.Tuple[Block, int], ...]


class Template:
    """A text, and where the code is in it. Without delimiters there is none. C(mask) is what YAML reads."""

    def __init__(self, text: str, delimiters: t.Optional[Delimiters], where: str = "") -> None:
        self.text = text
        self.delimiters = delimiters
        self.where = where
        self.tags = list(_tags(text, delimiters, where)) if delimiters else []
        self.blocks = _blocks(self)
        self._starts = [tag.start for tag in self.tags]
        mask, self.opaque = _masked(text, self.tags)
        self.mask = _with_first_lines(mask, text) if self.tags else mask
        for block in self.blocks:
            if block.word in ELSEWHERE:
                self.mask = self.mask[: block.start] + _blank(text[block.start : block.end]) + self.mask[block.end :]
                self.opaque = [tag for tag in self.opaque if not block.start < tag.start < block.end]

    def line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def stack(self, offset: int) -> Stack:
        """The blocks around a character, outermost first, each with the number of the branch that it is in."""
        return self._within(offset, offset + 1)

    def between(self, offset: int) -> Stack:
        """The blocks around a place between two characters."""
        return self._within(offset - 1, offset + 1)

    def _within(self, start: int, end: int) -> Stack:
        return tuple(
            (block, bisect.bisect_right(block.branches, start))
            for block in self.blocks
            if block.start <= start and end <= block.end
        )

    def touching(self, start: int, end: int) -> t.List[Tag]:
        """The code that has a part in what is between two places."""
        first = bisect.bisect_left(self._starts, start)
        first -= bool(first and self.tags[first - 1].end > start)
        return self.tags[first : bisect.bisect_left(self._starts, end)]

    def line_start(self, offset: int) -> int:
        """Of the line of a place, and of the code that begins in an earlier line."""
        while True:
            offset = self.text.rfind("\n", 0, offset) + 1
            across = [tag for tag in self.touching(offset, offset + 1) if tag.start < offset]
            if not across:
                return offset
            offset = across[0].start

    def line_end(self, offset: int) -> int:
        """Behind the line's end, and behind the code that ends in a later line."""
        while True:
            found = self.text.find("\n", offset)
            end = len(self.text) if found < 0 else found + 1
            across = [tag for tag in self.touching(end - 1, end) if tag.end > end]
            if not across:
                return end
            offset = across[0].end

    def placeholder(self, tag: Tag) -> str:
        """What is in the mask for an expression; nothing, where it is blank."""
        return self.mask[tag.start : tag.end].partition("\n")[0].strip()

    def runs(self) -> t.Iterator[t.Tuple[bool, str]]:
        """What comes out of the template: with and without Jinja's trim_blocks and lstrip_blocks, loops run and not."""
        text = self.text.replace("\r\n", "\n")
        template = self if text == self.text else Template(text, self.delimiters, self.where)
        for trim in (True, False):
            pieces = _pieces(template, trim)
            for loops, branch in _RUNS:
                yield trim, "".join(_run(iter(pieces), loops, branch))


def masked(text: str, delimiters: Delimiters = JINJA, where: str = "template") -> str:
    """YAML of the same lines and columns as a template: expressions are words, statements and comments are blank.

    Raises ClusterError for code that has no end.
    """
    return Template(text, delimiters, where).mask


def _tags(text: str, delimiters: Delimiters, where: str) -> t.Iterator[Tag]:
    kinds = {
        delimiters.comment_start: (COMMENT, delimiters.comment_end),
        delimiters.block_start: (STATEMENT, delimiters.block_end),
        delimiters.variable_start: (EXPRESSION, delimiters.variable_end),
    }
    begin = re.compile("|".join(re.escape(start) for start in sorted(kinds, key=len, reverse=True)))
    closing = re.escape(delimiters.block_start) + r"[-+]?\s*endraw\s*[-+]?" + re.escape(delimiters.block_end)
    at = 0
    while True:
        found = begin.search(text, at)
        if not found:
            return
        kind, ending = kinds[found.group()]
        at = text.find(ending, found.end()) + len(ending) if kind == COMMENT else _end(text, found.end(), ending)
        if at < found.end() + len(ending):
            raise _no_end(text, found, ending, where)
        tag = _tag(text, (found.start(), at), kind, found.group(), ending)
        yield tag
        if tag.word == "raw":
            raw = re.compile(closing).search(text, at)
            if not raw:
                raise _no_end(text, found, "endraw", where)
            at = raw.end()
            yield _tag(text, raw.span(), kind, found.group(), ending)


def _no_end(text: str, begin: t.Match[str], ending: str, where: str) -> ClusterError:
    line = text.count("\n", 0, begin.start()) + 1
    return ClusterError(Problem(f"{where}:{line}", f"'{begin.group()}' has no '{ending}'", "Repair the template"))


def _tag(text: str, span: t.Tuple[int, int], kind: str, opening: str, ending: str) -> Tag:
    inner = text[span[0] + len(opening) : span[1] - len(ending)]
    word = _WORD.match(inner)
    return Tag(
        *span,
        kind,
        inner,
        word.group(1) if word and kind == STATEMENT else "",
        inner[:1] if inner[:1] in "-+" else "",
        inner[-1:] if inner[-1:] in "-+" else "",
    )


@functools.lru_cache(maxsize=16)
def _ends(ending: str) -> t.Tuple[t.Pattern[str], t.Pattern[str]]:
    within = rf"{_STRING}|(?P<open>[(\[{{])|(?P<close>[)\]}}])"
    return re.compile(rf"(?P<end>{re.escape(ending)})|{within}", re.DOTALL), re.compile(within, re.DOTALL)


def _end(text: str, at: int, ending: str) -> int:
    """Behind the delimiter that ends an expression; in its strings and brackets there may be more of them."""
    depth = 0
    while True:
        found = _ends(ending)[bool(depth)].search(text, at)
        if not found:
            return -1
        at = found.end()
        if found.groupdict().get("end"):
            return at
        depth = max(0, depth + bool(found["open"]) - bool(found["close"]))


def _has_end(tag: Tag) -> bool:
    return tag.word in _PAIRED or (tag.word == "set" and "=" not in tag.text)


def _blocks(template: Template) -> t.List[Block]:
    found: t.List[Block] = []
    waiting: t.List[t.Tuple[Tag, t.List[int]]] = []
    for tag in template.tags:
        if _has_end(tag):
            waiting.append((tag, []))
        elif tag.word in ("else", "elif") and waiting:
            waiting[-1][1].append(tag.start)
        elif tag.word.startswith("end") and tag.word != "endraw":
            if not waiting or waiting[-1][0].word != tag.word[3:]:
                what = f"'{tag.word}' ends nothing"
                raise ClusterError(Problem(f"{template.where}:{template.line(tag.start)}", what, "Repair the template"))
            begin, branches = waiting.pop()
            found.append(Block(begin.word, begin.start, tag.end, tuple(branches)))
    if waiting:
        begin = waiting[-1][0]
        where = f"{template.where}:{template.line(begin.start)}"
        raise ClusterError(Problem(where, f"'{begin.word}' has no 'end{begin.word}'", "Repair the template"))
    return sorted(found, key=lambda block: block.start)


def _masked(text: str, tags: t.Sequence[Tag]) -> t.Tuple[str, t.List[Tag]]:
    """The mask, and the code that stands for whole lines of YAML, nobody knows which."""
    parts: t.List[str] = []
    opaque: t.List[Tag] = []
    at = 0
    for number, tag in enumerate(tags):
        parts.append(text[at : tag.start])
        at = tag.end
        alone = _is_alone(text, tags, number)
        if tag.kind == EXPRESSION and not (alone and _is_opaque("".join(parts), text[at:])):
            parts.append(_word(text[tag.start : tag.end], number))
            continue
        if tag.kind == EXPRESSION or (tag.word == "include" and alone):
            opaque.append(tag)
        filler = "_" if _is_in_word(text, tags, number) else " "
        parts.append(_blank(text[tag.start : tag.end], filler))
    parts.append(text[at:])
    return "".join(parts), opaque


def _word(expression: str, number: int) -> str:
    first, newline, rest = expression.partition("\n")
    width = len(first.rstrip("\r"))
    word = f"J{number}".ljust(width, "_")[:width] + first[width:]
    return word + newline + _blank(rest)


def _blank(text: str, filler: str = " ") -> str:
    """As many lines, as long."""
    return re.sub(r"[^\r\n]", filler, text)


def _is_alone(text: str, tags: t.Sequence[Tag], number: int) -> bool:
    """Whether a line holds nothing but code."""
    first = last = number
    while first and not text[tags[first - 1].end : tags[first].start].strip(" \t"):
        first -= 1
    while last + 1 < len(tags) and not text[tags[last].end : tags[last + 1].start].strip(" \t"):
        last += 1
    before = text[text.rfind("\n", 0, tags[first].start) + 1 : tags[first].start]
    after = text[tags[last].end :].split("\n", 1)[0]
    return not before.strip() and not after.strip()


def _is_opaque(before: str, after: str) -> bool:
    """Whether an expression that is alone in its line cannot be the value of what is before it."""
    *lines, indentation = before.split("\n")
    above = next((line for line in reversed(lines) if _REMARK.sub("", line).strip()), "")
    content = _REMARK.sub("", above).rstrip()
    if content.endswith(("-", "[", "{", ",")) or _HEADER.search(content):
        return False
    below = _STRUCTURE.match(after)
    if below and len(below[1]) >= len(indentation):
        return True
    return not (content.endswith(":") and len(indentation) > len(above) - len(above.lstrip()))


def _with_first_lines(mask: str, text: str) -> str:
    """A text of several lines begins no deeper than it goes on, even if it begins with what is blanked."""
    lines, sources = mask.split("\n"), text.split("\n")
    for number, line in enumerate(lines):
        if not _HEADER.search(_REMARK.sub("", line)):
            continue
        below = next((below for below in range(number + 1, len(lines)) if lines[below].strip()), number)
        deep = len(lines[below]) - len(lines[below].lstrip())
        for blank in range(number + 1, below):
            if sources[blank].strip() and len(lines[blank]) > deep > len(line) - len(line.lstrip()):
                rest = lines[blank][deep:]
                lines[blank] = " " * deep + "_" * len(rest.rstrip("\r")) + rest[len(rest.rstrip("\r")) :]
    return "\n".join(lines)


def _is_in_word(text: str, tags: t.Sequence[Tag], number: int) -> bool:
    """Whether a statement is a part of a value, in which a blank would begin another word."""
    first = last = number
    while first and tags[first - 1].end == tags[first].start:
        first -= 1
    while last + 1 < len(tags) and tags[last].end == tags[last + 1].start:
        last += 1
    start, end = tags[first].start, tags[last].end
    if not text[text.rfind("\n", 0, start) + 1 : start].strip():
        return False
    before, after = text[start - 1], text[end : end + 1]
    if before == ":":
        return bool(after.strip())
    return any(sign.strip() and sign not in "[]{},\"'" for sign in (before, after))


_Piece = t.Tuple[t.Optional[Tag], str]


def _pieces(template: Template, trim: bool) -> t.List[_Piece]:
    """Text and code in turn; of the text, what Jinja leaves of it."""
    found: t.List[_Piece] = []
    last: t.Optional[Tag] = None
    begins_line = True
    for tag in [*template.tags, None]:
        text = template.text[last.end if last else 0 : tag.start if tag else None]
        text, begins_line = _left_after(last, text, trim, begins_line)
        if tag and tag.before == "-":
            text = text.rstrip()
        elif tag and trim and tag.kind != EXPRESSION and tag.before != "+":
            begin = text.rfind("\n") + 1
            if (begin or begins_line) and not text[begin:].strip():
                text = text[:begin]
        found.append((None, text))
        if tag and tag.kind != COMMENT:
            found.append((tag, template.placeholder(tag)))
        last = tag
    return found


def _left_after(tag: t.Optional[Tag], text: str, trim: bool, begins_line: bool) -> t.Tuple[str, bool]:
    if not tag:
        return text, True
    if tag.after == "-":
        return text.lstrip(), "\n" in text[: len(text) - len(text.lstrip())]
    if trim and tag.kind != EXPRESSION and tag.after != "+" and tag.word != "raw" and text.startswith("\n"):
        return text[1:], True
    return text, False


def _run(pieces: t.Iterator[_Piece], loops: int, branch: int) -> t.Iterator[str]:
    """The text of one run, up to where the block that it is in ends."""
    for tag, text in pieces:
        if tag is None or tag.kind == EXPRESSION:
            yield text
        elif _has_end(tag):
            yield _run_block(tag, pieces, loops, branch)
        elif tag.word in ("else", "elif") or (tag.word.startswith("end") and tag.word != "endraw"):
            yield f"\0{tag.word}"  # tells the block that it is in
            return


def _run_block(begin: Tag, pieces: t.Iterator[_Piece], loops: int, branch: int) -> str:
    branches: t.List[str] = []
    words: t.List[str] = []
    word = ""
    while not word.startswith("end"):
        *texts, mark = _run(pieces, loops, branch)
        branches.append("".join(texts))
        words.append(word)
        word = mark[1:]
    if begin.word == "for":
        return branches[0] * loops if loops or len(branches) == 1 else branches[1]
    if begin.word == "if":
        chosen = min(branch, len(branches) - 1)
        return branches[chosen] if chosen == branch or words[chosen] == "else" else ""
    return branches[0] if begin.word in _ONCE else ""
