# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a single value of an application may look like."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import (
    ADDRESS,
    NAME,
    TEXT,
    Finding,
    Format,
    is_not,
    matching,
    show,
    whole,
)

__all__ = ["ADDRESS", "NAME", "TEXT"]

_COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(:[0-9]{1,5})?"
_IMAGE = re.compile(
    rf"(?P<name>({_REGISTRY}/)?{_COMPONENT}(/{_COMPONENT})*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
DOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _image(value: t.Any) -> t.Optional[Finding]:
    found = _IMAGE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return Finding(is_not(value, "a container image"), "Write it like registry.example.com/owner/name:1.2.3")
    if found["tag"] == "latest" and not found["digest"]:
        return Finding(f"{show(value)} is another image every day", "Write the version instead of latest, or a digest")
    if not found["tag"] and not found["digest"]:
        return Finding(f"{show(value)} has no version", f"Write one behind it, like {value}:1.2.3, or a digest")
    return None


def _flag(value: t.Any) -> t.Any:
    """Extra variables of the form name=value are text."""
    return _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _is_flag(value: t.Any) -> t.Optional[Finding]:
    return None if isinstance(_flag(value), bool) else Finding(is_not(value, "true or false"), "Write true or false")


def _absolute(value: t.Any) -> t.Optional[Finding]:
    if not isinstance(value, str) or not re.fullmatch(r"/[^\s:]*", value):
        return Finding(is_not(value, "an absolute path"), "Begin it with /, without spaces and colons")
    if ".." in value.split("/"):
        return Finding(f"{show(value)} goes up with ..", "Write the path that is meant")
    return None


def _mount(value: t.Any) -> t.Optional[Finding]:
    found = _absolute(value)
    if not found and value.strip("/") == "":
        return Finding("/ is the image's own file system", "Write the folder that the application keeps its data in")
    return found


def _host(value: t.Any) -> t.Optional[Finding]:
    if isinstance(value, str) and len(value) <= 253 and "." in value and re.fullmatch(rf"(\*\.)?{DOMAIN}", value):
        if not re.fullmatch(r"[0-9.]+", value):
            return None
        return Finding(f"{value} is an address", "Write a DNS name; an address alone needs service.type: LoadBalancer")
    return Finding(
        is_not(value, "a DNS name"), "Write the lower-case name without https:// and port, like app.example.com"
    )


def _mapping(
    wanted: str, key: str, keys: str, remedy: str, values: t.Tuple[type, ...]
) -> t.Callable[[t.Any], t.Optional[Finding]]:
    def check(value: t.Any) -> t.Optional[Finding]:
        if not isinstance(value, dict):
            return Finding(is_not(value, "a mapping"), remedy)
        for name, item in value.items():
            if not isinstance(name, str) or not re.fullmatch(key, name):
                return Finding(f"{show(name)} is not {keys}", remedy)
            if not isinstance(item, values):
                return Finding(f"the value of {name} is not {wanted}", remedy)
        return None

    return check


def _texts(value: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """As they stand in YAML: true, not True."""
    return {name: str(item).lower() if isinstance(item, bool) else str(item) for name, item in value.items()}


def _object(value: t.Any) -> t.Optional[Finding]:
    remedy = "Write a whole Kubernetes object with apiVersion, kind and metadata.name"
    if not isinstance(value, dict):
        return Finding(is_not(value, "a mapping"), remedy)
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    texts = {"apiVersion": value.get("apiVersion"), "kind": value.get("kind"), "metadata.name": name}
    for key, text in texts.items():
        if not isinstance(text, str) or not text:
            return Finding(f"has no {key}", remedy)
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", value["kind"]):
        return Finding(f"{show(value['kind'])} is not a kind", remedy)
    if value["kind"] == "Secret" and value["apiVersion"] == "v1" and (value.get("data") or value.get("stringData")):
        return Finding(
            f"is the Secret {name} in plain text, which everybody who reads the repository could read",
            "Seal it with homeops.cluster.sealed_secret, or encrypt it with SOPS beside this application",
        )
    return None


def _any_mapping(value: t.Any) -> t.Optional[Finding]:
    return None if isinstance(value, dict) else Finding(is_not(value, "a mapping"), "Write a mapping")


def _port_reference(value: t.Any) -> t.Optional[Finding]:
    if isinstance(value, str) and re.fullmatch(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", value):
        return None
    return PORT.check(value)


PORT = whole(1, 65535)
COUNT = whole(0, 100)
SECONDS = whole(5, 3600)
USER = whole(0, 2147483647)
FLAG = Format("true or false", _is_flag, _flag)
IMAGE = Format("container image with a version", _image)
HOST = Format("DNS name", _host)
MOUNT = Format("absolute path", _mount)
SHARE = Format("absolute path", _absolute)
URL_PATH = matching("path", r"/[^\s?#]*", "a path of a URL", "Begin it with /")
SUB_PATH = matching(
    "relative path", r"(?!.*(^|/)\.\.(/|$))[^/\s]\S*", "a relative path", "Write it without a leading / and without .."
)
QUANTITY = matching(
    "quantity",
    r"[0-9]+(\.[0-9]+)?(m|[kMGTPE]|[KMGTPE]i)?",
    "a quantity",
    "Write a number with a unit, like 512Mi or 5Gi",
)
SIZE = matching("size", r"[1-9][0-9]*([KMGTPE]i|[kMGTPE])", "a size", "Write a whole number with a unit, like 5Gi")
SERVER = matching("host", DOMAIN, "a host", "Write an address or a lower-case DNS name, without a path")
OBJECT_NAME = matching("name of an object", DOMAIN, "a name", "Use lower-case letters, digits, '-' and '.'")
PORT_NAME = matching(
    "name of a port",
    r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?",
    "the name of a port",
    "Use at most 15 lower-case letters, digits and '-', at least one of them a letter",
)
PORT_REFERENCE = Format(
    "name or number of a port", _port_reference, lambda value: int(value) if str(value).isdigit() else value
)
CAPABILITY = matching("capability", r"(?!CAP_)[A-Z][A-Z_]+", "a capability", "Write it like NET_BIND_SERVICE")
LABEL_VALUE = matching(
    "value of a label",
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
    "a value of a label",
    "Use at most 63 letters, digits, '-', '_' and '.'",
)
WAVE = Format(
    "whole number",
    lambda value: (
        None
        if re.fullmatch(r"-?[0-9]{1,4}", str(value)) and not isinstance(value, bool)
        else Finding(is_not(value, "a whole number"), "Write a whole number, earlier ones first, like -10")
    ),
    int,
)
ARGUMENT = Format(
    "text",
    lambda value: (
        None
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
        else Finding(is_not(value, "text"), "Write it in quotes")
    ),
    str,
)
ENV = Format(
    "mapping of names to texts",
    _mapping(
        "text, a number, true or false",
        r"[A-Za-z_][A-Za-z0-9_.-]*",
        "the name of an environment variable",
        "Write names and their values, like {TZ: Europe/Vienna}; secrets come with env_from",
        (str, int, float, bool),
    ),
    _texts,
)
FILES = Format(
    "mapping of file names to their text",
    _mapping(
        "text", r"(?!\.\.|\.$)[A-Za-z0-9._-]+", "the name of a file", "Write names of files and their text", (str,)
    ),
)
NOTES = Format(
    "mapping of annotations",
    _mapping(
        "text",
        r"([a-z0-9.-]+/)?[A-Za-z0-9._-]+",
        "the name of an annotation",
        "Write names and texts in quotes",
        (str,),
    ),
)
LABELS = Format(
    "mapping of labels",
    _mapping(
        "text", r"([a-z0-9.-]+/)?[A-Za-z0-9._-]+", "the name of a label", "Write names and texts in quotes", (str,)
    ),
)
QUANTITIES = Format(
    "mapping of resources to quantities",
    lambda value: (
        next(
            (
                Finding(f"{name}: {finding.what}", finding.remedy)
                for name, item in value.items()
                for finding in [QUANTITY.check(str(item))]
                if finding
            ),
            None,
        )
        if isinstance(value, dict)
        else Finding(is_not(value, "a mapping"), "Write it like {cpu: 100m, memory: 256Mi}")
    ),
    lambda value: {str(name): str(item) for name, item in value.items()},
)
OBJECT = Format("Kubernetes object", _object)
VALUES = Format("mapping", _any_mapping)
CHART_REPOSITORY = matching(
    "https or oci URL",
    r"(https|oci)://[^\s/@]+(/[^\s@]*)?",
    "the address of a chart repository",
    "Write it like https://charts.example.com or oci://registry.example.com/charts, without credentials",
)
CHART_NAME = matching(
    "name of a chart", r"[a-z0-9][a-z0-9._-]*", "the name of a chart", "Write it as in its repository"
)
CHART_VERSION = matching(
    "exact version",
    r"v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?",
    "an exact version",
    "Write the whole version, like 1.19.1, and no range",
)
