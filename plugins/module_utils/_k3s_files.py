# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The files of K3s, rendered whole and shown without secrets. A node needs no YAML library for it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

BINARY = "/usr/local/bin/k3s"
LINKS = ("crictl", "ctr", "kubectl")
CONFIG = "/etc/rancher/k3s/config.yaml"
JOIN = "/etc/rancher/k3s/config.yaml.d/50-join.yaml"
REGISTRIES = "/etc/rancher/k3s/registries.yaml"
TOKEN = "/etc/rancher/k3s/token"
UNITS = {"server": "k3s", "agent": "k3s-agent"}
# The variable with the endpoint of a datastore that replaces embedded etcd.
DATASTORE = "K3S_DATASTORE_ENDPOINT"

HEADER = "# Managed by homeops.cluster: changes made here are lost.\n"
HIDDEN = "(hidden)"
FOREIGN = "(not shown: not written by homeops.cluster)\n"

_SECRET_NAME = re.compile(
    r"(token|passw(or)?d|(?<!config-)secret|(secret|access)[-_]key|vpn[-_]auth|datastore[-_]endpoint|^auth)$",
    re.IGNORECASE,
)
_SECRET_LINE = re.compile(r'^(\s*(?:- )?"?([\w.*/:-]+?)"?(?:: |=))(\S.*)$', re.MULTILINE)
_USERINFO = re.compile(r"//[^/@\s\"]+@")
_PLAIN_KEY = re.compile(r"^[A-Za-z][\w./-]*$")
_AMBIGUOUS_KEY = re.compile(r"^(true|false|yes|no|on|off|null|y|n)$", re.IGNORECASE)
_ENVIRONMENT_NAME = re.compile(r"^[A-Za-z_]\w*$")


def unit_path(role: str) -> str:
    return f"/etc/systemd/system/{UNITS[role]}.service"


def environment_path(role: str) -> str:
    return f"{unit_path(role)}.env"


@dataclasses.dataclass(frozen=True)
class ManagedFile:
    """A file that is ours as a whole. C(content) None: it goes away, if it was ours. C(secret): nothing is shown."""

    path: str
    content: t.Optional[str]
    mode: int = 0o600
    secret: bool = False

    @property
    def sha256(self) -> str:
        """The digest of its content, empty if it goes away."""
        return "" if self.content is None else hashlib.sha256(self.content.encode()).hexdigest()

    def change(self, content: t.Optional[str], mode: t.Optional[int]) -> Change:
        """From what is on disk (None: nothing) to this."""
        if self.content is None and content is not None and not content.startswith(HEADER):
            return Change(self.path, "", "")
        drifted = content is not None and self.content is not None and mode != self.mode
        return Change(
            self.path, self.shown(content), self.shown(self.content), hidden=content != self.content or drifted
        )

    def shown(self, content: t.Optional[str]) -> str:
        if content is None:
            return ""
        if self.secret:
            return f"{HIDDEN}\n"
        return redacted(content) if content.startswith(HEADER) else FOREIGN


def redacted(text: str) -> str:
    """Values of settings named like secrets, and passwords in URLs, hidden; for text rendered by this file."""

    def line(match: t.Match[str]) -> str:
        return f"{match[1]}{HIDDEN}" if is_secret(match[2]) else match[0]

    return _USERINFO.sub(f"//{HIDDEN}@", _SECRET_LINE.sub(line, text))


def is_secret(name: str) -> bool:
    """By name. The endpoint of a datastore holds its password; etcd-s3-config-secret is the name of a Secret."""
    return bool(_SECRET_NAME.search(name))


def secrets(value: t.Any, name: str = "") -> t.Set[str]:
    """Every secret inside registries or an environment, for Ansible to mask."""
    if isinstance(value, t.Mapping):
        return {secret for key, item in value.items() for secret in secrets(item, str(key))}
    if isinstance(value, (list, tuple)):
        return {secret for item in value for secret in secrets(item)}
    if isinstance(value, str) and value and (is_secret(name) or _USERINFO.search(value)):
        return {value}
    return set()


