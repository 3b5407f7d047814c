# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A node's kernel as K3s and Cilium need it: now, and after the next boot. plan() decides, apply() does."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._node_facts import KernelConfig, Node
from ansible_collections.homeops.cluster.plugins.module_utils._node_host import Host
from ansible_collections.homeops.cluster.plugins.module_utils._node_swap import (
    FSTAB,
    UNITS,
    active_swap,
    fstab_without_swap,
    units_to_mask,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

MODULES_FILE = "/etc/modules-load.d/90-homeops.conf"
SYSCTL_FILE = "/etc/sysctl.d/90-homeops.conf"
HEADER = "# Written by homeops.cluster.node_kernel. What is changed here is lost."
# Which option of the kernel's configuration builds a module; needed where there is no directory of modules.
OPTIONS = {
    "br_netfilter": "BRIDGE_NETFILTER",
    "geneve": "GENEVE",
    "iscsi_tcp": "ISCSI_TCP",
    "nf_conntrack": "NF_CONNTRACK",
    "overlay": "OVERLAY_FS",
    "vxlan": "VXLAN",
    "wireguard": "WIREGUARD",
}


@dataclasses.dataclass(frozen=True)
class Desired:
    """C(assume_modules): modules that are not there yet come with a package that check mode did not install."""

    modules: t.Tuple[str, ...] = ()
    sysctl: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    swap: str = "unmanaged"
    kernel_config: t.Tuple[str, ...] = ()
    units: t.Tuple[str, ...] = ()
    assume_modules: bool = False

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        problems = [
            Problem(f"modules[{index}]", f"{name!r} is not the name of a kernel module", "Write it as lsmod shows it")
            for index, name in enumerate(options["modules"])
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name)
        ]
        sysctl = {key: _value(value) for key, value in options["sysctl"].items()}
        problems += [
            Problem(f"sysctl.{key}", f"{sysctl[key]!r} cannot be set", "Write one key of sysctl -a and its value")
            for key in sysctl
            if not re.fullmatch(r"\w[\w./:@-]*", key) or ".." in sysctl_path(key) or not sysctl[key]
        ]
        if problems:
            raise ClusterError(*problems)
        return cls(
            modules=tuple(dict.fromkeys(options["modules"])),
            sysctl=sysctl,
            swap=options["swap"],
            kernel_config=tuple(options["kernel_config"]),
            units=tuple(options["units"]),
            assume_modules=options["assume_modules"],
        )


@dataclasses.dataclass(frozen=True)
class Plan:
    files: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    masks: t.Tuple[str, ...] = ()
    modules: t.Tuple[str, ...] = ()
    sysctl: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    swapoff: bool = False
    changes: t.Tuple[Change, ...] = ()
    notes: t.Tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        return any(change.needed for change in self.changes)


@dataclasses.dataclass
class _Findings:
    problems: t.List[Problem] = dataclasses.field(default_factory=list)
    notes: t.List[str] = dataclasses.field(default_factory=list)

    def problem(self, where: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(where, what, remedy))

    def raise_problems(self) -> None:
        if self.problems:
            raise ClusterError(*self.problems)


def plan(host: Host, node: Node, config: KernelConfig, desired: Desired) -> Plan:
    """What is to be done, with everything found out first. Raises all that stands in the way at once."""
    found = _Findings([_missing(name) for name in node.missing])
    modules = _plan_modules(host, node, config, desired, found)
    current = _plan_sysctl(host, node, desired, bool(modules), found)
    swaps = _plan_swap(host, node, desired, found)
    files = _plan_files(host, desired)
    masks = _plan_masks(host, desired, found)
    found.raise_problems()

    before = {path: host.read(path) or "" for path in files}
    changes = (
        *(Change(path, before[path], text) for path, text in files.items()),
        *(Change(path, f"{target}\n" if target else "", "/dev/null\n") for path, target in masks.items()),
        Change("modules of the running kernel", dict.fromkeys(modules, "absent"), dict.fromkeys(modules, "loaded")),
        Change("sysctl of the running kernel", current, {key: desired.sysctl[key] for key in current}),
        Change("swap in use", dict.fromkeys(swaps, "on"), dict.fromkeys(swaps, "off")),
    )
    return Plan(
        files={path: text for path, text in files.items() if before[path] != text},
        masks=tuple(path for path, target in masks.items() if target != "/dev/null"),
        modules=tuple(modules),
        sysctl={key: desired.sysctl[key] for key in current},
        swapoff=bool(swaps),
        changes=tuple(change for change in changes if change.needed),
        notes=tuple(found.notes),
    )


