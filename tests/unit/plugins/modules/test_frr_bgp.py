# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils import _frr
from ansible_collections.homeops.cluster.plugins.modules import frr_bgp
from fake_frr import FakeFrr

ROUTER = {
    "cluster": "home",
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.11"],
    "pools": ["198.51.100.0/26"],
    "password": "hunter2",
}
OTHERS = "hostname r\nrouter ospf\n network 192.0.2.0/24 area 0\nexit\nkey chain k\n key 1\n  key-string hunter9\n"


def block(**options):
    return _frr.render(_frr.Router.from_options({**ROUTER, **options}))


@pytest.fixture
def place(tmp_path):
    """A directory like /etc/frr, with somebody's configuration."""
    folder = tmp_path / "frr"
    folder.mkdir()
    (folder / "frr.conf").write_text(OTHERS)
    (folder / "frr.conf").chmod(0o640)
    (folder / "daemons").write_text("bgpd=yes\nospfd=no\n")
    return folder


@pytest.fixture(name="run")
def run_(monkeypatch, capsys, place):
    def run(frr, check=False, **options):
        frr.config = place / "frr.conf"
        monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda module, name: "/usr/bin/vtysh")
        monkeypatch.setattr(AnsibleModule, "run_command", lambda module, arguments, **how: frr.run(arguments))
        monkeypatch.setattr(frr_bgp.time, "monotonic", frr.clock)
        monkeypatch.setattr(frr_bgp.time, "sleep", frr.sleep)
        arguments = {"cluster": "home", "config": block(), "path": str(place / "frr.conf"), **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True, _ansible_remote_tmp=str(place.parent))
        with patch_module_args(arguments), pytest.raises(SystemExit):
            frr_bgp.main()
        output = capsys.readouterr().out
        assert "hunter" not in output
        result = json.loads(output)
        result.pop("invocation")
        return result

    return run


def files(place):
    return {path.name: path.read_text() for path in place.iterdir()}


def converged(place, **options):
    """A router that has the block, loaded, with its session."""
    text = OTHERS + block(**options)
    (place / "frr.conf").write_text(text)
    return FakeFrr(text, nodes=["192.0.2.11"])


@pytest.mark.parametrize(
    ("has", "options", "changed"),
    [
        pytest.param(False, {}, True, id="first time"),
        pytest.param(True, {}, False, id="unchanged"),
        pytest.param(True, {"config": block(password="hunter3")}, True, id="another password"),
        pytest.param(True, {"config": block(nodes=["192.0.2.11", "192.0.2.12"])}, True, id="another node"),
        pytest.param(True, {"state": "absent"}, True, id="removed"),
        pytest.param(False, {"state": "absent"}, False, id="removed already"),
    ],
)
def test_check_mode_predicts_the_real_run_and_the_second_run_changes_nothing(run, place, has, options, changed):
    frr = converged(place) if has else FakeFrr(OTHERS, nodes=["192.0.2.11"])
    before, running = files(place), frr.text
    predicted = run(frr, check=True, **options)
    assert (files(place), frr.text) == (before, running)
    result = run(frr, **options)
    assert predicted["changed"] == result["changed"] == changed
    assert predicted["diff"] == result["diff"]
    present = options.get("state") != "absent"
    assert (place / "frr.conf").read_text() == OTHERS + (options.get("config", block()) if present else "")
    assert (place / "frr.conf").stat().st_mode & 0o777 == 0o640
    assert ("CLUSTER-home" in frr.text) is present
    assert "network 192.0.2.0/24 area 0" in frr.text
    assert "systemctl" not in frr.calls
    if changed and present:
        kept = place / "frr.conf.before-home"
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (before["frr.conf"], 0o600)
        assert result["backup_path"] == str(kept)
    if not present:
        assert set(files(place)) == {"frr.conf", "daemons"}
    assert run(frr, **options)["changed"] is False


def test_only_a_statement_that_differs_reaches_frr_and_lists_are_judged_anew(run, place):
    frr = converged(place)
    run(frr, config=block(pools=["198.51.101.0/26"]))
    assert "clear bgp ipv4 unicast peer-group CLUSTER-home soft in" in frr.calls
    frr = converged(place)
    run(frr, config=block(timers={"hold": 30, "keepalive": 10}))
    assert not [call for call in frr.calls if call.startswith("clear")]


