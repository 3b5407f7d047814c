# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard on 10,000 files, 2,000 of them Secrets that sops encrypted, against what users run today."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.bench.timing import ROOT, Timing, timed

TITLE = "Guard: no plain secret in 10,000 files"

APPS = 2_000  # five files each
SAMPLE = 200  # files of the loops, which are too slow for all
TOOLS = ROOT / ".lab" / "bin"
COMMAND = str(ROOT / "scripts" / "secret-guard")

SECRET = """\
apiVersion: v1
kind: Secret
metadata:
    name: db
    namespace: media
stringData:
    username: someone
    password: not a secret, this is a bench
"""
DEPLOYMENT = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app{number}
spec:
  template:
    spec:
      containers:
        - name: app
          image: registry.example.com/app:{number}
          env:
            - name: PASSWORD
              valueFrom: {{secretKeyRef: {{name: db, key: password}}}}
"""
EXTERNAL = """\
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: app{number}}}
spec:
  secretStoreRef: {{kind: ClusterSecretStore, name: onepassword}}
  data: [{{secretKey: password, remoteRef: {{key: app{number}, property: password}}}}]
"""
KUSTOMIZATION = """\
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deployment.yaml, external.yaml, secret.sops.yaml]
"""
VALUES = "image:\n  tag: {number}\n" + "".join(f"setting{line}: value {line}\n" for line in range(60))

# What goes round as a hook: two greps for every file.
GREP_LOOP = """
for file in $(git ls-files '*.yaml' | head -n {files}); do
  if grep -q '^kind: Secret' "$file" && ! grep -q '^sops:' "$file"; then echo "$file"; exit 1; fi
done
"""
SOPS_LOOP = """
for file in $(git ls-files 'kubernetes/*.sops.yaml' | head -n {files}); do
  sops filestatus "$file" | grep -q true || {{ echo "$file"; exit 1; }}
done
"""


def build(root: Path) -> None:
    key = root.parent / "key"
    subprocess.run((TOOLS / "age-keygen", "-o", key), check=True, capture_output=True)
    recipient = subprocess.run((TOOLS / "age-keygen", "-y", key), check=True, capture_output=True, text=True).stdout
    root.mkdir()
    rule = f"path_regex: '\\.sops\\.yaml$', encrypted_regex: '^(data|stringData)$', age: {recipient.strip()}"
    (root / ".sops.yaml").write_text(f"creation_rules: [{{{rule}}}]\n")
    (root / "secret.sops.yaml").write_text(SECRET)
    subprocess.run((TOOLS / "sops", "encrypt", "--in-place", "secret.sops.yaml"), cwd=root, check=True)
    encrypted = (root / "secret.sops.yaml").read_text()
    for number in range(APPS):
        folder = root / "kubernetes" / f"group{number % 40}" / f"app{number}"
        folder.mkdir(parents=True)
        (folder / "deployment.yaml").write_text(DEPLOYMENT.format(number=number))
        (folder / "external.yaml").write_text(EXTERNAL.format(number=number))
        (folder / "kustomization.yaml").write_text(KUSTOMIZATION)
        (folder / "values.yaml").write_text(VALUES.format(number=number))
        (folder / "secret.sops.yaml").write_text(encrypted)
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")):
        subprocess.run(("git", *command), cwd=root, check=True)


def measure() -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        build(root)
        tree = timed(COMMAND, runs=5, cwd=root)
        staged = timed(COMMAND, "--staged", runs=5, cwd=root)
        grep = timed("bash", "-c", GREP_LOOP.format(files=SAMPLE), runs=3, cwd=root)
        sops = timed("bash", "-c", SOPS_LOOP.format(files=SAMPLE), runs=3, cwd=root)
    files = APPS * 5 + 2
    return f"""
{files:,} files, {APPS:,} of them encrypted by sops. The loops ran on {SAMPLE} files and are scaled up.

| what | time | against the guard |
|---|---|---|
| `scripts/secret-guard` (target 2 s) | {tree} | 1 |
| `scripts/secret-guard --staged` | {staged} | {staged.median / tree.median:.1f}x |
| two `grep` for each file | {_scaled(grep, files):.0f} s | {_scaled(grep, files) / tree.median:.0f}x |
| `sops filestatus` for each encrypted file | {_scaled(sops, APPS):.0f} s | {_scaled(sops, APPS) / tree.median:.0f}x |

The guard looked into every file for everything, the loops only at YAML and only for one thing each.
"""


def _scaled(loop: Timing, files: int) -> float:
    return loop.median * files / SAMPLE
