# Everything a developer runs. `make help` lists it; each target prepares the environment by itself.
# Needs Python 3.11 to 3.13 with venv, and make: no compiler, no curl, no git, no root.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# The lock that the environment was made from is kept in it: the environment is redone when it differs, not before.
INSTALLED := $(VENV)/requirements.lock

# Only `make lock` uses it, in an environment of its own that is thrown away.
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help demo up test faults lint check fix live bench chaos lock clean docs

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); sys.exit(None if ok else \
	    "Caudal needs Python 3.11 to 3.13, this is " + sys.version.split()[0] + ": run make PYTHON=python3.11 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "This Python lacks the venv module: install it first (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) (some 300 MB, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@cp requirements.lock $(INSTALLED)

demo: $(INSTALLED) ## the whole system on real retail data, embedded; Ctrl-C leaves nothing (ARGS="--once --json")
	@$(BIN)/caudal demo $(ARGS)

up: $(INSTALLED) ## the same embedded system without traffic, for your own site or SDK
	@$(BIN)/caudal up $(ARGS)

test: $(INSTALLED) ## every test but `make faults`, the live ones on an embedded broker and Valkey; three files at a time
	@$(BIN)/python -m tests -q --ignore=tests/chaos -n 3 --dist loadgroup $(ARGS)

faults: $(INSTALLED) ## servers, workers, networks and disks that break, judged by a checker; on Apache Kafka where it is at hand
	@$(BIN)/python -m tests -q tests/chaos $(ARGS)

lint: $(INSTALLED) ## style, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

check: lint ## style, types, import rules, unit tests: no server needed
	@$(BIN)/python -m tests -q -m "not live" -n 2 --dist loadgroup tests/unit tests/architecture $(ARGS)

fix: $(INSTALLED) ## what ruff can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

live: $(INSTALLED) ## the live tests on real servers: CAUDAL_TEST_BROKER=host:port CAUDAL_TEST_REDIS=redis://host:port
	@test -n "$$CAUDAL_TEST_BROKER" && test -n "$$CAUDAL_TEST_REDIS" || { \
	    echo "Name the servers: CAUDAL_TEST_BROKER=host:port CAUDAL_TEST_REDIS=redis://host:port make live"; \
	    echo "To have Apache Kafka and redis-server started and stopped around it: $(BIN)/python -m tests.real_servers -- make live"; exit 2; }
	@CAUDAL_TEST_STRICT=1 $(BIN)/python -m tests -q -m "not embedded" tests/live tests/contract $(ARGS)

bench: $(INSTALLED) ## the benchmarks, each prints a table (ARGS=--json)
	@for question in pipeline freshness serving intake; do \
	    echo "== $$question"; $(BIN)/python -m benchmarks.$$question $(ARGS) || exit 1; done

chaos: $(INSTALLED) ## a million events, a fault every ten seconds, and the checker's verdict; needs java, mvn, redis-server
	@CAUDAL_CHAOS_SERVERS=real $(BIN)/python -m tests.chaos --events 1000000 --rate 1500 --every 10 \
	    --report benchmarks/results/chaos.md $(ARGS)

docs: $(INSTALLED) ## the page that is made from the code
	@$(BIN)/python -m docs.settings_reference > docs/settings.md.new && mv docs/settings.md.new docs/settings.md

lock: ## resolve requirements.lock anew, for every supported Python and platform
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --extra dev pyproject.toml --output-file requirements.lock
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --constraint requirements.lock pyproject.toml deploy/image.in --output-file deploy/image.lock
	@rm -rf .venv-lock

clean: ## the environment and all caches of the tools
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
