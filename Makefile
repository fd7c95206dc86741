# Everything a newcomer or CI runs. Each target installs what it needs; the environment is .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: screenshots help demo serve cluster test test-python test-js test-browsers test-postgres faults fuzz attack simulate autobahn bench-dispatch bench-score bench-websocket corpus browsers services lint format docs lock clean

help:
	@echo "make demo     start a hub, an example site and a volunteer; compute the demo jobs (ONCE=1: stop after)"
	@echo "make serve    start a hub on http://127.0.0.1:8080"
	@echo "make cluster  start a hub of many processes: nginx, PostgreSQL, Redis (ONCE=1: one job, then stop)"
	@echo "make test     all tests, in real browsers too"
	@echo "make test-browsers  the visitor's way in Chromium, Firefox and WebKit"
	@echo "make test-postgres  the hub's tests on PostgreSQL"
	@echo "make lint     format, style, types, layers"
	@echo "make faults   take every part of a cluster away under load, for as long as it takes; prints a table"
	@echo "make fuzz     compare 100,000 generated expressions with DuckDB; compile hostile documents"
	@echo "make attack   send 100,000 hostile messages at a hub, and generated requests for minutes"
	@echo "make simulate play 1,000 seeds of volunteers that fail and lie in virtual time (ARGS='--seed 17': one again)"
	@echo "make autobahn run the Autobahn suite against our WebSockets"
	@echo "make bench-dispatch   measure dispatch beside its peers (ARGS=--quick: in two minutes)"
	@echo "make docs     write the tables of docs/ that come from the code"
	@echo "make lock     resolve the dependencies anew"

# --- environments ----------------------------------------------------------------------------

$(VENV)/run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed (make PYTHON=python3.12 ...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --editable .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/run
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Three engines from the system's packages (about 110 MB beside Chromium), WebKit with a screen that
# nobody sees; fonts so that screenshots show text.
browsers:
	@needed=""; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || needed="$$needed chromium fonts-dejavu-core"; \
	command -v firefox-esr >/dev/null || command -v firefox >/dev/null || needed="$$needed firefox-esr"; \
	command -v WebKitWebDriver >/dev/null || needed="$$needed webkit2gtk-driver"; \
	command -v Xvfb >/dev/null || needed="$$needed xvfb"; \
	if [ -n "$$needed" ]; then \
	  echo "installing$$needed"; $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$needed >/dev/null; fi

# A cluster's parts, from the system's packages; it starts its own in a temporary folder. What is
# installed here is kept from being started by its package, now (policy-rc.d) and at the next boot.
services:
	@needed=""; \
	[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || needed="$$needed nginx-light"; \
	command -v redis-server >/dev/null || needed="$$needed redis-server"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || needed="$$needed postgresql"; \
	if [ -n "$$needed" ]; then \
	  echo "installing$$needed"; policy=/usr/sbin/policy-rc.d; \
	  if [ ! -e $$policy ]; then \
	    printf '#!/bin/sh\nexit 101\n' | $(SUDO) tee $$policy >/dev/null && $(SUDO) chmod +x $$policy; \
	    trap '$(SUDO) rm -f /usr/sbin/policy-rc.d' EXIT; fi; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$needed >/dev/null && \
	  for package in $$needed; do \
	    $(SUDO) systemctl disable -q $${package%-light} >/dev/null 2>&1 || true; done; fi

# --- run -------------------------------------------------------------------------------------

demo: $(VENV)/run
	$(BIN)/owc demo $(if $(ONCE),--once)

serve: $(VENV)/run
	$(BIN)/owc serve

cluster: $(VENV)/dev services
	$(BIN)/python -m tests.cluster $(if $(ONCE),--once)

# --- check -----------------------------------------------------------------------------------

test: test-js test-python

test-python: $(VENV)/dev browsers services node_modules/.package-lock.json
	$(BIN)/python -m pytest $(ARGS)

# The visitor's way in Chromium, Firefox and WebKitGTK; part of `make test`.
test-browsers: $(VENV)/dev browsers
	$(BIN)/python -m pytest tests/engines $(ARGS)

# The hub's own tests on PostgreSQL instead of SQLite: a server for them alone, ended with them.
test-postgres: $(VENV)/dev services
	$(BIN)/python -m tests.postgres_server $(BIN)/python -m pytest tests/owc $(ARGS)

faults: $(VENV)/dev services
	OWC_FULL_FAULTS=1 $(BIN)/python -m pytest tests/cluster/test_faults.py $(ARGS)

# All attacks, as much of them as a release needs; `make test` runs a slice.
attack: $(VENV)/dev browsers
	OWC_ATTACK_MESSAGES=100000 OWC_ATTACK_SECONDS=300 $(BIN)/python -m pytest tests/attacks $(ARGS)

test-js: node_modules/.package-lock.json
	$(BIN)/node --test tests/browser/*.test.mjs

# The jobs of the determinism corpus, chosen anew; BLESS=1 pytest tests/corpus keeps the jobs.
corpus: $(VENV)/dev
	$(BIN)/python -m tests.corpus.write

# The WebSocket conformance suite, in its own environment; it needs a Python 2.7.
autobahn: $(VENV)/dev
	$(BIN)/python -m tests.conformance.autobahn $(CASES)

# How well a score foretells the time of sub-jobs, in every engine.
bench-score: $(VENV)/dev browsers
	$(BIN)/python -m bench.score

bench-websocket: $(VENV)/dev
	$(BIN)/python -m bench.websocket

simulate: $(VENV)/dev
	$(BIN)/python -m tests.simulation $(if $(ARGS),$(ARGS),--seeds 0:1000 --liars 0.3)

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz expressions
	$(BIN)/python -m tests.fuzz functions
	$(BIN)/python -m tests.fuzz frames
	$(BIN)/python -m tests.fuzz jobs
	$(BIN)/python -m tests.fuzz documents
	$(BIN)/python -m tests.fuzz documents 5000 --guided

# A hub with its swarm, then RQ's own workers, Celery and Dask; see bench/README.md.
.venv-peers/ready: bench/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q -r bench/requirements.txt
	@touch $@

bench-dispatch: $(VENV)/dev .venv-peers/ready
	$(BIN)/python -m bench.dispatch $(ARGS)

# The pictures of the README, of a real hub.
screenshots: $(VENV)/dev browsers
	$(BIN)/python -m tests.browser.screenshots
	$(BIN)/python -m pytest -q tests/engines/test_pictures.py
	$(BIN)/python -m tests.engines.sheets

lint: $(VENV)/dev node_modules/.package-lock.json
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm run --silent typecheck

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# --- upkeep ----------------------------------------------------------------------------------

docs: $(VENV)/run
	$(BIN)/python docs/tables.py

# Versions and hashes, no addresses; one resolution for every platform and Python >= 3.11.
lock: $(VENV)/dev
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --generate-hashes --extra embedded -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --generate-hashes --extra embedded --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) node_modules .venv-autobahn .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
