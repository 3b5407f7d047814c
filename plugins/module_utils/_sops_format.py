# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The five formats of sops: what a file's name says, what is in a text, and the block that sops adds to it."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    import yaml
except ImportError:  # ansible-core itself needs it
    Loader: t.Any = None
    Dumper: t.Any = None
else:

    class _Odd(str):
        """Dates and the like: no text to sops, and written another way by it."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc, no-redef]
        """Reads as YAML 1.2 does, and so sops: no is a text, and so is 12:30:45, and 2001-01-01 is left alone."""

        yaml_implicit_resolvers: t.ClassVar[t.Dict[str, t.Any]] = {}

    for _tag, _regex, _first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)", "-+0123456789"),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
        ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
        ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
        ("merge", r"<<", "<"),
        ("odd", r"0o[0-7_]+|\d{4}-\d\d?-\d\d?(?:[Tt \t].*)?", "0123456789"),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_regex})$"), list(_first))
    Loader.add_constructor("tag:yaml.org,2002:odd", lambda loader, node: _Odd(loader.construct_scalar(node)))

    class Dumper(yaml.SafeDumper):  # type: ignore[no-redef]
        """Quotes each text that might be a number to sops: PyYAML takes 1e5, 0o17 and 08 for texts, sops does not."""

    Dumper.add_implicit_resolver("tag:yaml.org,2002:odd", re.compile("[-+.0-9]"), list("-+.0123456789"))

Document = t.Mapping[str, t.Any]
# A step is a key of a mapping or the number in a list; the first one is the document's number.
Path = t.Tuple[t.Union[str, int], ...]

SUFFIXES = ((".yaml", "yaml"), (".yml", "yaml"), (".json", "json"), (".env", "dotenv"), (".ini", "ini"))
CIPHERTEXT = b"ENC[AES256_GCM,data:"
# sops writes its block last; a file that somebody sorted is read as a whole.
_YAML_BLOCK = re.compile(rb"^sops:[ \t]*\r?\n((?:[ \t]+.*(?:\n|\Z)|\r?\n)+)", re.MULTILINE)
# What differs between two versions of a YAML file when nothing but values does.
_RENEWED = re.compile(
    rb"ENC\[AES256_GCM,[^\]]*,type:(?!comment)[a-z]+\]|(?<=^    lastmodified: )\S+|(?<=^    version: )\S+",
    re.MULTILINE,
)
_FLAT = re.compile(r"__(list|map)_")
_INI_KEY = re.compile(r"[^\s;#\[=:][^\n\r=:]*")
_LINE = re.compile(r"(?:\S(?:[^\n\r]*\S)?)?")


def format_of(path: str) -> str:
    """By the end of the name, as sops does it."""
    return next((name for suffix, name in SUFFIXES if path.endswith(suffix)), "binary")


def documents(format: str, content: bytes, where: str) -> t.List[t.Any]:
    """What a text holds, one entry per YAML document. Raises ClusterError, which quotes nothing of it."""
    try:
        if format == "yaml":
            return _yaml_documents(content)
        if format == "json":
            return [json.loads(content)]
        if format == "binary":
            return [{"data": content}]
        return [(_dotenv if format == "dotenv" else _ini)(content.decode())]
    except UnicodeDecodeError:  # it holds the content, as do the others
        raise _malformed(where, format, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(where, format, f"line {error.lineno}, column {error.colno}") from None
    except _SyntaxError as error:
        raise _malformed(where, format, str(error)) from None
    except (ValueError, RecursionError):
        raise _malformed(where, format, "it cannot be read") from None


def dump(format: str, value: t.Any, where: str) -> bytes:
    """A structure as a text. Raises ClusterError."""
    if format in ("yaml", "json") and isinstance(value, dict):
        if format == "json":
            return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
        return yaml.dump(value, Dumper=Dumper, sort_keys=False, encoding="utf-8")
    if format == "binary" and isinstance(value, str):
        return value.encode()
    if format == "dotenv" and _is_flat(value, re.compile(r"[^\s#=][^\n\r=]*"), re.compile(r"(?s:.*)")):
        return "".join(f"{key}={str(below).replace(chr(10), chr(92) + 'n')}\n" for key, below in value.items()).encode()
    if format == "ini" and isinstance(value, dict) and all(_is_flat(one, _INI_KEY, _LINE) for one in value.values()):
        sections = [
            f"[{name}]\n" + "".join(f"{key} = {one}\n" for key, one in below.items()) for name, below in value.items()
        ]
        return "\n".join(sections).encode()
    wanted = {
        "binary": "a text",
        "dotenv": "a mapping of texts",
        "ini": "a mapping of sections with texts of one line, without white space around them",
    }
    raise ClusterError(Problem(where, f"is not {wanted.get(format, 'a mapping')}", f"A {format} file needs one"))


def check(format: str, content: bytes, where: str) -> None:
    """Raises ClusterError for what sops would refuse, or could not give back as it was."""
    if format == "binary" and (is_encrypted("json", content) or is_encrypted("yaml", content)):
        raise _encrypted_already(where)
    blank = not content.strip()
    found = [None] if blank and format in ("yaml", "json") else documents(format, content, where)
    if format == "binary":
        return
    if not found or found[0] is None:
        raise ClusterError(
            Problem(where, f"is empty, and sops cannot encrypt an empty {format} file", "Write a value, or remove it")
        )
    for number, document in enumerate(found):
        place = where if len(found) == 1 else f"{where} (document {number + 1})"
        if not isinstance(document, dict):
            raise ClusterError(
                Problem(place, f"is a {_kind(document)} at the top", "sops encrypts mappings: give it a key")
            )
        if any(key == "sops" or (format in ("dotenv", "ini") and key.startswith("sops_")) for key in document):
            raise _encrypted_already(place)
        for wrong in _wrong_keys(document, ()):
            raise ClusterError(Problem(place, f"{wrong} is not a text", "Quote this key: sops takes texts only"))
        for at, value in _leaves(document, ()):
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise ClusterError(
                    Problem(place, f"{shown((0, *at))} is a number too large for sops, which rounds it", "Quote it")
                )
    if format == "ini":
        _check_ini(content.decode(), where)


def metadata(format: str, content: bytes) -> t.Optional[Document]:
    """The block of sops in an encrypted file; None where there is none, or nothing that can be read as one."""
    try:
        if format == "yaml":
            return _yaml_metadata(content)
        if format in ("json", "binary"):
            block = json.loads(content).get("sops") if b'"sops"' in content else None
            return block if isinstance(block, dict) else None
        return _flat_metadata(format, content.decode())
    except (ValueError, AttributeError, TypeError, RecursionError, _SyntaxError):
        return None


def is_encrypted(format: str, content: bytes) -> bool:
    """Completely: sops writes its block last, the authentication of all values in it."""
    block = metadata(format, content)
    return bool(block and block.get("mac") and block.get("lastmodified"))


def looks_encrypted(content: bytes) -> bool:
    """Also if only a part of it is left."""
    return CIPHERTEXT in content


def encrypts_nothing(content: bytes) -> bool:
    """Whether the authentication is all that is ciphertext in an encrypted file."""
    return content.count(CIPHERTEXT) <= 1


def in_layout_of(old: bytes, new: bytes) -> bytes:
    """sops moves a comment at the end of a line to a line of its own with every change of a value; not so here."""
    renewed = _RENEWED.findall(new)
    if len(renewed) != len(_RENEWED.findall(old)):
        return new
    values = iter(renewed)
    return _RENEWED.sub(lambda match: next(values), old)


def leaves(found: t.Sequence[t.Any]) -> t.Dict[Path, t.Any]:
    """Every value and where it is, for documents that came from C(documents)."""
    return {(number, *path): value for number, document in enumerate(found) for path, value in _leaves(document, ())}


def shown(path: Path) -> str:
    """A place in a file without its value."""
    document, *rest = path
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest).lstrip(".")
    return text if document == 0 else f"{text} (document {t.cast(int, document) + 1})"


def same(format: str, one: bytes, other: bytes) -> bool:
    """Whether two plaintexts as sops writes them say the same. The order of keys says nothing in YAML and JSON."""
    if one == other:
        return True
    if format not in ("yaml", "json"):
        return False
    try:
        alike = _typed(documents(format, one, "")) == _typed(documents(format, other, ""))
    except ClusterError:
        return False
    return alike and (format == "json" or _comments(one) == _comments(other))


def has_comments(format: str, content: bytes) -> bool:
    if format == "yaml":
        return bool(_comments(content))
    return format == "ini" and bool(re.search(rb"^\s*[#;]", content, re.MULTILINE))


def _is_flat(value: t.Any, key: t.Pattern[str], text: t.Pattern[str]) -> bool:
    """Numbers are texts there; how true and nothing would be written is nobody's guess."""
    return isinstance(value, dict) and all(
        key.fullmatch(str(name))
        and isinstance(below, (str, int, float))
        and not isinstance(below, bool)
        and text.fullmatch(str(below))
        for name, below in value.items()
    )


