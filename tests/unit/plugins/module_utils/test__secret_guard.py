# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard finds in a file, and what it does not. Keys are put together here, so that none is in Git."""

from __future__ import annotations

import base64
import json
import string

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import Report, examine
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_finding import allowed
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_sops import configs
from hypothesis import given
from hypothesis import strategies as st

MARKER = "planted"
BODY = (string.ascii_letters + string.digits)[:64]
AGE_KEY = "AGE-SECRET-" + "KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" + "QPZRY9X8GF2TVDW0S3JN54KHCE"
PRIVATE = "PRIVATE " + "KEY"


def pem(kind="", ending="\n", body=BODY):
    return f"-----BEGIN {kind}{PRIVATE}-----{ending}{body}{ending}-----END {kind}{PRIVATE}-----{ending}"


NO_RULES = configs({})
RULES = configs(
    {
        ".sops.yaml": b"""
creation_rules:
  - path_regex: talos/.*
    age: age1yubikey
  - path_regex: \\.sops\\.ya?ml$
    encrypted_regex: ^(data|stringData)$
    pgp: 0123456789ABCDEF0123456789ABCDEF01234567
""".replace(b"age: age1yubikey", b"pgp: 0123456789ABCDEF0123456789ABCDEF01234567")
    }
)
FLUX_RULES = configs(
    {
        ".sops.yaml": b"""
creation_rules:
  - path_regex: .*.yaml
    encrypted_regex: ^(data|stringData)$
    pgp: 0123456789ABCDEF0123456789ABCDEF01234567
"""
    }
)


def found(path, content, rules=NO_RULES):
    content = content.encode() if isinstance(content, str) else content
    findings = list(examine(path, content, rules))
    assert MARKER not in " ".join(str(finding) for finding in findings)
    return [(finding.line, finding.code) for finding in findings if not allowed(finding, content)]


SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: media
stringData:
  password: planted
