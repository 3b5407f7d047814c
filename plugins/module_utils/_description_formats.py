# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a single value of the description may look like: each format says what is wrong with a value."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t
from urllib.parse import urlsplit


class Finding(t.NamedTuple):
    """What is wrong with a value, and what to write instead."""

    what: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class Format:
    """C(label) is for the documentation. C(check) finds nothing in a good value, C(normal) gives it its type."""

    label: str
    check: t.Callable[[t.Any], t.Optional[Finding]]
    normal: t.Callable[[t.Any], t.Any] = lambda value: value


def kind(value: t.Any) -> str:
    if value is None:
        return "empty"
    for types, name in (
        (str, "text"),
        (bool, "a truth value"),
        ((int, float), "a number"),
        ((list, tuple), "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, types):
            return name
    return type(value).__name__


def show(value: t.Any) -> str:
    """As the user wrote it, short enough for a message."""
    plain = isinstance(value, str) and re.fullmatch(r"[!-~]+", value)
    shown = str(value) if plain else json.dumps(value, default=str)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def is_not(value: t.Any, wanted: str) -> str:
    if value is None or value == "":
        return f"is empty, not {wanted}"
    if isinstance(value, str):
        return f"{show(value)} is not {wanted}"
    if isinstance(value, (dict, list)):
        return f"is {kind(value)}, not {wanted}"
    return f"{show(value)} is {kind(value)}, not {wanted}"


def matching(label: str, pattern: str, wanted: str, remedy: str) -> Format:
    def check(value: t.Any) -> t.Optional[Finding]:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return None
        return Finding(is_not(value, wanted), remedy)

    return Format(label, check)


def number(value: t.Any) -> t.Any:
    """Text that spells a whole number as one: templates, surveys and -e name=value give nothing else."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]+", value) else value


def whole(low: int, high: int) -> Format:
    def check(value: t.Any) -> t.Optional[Finding]:
        value = number(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            return Finding(_is_not_whole(value, low, high), f"Write a whole number from {low} to {high}")
        return None

    return Format(f"integer, {low} to {high}", check, number)


def _is_not_whole(value: t.Any, low: int, high: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value} is outside {low} to {high}"
    return is_not(value, "a whole number")


def choice(*choices: str) -> Format:
    def check(value: t.Any) -> t.Optional[Finding]:
        if value in choices:
            return None
        return Finding(is_not(value, f"one of {', '.join(choices)}"), f"Write one of {', '.join(choices)}")

    return Format(" or ".join(choices), check)


def _flag(value: t.Any) -> t.Optional[Finding]:
    return None if isinstance(value, bool) else Finding(is_not(value, "true or false"), "Write true or false, unquoted")


# RFC 1123: what Kubernetes accepts as a name.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DOMAIN = rf"{_LABEL}(\.{_LABEL})*"


def _named(pattern: str, wanted: str) -> t.Callable[[t.Any], t.Optional[Finding]]:
    def check(value: t.Any) -> t.Optional[Finding]:
        if isinstance(value, str) and re.fullmatch(pattern, value) and len(value) <= 63:
            return None
        better = re.sub(r"[^a-z0-9]+", "-", str(value).lower())[:63].strip("-") if isinstance(value, str) else ""
        return Finding(
            is_not(value, wanted),
            "Use lower-case letters, digits and '-' only, at most 63" + (f", for example {better}" if better else ""),
        )

    return check


def _address(value: t.Any) -> t.Optional[Finding]:
    wanted = "an IPv4 address"
    if isinstance(value, str) and "/" in value:
        return Finding(f"{show(value)} is a network, not {wanted}", f"Write {show(value.split('/')[0])}")
    if isinstance(value, str) and ":" in value:
        return Finding(is_not(value, wanted), "Write an IPv4 address, like 192.0.2.11; IPv6 is not supported yet")
    try:
        ipaddress.IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        return Finding(is_not(value, wanted), "Write four numbers from 0 to 255, like 192.0.2.11")
    return None


def _network(value: t.Any) -> t.Optional[Finding]:
    wanted = "an IPv4 network"
    example = "Write an address and a prefix length, like 198.51.100.0/26"
    if isinstance(value, str) and ":" in value:
        return Finding(is_not(value, wanted), f"{example}; IPv6 is not supported yet")
    if _address(value) is None:
        return Finding(
            f"{value} has no prefix length", f"Write {value}/32 for this one address, or the prefix length of a network"
        )
    try:
        network = ipaddress.IPv4Network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        return Finding(is_not(value, wanted), example)
    first = network.network_address
    if first.is_loopback or first.is_multicast or first.is_link_local or first.packed[0] == 0:
        return Finding(f"{value} is not for hosts (loopback, link-local, multicast or 0.0.0.0/8)", example)
    if str(network) != value:
        what = "has host bits set" if value.split("/")[0] != str(first) else "is not written the usual way"
        return Finding(f"{value} {what}", f"Write {network}")
    return None


def _endpoint(value: t.Any) -> t.Optional[Finding]:
    if isinstance(value, str) and re.fullmatch(r"[0-9.]+", value):
        return _address(value)
    if isinstance(value, str) and re.fullmatch(_DOMAIN, value):
        return None
    return Finding(
        is_not(value, "an IPv4 address or a DNS name"),
        "Write only the address or the lower-case name, without https:// and port, like 192.0.2.11",
    )


# 0: RFC 7607; 23456: RFC 6793 (AS_TRANS); 65535 and 4294967295: RFC 7300.
_RESERVED_ASNS = (0, 23456, 65535, 4294967295)
PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))
_PRIVATE_ASNS_TEXT = "64512 to 65534 (or 4200000000 to 4294967294)"


def _asn(value: t.Any) -> t.Optional[Finding]:
    value = number(value)
    if value in _RESERVED_ASNS and not isinstance(value, bool):
        return Finding(f"{value} is a reserved AS number", f"Write a private AS number, {_PRIVATE_ASNS_TEXT}")
    finding = whole(1, 4294967295).check(value)
    return finding and Finding(finding.what, f"Write a whole number; private AS numbers are {_PRIVATE_ASNS_TEXT}")


def _https(value: t.Any) -> t.Optional[Finding]:
    remedy = "Write https:// and the address or name of the router, nothing behind it, like https://192.0.2.1"
    parts = _split(value)
    if parts is None or parts.scheme != "https" or parts.path not in ("", "/") or parts.query or parts.fragment:
        return Finding(is_not(without_credentials(value), "the https address of a UniFi console"), remedy)
    if parts.username is not None:
        return Finding("holds a user name or password", remedy)
    return None


def _git(value: t.Any) -> t.Optional[Finding]:
    remedy = "Write it like https://git.example.com/home/cluster.git or git@git.example.com:home/cluster.git"
    if isinstance(value, str) and re.fullmatch(r"[\w.-]+@[\w.-]+:[^\s:/][^\s:]*", value):
        return None
    parts = _split(value)
    if parts is None or parts.scheme not in ("https", "http", "ssh") or not parts.path.strip("/"):
        return Finding(is_not(without_credentials(value), "the URL of a Git repository"), remedy)
    if parts.password is not None or (parts.scheme != "ssh" and parts.username is not None):
        return Finding(
            "holds a user name or password, which would be shown in logs",
            f"Write {without_credentials(value)} and give Argo CD the credentials as a Secret",
        )
    return None


class _Url(t.NamedTuple):
    scheme: str
    username: t.Optional[str]
    password: t.Optional[str]
    path: str
    query: str
    fragment: str


def _split(value: t.Any) -> t.Optional[_Url]:
    """None if it is not a URL with a host."""
    if not isinstance(value, str) or re.search(r"\s", value):
        return None
    try:
        parts = urlsplit(value)
        if not parts.hostname or parts.port == 0:
            return None
    except ValueError:
        return None
    return _Url(parts.scheme, parts.username, parts.password, parts.path, parts.query, parts.fragment)


def without_credentials(value: t.Any) -> t.Any:
    return re.sub(r"(//)[^/@]*@", r"\1", value) if isinstance(value, str) else value


def _labels(value: t.Any) -> t.Optional[Finding]:
    remedy = "Write it like {pool: ingress}, with quotes around true, false and numbers"
    if not isinstance(value, dict):
        return Finding(is_not(value, "a mapping"), remedy)
    if not all(isinstance(item, str) for pair in value.items() for item in pair):
        return Finding(f"{show(value)} has a name or value that is not text", remedy)
    return None


def _secret(*rules: t.Tuple[t.Callable[[str], bool], str, str]) -> t.Callable[[t.Any], t.Optional[Finding]]:
    """The first broken rule. Unlike other formats it never shows the value."""

    def check(value: t.Any) -> t.Optional[Finding]:
        if value is None or value == "":
            return Finding("is empty", "Write the secret, or remove the variable if it is optional")
        if not isinstance(value, str):
            return Finding(f"is {kind(value)}, not text", "Put the value in quotes")
        if value.lower().startswith("change-me"):
            return Finding("is still the placeholder of the example", "Write a secret of your own")
        return next((Finding(what, remedy) for broken, what, remedy in rules if broken(value)), None)

    return check


def _has_blank(value: str) -> bool:
    return re.search(r"[^!-~]", value) is not None


def _has_control(value: str) -> bool:
    return re.search(r"[\x00-\x1f\x7f]", value) is not None


_NO_BLANK = (
    _has_blank,
    "contains white space, a line break or a character outside ASCII",
    "Use printable ASCII characters without spaces; a value read from a file may need '| trim'",
)
_NO_CONTROL = (_has_control, "contains a line break or control character", "A value read from a file may need '| trim'")

NAME = Format("name (RFC 1123 label)", _named(_LABEL, "a valid name (RFC 1123 label)"))
NODE_NAME = Format("node name", _named(_DOMAIN, "a valid Kubernetes node name (RFC 1123)"))
TEXT = matching("text", r"\S(.*\S)?", "plain text", "Write text on one line, in quotes if it looks like something else")
FLAG = Format("true or false", _flag)
ADDRESS = Format("IPv4 address", _address)
NETWORK = Format("IPv4 network", _network)
ENDPOINT = Format("IPv4 address or DNS name", _endpoint)
ASN = Format("AS number", _asn, number)
PATH = matching("absolute path", r"[/~]\S*", "an absolute path", "Begin it with / or ~/")
REPOSITORY_PATH = matching(
    "path inside the repository",
    r"(?!.*(^|/)\.\.(/|$))[^/\s]\S*",
    "a path inside the repository",
    "Write it relative to the top of the repository, without a leading / and without .., like kubernetes",
)
REVISION = matching("branch, tag or commit", r"\S+", "a branch, tag or commit", "Write for example main")
HTTPS_URL = Format("https URL", _https)
GIT_URL = Format("URL of a Git repository", _git)
LABELS = Format("mapping of labels", _labels)
K3S_VERSION = matching(
    "K3s version", r"v1\.\d+\.\d+(-rc\d+)?\+k3s\d+", "a K3s version", "Write the whole version, like v1.35.4+k3s1"
)
CILIUM_VERSION = matching(
    "Cilium version", r"1\.\d+\.\d+(-(pre|rc)\.\d+)?", "a Cilium version", "Write X.Y.Z without v, like 1.19.0"
)
GATEWAY_API_VERSION = matching(
    "Gateway API version", r"v\d+\.\d+\.\d+", "a Gateway API version", "Write vX.Y.Z, like v1.4.1"
)
CHART_VERSION = matching(
    "version of the argo-cd chart", r"\d+\.\d+\.\d+", "a chart version", "Write X.Y.Z without v, like 9.1.0"
)
K3S_TOKEN = Format(
    "secret, 16 characters or more",
    _secret(
        _NO_BLANK,
        (
            lambda value: value.startswith("K10"),
            "is the full form (K10...), which a first server refuses",
            "Write only the part after '::server:'",
        ),
        (
            lambda value: len(value) < 16,
            "is shorter than 16 characters",
            "Write a longer one; 'openssl rand -hex 32' makes a good one",
        ),
    ),
)
BGP_PASSWORD = Format(
    "secret, 1 to 80 characters",
    _secret(_NO_BLANK, (lambda value: len(value) > 80, "is longer than 80 characters", "TCP MD5 allows at most 80")),
)
ARGOCD_PASSWORD = Format(
    "secret, 8 to 72 bytes",
    _secret(
        _NO_CONTROL,
        (lambda value: len(value) < 8, "is shorter than 8 characters", "Write a longer one"),
        (
            lambda value: len(value.encode()) > 72,
            "is longer than 72 bytes",
            "bcrypt ignores the rest: write a shorter one",
        ),
    ),
)
API_KEY = Format("secret", _secret(_NO_BLANK))
PASSWORD = Format("secret", _secret(_NO_CONTROL))