class _SyntaxError(Exception):
    """Where a text cannot be read; never what is there."""


def _encrypted_already(where: str) -> ClusterError:
    return ClusterError(Problem(where, "is encrypted already, or has a key that belongs to sops", "Give the plaintext"))


def _malformed(where: str, format: str, detail: str) -> ClusterError:
    return ClusterError(
        Problem(where, f"is not valid {format} ({detail})", "Correct it, or give it the suffix of what it is")
    )


def _yaml_documents(content: bytes) -> t.List[t.Any]:
    try:
        return list(yaml.load_all(content, Loader=Loader))  # nosec: a safe loader, the fast one of them
    except yaml.reader.ReaderError:
        raise _SyntaxError("it has characters that YAML does not know, or is not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # The error itself would quote the file.
        raise _SyntaxError(f"line {mark.line + 1}" if mark else "it cannot be read") from None
    except (ValueError, TypeError, RecursionError):
        raise _SyntaxError("it cannot be read") from None


def _dotenv(text: str) -> t.Dict[str, t.Any]:
    result = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            if not equals:
                raise _SyntaxError(f"line {number} has no =")
            result[key] = value
    return result


def _ini(text: str) -> t.Dict[str, t.Any]:
    result: t.Dict[str, t.Any] = {}
    for _number, section, key, value in _ini_lines(text):
        below = result.setdefault(section, {})
        if key:
            below[key] = value
    return result


def _check_ini(text: str, where: str) -> None:
    """sops reads these lines without an error, and then writes something else, or what it cannot decrypt."""
    seen = set()
    for number, section, key, value in _ini_lines(text):
        lost = ""
        if ";" in value or "#" in value:
            lost = "takes what follows ; or # for a comment"
        elif value[:1] in tuple("\"'`") and value[:3] != '"""':
            lost = "takes the quotes away"
        elif value.endswith("\\"):
            lost = "appends the next line to it"
        elif key == "-":
            lost = "numbers the key -, and cannot decrypt it"
        elif key and (section, key) in seen:
            lost = "keeps one of two values of a key"
        seen.add((section, key))
        if lost:
            raise ClusterError(
                Problem(where, f"line {number}: sops {lost}", "Give the file another suffix, such as .yaml or .txt")
            )


def _ini_lines(text: str) -> t.Iterator[t.Tuple[int, str, str, str]]:
    """Number, section, key and value of each line that has one; of a section's own line, no key."""
    section = "DEFAULT"
    for number, original in enumerate(text.split("\n"), 1):
        line = original.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            if not line.endswith("]"):
                raise _SyntaxError(f"line {number} opens a section and does not close it")
            section = line[1:-1]
            yield number, section, "", ""
            continue
        key, *value = re.split("[=:]", line, maxsplit=1)
        if value:  # otherwise it is a part of a value, or sops will say that it is not
            yield number, section, key.strip(), value[0].strip()


def _yaml_metadata(content: bytes) -> t.Optional[Document]:
    found = list(_YAML_BLOCK.finditer(content))
    if found:
        documents_found = _yaml_documents(found[-1].group())
    elif b"sops" in content:
        documents_found = _yaml_documents(content)
    else:
        return None
    block = documents_found[-1].get("sops") if documents_found and isinstance(documents_found[-1], dict) else None
    return block if isinstance(block, dict) else None


def _flat_metadata(format: str, text: str) -> t.Optional[Document]:
    if format == "dotenv":
        flat = {key[5:]: value for key, value in _dotenv(text).items() if key.startswith("sops_")}
    else:
        flat = _ini(text).get("sops") or {}
    result: t.Dict[str, t.Any] = {}
    for key, value in flat.items():
        _put(result, _FLAT.sub("\0", key).split("\0"), value)  # age__list_0__map_enc is age, 0, enc
    return t.cast(Document, _lists(result)) or None


def _put(tree: t.Dict[str, t.Any], steps: t.List[str], value: t.Any) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    tree[steps[-1]] = value


def _lists(tree: t.Any) -> t.Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        return [_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: _lists(value) for key, value in tree.items()}


def _leaves(value: t.Any, path: Path) -> t.Iterator[t.Tuple[Path, t.Any]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(below, (*path, str(key)))
    elif isinstance(value, list) and value:
        for number, below in enumerate(value):
            yield from _leaves(below, (*path, number))
    else:
        yield path, value


def _wrong_keys(value: t.Any, path: Path) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            # Old YAML reads yes, no and dates as something else than texts; sops does not.
            if isinstance(key, (int, float)) and not isinstance(key, bool):
                yield shown((0, *path, str(key)))
            yield from _wrong_keys(below, (*path, str(key)))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _wrong_keys(below, (*path, number))


def _typed(value: t.Any) -> t.Any:
    """So that 1, 1.0 and true are three things."""
    if isinstance(value, dict):
        return {key: _typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_typed(below) for below in value]
    return type(value).__name__, value


def _comments(content: bytes) -> t.List[bytes]:
    """May take a # within a value for one: then two texts differ that do not, which costs a longer diff only."""
    return sorted(re.findall(rb"(?:^|[ \t])(#.*)$", content, re.MULTILINE))


def _kind(value: t.Any) -> str:
    return "list" if isinstance(value, list) else "single value"