"""


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        pytest.param("db.yaml", SECRET, 7, id="stringData"),
        pytest.param("db.yml", SECRET.replace("stringData", "data").replace("planted", "cGxhbnRlZA=="), 7, id="data"),
        pytest.param("db.yaml", "---\na: 1\n---\n" + SECRET, 10, id="a later document"),
        pytest.param("db.yaml", SECRET.replace("\n", "\r\n"), 7, id="Windows line ends"),
        pytest.param("db.yaml", "\ufeff" + SECRET, 7, id="byte order mark"),
        pytest.param("db.yaml", "kind: List\nitems:\n- " + SECRET.replace("\n", "\n  ").strip() + "\n", 9, id="List"),
        pytest.param("db.yaml", "extraObjects:\n  - " + SECRET.replace("\n", "\n    ").strip(), 8, id="in Helm values"),
        pytest.param("db.json", json.dumps({"kind": "Secret", "data": {"a": "cGxhbnRlZA=="}}), 1, id="JSON, one line"),
        pytest.param(
            "db.json", json.dumps({"kind": "Secret", "data": {"a": "planted"}}, indent="\t"), 4, id="JSON, tabs"
        ),
        pytest.param(
            "db.json", '{"x": "\\ud83d\\ude00", "kind": "Secret", "data": {"a": "planted"}}', 1, id="JSON escapes"
        ),
        pytest.param("db.yaml", "{kind: Secret, stringData: {a: planted}}", 1, id="flow style"),
        pytest.param("db.yaml", "'kind':   'Secret'\n'data': {'a': 'planted'}\n", 2, id="quoted"),
        pytest.param("db.yaml", "kind: Secret # note\nstringData:\n  a: |\n    planted\n", 3, id="block scalar"),
        pytest.param("db.yaml", "kind: Secret\nstringData:\n  port: 5432\n", 3, id="a number"),
        pytest.param(
            "db.yaml", "kind: Secret\nstringData: &x\n  a: planted\n---\nkind: Secret\ndata: {}\n", 3, id="anchor"
        ),
        pytest.param("DB.YAML", SECRET, 7, id="a name in capitals"),
        pytest.param("db.yaml", SECRET.encode("utf-16"), 7, id="as PowerShell writes it"),
        pytest.param("db.yaml", SECRET.replace(": Secret", ": !!str Secret"), 7, id="a tag"),
        pytest.param("db.yaml", SECRET.replace(": Secret", ": &kind Secret"), 7, id="an anchor of the kind"),
        pytest.param("db.yaml", "x: &k Secret\n" + SECRET.replace("Secret", "*k"), 8, id="an alias"),
        pytest.param("db.yaml", SECRET.replace(": Secret", ": # a\n  Secret"), 8, id="a comment between"),
        pytest.param("db.yaml", SECRET.replace(": Secret", ": >-\n  Secret"), 8, id="the kind as a block"),
        pytest.param("db.yaml", SECRET.replace("kind: ", "? kind\n: "), 8, id="a complex key"),
        pytest.param(
            "db.yaml", "b: &b\n  stringData: {a: planted}\nc:\n  <<: *b\n  kind: Secret\n", 2, id="merged data"
        ),
        pytest.param("db.yaml", "b: &b {kind: Secret}\nc:\n  <<: [*b]\n  data:\n    a: planted\n", 5, id="merged kind"),
        pytest.param("db.yaml", SECRET + "stringData: {}\n", 7, id="a field that is there twice"),
        pytest.param("db.yaml", "kind: Secret\nstringData: {password:planted}\n", 2, id="no space after the colon"),
        pytest.param("db.yaml", "a: 1\nsops:\n  a: b\n" + SECRET, 10, id="behind a key sops"),
        pytest.param("db.json", '{"kind": "\\u0053ecret", "data": {"a": "planted"}}', 1, id="JSON, kind escaped"),
        pytest.param(
            "db.json", '\ufeff{"x": "\\ud83d\\ude00", "kind": "Secret", "data": {"a": "planted"}}', 1, id="JSON, marked"
        ),
        pytest.param("db.json", '{"a": 1}\n{"kind": "Secret", "data": {"a": "planted"}}', 1, id="JSON, two values"),
        pytest.param(
            "db.yaml", SECRET.replace("password: planted", "url: pg://a:planted@${H}/"), 7, id="address to be filled in"
        ),
        pytest.param(
            "db.yaml.j2",
            ("{% if x %}\n" + SECRET + "{% endif %}\n").replace("\n", "\r\n"),
            8,
            id="Windows line ends in a template that is no YAML",
        ),
        pytest.param(
            "db.yaml.j2",
            "{% if x %}\nkind: Secret\nstringData: {a: '{{ a }}', token: planted}\n{% endif %}\n",
            3,
            id="flow style in a template that is no YAML",
        ),
        pytest.param(
            "templates/s.yaml",
            '{{- if .x }}\nkind: Secret\ndata:\n  key: {{ b64enc "planted" }}\n{{- end }}\n',
            4,
            id="literal in Helm",
        ),
        pytest.param("db.yaml.bak", SECRET, 7, id="a copy"),
        pytest.param("db.yaml.j2", SECRET, 7, id="template with a literal"),
        pytest.param("db.yaml.j2", SECRET + "  user: '{{ user }}'\n", 7, id="a password beside an expression"),
        pytest.param(
            "db.yaml.j2", SECRET.replace("planted", "'{{ \"planted\" | b64encode }}'"), 7, id="literal in Jinja"
        ),
        pytest.param("db.yaml.j2", "{% if x %}\n" + SECRET + "{% endif %}\n", 8, id="template that is no YAML"),
        pytest.param(
            "db.yaml.j2",
            "{% if x %}\nkind: Secret\ndata:\n  a: {{ x }}-{{ y }}\n  token: |\n    planted\n{% endif %}\n",
            5,
            id="a block in a template that is no YAML",
        ),
        pytest.param("secret.tpl", "{{- if .x }}\n" + SECRET + "{{- end }}\n", 8, id="Helm template"),
        pytest.param(
            "k.yaml",
            "patches:\n  - patch: |\n      kind: Secret\n      stringData:\n        a: planted\n",
            5,
            id="patch",
        ),
        pytest.param(
            "k.yaml",
            "kind: ConfigMap\nmetadata:\n  annotations:\n"
            '    last-applied: \'{"kind":"Secret","data":{"a":"planted"}}\'\n',
            4,
            id="kubectl's annotation",
        ),
        pytest.param(
            "kustomization.yaml",
            "secretGenerator:\n  - name: x\n    literals:\n      - password=planted\n",
            4,
            id="generator",
        ),
        pytest.param(
            "kustomization.yaml", "{secretGenerator: [{literals: [a=planted]}]}", 1, id="generator, flow style"
        ),
        pytest.param(
            "kustomization.yaml",
            "patches:\n  - target: {kind: Secret}\n    patch: |-\n"
            "      - {op: test, path: /kind}\n      - op: add\n        path: /data/a\n        value: planted\n",
            7,
            id="JSON patch",
        ),
        pytest.param(
            "kustomization.yaml",
            "secretGenerator:\n  - name: x\n    literals:\n      - planted\n",
            4,
            id="generator, no =",
        ),
    ],
)
def test_a_secret_in_plain_text(path, content, line):
    assert found(path, content) == [(line, "kubernetes-secret")]


EMPTY = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  annotations: {a: b}\ntype: Opaque\n"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param("a.yaml", EMPTY, id="type and annotations only"),
        pytest.param("a.yaml", EMPTY + "data: {}\n", id="no data"),
        pytest.param("a.yaml", EMPTY + "data:\nstringData: ~\n", id="null data"),
        pytest.param("a.yaml", EMPTY + "data:\n  a: ''\n  b:\n  c: null\n", id="empty values"),
        pytest.param("a.yaml", EMPTY + "stringData:\n  a: ${PASSWORD}\n  user: admin\n", id="Flux substitution"),
        pytest.param("a.yaml", EMPTY + "stringData:\n  a: <path:kv/data/db#password>\n", id="argocd-vault-plugin"),
        pytest.param("a.yaml", EMPTY + "stringData:\n  a: <password>\n", id="to be filled in"),
        pytest.param("a.yaml.j2", EMPTY + "stringData:\n  a: {{ password }}\n", id="Jinja"),
        pytest.param(
            "a.yaml.j2", EMPTY + "stringData:\n  a: '{{ password }}'\n  url: git@x\n", id="Jinja and an address"
        ),
        pytest.param("a.yaml.j2", EMPTY + 'stringData:\n  a: #{ password }#\n  b: "#{ x }#"\n', id="makejinja"),
        pytest.param("a.yaml.j2", EMPTY + "data:\n  a: {{ x }}-{{ y }}\n", id="Jinja that is no YAML"),
        pytest.param("a.yaml.j2", EMPTY + "stringData:\n  a: |\n    {{ x }}\n    text\n", id="Jinja in a block"),
        pytest.param(
            "s.yaml", EMPTY + "data:\n  {{- range $k, $v := .x }}\n  {{ $k }}: {{ $v }}\n  {{- end }}\n", id="Helm"
        ),
        pytest.param("s.yaml", EMPTY + "data: {{ toYaml .Values.x | nindent 2 }}\n", id="Helm, all of data"),
        pytest.param(
            "e.yaml",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  target:\n    template:\n"
            '      data: {a: "{{ .password }}"}\n  data:\n    - secretKey: a\n      remoteRef: {key: x}\n',
            id="ExternalSecret",
        ),
        pytest.param("s.yaml", "kind: SecretStore\nspec:\n  data:\n    a: b\n", id="SecretStore"),
        pytest.param(
            "h.yaml",
            "kind: HelmRelease\nspec:\n  valuesFrom:\n    - kind: Secret\n      name: x\n  values:\n    data: {a: b}\n",
            id="a reference beside data",
        ),
        pytest.param(
            "d.yaml", "env:\n  - name: A\n    valueFrom: {secretKeyRef: {name: x, key: y}}\n", id="secretKeyRef"
        ),
        pytest.param(
            "c.yaml", "kind: ConfigMap\ndata:\n  kind: Secret\n  stringData: x\n", id="ConfigMap about Secrets"
        ),
        pytest.param("v.yaml", "existingSecret: x\nsecret:\n  kind: Secret\n  name: y\n", id="Helm values"),
        pytest.param(
            "x.yaml",
            "kind: Kustomization\nsecretGenerator:\n  - name: x\n    files: [a.enc]\n",
            id="generator of files",
        ),
        pytest.param(
            "k.yaml",
            "patches:\n  - target: {kind: Secret}\n    patch: |-\n      - {op: remove, path: /data/a}\n"
            "  - target: {kind: ConfigMap}\n    patch: |-\n      - {op: add, path: /data/a, value: b}\n",
            id="JSON patches without a value, and of a ConfigMap",
        ),
        pytest.param(
            "a.yaml", EMPTY + "stringData:\n  url: pg://${USER}:${PASSWORD}@db\n", id="address, all of it filled in"
        ),
        pytest.param("a.yaml.j2", "{% if x %}\n" + EMPTY + "data: {a: {{ a }}}\n{% endif %}\n", id="flow, filled in"),
        pytest.param(
            "a.yaml.j2",
            "{% if x %}\n" + EMPTY + "data:\n  a: null\n  b: ~\n{% endif %}\n",
            id="null in a template that is no YAML",
        ),
        pytest.param(
            "a.yaml.j2",
            "{% if x %}\nkind: Secret\nstringData:\n  conf: |\n    keys: 5\n    pass: {{ p }}\n{% endif %}\n",
            id="a file with an expression in a template that is no YAML",
        ),
        pytest.param("a.yaml.j2", "{% if x %}\nkind: Secret\ndata:\nkeys: 5\n{% endif %}\n", id="a key beside no data"),
        pytest.param("a.yaml", "a: &a {<<: *a}\nkind: *a\n", id="an alias that is no kind"),
        pytest.param(
            "a.yaml", "a: &a {kind: Secret}\nb:\n  <<: *a\n  kind: X\n  data: {a: b}\n", id="a merged kind that loses"
        ),
        pytest.param("a.yaml", "kind:Secret\n", id="a text and no mapping"),
        pytest.param("README.md", f"```yaml\n{SECRET}```\n", id="documentation"),
        pytest.param(
            "crd.yaml", "kind: CustomResourceDefinition\nspec:\n  names: {kind: Secret, plural: x}\n", id="CRD"
        ),
        pytest.param("a.yaml", "kind: Secret\ndata: [1\n", id="broken YAML"),
        pytest.param("a.yaml", b"\xff\xfe\x00kind: Secret\n", id="no text"),
    ],
)
def test_no_false_alarm(path, content):
    assert found(path, content) == []
    assert found(path, content, FLUX_RULES) == []


SEALED = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: media
spec:
  encryptedData:
    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq
  template:
    type: Opaque
"""


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        ("", []),
        ("    data:\n      url: postgres://{{ .user }}:{{ .password }}@db\n", []),
        ("    data: {}\n", []),
        ("    data:\n      password: planted\n", [(12, "sealed-secret-template")]),
        ("    stringData:\n      password: planted\n", [(12, "sealed-secret-template")]),
        (
            "    metadata:\n      annotations:\n        kubectl.kubernetes.io/last-applied-configuration: |\n"
            '          {"kind":"Secret","stringData":{"a":"planted"}}\n',
            [(14, "kubernetes-secret")],
        ),
    ],
)
def test_the_template_of_a_sealed_secret(addition, expected):
    assert found("db.sealed.yaml", SEALED + addition) == expected


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "content", "line", "code"),
    [
        pytest.param("keys.txt", f"# created\n# public key: age1\n{AGE_KEY}\n", 3, "age-key", id="age"),
        pytest.param("x.py", f"KEY = '{AGE_KEY.replace('KEY-1', 'KEY-PQ-1')}'", 1, "age-key", id="age, post-quantum"),
        pytest.param("id_ed25519", pem("OPENSSH "), 1, "private-key", id="OpenSSH"),
        pytest.param("tls.key", "text\n" + pem(), 2, "private-key", id="PKCS 8"),
        pytest.param("tls.key", pem("RSA "), 1, "private-key", id="RSA"),
        pytest.param("tls.key", pem("EC "), 1, "private-key", id="EC"),
        pytest.param("tls.key", pem("ENCRYPTED "), 1, "private-key", id="behind a passphrase"),
        pytest.param("tls.key", pem(ending="\r\n"), 1, "private-key", id="Windows line ends"),
        pytest.param("x.json", json.dumps({"key": pem("RSA ")}), 1, "private-key", id="in JSON"),
        pytest.param("x.yaml", "a:\n  b: |\n" + pem().replace("\n", "\n    "), 3, "private-key", id="in YAML"),
        pytest.param(
            "x.pem",
            f"-----BEGIN RSA {PRIVATE}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n{BODY}\n",
            1,
            "private-key",
            id="with headers",
        ),
        pytest.param("x.asc", f"-----BEGIN PGP {PRIVATE} BLOCK-----\n\n{BODY}\n", 1, "private-key", id="PGP"),
        pytest.param(
            "x.ppk",
            "PuTTY-User-" + "Key-File-3: ssh-ed25519\nPublic-Lines: 1\nx\nPrivate-Lines: 1\nplanted\n",
            1,
            "private-key",
            id="PuTTY",
        ),
        pytest.param(
            "kubeconfig", f"users:\n- client-key-data: {encoded(pem('RSA '))}\n", 2, "private-key", id="kubeconfig"
        ),
        pytest.param(
            "kubeconfig",
            f"a: {encoded('-----BEGIN CERTIFICATE-----' + BODY * 30 + '-----END CERTIFICATE-----' + pem())}",
            1,
            "private-key",
            id="behind a certificate",
        ),
        pytest.param("id", pem().encode("utf-16"), 1, "private-key", id="as PowerShell writes it"),
        pytest.param(
            "values.yaml",
            "key: |\n  " + base64.encodebytes(pem("RSA ").encode()).decode().replace("\n", "\n  "),
            2,
            "private-key",
            id="encoded, in lines",
        ),
        pytest.param("blob.bin", b"\0\1\2\n" + pem().encode() + b"\0", 2, "private-key", id="in a binary file"),
    ],
)
def test_a_private_key(path, content, line, code):
    assert found(path, content) == [(line, code)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            f"if b'-----BEGIN RSA {PRIVATE}-----' in text:\n    return True\n", id="a program that looks for one"
        ),
        pytest.param(pem(body="..."), id="documentation"),
        pytest.param(pem(body="x" * 64), id="filled with x"),
        pytest.param("AGE-SECRET-KEY-1" + "X" * 58, id="age, filled with X"),
        pytest.param("AGE-SECRET-KEY-1...", id="age, dots"),
        pytest.param(pem().replace("PRIVATE", "PUBLIC"), id="public key"),
        pytest.param(f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n", id="certificate"),
        pytest.param(f"caBundle: {encoded('-----BEGIN CERTIFICATE-----' + BODY)}", id="encoded certificate"),
        pytest.param(f"-----BEGIN AGE ENCRYPTED FILE-----\n{BODY}\n", id="age ciphertext"),
    ],
)
def test_no_private_key(content):
    assert found("any.txt", content) == []


