# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""configure.yml on a repository of 1,000 templates and 200 secrets, beside what people do today. About 8 minutes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.bench.timing import ROOT, RUNS, Timing, timed
from tests.tools.build import BINARIES

TITLE = "Rendering a GitOps repository"

TEMPLATES, SECRETS = 1000, 200

MANIFEST = """---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: {{{{ namespaces[{number} % 10] }}}}
  labels:
    app.kubernetes.io/part-of: {{{{ cluster_name }}}}
spec:
  replicas: {{{{ applications['app-{number}'].replicas }}}}
  selector:
    matchLabels:
      app.kubernetes.io/name: app-{number}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app-{number}
    spec:
      containers:
        - name: app
          image: {{{{ registry }}}}/app-{number}:{{{{ applications['app-{number}'].tag }}}}
          env:
{{% for name in environment %}}
            - name: {{{{ name | upper }}}}
              value: {{{{ environment[name] }}}}
{{% endfor %}}
{{% if domain is defined %}}
            - name: URL
              value: https://app-{number}.{{{{ domain }}}}
{{% endif %}}
"""
SECRET = """---
apiVersion: v1
kind: Secret
metadata:
  name: app-{number}
  namespace: {{{{ namespaces[{number} % 10] }}}}
stringData:
  user: app-{number}
  password: {{{{ passwords['app-{number}'] }}}}
"""


class Repository:
    """One of a size, with a key, and a folder where its runs remember things."""

    def __init__(self, folder: Path, templates: int = TEMPLATES, secrets: int = SECRETS) -> None:
        self.path, self.home, self.key = folder / "repository", folder / "home", folder / "age.key"
        self.path.mkdir(parents=True)
        self.home.mkdir()
        program("age-keygen", "-o", str(self.key))
        recipient = program("age-keygen", "-y", str(self.key)).strip()
        manifests = r"^(made/)?apps/.*\.sops\.yaml$"
        rules = [
            {"path_regex": "^secrets", "age": recipient},
            {"path_regex": manifests, "encrypted_regex": "^(data|stringData)$", "age": recipient},
        ]
        self.write(".sops.yaml", yaml.safe_dump({"creation_rules": rules}))
        applications = {
            f"app-{number}": {"replicas": 1 + number % 3, "tag": f"1.{number}.0"} for number in range(templates)
        }
        config = {
            "cluster_name": "home",
            "registry": "registry.example",
            "domain": "home.example",
            "namespaces": [f"team-{number}" for number in range(10)],
            "environment": {"tz": "UTC", "log_level": "info", "region": "home"},
            "applications": applications,
        }
        self.write("config.yaml", yaml.safe_dump(config))
        self.passwords = {f"app-{number}": f"a-password-that-is-number-{number}" for number in range(secrets)}
        self.encrypt_values()
        for number in range(templates):
            self.write(f"templates/apps/{number % 50}/app-{number}.yaml.j2", MANIFEST.format(number=number))
        for number in range(secrets):
            self.write(f"templates/apps/{number % 50}/app-{number}.sops.yaml.j2", SECRET.format(number=number))

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def encrypt_values(self) -> None:
        self.write("secrets.sops.yaml", yaml.safe_dump({"passwords": self.passwords}))
        program("sops", "encrypt", "--in-place", "secrets.sops.yaml", cwd=self.path)

    def change_one_secret_and_one_template(self) -> None:
        self.passwords["app-3"] = "another-password"
        self.encrypt_values()
        with (self.path / "templates/apps/7/app-7.yaml.j2").open("a") as template:
            template.write("# changed\n")

    @property
    def options(self) -> dict[str, str]:
        return {
            "path": str(self.path),
            "cache_dir": str(self.home / "cache"),
            "checksum_key_file": str(self.home / "checksum.key"),
        }

    @property
    def command(self) -> list[str]:
        extra = [part for name, value in self.options.items() for part in ("-e", f"gitops_repo_{name}={value}")]
        return ["ansible-playbook", "playbooks/configure.yml", *extra]

    def configure(self, runs: int = 1) -> Timing:
        return timed(*self.command, runs=runs, SOPS_AGE_KEY_FILE=str(self.key))

    def module(self, runs: int = RUNS) -> Timing:
        """From the first import to the result, in a process of its own."""
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": self.options})
        done = Timing([], "")
        for _run in range(runs):
            out = program(sys.executable, "-c", MODULE, arguments, PYTHONPATH=str(ROOT / ".ansible" / "collections"))
            done.seconds.append(float(out.splitlines()[-1]))
        return done

    def memory(self) -> float:
        """Megabytes of all processes of the command together, at the worst moment."""
        path = f"{BINARIES}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        worst = 0
        while process.poll() is None:
            worst = max(worst, sum(map(proportional, descendants(process.pid))))
            time.sleep(0.01)
        return worst / 1024

    def by_makejinja(self) -> tuple[float, float]:
        """Seconds of makejinja, and of `sops encrypt` for one file after the other."""
        values = self.home / "values.yaml"
        values.write_text(yaml.safe_dump({"passwords": self.passwords}))
        command = ["makejinja", "-i", "templates", "-o", "made", "-d", "config.yaml", "-d", str(values)]
        start = time.monotonic()
        program(*command, "--jinja-suffix", ".j2", "--undefined", "strict", "--force", "--quiet", cwd=self.path)
        rendered = time.monotonic()
        for path in sorted((self.path / "made").rglob("*.sops.yaml")):
            program("sops", "encrypt", "--in-place", str(path), cwd=self.path)
        end = time.monotonic()
        return rendered - start, end - rendered

    def by_community_sops(self) -> Timing:
        """The 200 secrets alone, the second time: nothing changed."""
        contents = [
            {"path": str(self.path / "loop" / f"app-{number}.sops.yaml"), "text": text(number)}
            for number in range(SECRETS)
        ]
        self.write("loop/.sops.yaml", (self.path / ".sops.yaml").read_text().replace("^(made/)?apps/", "^"))
        self.write("loop/contents.json", json.dumps({"contents": contents}))
        self.write("loop/loop.yml", LOOP)
        command = ("ansible-playbook", "loop.yml", "-e", "@contents.json")
        timed(*command, cwd=self.path / "loop", SOPS_AGE_KEY_FILE=str(self.key))
        return timed(*command, cwd=self.path / "loop", SOPS_AGE_KEY_FILE=str(self.key))


