# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Two commands matter to a newcomer: `make lab` and `make test`. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help lab lab-down lab-status test test-all lint unit sanity molecule-% bench docs




READY := .venv/.ready

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: $(READY)  ## Build the lab, run site.yml against it, show what came of it
	@.venv/bin/python -m tests.lab up

lab-down:  ## Remove everything that make lab made (containers, network, files; caches stay: ARGS=--all removes them too)
	@python3 -m tests.lab down $(ARGS)

lab-status: $(READY)  ## Show the lab's table again
	@.venv/bin/python -m tests.lab status

test: $(READY)  ## Everything a landing must pass: lint, sanity, units, molecule in the lab
	@.venv/bin/python -m tests.gate

test-all: $(READY)  ## make test and the long runs
	@.venv/bin/python -m tests.gate --all

lint: $(READY)  ## Linters and type checks (seconds)
	@.venv/bin/python -m tests.gate lint

unit: $(READY)  ## Unit tests (seconds)
	@.venv/bin/python -m tests.gate unit

sanity: $(READY)  ## ansible-test sanity
	@.venv/bin/python -m tests.gate sanity

molecule-%: $(READY)  ## One scenario, for example make molecule-default
	@.venv/bin/python -m tests.gate $@

bench: $(READY)  ## Measure, and write tests/bench/RESULTS.md (ARGS=configure: only this section)
	@.venv/bin/python -m tests.bench $(ARGS)

docs: $(READY)  ## Write the generated pages of docs/ anew
	@.venv/bin/python docs/generate_description.py

$(READY): requirements/controller.txt requirements/test.txt tests/lab/check.py
	@python3 -m tests.lab check
	@python3 -m tests.lab python
	@touch $@
