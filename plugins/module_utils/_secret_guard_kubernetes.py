# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Kubernetes manifests that hold secrets in plain text, wherever in a file: in lists, in templates, in other texts."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import SECRET, TEMPLATE, Finding
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_text import (
    Text,
    fields,
    is_mapping,
    is_scalar,
    items,
    pairs,
    scalar,
)

_FILE = re.compile(r"\.(?:ya?ml|json)(?:\.|$)|\.(?:j2|jinja2?|tpl|tmpl|gotmpl)$", re.IGNORECASE)
# Between kind and Secret there may be tags, anchors, comments and the sign of a block; or an alias stands for it.
_CANDIDATE = re.compile(
    rb"""kind\\?["']?\s*:\s*(?:\*|(?:(?:[!&][^\s,]*|[>|][-+]?|\#.*)\s+)*\\?["']?(?:Sealed)?Secret(?![A-Za-z]))
    |secretGenerator|\\u00[4-7]""",
    re.VERBOSE,
)
# Jinja, Go, makejinja, a shell's or Flux' variable, and what argocd-vault-plugin or a reader is to fill in.
_EXPRESSION = re.compile(
    r"\{\{.{0,1000}?\}\}|\{%.{0,1000}?%\}|#\{.{0,1000}?\}#?|#%.{0,1000}?%#|\$\{[^}]+\}|\$\([A-Za-z_]\w*\)|<path:[^>]+>|\A\s*<[^<>]+>\s*\Z",
    re.DOTALL,
)
_LITERAL = re.compile(r"""(?:\{\{|#\{)[-~]?\s*(?:b64enc\s+|quote\s+)*(?:"[^"{]+"|'[^'{]+'|\d+)\s*(?:\||[-~]?\}|$)""")
_PASSWORD = re.compile(r"://[^\s/:@]*:[^\s/@{}$<>#%]+@")  # in an address, whatever else of it is filled in
_CIPHERTEXT = "ENC[AES256_GCM,"
_SECRET_NAME = re.compile(
    r"pass|pwd|secret|token|key|cred|auth|private|salt|dsn|\.dockercfg|config\.?json", re.IGNORECASE
)
_FIELDS = ("data", "stringData")
_DEEPEST = 10  # texts in texts

REMEDY = "Encrypt the file with sops, seal it (sealed_secret), or fetch the values with External Secrets"


class Value(t.NamedTuple):
    key: str
    line: int
    text: str


def manifests(file: Text) -> t.Iterator[Finding]:
    content = file.content
    if b"ecret" in content and _FILE.search(file.path) and _CANDIDATE.search(content):
        yield from _text(file, 0)


def _text(file: Text, depth: int) -> t.Iterator[Finding]:
    if file.documents is None:
        yield from _template_lines(file)
        return
    waiting, seen = file.documents[::-1], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # aliases make circles, and few lines of them make millions of nodes
            continue
        seen.add(id(node))
        if is_mapping(node):
            yield from _object(file, node)
            waiting += [value for _key, value in reversed(pairs(node))]
        elif not is_scalar(node):
            waiting += reversed(items(node))
        elif "ecret" in node.value and depth < _DEEPEST:
            inner = _inside(file, node)  # a manifest inside of a text: a patch, an annotation of kubectl
            if _CANDIDATE.search(inner.content):
                yield from _text(inner, depth + 1)


def _inside(file: Text, node: t.Any) -> Text:
    """A text that is a value of the file."""
    above = file.offset + node.start_mark.line + (1 if node.style in ("|", ">") else 0)
    return Text(file.path, node.value.encode("utf-8", errors="replace"), above)


def _object(file: Text, node: t.Any) -> t.Iterator[Finding]:
    found = fields(node)
    kind = scalar(found.get("kind"))
    span = (node.start_mark.line + file.offset, node.end_mark.line + file.offset + 1)
    if kind == "Secret":
        yield from _secret(file.path, _name(found), list(_values(file, node)), span)
    elif kind == "SealedSecret":
        template = fields(found.get("spec")).get("template")
        plain = [value for value in _values(file, template) if _plain(value.text)]
        if plain:
            what = f"SealedSecret {_name(found)} has {_names(plain)} in plain text in its template"
            yield Finding(file.path, plain[0].line, TEMPLATE, what, "Seal them: move them to encryptedData", *span)
    for generator in map(fields, items(found.get("secretGenerator"))):
        values = [
            Value(key if equals else "a value", item.start_mark.line + 1 + file.offset, value if equals else key)
            for item in items(generator.get("literals"))
            for key, equals, value in [scalar(item).partition("=")]
        ]
        yield from _secret(file.path, f"of secretGenerator {scalar(generator.get('name'))}", values, span)
    target, patch = fields(found.get("target")), found.get("patch")
    if scalar(target.get("kind")) == "Secret" and is_scalar(patch):
        name = scalar(target.get("name")) or "(any name)"
        yield from _secret(file.path, name, list(_operations(_inside(file, patch))), span)


