# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each entry of the catalogue is what its line in docs/catalogue.md says."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._issuer import full_name
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import examine
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_sops import Configs

from tests.catalogue import CHARTS, ENTRIES, FOLDER, PAGE, examples, minimal, table
from tests.manifest_policy import violations

MEDIA = {"sonarr": 8989, "radarr": 7878, "overseerr": 5055, "prowlarr": 9696}
SHARE = {"type": "nfs", "name": "media", "mount": "/media", "server": "192.0.2.20", "share": "/volume1/media"}
CLAIM = {"type": "claim", "name": "media", "mount": "/media", "claim": "media"}

entries = pytest.mark.parametrize("name", ENTRIES)


def test_the_page_has_the_table_of_what_there_is():
    assert table() in PAGE.read_text(), "put there what `python -m tests.catalogue` prints"


def test_the_page_has_an_example_of_every_entry():
    assert {app["catalogue"] for app in examples() if "catalogue" in app} == set(ENTRIES)


@entries
def test_the_parameters_are_those_that_the_entry_uses(name):
    entry = ENTRIES[name]
    used = set(re.findall(r"(?<!\$)\$\{(\w+)\}", json.dumps(entry["app"]))) - {"name", "namespace"}
    assert used == set(entry["parameters"])


@entries
def test_a_parameter_is_described_and_either_required_or_not(name):
    for parameter, about in ENTRIES[name]["parameters"].items():
        assert about["description"].endswith("."), parameter
        assert not (about.get("required") and "default" in about), parameter
        assert set(about) <= {"description", "required", "default", "choices"}, parameter


@entries
def test_an_entry_works_with_nothing_but_what_is_required(application, name):
    made = application(minimal(name))
    assert violations(made.objects) == []
    assert "${" not in "".join(made.files.values()).replace("${pvc.metadata.", "")


def test_the_examples_together_make_one_cluster(application):
    made = [application(example) for example in examples()]
    assert len({app.options["name"] for app in made}) == len(made)
    assert violations([thing for app in made for thing in app.objects]) == []


@entries
def test_the_guard_finds_no_secret(application, name):
    files = {FOLDER.name + f"/{name}.yml": (FOLDER / f"{name}.yml").read_text(), **application(minimal(name)).files}
    for path, text in files.items():
        assert list(examine(path, text.encode(), Configs({}))) == []


@entries
def test_what_is_run_is_pinned(application, name):
    options = application(minimal(name)).options
    if options.get("image"):
        assert re.fullmatch(r"[\w.-]+\.\w+/[\w/-]+:v?\d[\w.-]*@sha256:[0-9a-f]{64}", options["image"])
    elif options.get("chart"):
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", options["chart"]["version"])


@entries
def test_a_chart_is_around_the_one_that_is_meant(application, name):
    files = application(minimal(name)).files
    if "Chart.yaml" in files:
        (dependency,) = yaml.safe_load(files["Chart.yaml"])["dependencies"]
        assert dependency == {key: ENTRIES[name]["app"]["chart"][key] for key in ("name", "version", "repository")}
        assert set(yaml.safe_load(files["values.yaml"])) == {dependency["name"]}


def test_charts_whose_sources_are_known_are_rendered_in_the_lab():
    charts = {name for name, entry in ENTRIES.items() if "chart" in entry["app"]}
    assert charts - set(CHARTS) == {"csi-driver-nfs"}


