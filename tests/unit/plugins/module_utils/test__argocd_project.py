# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project import (
    DESTINATIONS,
    IN_CLUSTER,
    SOURCE_REPOS,
    Expression,
    Request,
    plan,
    request,
    same,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from hypothesis import given
from hypothesis import strategies as st

APP = "https://github.com/example/app"
OTHER = "https://github.com/example/other"
CHARTS = "https://charts.example.com/media"
WHERE = "AppProject argocd/apps"


def local(namespace, **more):
    return {"server": IN_CLUSTER, **more, "namespace": namespace}


def asked(state="present", accept_risk=(), **lists):
    return Request(
        "apps", "argocd", {name: tuple(entries) for name, entries in lists.items()}, state, frozenset(accept_risk)
    )


def planned(current, state="present", accept_risk=(), **lists):
    return plan(current, asked(state, accept_risk, **lists), WHERE)


def after(current, *arguments, **options):
    found = planned(current, *arguments, **options)
    return {name: found.after(name, entries) for name, entries in current.items()}


def refusal(*arguments, **options):
    with pytest.raises(ClusterError) as caught:
        planned(*arguments, **options)
    return str(caught.value)


# --- what is asked for ---


def options(**given_options):
    return {
        "project": "apps",
        "namespace": "argocd",
        "source_repos": None,
        "destinations": None,
        "namespaces": None,
        "state": "present",
        "accept_risk": [],
        **given_options,
    }


def test_only_lists_that_are_given_are_asked_for():
    assert request(options(source_repos=[APP])).lists == {SOURCE_REPOS: (APP,)}
    assert request(options(namespaces=[])).lists == {DESTINATIONS: ()}


def test_namespaces_are_destinations_in_the_cluster_of_argo_cd():
    entry = {"server": None, "name": "edge", "namespace": "media"}
    asked_for = request(options(destinations=[entry], namespaces=["jellyfin"]))
    assert asked_for.lists == {DESTINATIONS: ({"name": "edge", "namespace": "media"}, local("jellyfin"))}


def test_what_is_asked_for_twice_counts_once():
    asked_for = request(options(source_repos=[APP, f"{APP}.git"], destinations=[local("a")], namespaces=["a", "a"]))
    assert asked_for.lists == {SOURCE_REPOS: (APP,), DESTINATIONS: (local("a"),)}


def test_everything_that_is_wrong_is_told_at_once():
    entry = {"server": None, "name": None, "namespace": "media"}
    with pytest.raises(ClusterError) as caught:
        request(options(source_repos=[APP, ""], destinations=[entry], namespaces=[""]))
    assert [problem.where for problem in caught.value.problems] == [
        "source_repos[1]",
        "namespaces[0]",
        "destinations[0]",
    ]


@pytest.mark.parametrize("empty", ["", None])
def test_an_entry_for_applications_without_a_namespace(empty):
    entry = {"server": IN_CLUSTER, "namespace": empty}
    assert request(options(destinations=[entry])).lists == {DESTINATIONS: ({"server": IN_CLUSTER},)}


@pytest.mark.parametrize("option", ["project", "namespace", "path"])
def test_an_empty_option_is_not_taken_for_all_namespaces_or_for_the_cluster(option):
    with pytest.raises(ClusterError, match=f"{option}: is empty"):
        request(options(source_repos=[APP], **{option: ""}))


# --- equality ---