def _secret(path: str, name: str, values: t.Sequence[Value], span: t.Tuple[int, int]) -> t.Iterator[Finding]:
    plain = [value for value in values if _plain(value.text)]
    if any(_EXPRESSION.search(value.text) for value in values):
        # Its author knows what a secret is: a user name beside a filled-in password may stay.
        plain = [
            value for value in plain if _SECRET_NAME.search(value.key.partition(".")[2]) or _PASSWORD.search(value.text)
        ]
    if plain:
        yield Finding(path, plain[0].line, SECRET, f"Secret {name} has {_names(plain)} in plain text", REMEDY, *span)


def _plain(text: str) -> bool:
    """Whether it is neither nothing, nor encrypted, nor to be filled in."""
    text = text.strip().strip("\"'")
    if not text or text.startswith(_CIPHERTEXT) or text in ("null", "~", "{}", "[]"):
        return False
    return bool(_LITERAL.search(text) or _PASSWORD.search(text)) or not _EXPRESSION.search(text)


def _values(file: Text, node: t.Any) -> t.Iterator[Value]:
    """What is below data and stringData. A template's braces read as mappings: then it counts what is written there."""
    for field, below in pairs(node):
        for key, value in pairs(below) if is_scalar(field) and field.value in _FIELDS else ():
            if is_scalar(key):
                text = scalar(value) if is_scalar(value) else file.source(value)
                # {password:planted} is one key and no value; it is not shown then.
                name, _colon, forgotten = key.value.partition(":")
                yield Value(f"{field.value}.{name}", key.start_mark.line + 1 + file.offset, forgotten or text)


def _operations(patch: Text) -> t.Iterator[Value]:
    """What a JSON patch puts below data and stringData."""
    for document in patch.documents or ():
        for operation in map(fields, items(document)):
            field, _slash, key = scalar(operation.get("path")).lstrip("/").partition("/")
            value = operation.get("value")
            if field in _FIELDS and value is not None:
                text = scalar(value) if is_scalar(value) else patch.source(value)
                yield Value(f"{field}.{key}" if key else field, value.start_mark.line + 1 + patch.offset, text)


def _name(found: t.Mapping[str, t.Any]) -> str:
    metadata = fields(found.get("metadata"))
    return "/".join(filter(None, [scalar(metadata.get("namespace")), scalar(metadata.get("name"))])) or "(no name)"


def _names(values: t.Sequence[Value]) -> str:
    shown = ", ".join(value.key for value in values[:3])
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown


_DOCUMENT = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_KIND_LINE = re.compile(r"""^[ \t]*(?:- )?["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t]*(?:#.*)?$""", re.MULTILINE)
_FIELD_LINE = re.compile(
    r"""[ \t]*["']?(?P<field>data|stringData)["']?[ \t]*:[ \t]*(?:#.*|\{(?![{%])(?P<flow>.*)|\{[{%].*)?$"""
)
_FLOW_VALUE = re.compile(
    r"""["']?(?P<key>[-._A-Za-z0-9]+)["']?[ \t]*:[ \t]*(?P<value>"[^"]*"|'[^']*'|(?:\{\{.*?\}\}|[^,}"'])+)"""
)
_VALUE_LINE = re.compile(r"""[ \t]*["']?(?P<key>[-._A-Za-z0-9]+)["']?[ \t]*:(?:[ \t]+(?P<value>.*))?$""")


def _template_lines(file: Text) -> t.Iterator[Finding]:
    """What is no YAML before it is rendered, read line by line."""
    start = file.offset
    for document in _DOCUMENT.split(file.text):
        lines = document.split("\n")
        if _KIND_LINE.search(document):
            yield from _secret(
                file.path, "in a template", list(_line_values(lines, start)), (start, start + len(lines))
            )
        start += len(lines) - 1


def _line_values(lines: t.Sequence[str], start: int) -> t.Iterator[Value]:
    field, indent, inner = "", -1, -1  # the field we are in, its indentation and that of its keys
    current: t.Optional[Value] = None
    for number, line in enumerate(lines, start=start + 1):
        text = line.strip()
        if not text or text.startswith(("#", "{{", "{%")):
            continue
        here = len(line) - len(line.lstrip())
        if field and here > indent:
            match = _VALUE_LINE.match(line)
            if match and inner in (-1, here):
                if current:
                    yield current
                inner, value = here, (match.group("value") or "").strip()
                current = Value(f"{field}.{match.group('key')}", number, "" if value[:1] in ("|", ">") else value)
            elif current:
                current = current._replace(text=f"{current.text}\n{text}")
            continue
        if current:
            yield current
        current, inner = None, -1
        opens = _FIELD_LINE.match(line)
        field, indent = (opens.group("field"), here) if opens else ("", -1)
        if opens and opens.group("flow"):
            for match in _FLOW_VALUE.finditer(opens.group("flow")):
                yield Value(f"{field}.{match.group('key')}", number, match.group("value"))
    if current:
        yield current