ENC = "ENC[AES256_GCM,data:abcd,iv:abcd,tag:abcd,type:str]"
METADATA = f'sops:\n    lastmodified: "2026-01-01T00:00:00Z"\n    mac: {ENC}\n    {{}}version: 3.13.3\n'


def sopsed(body, selector=""):
    return body + METADATA.replace("{}", selector)


ONLY_DATA = "encrypted_regex: ^data$\n    "
K8S = "encrypted_regex: ^(data|stringData)$\n    "
ENCRYPTED_SECRET = f'apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    a: {ENC}\n    b: ""\n'


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("a.sops.yaml", "a: planted\n", [(1, "sops-unencrypted")]),
        ("apps/a.sops.yml", "a: planted\n", [(1, "sops-unencrypted")]),
        ("talos/any.env", "A=planted\n", [(1, "sops-unencrypted")]),
        ("talos/blob", b"\0planted", [(1, "sops-unencrypted")]),
        ("a.sops.yaml", "", []),
        ("a.sops.yaml", "\n", []),
        ("a.yaml", "a: b\n", []),
        ("a.sops.yaml.j2", "a: '{{ b }}'\n", []),  # what comes of it is encrypted
        ("talos/README.md", "text\n", []),
        ("talos/notes.md", "planted\n", [(1, "sops-unencrypted")]),
        ("talos/.gitignore", "x\n", []),
        ("talos/kustomization.yaml", "resources: []\n", []),
        (".sops.yaml", "creation_rules: []\n", []),
        ("a.sops.yaml", sopsed(f"a: {ENC}\nb:\n    - {ENC}\n"), []),
        ("a.sops.yaml", sopsed(ENCRYPTED_SECRET, K8S), []),
        ("a.sops.yaml", sopsed(ENCRYPTED_SECRET, K8S) + "---\n" + sopsed(ENCRYPTED_SECRET, K8S), []),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb: planted\n"), [(2, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\n") + "---\n" + sopsed("b: planted\n"), [(7, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb:\n    - planted\n"), [(3, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb: 5432\n"), [(2, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb: true\nc: null\nd: \"\"\ne: []\n"), [(2, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb_unencrypted: x\n", "unencrypted_suffix: _unencrypted\n    "), []),
        ("a.sops.yaml", sopsed(f"a: {ENC}\nstringData:\n    a: planted\n", K8S), [(3, "sops-partial")]),
        # The rule says more than the file, which an older rule made.
        ("a.sops.yaml", sopsed(f"data:\n    a: {ENC}\nstringData:\n    a: planted\n", ONLY_DATA),
         [(4, "sops-partial")]),
        # A rule, or the lack of one, does not excuse a Secret.
        ("x.yaml", sopsed(f"kind: Secret\ndata:\n    a: {ENC}\nstringData:\n    a: planted\n", ONLY_DATA),
         [(5, "kubernetes-secret")]),
        ("a.sops.yaml", f"a: {ENC}\n", [(1, "sops-partial")]),  # half a file
        ("x.yaml", f"a: {ENC}\n", []),  # no rule: a text about sops
        ("doc.md", f"a: {ENC}\n", []),
        ("talos/a.json", json.dumps({"a": ENC, "sops": {"mac": ENC, "lastmodified": "x"}}), []),
        ("talos/a.json", json.dumps({"a": "planted", "sops": {"mac": ENC}}, indent="\t"), [(2, "sops-partial")]),
        ("x.yaml", sopsed(f"a: {ENC}\nb: x\n", "unencrypted_comment_regex: x\n    "), []),
        ("x.yaml", sopsed("data:\n    a: planted\nb: x\n", "encrypted_regex: '^data$'\n    "), [(2, "sops-partial")]),
        # Somebody wrote to the end of the file, or did not finish a merge.
        ("talos/a.yaml", sopsed(f"a: {ENC}\n") + "b: planted\n", [(6, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\n<<<<<<< HEAD\nb: planted\n"), [(1, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb: planted\nb: {ENC}\n"), [(2, "sops-partial")]),
        ("talos/a.yaml", sopsed(f"a: {ENC}\nb: &b\n  - *b\n"), []),
        ("talos/a.ini", f"[x]\na = {ENC}\nb: planted\n\n[sops]\nmac = {ENC}\nversion = 3\n", [(3, "sops-partial")]),
        # The last line of a key that was put there is no name.
        ("talos/a.env", f"A={ENC}\nplanted==\nsops_mac={ENC}\nsops_version=x\n", [(2, "sops-partial")]),
        ("talos/a.env", f"A={ENC}\nB=\nsops_mac={ENC}\nsops_lastmodified=x\n", []),
        ("talos/a.env", f"A={ENC}\nB=planted\nsops_mac={ENC}\nsops_version=x\n", [(2, "sops-partial")]),
        ("talos/a.ini", f"[x]\na = {ENC}\n\n[sops]\nmac = {ENC}\nversion = 3\n", []),
        ("talos/a.ini", f"[x]\na = planted\n\n[sops]\nmac = {ENC}\nversion = 3\n", [(2, "sops-partial")]),
        ("talos/blob", json.dumps({"data": ENC, "sops": {"mac": ENC}}), []),
    ],
)  # fmt: skip
def test_what_the_rules_of_sops_say(path, content, expected):
    assert found(path, content, RULES) == expected


def test_a_rule_for_any_manifest_means_the_secrets():
    """The rule of Flux' guide reaches everything, and is for Secrets."""
    assert found("apps/config.yaml", "kind: ConfigMap\ndata: {a: b}\n", FLUX_RULES) == []
    assert found("apps/values.yaml", "data: {a: b}\n", FLUX_RULES) == []
    assert found("apps/db.yaml", SECRET, FLUX_RULES) == [(7, "kubernetes-secret")]


def test_a_rule_without_path_says_how_and_not_what():
    rules = configs({".sops.yaml": b"creation_rules: [{pgp: 0123456789ABCDEF0123456789ABCDEF01234567}]"})
    assert found("Makefile", "all:\n", rules) == []


def test_the_nearest_rules_count():
    pgp = b"pgp: 0123456789ABCDEF0123456789ABCDEF01234567"
    rules = configs(
        {
            ".sops.yaml": b"creation_rules: [{path_regex: '^top/', %s}]" % pgp,
            "apps/.sops.yaml": b"creation_rules: [{path_regex: '^secrets/', %s}]" % pgp,
            "apps/none/.sops.yaml": b"destination_rules: []",
        }
    )
    assert found("top/a", "x", rules) == [(1, "sops-unencrypted")]
    assert found("apps/top/a", "x", rules) == []
    assert found("apps/secrets/a", "x", rules) == [(1, "sops-unencrypted")]  # relative to the rules' own folder
    assert found("secrets/a", "x", rules) == []


@pytest.mark.parametrize(
    "content", [b"creation_rules: [", b"creation_rules: [{path_regex: '(', pgp: x}]", b"creation_rules: [5]"]
)
def test_broken_rules_are_an_error(content):
    with pytest.raises(ClusterError, match=r"x/\.sops\.yaml"):
        configs({"x/.sops.yaml": content})


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("db.secret.yaml", "# nothing\n", [(1, "plain-file")]),
        ("db.secret.yaml", SECRET, [(7, "kubernetes-secret"), (1, "plain-file")]),
        ("db.secret.yaml", sopsed(ENCRYPTED_SECRET, K8S), []),
        ("db.secret.yaml.j2", EMPTY, []),
        ("db.sealed.yaml", SEALED, []),
    ],
)
def test_the_convention_for_plain_files(path, content, expected):
    assert found(path, content) == expected


ALLOW = "# secret-guard: allow {} it is the address of a public repository\n"


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        pytest.param("a.yaml", ALLOW.format("kubernetes-secret") + SECRET, [], id="before the manifest"),
        pytest.param(
            "a.yaml", SECRET + "  # secret-guard: allow kubernetes-secret, a test\n", [], id="in the manifest"
        ),
        pytest.param(
            "a.yaml",
            ALLOW.format("kubernetes-secret") + "a: 1\n---\n" + SECRET,
            [(10, "kubernetes-secret")],
            id="in another document",
        ),
        pytest.param("a.yaml", ALLOW.format("age-key") + SECRET, [(8, "kubernetes-secret")], id="another code"),
        pytest.param(
            "a.yaml", "# secret-guard: allow kubernetes-secret\n" + SECRET, [(8, "kubernetes-secret")], id="no reason"
        ),
        pytest.param("id", ALLOW.format("private-key") + pem(), [], id="line before"),
        pytest.param("id", ALLOW.format("private-key") + "\n" + pem(), [(3, "private-key")], id="too far away"),
        pytest.param("talos/a", "x\n" + ALLOW.format("sops-unencrypted"), [], id="whole file"),
    ],
)
def test_what_a_comment_allows(path, content, expected):
    assert found(path, content, RULES) == expected