SAME = [
    ("git@github.com:Example/App.git", "ssh://git@github.com/example/app"),
    (APP, "HTTPS://GitHub.com/example/APP.git"),
    (APP, f"  {APP} "),
    (f"!{APP}", f"!{APP}.git"),
    ("*", "*"),
    ("ssh://git@github.com:org/repo", "ssh://git@github.com:org/repo"),
    (local("media"), {"server": IN_CLUSTER, "name": "", "namespace": "media"}),
]
DIFFERENT = [
    (APP, f"{APP}/"),
    (APP, "http://github.com/example/app"),
    (APP, "git@github.com:example/app"),
    (APP, f"!{APP}"),
    (APP, "https://github.com:443/example/app"),
    ("registry.example.com/charts", "oci://registry.example.com/charts"),
    # Argo CD cannot parse any of these, and would take each for the other.
    ("ssh://git@github.com:org/repo", "ssh://git@evil.test:org/repo"),
    ("10.0.0.5:5000/charts", ""),
    ("!10.0.0.5:5000/charts", "!10.0.0.6:5000/charts"),
    (local("media"), local("Media")),
    (local("media"), {"name": "in-cluster", "namespace": "media"}),
    (local("media"), {"server": f"{IN_CLUSTER}/", "namespace": "media"}),
    (Expression("{{ a }}"), Expression("{{ a }}")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_to_argo_cd(one, other):
    assert same(one) is not None
    assert same(one) == same(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_not_the_same_to_argo_cd(one, other):
    assert same(one) is None or same(one) != same(other)


# --- present, absent, exact ---

BOTH = {SOURCE_REPOS: [CHARTS, f"{APP}.git"], DESTINATIONS: [local("media")]}


@pytest.mark.parametrize(
    ("state", "lists", "expected"),
    [
        # Present: what is missing comes last; what is there in another form stays as it is.
        ("present", {SOURCE_REPOS: [APP, OTHER]}, {SOURCE_REPOS: [CHARTS, f"{APP}.git", OTHER]}),
        ("present", {DESTINATIONS: [local("a"), local("media")]}, {DESTINATIONS: [local("media"), local("a")]}),
        ("present", {SOURCE_REPOS: [CHARTS], DESTINATIONS: []}, {}),
        # Absent: whatever its form.
        ("absent", {SOURCE_REPOS: [APP, OTHER]}, {SOURCE_REPOS: [CHARTS]}),
        ("absent", {DESTINATIONS: [local("media")]}, {DESTINATIONS: []}),
        ("absent", {SOURCE_REPOS: [f"{APP}/"], DESTINATIONS: [local("a")]}, {}),
        # Exact: only of the lists that are given, in the order in which they were.
        ("exact", {SOURCE_REPOS: [APP, CHARTS]}, {}),
        ("exact", {SOURCE_REPOS: [OTHER, APP]}, {SOURCE_REPOS: [f"{APP}.git", OTHER]}),
        ("exact", {SOURCE_REPOS: []}, {SOURCE_REPOS: []}),
        ("exact", {DESTINATIONS: [local("a")]}, {DESTINATIONS: [local("a")]}),
    ],
)
def test_what_comes_and_goes(state, lists, expected):
    assert after(BOTH, state, **lists) == {**BOTH, **expected}
    assert planned(BOTH, state, **lists).changed == bool(expected)


def test_equal_entries_are_left_alone_go_together_and_are_reduced_to_the_one_that_is_asked_for():
    current = {SOURCE_REPOS: [f"{APP}.git", CHARTS, APP]}
    assert not planned(current, "present", **{SOURCE_REPOS: [APP]}).changed
    assert after(current, "absent", **{SOURCE_REPOS: [APP]}) == {SOURCE_REPOS: [CHARTS]}
    assert after(current, "exact", **{SOURCE_REPOS: [CHARTS, APP]}) == {SOURCE_REPOS: [CHARTS, APP]}
    upper = APP.replace("app", "APP")
    assert after(current, "exact", **{SOURCE_REPOS: [upper]}) == {SOURCE_REPOS: [f"{APP}.git"]}


def test_what_cannot_be_parsed_is_taken_out_by_its_own_name_only():
    broken = ["ssh://git@github.com:org/repo", "10.0.0.5:5000/charts"]
    assert after({SOURCE_REPOS: broken}, "absent", **{SOURCE_REPOS: broken[:1]}) == {SOURCE_REPOS: broken[1:]}


# --- refused ---


@pytest.mark.parametrize(
    ("current", "lists", "message"),
    [
        (
            {SOURCE_REPOS: ["*", "!https://github.com/example/**"]},
            {SOURCE_REPOS: [APP]},
            f"the entry !https://github.com/example/** forbids {APP}. Take that entry away first",
        ),
        (
            {SOURCE_REPOS: [APP, f"!{APP}.git"]},
            {SOURCE_REPOS: [APP]},
            f"the entry !{APP}.git forbids {APP}",
        ),
        (
            {DESTINATIONS: [local("*"), local("!kube-*")]},
            {DESTINATIONS: [local("kube-system")]},
            f"the entry server {IN_CLUSTER}, namespace !kube-* forbids server {IN_CLUSTER}, namespace kube-system",
        ),
        (
            {DESTINATIONS: [{"name": "!in-cluster", "namespace": "*"}]},
            {DESTINATIONS: [local("media")]},
            "the entry name !in-cluster, namespace * forbids",
        ),
        # What argocd-server refuses when somebody edits the project there.
        (
            {DESTINATIONS: [local("media")]},
            {DESTINATIONS: [local("media", name="in-cluster")]},
            "argocd-server would refuse it",
        ),
    ],
)
def test_what_would_not_come_to_what_was_asked_for_is_refused(current, lists, message):
    assert message in refusal(current, **lists)


def test_a_deny_entry_that_forbids_something_else_is_none_of_our_business():
    current = {SOURCE_REPOS: ["https://github.com/example/*", f"!{OTHER}"]}
    assert planned(current, **{SOURCE_REPOS: [APP]}).changed


def test_a_deny_entry_by_a_name_that_only_argo_cd_knows_is_not_guessed_at():
    current = {DESTINATIONS: [{"name": "!edge", "namespace": "*"}]}
    other = {"server": "https://192.0.2.20:6443", "namespace": "media"}
    assert planned(current, **{DESTINATIONS: [other]}).changed


@pytest.mark.parametrize(
    "current",
    [
        {SOURCE_REPOS: ["*", f"!{OTHER}"]},
        {DESTINATIONS: [local("*"), local("!kube-system"), local("!argocd")]},
    ],
)
def test_a_deny_entry_beside_one_for_everything_opens_nothing_more(current):
    assert planned(current, **{SOURCE_REPOS: [APP], DESTINATIONS: [local("media")]}).warnings == ()


def test_what_is_taken_out_may_be_forbidden():
    current = {SOURCE_REPOS: [APP, f"!{APP}"]}
    assert after(current, "absent", **{SOURCE_REPOS: [APP]}) == {SOURCE_REPOS: [f"!{APP}"]}


def test_what_argocd_server_would_have_refused_before_stands_in_nobodys_way():
    twice = {DESTINATIONS: [local("media"), local("media")]}
    assert planned(twice, **{DESTINATIONS: [local("a")]}).changed


TRAPS = [
    (SOURCE_REPOS, f"!{OTHER}", "deny_opens_rest"),
    (SOURCE_REPOS, "ssh://git@github.com:org/repo", "unparsable_url"),
    (SOURCE_REPOS, "https://github.com/{a,b}/*", "braces"),
    (SOURCE_REPOS, "https://github.com/a b", "space"),
    (SOURCE_REPOS, "https://user:hunter2@github.com/a", "credentials"),
    (SOURCE_REPOS, "https://ghp_hunter2hunter2hunter2@github.com/a", "credentials"),
    (DESTINATIONS, {"server": "https://user:hunter2@192.0.2.20", "namespace": "media"}, "credentials"),
    (DESTINATIONS, {"server": f"{IN_CLUSTER}/", "namespace": "media"}, "trailing_slash"),
]


@pytest.mark.parametrize(("name", "entry", "code"), TRAPS)
def test_a_trap_is_refused_unless_its_risk_is_accepted(name, entry, code):
    message = refusal({}, **{name: [entry]})
    assert f"add {code} to accept_risk" in message
    assert "hunter2" not in message
    accepted = planned({}, accept_risk=[code], **{name: [entry]})
    assert (accepted.changed, accepted.warnings) == (True, ())


@pytest.mark.parametrize(("name", "entry", "code"), TRAPS)
def test_a_trap_that_is_there_already_is_warned_about_only(name, entry, code):
    new = {SOURCE_REPOS: CHARTS, DESTINATIONS: local("x")}[name]
    found = planned({name: [entry]}, **{name: [new]})
    assert found.changed
    assert len(found.warnings) == 1
    assert "hunter2" not in found.warnings[0]
    assert planned({name: [entry]}, accept_risk=[code], **{name: [new]}).warnings == ()


@pytest.mark.parametrize(("name", "entry", "_code"), TRAPS)
def test_a_trap_can_be_taken_out(name, entry, _code):
    assert after({name: [entry]}, "absent", **{name: [entry]}) == {name: []}


@pytest.mark.parametrize("url", ["https://user:hunter2 @github.com/{a}", "https://user:'hunter2 '\\@github.com/{a}"])
def test_no_rule_tells_the_credentials_of_its_entry(url):
    message = refusal({}, **{SOURCE_REPOS: [url]})
    assert ("add braces to" in message, "add credentials to" in message) == (True, True)
    assert "hunter2" not in message


def test_all_that_is_wrong_is_told_at_once():
    message = refusal({}, **{SOURCE_REPOS: ["https://github.com/a b", "https://github.com/{a,b}/*"]})
    assert ("add space to" in message, "add braces to" in message) == (True, True)


# --- entries of a template ---

TEMPLATE = {SOURCE_REPOS: [Expression("{{ repository }}"), CHARTS]}


@pytest.mark.parametrize(
    ("state", "expected"), [("present", [*TEMPLATE[SOURCE_REPOS], APP]), ("absent", TEMPLATE[SOURCE_REPOS])]
)
def test_an_expression_is_kept(state, expected):
    found = planned(TEMPLATE, state, **{SOURCE_REPOS: [APP]})
    assert found.after(SOURCE_REPOS, TEMPLATE[SOURCE_REPOS]) == expected
    assert [("{{ repository }}" in warning) for warning in found.warnings] == [True] * (state == "absent")


def test_exact_would_take_away_what_it_does_not_know():
    assert "holds what only rendering tells ({{ repository }})" in refusal(TEMPLATE, "exact", **{SOURCE_REPOS: [APP]})
    assert not planned(TEMPLATE, "exact", **{DESTINATIONS: []}).changed


# --- whatever the lists ---

REPOSITORIES = st.sampled_from(
    [
        f"{scheme}{host}/{path}{end}"
        for scheme, host, path, end in itertools.product(
            ("https://", "HTTPS://", "git@"), ("a.example", "b.example"), ("x", "X", "*"), ("", ".git", "/")
        )
    ]
)
NAMESPACES = st.sampled_from(["a", "b", "*", "a-*"]).map(local)
LISTS = st.fixed_dictionaries(
    {SOURCE_REPOS: st.lists(REPOSITORIES, max_size=6), DESTINATIONS: st.lists(NAMESPACES, max_size=4)}
)
STATES = st.sampled_from(["present", "absent", "exact"])
ACCEPTED = ("trailing_slash", "unparsable_url", "bad_glob", "braces", "space")


def distinct(lists):
    return {name: list({same(entry): entry for entry in entries}.values()) for name, entries in lists.items()}


def keys(lists):
    return {name: {same(entry) for entry in entries} for name, entries in lists.items()}


@given(LISTS, LISTS, STATES)
def test_a_second_time_there_is_nothing_to_do(current, lists, state):
    lists = distinct(lists)
    done = after(current, state, ACCEPTED, **lists)
    assert not planned(done, state, ACCEPTED, **lists).changed


@given(LISTS, LISTS)
def test_present_then_absent_is_as_before(current, lists):
    before = keys(current)
    new = {
        name: [entry for entry in entries if same(entry) not in before[name]]
        for name, entries in distinct(lists).items()
    }
    done = after(current, "present", ACCEPTED, **new)
    assert keys(done) == {name: before[name] | {same(entry) for entry in new[name]} for name in before}
    assert after(done, "absent", ACCEPTED, **new) == current


@given(LISTS, LISTS)
def test_exact_is_exactly_what_was_asked_for(current, lists):
    lists = distinct(lists)
    done = after(current, "exact", ACCEPTED, **lists)
    assert keys(done) == keys(lists)
    assert {name: len(entries) for name, entries in done.items()} == {name: len(lists[name]) for name in done}


@given(LISTS, LISTS, STATES, st.randoms())
def test_the_order_of_what_is_asked_for_makes_no_difference(current, lists, state, random):
    lists = distinct(lists)
    mixed = {name: random.sample(entries, len(entries)) for name, entries in lists.items()}
    one, other = (planned(current, state, ACCEPTED, **asked_for) for asked_for in (lists, mixed))
    assert (one.remove, one.warnings) == (other.remove, other.warnings)
    assert keys(one.add) == keys(other.add)
