# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import SCHEMA
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_schema import APP

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_description", DOCS / "generate_description.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_what_the_schema_says(generator):
    assert generator.PAGE.read_text() == generator.render(SCHEMA), "stale: run `make docs`"


def test_options_of_applications_are_what_the_schema_says(generator):
    page = generator.APPLICATIONS.read_text()
    assert page == generator.with_options(page, APP), "stale: run `make docs`"
    assert "| `storage[].share` |" in page


@pytest.mark.parametrize("field", SCHEMA, ids=lambda field: field.name)
def test_every_variable_has_a_section(generator, field):
    assert f"\n## {field.name}\n" in generator.render(SCHEMA)