@given(
    content=st.binary(max_size=300), path=st.sampled_from(["a.yaml", "a.sops.yaml", "talos/x.json", "talos/x.env", "x"])
)
def test_no_file_can_stop_it(content, path):
    list(examine(path, content, RULES))
    list(examine(path, b"kind: Secret\ndata:\n" + content, RULES))
    list(examine(path, content + sopsed("a: b\n").encode(), RULES))


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20))


@pytest.mark.parametrize("text", [BOMB, "a: &a [*a, *a]\n", "a: " + "[" * 3000 + "]" * 3000 + "\n"])
def test_no_file_can_keep_it_busy(text):
    assert found("a.yaml", text + "kind: Secret\ndata: {b: planted}\n") == [(text.count("\n") + 2, "kubernetes-secret")]
    findings = found("talos/a.yaml", sopsed(text + f"b: {ENC}\nc: planted\n"), RULES)
    assert [code for _line, code in findings] == ["sops-partial"]


def test_an_encrypted_file_that_somebody_wrote_to_does_not_keep_it_busy():
    block = METADATA.replace("{}", "age:\n" + "        - recipient: age1\n" * 40 + "    ")
    assert found("talos/a.yaml", f"a: {ENC}\n{block}b: planted\n", RULES) == [(47, "sops-partial")]


def test_the_report_says_error_before_found():
    (finding,) = examine("db.secret.yaml", b"a", NO_RULES)
    assert Report(findings=(finding,)).exit_code == 2
    assert Report(findings=(finding,), problems=(Problem("x", "is lost", "Find it"),)).exit_code == 3
    assert Report().answer() == {
        "status": "ok",
        "exit_code": 0,
        "examined": 0,
        "findings": [],
        "allowed": [],
        "problems": [],
    }
