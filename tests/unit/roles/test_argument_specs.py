# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every role keeps its contract: argument_specs and defaults say the same, and each entry point is documented."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
SECRET_ENDINGS = ("_token", "_password", "_api_key")


def load(role, name):
    return yaml.safe_load((ROOT / "roles" / role / name).read_text()) or {}


def options(role):
    """The options of all entry points: they share the role's defaults."""
    merged = {}
    for entry in load(role, "meta/argument_specs.yml")["argument_specs"].values():
        for name, option in entry.get("options", {}).items():
            assert merged.setdefault(name, option) == option, f"{name} is described twice, differently"
    return merged


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def test_defaults_equal_the_argument_specs_by_value(role):
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert load(role, "defaults/main.yml") == documented


def test_every_option_is_prefixed_typed_and_described(role):
    for name, option in options(role).items():
        assert name.startswith(f"{role}_"), name
        assert option.get("type"), name
        assert option.get("description"), name
        if option["type"] == "list":
            assert option.get("elements"), name


def test_secrets_are_marked(role):
    for name, option in options(role).items():
        if name.endswith(SECRET_ENDINGS):
            assert option.get("no_log") is True, name


def test_every_entry_point_has_its_tasks_and_every_verify_is_an_entry_point(role):
    entries = load(role, "meta/argument_specs.yml")["argument_specs"]
    for entry in entries:
        assert (ROOT / "roles" / role / "tasks" / f"{entry}.yml").is_file(), entry
    if (ROOT / "roles" / role / "tasks" / "verify.yml").exists():
        assert "verify" in entries


def test_the_readme_answers_what_a_user_asks(role):
    text = (ROOT / "roles" / role / "README.md").read_text().lower()
    for word in ("idempotent", "check mode", "rollback", "```yaml"):
        assert word in text, word