MODULE = """
import contextlib, io, sys, time
start = time.monotonic()
sys.argv[1:], arguments = [], sys.argv[1]
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments.encode(), "legacy"
from ansible_collections.homeops.cluster.plugins.modules import gitops_render
with contextlib.suppress(SystemExit):
    gitops_render.main()
print()
print(time.monotonic() - start)
"""

LOOP = """---
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Encrypt
      community.sops.sops_encrypt:
        path: "{{ item.path }}"
        content_text: "{{ item.text }}"
      loop: "{{ contents }}"
      loop_control: {label: "{{ item.path }}"}
"""


def program(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    path = f"{BINARIES}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def text(number: int) -> str:
    """A secret as the template would render it, more or less."""
    return SECRET.format(number=number).replace("{{", "").replace("}}", "")


def descendants(pid: int) -> list[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def proportional(pid: int) -> int:
    """Kilobytes, what several processes share divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure() -> str:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SOPS_AGE_KEY_FILE"] = str(Path(folder) / "usual" / "age.key")
        usual = Repository(Path(folder) / "usual")
        makejinja, sops = usual.by_makejinja()
        first = usual.configure()
        quiet, module, memory = usual.configure(RUNS), usual.module(), usual.memory()
        usual.change_one_secret_and_one_template()
        changed = usual.configure()
        shutil.rmtree(usual.home)
        usual.home.mkdir()
        forgotten = usual.configure()
        loop = usual.by_community_sops()
        os.environ["SOPS_AGE_KEY_FILE"] = str(Path(folder) / "large" / "age.key")
        large = Repository(Path(folder) / "large", 10 * TEMPLATES, 10 * SECRETS)
        large_first, large_quiet, large_module = large.configure(), large.configure(RUNS), large.module()
    today = makejinja + sops
    rows = (
        (f"makejinja {makejinja:.1f} s, then `sops encrypt` for each file {sops:.1f} s", f"{today:.1f} s", today),
        ("`community.sops.sops_encrypt` in a loop, the secrets alone", str(loop), loop.median),
        ("**`configure.yml`**", str(quiet), quiet.median),
        ("of it inside the module", f"{module.median:.2f} s", module.median),
        ("one secret and one template changed", str(changed), changed.median),
        ("first run", str(first), first.median),
        ("nothing changed, and nothing is remembered (a fresh clone)", str(forgotten), forgotten.median),
        (f"{10 * TEMPLATES} templates and {10 * SECRETS} secrets", str(large_quiet), large_quiet.median),
        ("of it inside the module", f"{large_module.median:.2f} s", large_module.median),
        ("first run of these", str(large_first), large_first.median),
    )
    table = "\n".join(
        f"| {what} | {shown} | {seconds / quiet.median:.1f} | {seconds / module.median:.1f} |"
        for what, shown, seconds in rows
    )
    return f"""{TEMPLATES} templates and {SECRETS} secrets; nothing has changed unless said otherwise. The last two
columns are multiples of `configure.yml` and of what it does inside its module. What people do today rewrites every
encrypted file each time.

| what | wall time | of the whole | of the module |
|---|---|---|---|
{table}

`configure.yml` with nothing to do: {quiet.changed} changed, {memory:.0f} MB for all its processes at the worst moment.
Its first run takes {first.median / today:.2f} of the time of makejinja and sops.
"""