def test_a_configuration_that_kills_the_session_is_taken_back(run, place):
    frr = converged(place)
    before, running = files(place), set(frr.lines)
    result = run(frr, config=block(cluster_asn=65999), rollback_timeout=20)
    assert result["failed"] is True
    assert "192.0.2.11 were Established before the change and not within 20 s after it" in result["msg"]
    assert "192.0.2.11 is Established again" in result["msg"]
    assert files(place) == before
    assert set(frr.lines) == running
    assert run(frr)["changed"] is False


@pytest.mark.parametrize(
    ("has", "options"), [(False, {}), (True, {"rollback_timeout": 0})], ids=["first time", "not asked for"]
)
def test_without_a_session_to_lose_a_configuration_stays(run, place, has, options):
    frr = converged(place) if has else FakeFrr(OTHERS, nodes=["192.0.2.11"])
    result = run(frr, config=block(cluster_asn=65999), **options)
    assert (result["changed"], result["established"], frr.now) == (True, [], 0)


def test_a_run_that_was_killed_before_frr_had_the_file_is_completed(run, place, monkeypatch):
    frr = converged(place)
    wanted = block(nodes=["192.0.2.11", "192.0.2.12"])
    monkeypatch.setattr(frr, "load", killed)
    with pytest.raises(KeyboardInterrupt):
        run(frr, config=wanted)
    monkeypatch.undo()
    assert (place / "frr.conf").read_text() == OTHERS + wanted
    assert "192.0.2.12" not in frr.text
    assert run(frr, check=True, config=wanted)["changed"] is True
    assert run(frr, config=wanted)["established"] == ["192.0.2.11"]
    assert "neighbor 192.0.2.12 peer-group CLUSTER-home" in frr.text
    assert run(frr, config=wanted)["changed"] is False


