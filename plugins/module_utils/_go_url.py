# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""URLs as Go 1.26 reads and writes them (net/url Parse and String): what Argo CD compares repositories by.

Go works on bytes, and so does this: an escape may stand for half a character.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_UNRESERVED = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
# What each part of a URL holds unescaped.
_PATH = frozenset(_UNRESERVED + b"$&+,/:;=@")
_HOST = frozenset(_UNRESERVED + b"!$&'()*+,;=:[]<>\"")
_USER = frozenset(_UNRESERVED + b"$&+,;=")
_FRAGMENT = frozenset(_UNRESERVED + b"$&+,/:;=?@!()*")
_KEPT_AS_WRITTEN = frozenset(b"!$&'()*+,;=:@[]%")  # in a path or fragment whose escaping is the user's own

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPED_ASCII = re.compile(rb"%(?!25)[0-7]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(rb"(?::[0-9]*)?\Z")


class GoUrlError(ValueError):
    """What Go's url.Parse refuses."""


@dataclasses.dataclass(frozen=True)
class Url:
    """The parts as Go keeps them; C(raw_path) and C(raw_fragment) only where they differ from the usual escaping."""

    scheme: bytes = b""
    opaque: bytes = b""
    user: t.Optional[t.Tuple[bytes, ...]] = None
    host: bytes = b""
    path: bytes = b""
    raw_path: bytes = b""
    force_query: bool = False
    raw_query: bytes = b""
    omit_host: bool = False
    fragment: bytes = b""
    raw_fragment: bytes = b""

    def string(self) -> str:
        parts = [self.scheme + b":"] if self.scheme else []
        parts.append(self.opaque or self._authority() + self._path(after_scheme=bool(self.scheme)))
        if self.force_query or self.raw_query:
            parts.append(b"?" + self.raw_query)
        if self.fragment:
            parts.append(b"#" + _written(self.fragment, self.raw_fragment, _FRAGMENT))
        return b"".join(parts).decode("utf-8", "surrogatepass")

    def _authority(self) -> bytes:
        if not (self.scheme or self.host or self.user is not None):
            return b""
        if self.omit_host and not self.host and self.user is None:
            return b""
        start = b"//" if self.host or self.path or self.user is not None else b""
        user = b"" if self.user is None else b":".join(_escaped(part, _USER) for part in self.user) + b"@"
        return start + user + _escaped(self.host, _HOST)

    def _path(self, after_scheme: bool) -> bytes:
        path = self.path if self.path == b"*" and not self.raw_path else _written(self.path, self.raw_path, _PATH)
        if self.host and path and not path.startswith(b"/"):
            return b"/" + path
        if not after_scheme and not self._authority() and b":" in path.partition(b"/")[0]:
            return b"./" + path  # else its first segment would be read as a scheme
        return path


def parse(raw: str) -> Url:
    """Raises GoUrlError for what Go does not take."""
    url, _hash, fragment = raw.encode("utf-8", "surrogatepass").partition(b"#")
    parsed = _without_fragment(url)
    if not fragment:
        return parsed
    decoded = _unescaped(fragment)
    return dataclasses.replace(parsed, fragment=decoded, raw_fragment=_hint(fragment, decoded, _FRAGMENT))


def _without_fragment(raw: bytes) -> Url:
    if _CONTROL.search(raw):
        raise GoUrlError("invalid control character in URL")
    if raw == b"*":
        return Url(path=b"*")
    if raw.startswith(b":"):
        raise GoUrlError("missing protocol scheme")
    found = _SCHEME.match(raw)
    scheme, rest = (found.group(1).lower(), raw[found.end() :]) if found else (b"", raw)

    force_query = rest.endswith(b"?") and rest.count(b"?") == 1
    rest, _mark, query = rest.partition(b"?")
    url = Url(scheme=scheme, force_query=force_query, raw_query=query)
    if not rest.startswith(b"/"):
        if scheme:
            return dataclasses.replace(url, opaque=rest)
        if b":" in rest.partition(b"/")[0]:
            raise GoUrlError("first path segment in URL cannot contain colon")

    if rest.startswith(b"//") and (scheme or not rest.startswith(b"///")):
        authority, slash, path = rest[2:].partition(b"/")
        rest = slash + path
        user, host = _authority(scheme, authority)
        url = dataclasses.replace(url, user=user, host=host)
    elif scheme and rest.startswith(b"/"):
        url = dataclasses.replace(url, omit_host=True)
    decoded = _unescaped(rest)
    return dataclasses.replace(url, path=decoded, raw_path=_hint(rest, decoded, _PATH))


def _authority(scheme: bytes, authority: bytes) -> t.Tuple[t.Optional[t.Tuple[bytes, ...]], bytes]:
    user, separator, host = authority.rpartition(b"@")
    decoded = _host(scheme, host)
    if not separator:
        return None, decoded
    if any(byte not in _USERINFO for byte in user):
        raise GoUrlError("invalid userinfo")
    return tuple(_unescaped(part) for part in user.split(b":", 1)), decoded


_USERINFO = frozenset(_UNRESERVED + b":!$&'()*+,;=%@")


def _host(scheme: bytes, host: bytes) -> bytes:
    bracket = host.rfind(b"[")
    if bracket > 0:
        raise GoUrlError("invalid IP-literal")
    if bracket == 0:
        return _ip_literal(host)
    colon = host.find(b":")
    if colon >= 0 and scheme not in (b"http", b"https"):
        colon = host.rfind(b":")  # lists of hosts, as databases have them
    if colon >= 0 and not _PORT.match(host[colon:]):
        raise GoUrlError("invalid port after host")
    return _unescaped_host(host)


def _ip_literal(host: bytes) -> bytes:
    end = host.rfind(b"]")
    if end < 0:
        raise GoUrlError("missing ']' in host")
    name, port = host[1:end], host[end + 1 :]
    if not _PORT.match(port):
        raise GoUrlError("invalid port after host")
    zone = name.find(b"%25")
    zone = len(name) if zone < 0 else zone
    decoded = _unescaped_host(name[:zone]) + _unescaped_zone(name[zone:])
    if not _is_ipv6(decoded):
        raise GoUrlError("invalid IP-literal")
    return b"[" + decoded + b"]" + port


def _unescaped(raw: bytes) -> bytes:
    if b"%" not in raw:
        return raw
    if _BROKEN_ESCAPE.search(raw):
        raise GoUrlError("invalid URL escape")
    return _ESCAPE.sub(lambda found: bytes((int(found.group(1), 16),)), raw)


def _unescaped_host(raw: bytes) -> bytes:
    if _ESCAPED_ASCII.search(raw) or any(byte < 0x80 and byte not in _HOST and byte != 0x25 for byte in raw):
        raise GoUrlError("invalid character in host name")
    return _unescaped(raw)


def _unescaped_zone(raw: bytes) -> bytes:
    for found in _ESCAPE.finditer(raw):
        if found.group().upper() != b"%25" and int(found.group(1), 16) not in _HOST | {0x20}:
            raise GoUrlError("invalid URL escape in a zone")
    if any(byte < 0x80 and byte not in _HOST and byte != 0x25 for byte in raw):
        raise GoUrlError("invalid character in host name")
    return _unescaped(raw)


def _escaped(raw: bytes, kept: t.FrozenSet[int]) -> bytes:
    return b"".join(bytes((byte,)) if byte in kept else b"%%%02X" % byte for byte in raw)


def _hint(raw: bytes, decoded: bytes, kept: t.FrozenSet[int]) -> bytes:
    return b"" if _escaped(decoded, kept) == raw else raw


def _written(decoded: bytes, raw: bytes, kept: t.FrozenSet[int]) -> bytes:
    """As the user wrote it, if that is a valid escaping, else escaped anew."""
    if raw and all(byte in _KEPT_AS_WRITTEN or byte in kept for byte in raw):
        return raw
    return _escaped(decoded, kept)


_GROUP = re.compile(rb"[0-9A-Fa-f]{1,4}\Z")
_OCTET = re.compile(rb"(?:0|[1-9][0-9]{0,2})\Z")


def _is_ipv6(text: bytes) -> bool:
    """As netip.ParseAddr, for what is not an IPv4 address."""
    address, percent, zone = text.partition(b"%")
    if percent and not zone:
        return False
    if b":" not in address or b"." in address.partition(b":")[0]:
        return False
    head, dots, tail = address.partition(b"::")
    if dots and (b"::" in tail or tail.startswith(b":")):
        return False
    groups = [part.split(b":") if part else [] for part in ((head, tail) if dots else (head,))]
    flat = [group for part in groups for group in part]
    size = len(flat)
    if flat and b"." in flat[-1] and groups[-1]:
        octets = flat.pop().split(b".")
        if len(octets) != 4 or not all(_OCTET.match(octet) and int(octet) < 256 for octet in octets):
            return False
        size += 1
    return all(_GROUP.match(group) for group in flat) and (size < 8 if dots else size == 8)