def apply(host: Host, planned: Plan) -> None:
    """Every step is tried, so that all that fails is reported together."""
    found = _Findings()
    for path, text in planned.files.items():
        host.write(path, text)
    for path in planned.masks:
        host.write_link(path, "/dev/null")
    for name in planned.modules:
        status, output = host.run("modprobe", name)
        if status != 0:
            found.problem(f"kernel module {name}", output.strip() or "cannot be loaded", "See /etc/modprobe.d")
    for key, value in planned.sysctl.items():
        try:
            host.write_value(sysctl_path(key), value)
        except OSError as exc:
            found.problem(f"sysctl {key}", f"{value} is refused ({exc.strerror})", "Correct the value, or the name")
    if planned.swapoff:
        status, output = host.run("swapoff", "--all")
        if status != 0:
            found.problem("swap", output.strip() or "cannot be turned off", "Free memory and run again")
    if (FSTAB in planned.files or planned.masks) and host.exists("/run/systemd/system"):
        host.run("systemctl", "daemon-reload")
    found.raise_problems()


def sysctl_path(key: str) -> str:
    """As sysctl does it: the first separator decides whether dots or slashes separate."""
    first = re.search(r"[./]", key)
    dotted = first is not None and first.group() == "."
    return "/proc/sys/" + (key.translate(str.maketrans("./", "/.")) if dotted else key)


def _value(value: t.Any) -> str:
    return str(int(value)) if isinstance(value, bool) else " ".join(str(value).split())


def _missing(name: str) -> Problem:
    if name.startswith("CONFIG_"):
        return Problem(name, "the running kernel was built without it", "Boot a kernel that has it")
    controller = name.rsplit(" ", 1)[-1]
    return Problem(name, "the running kernel does not offer it", f"Boot with cgroup_enable={controller}")


def _plan_files(host: Host, desired: Desired) -> t.Dict[str, str]:
    """The files and what they shall hold. One that would be empty is not made."""
    lines = {
        MODULES_FILE: list(desired.modules),
        SYSCTL_FILE: [f"{key} = {value}" for key, value in sorted(desired.sysctl.items())],
    }
    files = {path: "\n".join([HEADER, *content, ""]) for path, content in lines.items() if content or host.exists(path)}
    fstab = host.read(FSTAB) if desired.swap == "disabled" else None
    return files if fstab is None else {**files, FSTAB: fstab_without_swap(fstab)}


def _plan_masks(host: Host, desired: Desired, found: _Findings) -> t.Dict[str, t.Optional[str]]:
    """The links to be set to /dev/null, and what they point to."""
    if desired.swap != "disabled":
        return {}
    masks = {f"{UNITS}/{name}": host.link(f"{UNITS}/{name}") for name in units_to_mask(host)}
    for path, target in masks.items():
        if target is None and host.exists(path):
            found.problem(path, "is a file in the place of a link to /dev/null", "Move it away: it turns swap on")
    return masks


def _plan_modules(host: Host, node: Node, config: KernelConfig, desired: Desired, found: _Findings) -> t.List[str]:
    """The modules to be loaded."""
    directory = f"/lib/modules/{node.kernel}"
    loadable = host.read(f"{directory}/modules.dep")
    available = _names(loadable or "")
    built_in = _names(host.read(f"{directory}/modules.builtin") or "")
    load = []
    for name in desired.modules:
        normal = name.replace("-", "_")
        option = config.get(OPTIONS.get(normal, ""))
        where = f"kernel module {name}"
        if host.exists(f"/sys/module/{normal}") or normal in built_in or option == "y":
            continue
        if node.container and (normal in available or (loadable is None and option != "n")):
            found.notes.append(f"{where}: it is the container's host that has to load it")
        elif normal in available or desired.assume_modules:
            load.append(name)
        elif loadable is not None:
            found.problem(where, f"kernel {node.kernel} lacks it", "Install the package that brings it, or reboot")
        elif normal in OPTIONS and option == "n":
            found.problem(where, "the kernel was built without it", "Boot a kernel that has it")
        else:
            found.problem(where, f"{directory} is missing", "Reboot into the installed kernel, then run again")
    return load


def _names(index: str) -> t.Set[str]:
    """Modules in modules.dep (path: dependencies) or modules.builtin (path), with underscores."""
    paths = (line.split(":", 1)[0] for line in index.splitlines())
    return {os.path.basename(path).split(".ko", 1)[0].replace("-", "_") for path in paths}


def _plan_sysctl(host: Host, node: Node, desired: Desired, modules_change: bool, found: _Findings) -> t.Dict[str, str]:
    """The keys to be set now, with the values they have."""
    current: t.Dict[str, str] = {}
    for key, value in desired.sysctl.items():
        path = sysctl_path(key)
        text = host.read(path)
        if node.container and not path.startswith("/proc/sys/net/"):
            if text is None or _value(text) != value:
                found.notes.append(f"sysctl {key}: left as it is, it belongs to the container's host")
        elif text is not None:
            if _value(text) != value:
                current[key] = _value(text)
        elif modules_change:
            current[key] = ""  # appears with its module
        elif node.container:
            found.notes.append(f"sysctl {key}: the container's host does not offer it")
        else:
            found.problem(f"sysctl {key}", "the kernel does not know it", "Correct it, or load its module")
    return current


def _plan_swap(host: Host, node: Node, desired: Desired, found: _Findings) -> t.List[str]:
    """The swap to be turned off."""
    active = active_swap(host) if desired.swap == "disabled" else []
    if node.container and active:
        found.notes.append("swap: left on, it belongs to the container's host")
        return []
    return active