def test_a_run_that_was_killed_while_it_waited_is_taken_back_by_the_same_again(run, place, monkeypatch):
    frr = converged(place)
    before = files(place)["frr.conf"]
    monkeypatch.setattr(frr, "sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        run(frr, config=block(cluster_asn=65999))
    monkeypatch.undo()
    assert frr.sessions == set()
    assert "is Established again" in run(frr, config=block(cluster_asn=65999))["msg"]
    assert (place / "frr.conf").read_text() == before
    assert frr.sessions == {"192.0.2.11"}


def killed(*arguments):
    raise KeyboardInterrupt


def test_what_somebody_removed_from_the_running_frr_is_brought_back(run, place):
    frr = converged(place)
    frr.lines = [line for line in frr.lines if "CLUSTER-home" not in line.text]
    assert run(frr)["changed"] is True
    assert run(frr)["changed"] is False


@pytest.mark.parametrize(("daemons", "restarts"), [("", True), ("zebra watchfrr staticd", True)])
def test_bgpd_is_turned_on_where_nobody_loses_a_session_by_it(run, place, daemons, restarts):
    (place / "daemons").write_text("bgpd=no\nospfd=no\n")
    frr = FakeFrr(daemons=daemons, nodes=["192.0.2.11"])
    result = run(frr)
    assert (place / "daemons").read_text() == "bgpd=yes\nospfd=no\n"
    assert [change["after_header"] for change in result["diff"]] == [str(place / "frr.conf"), str(place / "daemons")]
    assert frr.sessions == {"192.0.2.11"}
    assert run(frr)["changed"] is False


@pytest.mark.parametrize(
    ("file", "frr", "said"),
    [
        ({"frr.conf": "router bgp 65001\n"}, {}, "as AS 65001"),
        ({}, {"refuse": "hostname r"}, "line 1: Unknown command: hostname r"),
        ({}, {"daemons": "zebra ospfd watchfrr"}, "starting it would restart ospfd of others"),
        (
            {},
            {"text": "router bgp 65000\n neighbor 192.0.2.11 remote-as 1\n"},
            "running configuration: 'neighbor 192.0.2.11 remote-as 1'",
        ),
        ({"vtysh.conf": "no service integrated-vtysh-config\n"}, {}, "one file for each daemon"),
    ],
)
def test_what_cannot_be_done_safely_is_refused_before_anything_is_written(run, place, file, frr, said):
    for name, text in file.items():
        (place / name).write_text(text)
    before = files(place)
    result = run(FakeFrr(**frr))
    assert result["failed"] is True
    assert said in result["msg"]
    assert files(place) == before


def test_files_of_single_daemons_are_not_shadowed(run, place):
    (place / "frr.conf").unlink()
    (place / "bgpd.conf").write_text("router bgp 65000\n")
    assert "Merge FRR's files" in run(FakeFrr())["msg"]


def test_a_new_file_is_not_for_everybody(run, place):
    (place / "frr.conf").unlink()
    assert run(FakeFrr())["changed"] is True
    assert (place / "frr.conf").stat().st_mode & 0o777 == 0o640


def test_what_others_wrote_after_a_killed_run_survives_that_it_is_taken_back(run, place, monkeypatch):
    frr = converged(place)
    before = files(place)["frr.conf"]
    monkeypatch.setattr(frr, "sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        run(frr, config=block(cluster_asn=65999))
    monkeypatch.undo()
    (place / "frr.conf").write_text("log syslog\n" + files(place)["frr.conf"] + "ip nht resolve-via-default\n")
    assert run(frr, config=block(cluster_asn=65999))["failed"] is True
    assert (place / "frr.conf").read_text() == f"log syslog\n{before}ip nht resolve-via-default\n"


def test_an_interrupted_run_is_told(run, place, monkeypatch):
    warnings = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda module, warning: warnings.append(warning))
    (place / "frr.conf.before-home.pending").write_text('{"text": "", "sessions": []}')
    run(converged(place))
    assert ["was interrupted" in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("by_hand", "changed"),
    [
        ("router bgp 65000\nneighbor CLUSTER-home remote-as 65999", True),
        ("router bgp 65000\nneighbor CLUSTER-home password another", True),
        ("router bgp 65000\nneighbor 192.0.2.12 peer-group CLUSTER-home", True),
        ("ip prefix-list CLUSTER-home-IN-4 seq 99 permit any", True),
        ("router bgp 65000\nneighbor 203.0.113.9 remote-as 65999", False),
    ],
)
def test_what_somebody_typed_into_the_running_frr_is_corrected(run, place, by_hand, changed):
    frr = converged(place)
    before = set(frr.lines)
    frr.load(by_hand.splitlines())
    assert run(frr)["changed"] is changed
    assert (set(frr.lines) == before) is changed
    assert run(frr)["changed"] is False


def test_overwrite_takes_over_a_node_that_somebody_elses_statements_run_for(run, place):
    theirs = "router bgp 65000\n neighbor 192.0.2.11 remote-as 65010\n neighbor 192.0.2.11 timers 10 30\nexit\n"
    (place / "frr.conf").write_text(theirs)
    frr = FakeFrr(theirs, nodes=["192.0.2.11"])
    assert "set overwrite once" in run(frr)["msg"]
    assert run(frr, overwrite=True)["changed"] is True
    assert frr.sessions == {"192.0.2.11"}
    assert "neighbor 192.0.2.11 timers" not in frr.text
    assert run(frr)["changed"] is False


@pytest.mark.parametrize("line", ["", "bgpd=\n", "bgpd=0\n", 'bgpd="no"\n', "#bgpd=yes\n"])
def test_bgpd_is_turned_on_however_it_is_off(run, place, line):
    (place / "daemons").write_text(f"{line}ospfd=no\n")
    run(FakeFrr(daemons=""))
    text = (place / "daemons").read_text()
    assert text.count("bgpd=yes\n") == 1 + line.startswith("#")
    assert "\nbgpd=yes" in f"\n{text}"


@pytest.mark.parametrize(("daemons", "end"), [("zebra watchfrr staticd", "restart"), ("", "stop")])
def test_where_bgpd_does_not_start_everything_is_as_before(run, place, monkeypatch, daemons, end):
    (place / "daemons").write_text("bgpd=no\n")
    before = files(place)
    frr = FakeFrr(daemons=daemons)
    said = []

    def systemctl(action):
        said.append(action)
        frr.running = daemons

    monkeypatch.setattr(frr, "systemctl", systemctl)
    assert "runs no bgpd 30 s after its start" in run(frr)["msg"]
    assert files(place) == before
    assert said == ["restart", end]


def test_a_vtysh_that_does_not_tell_what_runs_restarts_nothing(run, place, monkeypatch):
    frr = FakeFrr(OTHERS)
    monkeypatch.setattr(frr, "answer", lambda question: (1, "", "vtysh: permission denied"))
    before = files(place)
    assert "does not tell what runs" in run(frr)["msg"]
    assert files(place) == before
    assert "systemctl" not in " ".join(frr.calls)


def test_without_systemctl_what_was_written_is_taken_back(run, place, monkeypatch):
    frr = FakeFrr(daemons="zebra watchfrr")

    def systemctl(action):
        raise FileNotFoundError(2, "No such file or directory", "systemctl")

    monkeypatch.setattr(frr, "systemctl", systemctl)
    (place / "frr.conf").write_text(OTHERS)
    result = run(frr)
    assert "No such file" in result["msg"]
    assert (place / "frr.conf").read_text() == OTHERS