def test_cert_manager_has_an_issuer_for_each_environment_by_its_full_name(application):
    issuers = [thing for thing in application(minimal("cert-manager")).objects if thing["kind"] == "ClusterIssuer"]
    for issuer, environment in zip(issuers, ("staging", "production")):
        acme = issuer["spec"]["acme"]
        assert issuer["metadata"]["name"] == full_name("letsencrypt", suffix=environment)
        assert acme["privateKeySecretRef"]["name"] == issuer["metadata"]["name"]
        assert ("staging" in acme["server"]) == (environment == "staging")
        assert issuer["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "1"
    assert len(issuers) == 2


def test_cert_manager_asks_cloudflare_with_a_token_from_a_secret(application):
    given = {"email": "a@home.example", "dns_zones": ["home.example"], "token_secret": "dns", "token_key": "token"}
    for issuer in application({"catalogue": "cert-manager", "parameters": given}).objects:
        (solver,) = issuer["spec"]["acme"]["solvers"]
        assert solver["selector"] == {"dnsZones": ["home.example"]}
        assert solver["dns01"]["cloudflare"] == {"apiTokenSecretRef": {"name": "dns", "key": "token"}}


def test_sealed_secrets_is_where_kubeseal_looks(application):
    made = application(minimal("sealed-secrets"))
    values = yaml.safe_load(made.files["values.yaml"])["sealed-secrets"]
    assert (made.options["namespace"], values["fullnameOverride"]) == ("kube-system", "sealed-secrets-controller")


@pytest.mark.parametrize("options", [["nfsvers=4.1"], ["nfsvers=3", "nolock"]])
def test_the_storage_class_mounts_as_it_is_told(application, options):
    given = {"server": "192.0.2.20", "share": "/export", "mount_options": options}
    values = yaml.safe_load(application({"catalogue": "csi-driver-nfs", "parameters": given}).files["values.yaml"])
    (storage_class,) = values["csi-driver-nfs"]["storageClasses"]
    assert storage_class["mountOptions"] == options
    assert storage_class["parameters"] == {
        "server": "192.0.2.20",
        "share": "/export",
        "subDir": "${pvc.metadata.namespace}/${pvc.metadata.name}",
        "onDelete": "archive",
    }


@pytest.mark.parametrize(("given", "argument"), [({}, "false"), ({"kubelet_insecure_tls": True}, "true")])
def test_metrics_server_trusts_unsigned_kubelets_only_when_told_so(application, given, argument):
    made = application({"catalogue": "metrics-server", "parameters": given})
    values = yaml.safe_load(made.files["values.yaml"])["metrics-server"]
    assert values["args"] == [f"--kubelet-insecure-tls={argument}"]


def test_cloudflared_survives_the_loss_of_a_node(application):
    made = application(minimal("cloudflared"))
    assert made.one("Deployment")["spec"]["replicas"] == 2
    (term,) = made.pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"


def test_cloudflared_says_whether_it_is_connected_and_never_replaces_itself(application):
    made = application(minimal("cloudflared"))
    for probe in ("readinessProbe", "livenessProbe"):
        assert made.container[probe]["httpGet"] == {"path": "/ready", "port": 2000}
    assert "--no-autoupdate" in made.container["args"]
    assert made.container["args"][made.container["args"].index("--metrics") + 1] == "0.0.0.0:2000"


def test_cloudflared_reads_its_token_from_a_file_of_a_secret(application):
    made = application({"catalogue": "cloudflared", "parameters": {"token_secret": "tunnel", "token_key": "key"}})
    assert made.container["args"][-2:] == ["--token-file", "/etc/cloudflared/key"]
    assert {"name": "token", "secret": {"secretName": "tunnel"}} in made.pod["volumes"]
    assert "env" not in made.container
    assert "envFrom" not in made.container


@pytest.mark.parametrize(("name", "port"), MEDIA.items())
def test_media_applications_listen_where_everybody_expects_them(application, name, port):
    made = application(minimal(name))
    assert [entry["containerPort"] for entry in made.container["ports"]] == [port]
    assert [entry["port"] for entry in made.one("Service")["spec"]["ports"]] == [port]
    path = "/api/v1/status" if name == "overseerr" else "/ping"
    assert made.container["readinessProbe"]["httpGet"] == {"path": path, "port": "http"}


@pytest.mark.parametrize("name", MEDIA)
def test_media_applications_never_run_twice_on_one_database(application, name):
    made = application(minimal(name))
    assert made.one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    claim = made.one("PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


@pytest.mark.parametrize("name", MEDIA)
def test_media_applications_run_as_who_they_are_told(application, name):
    given = {**minimal(name).get("parameters", {}), "user": 1026, "group": 100}
    security = application({"catalogue": name, "parameters": given}).pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (1026, 100, 100)


@pytest.mark.parametrize("name", ["sonarr", "radarr", "prowlarr"])
def test_new_files_can_be_written_by_the_group(application, name):
    assert application(minimal(name)).container["args"] == ["umask 0002 && exec /entrypoint.sh"]


@pytest.mark.parametrize("name", ["sonarr", "radarr"])
@pytest.mark.parametrize(
    ("media", "source"),
    [
        (SHARE, {"nfs": {"server": "192.0.2.20", "path": "/volume1/media"}}),
        (CLAIM, {"persistentVolumeClaim": {"claimName": "media"}}),
    ],
    ids=["share", "claim"],
)
def test_sonarr_and_radarr_have_media_beside_their_database(application, name, media, source):
    made = application({"catalogue": name, "parameters": {"media": media}})
    volumes = {volume["name"]: volume for volume in made.pod["volumes"]}
    assert volumes["media"] == {"name": "media", **source}
    assert volumes["config"] == {"name": "config", "persistentVolumeClaim": {"claimName": f"{name}-config"}}


@pytest.mark.parametrize("name", ["prowlarr", "overseerr"])
def test_prowlarr_and_overseerr_see_no_media(application, name):
    assert not [volume for volume in application(minimal(name)).pod["volumes"] if "nfs" in volume]


def gateway(application, **parameters):
    return application({"catalogue": "gateway", "parameters": {"domain": "home.example", **parameters}})


def test_the_gateway_serves_https_with_a_certificate_of_the_issuer(application):
    made = gateway(application)
    (https,) = [one for one in made.one("Gateway")["spec"]["listeners"] if one["protocol"] == "HTTPS"]
    certificate = made.one("Certificate")
    assert https["tls"]["certificateRefs"][0]["name"] == certificate["spec"]["secretName"]
    assert [https["hostname"]] == certificate["spec"]["dnsNames"] == ["*.home.example"]
    assert certificate["spec"]["issuerRef"]["name"] == full_name("letsencrypt")


def test_the_gateway_sends_http_on_and_takes_no_other_route_for_it(application):
    made = gateway(application)
    (http,) = [one for one in made.one("Gateway")["spec"]["listeners"] if one["protocol"] == "HTTP"]
    route = made.one("HTTPRoute")
    assert http["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert route["spec"]["parentRefs"][0]["sectionName"] == http["name"]
    (rule,) = route["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"]["scheme"] == "https"


def test_the_gateway_takes_routes_of_the_namespaces_that_are_named(application):
    (listener,) = [
        one
        for one in gateway(application, route_namespaces=["gateway", "media"]).one("Gateway")["spec"]["listeners"]
        if one["name"] == "https"
    ]
    (expression,) = listener["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"]
    assert (expression["key"], expression["values"]) == ("kubernetes.io/metadata.name", ["gateway", "media"])


@pytest.mark.parametrize(
    ("given", "notes"), [({}, {}), ({"address": "192.0.2.130"}, {"lbipam.cilium.io/ips": "192.0.2.130"})]
)
def test_the_gateway_gets_its_address_from_a_pool(application, given, notes):
    infrastructure = gateway(application, **given).one("Gateway")["spec"]["infrastructure"]
    assert infrastructure == {"labels": {"pool": "ingress"}, "annotations": notes}


def test_two_gateways_do_not_get_into_each_others_way(application):
    given = {"name": "gateway-public", "parameters": {"domain": "public.example", "gateway": "public"}}
    made = [gateway(application), application({"catalogue": "gateway", **given})]
    assert violations([thing for app in made for thing in app.objects]) == []
