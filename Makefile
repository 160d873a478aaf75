# One word for each daily act. Every word that needs the installation sets it up first; that takes
# a fraction of a second when nothing has changed.

PYTHON := .venv/bin/python
STILLSTREAM := .venv/bin/stillstream
PYTEST := $(PYTHON) -m pytest
TESTS ?= tests

.DEFAULT_GOAL := help
.PHONY: help setup demo up down status test soak bench lint types imports check \
	schemas schemas-check dashboards dashboards-check compose-check docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing: Debian packages, .venv, Kafka's jars
	@deploy/local/setup

demo: setup ## a simulated beamtime and real images, live; ONCE=1 ends by itself
	@$(STILLSTREAM) demo $(if $(ONCE),--once)

up: setup ## start the local stack
	@$(STILLSTREAM) up

down: ## stop it
	@$(STILLSTREAM) down

status: ## processes, health, lag, freshness, throughput, latency
	@$(STILLSTREAM) status

test: setup ## everything but the soak runs, on the real parts (TESTS=path for some of it)
	@$(PYTEST) -m "not soak" $(TESTS)

soak: setup ## the long kill, load and fuzz runs; property tests with new examples
	@$(PYTEST) -m "soak or hypothesis" --hypothesis-profile=search $(TESTS)

bench: setup ## ratios against a peer or a physical limit; status 1 when a goal is missed
	@$(STILLSTREAM) bench

lint: setup ## ruff: rules and format
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

types: setup ## mypy, strict, on libs and services
	@$(PYTHON) -m mypy

imports: setup ## who may import whom
	@.venv/bin/lint-imports

schemas: setup ## write the JSON Schemas of all messages
	@$(PYTHON) -m libs.messages.schema_export

schemas-check: setup
	@$(PYTHON) -m libs.messages.schema_export --check

dashboards: setup ## write Grafana's dashboards
	@$(PYTHON) -m deploy.grafana.generate

dashboards-check: setup
	@$(PYTHON) -m deploy.grafana.generate --check

compose-check: setup
	@docker-compose -f docker-compose.yml config -q

docs: setup ## check that every link between our documents leads somewhere
	@$(PYTHON) deploy/local/check_links.py

check: lint types imports schemas-check dashboards-check compose-check docs ## all of these

clean: ## stop the stack; remove what tools leave behind (var/ and .venv/ stay)
	@if [ -x $(STILLSTREAM) ]; then $(STILLSTREAM) down; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find libs services tests deploy schemas -name __pycache__ -type d -prune -exec rm -rf {} +