def yaml_lines(value: t.Any, indent: str = "") -> t.Iterator[str]:
    """Block style, sorted keys, scalars as JSON (which is YAML): the same data always gives the same bytes."""
    if isinstance(value, t.Mapping):
        entries = [(f"{_key(str(key))}:", item) for key, item in sorted(value.items(), key=lambda entry: str(entry[0]))]
    else:
        entries = [("-", item) for item in value]
    for lead, item in entries:
        if isinstance(item, (t.Mapping, list, tuple)) and item:
            yield f"{indent}{lead}"
            yield from yaml_lines(item, f"{indent}  ")
        else:
            yield f"{indent}{lead} {json.dumps(item, ensure_ascii=False)}"


def _key(key: str) -> str:
    plain = _PLAIN_KEY.match(key) and not _AMBIGUOUS_KEY.match(key)
    return key if plain else json.dumps(key, ensure_ascii=False)


def yaml_file(values: t.Mapping[str, t.Any]) -> str:
    return HEADER + "".join(f"{line}\n" for line in yaml_lines(values))


def environment_file(values: t.Mapping[str, t.Any]) -> str:
    lines = []
    for name, value in sorted(values.items()):
        if not _ENVIRONMENT_NAME.match(name) or "\n" in str(value):
            raise ClusterError(
                Problem(
                    f"environment.{name}", "is not one line of an environment file", "Use NAME and a value of one line"
                )
            )
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'{name}="{escaped}"\n')
    return HEADER + "".join(lines)


def config_file(config: t.Mapping[str, t.Any], role: str) -> str:
    """The user's settings and where the token is. What this collection decides itself, and secrets, are refused."""
    reserved = {"cluster-init", "data-dir", "token", "token-file"} | ({"server"} if role == "server" else set())
    problems = []
    for key in sorted(config):
        if key.rstrip("+") in reserved:
            problems.append(Problem(f"config.{key}", "is decided by the module", "Remove it"))
        elif is_secret(key):
            remedy = (
                "Give it as environment (K3S_AGENT_TOKEN, K3S_DATASTORE_ENDPOINT, AWS_SECRET_ACCESS_KEY, K3S_VPN_AUTH) "
                "or as a file (agent-token-file, vpn-auth-file)"
            )
            problems.append(Problem(f"config.{key}", "is a secret, which this file must not hold", remedy))
    if role == "agent" and not config.get("server"):
        problems.append(Problem("config.server", "is missing", "Give the URL of the API server that the agent joins"))
    if problems:
        raise ClusterError(*problems)
    return yaml_file({**config, "token-file": TOKEN})


def managed_files(
    role: str,
    config: t.Mapping[str, t.Any],
    token: str,
    registries: t.Mapping[str, t.Any],
    environment: t.Mapping[str, t.Any],
) -> t.List[ManagedFile]:
    """All that K3s reads, except how it gets into the cluster. Raises ClusterError for what may not be in them."""
    return [
        ManagedFile(TOKEN, f"{token}\n", secret=True),
        ManagedFile(CONFIG, config_file(config, role)),
        ManagedFile(REGISTRIES, yaml_file(registries) if registries else None),
        # Which of its values are secrets cannot be told from their names.
        ManagedFile(environment_path(role), environment_file(environment) if environment else None, secret=True),
        ManagedFile(unit_path(role), unit_file(role), 0o644),
    ]


def unit_file(role: str) -> str:
    # KillMode=process: pods outlive a restart of K3s. Where a limit is not permitted, systemd sets the highest that is.
    return f"""{HEADER}[Unit]
Description=Lightweight Kubernetes ({role})
Documentation=https://docs.k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-{environment_path(role)}
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart={BINARY} {role}

[Install]
WantedBy=multi-user.target
"""


def token_password(token: str) -> str:
    """The part of a token that both its short and its long form (K10<hash>::user:password) hold."""
    token = token.strip()
    if not token.startswith("K10"):
        return token
    secret = token.partition("::")[2]
    return secret.partition(":")[2] or secret


def check_founding_token(token: str) -> None:
    """The long form names an authority; the one of a new cluster is not made yet, so nobody could join with it."""
    if token.startswith("K10"):
        raise ClusterError(
            Problem(
                "token",
                "has the long form (K10...), which belongs to a cluster that exists; this one is new",
                "Give the part after the last colon, or another secret",
            )
        )


def check_token(token: str, stored: t.Optional[str]) -> None:
    """A server's data is encrypted with its token: K3s cannot start with another."""
    if stored and token_password(stored) != token_password(token):
        raise ClusterError(
            Problem(
                "token",
                "differs from the one this server's data is encrypted with, K3s would not start again",
                "Give the cluster's token, or change it with 'k3s token rotate' first",
            )
        )
