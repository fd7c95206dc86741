# Everything a newcomer or CI runs. Each target installs what it needs; the environment is .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: screenshots help demo serve test test-python test-js fuzz corpus browsers lint format docs lock clean

help:
	@echo "make demo     start a hub, an example site and a volunteer; compute the demo jobs (ONCE=1: stop after)"
	@echo "make serve    start a hub on http://127.0.0.1:8080"
	@echo "make test     all tests, in real browsers too"
	@echo "make lint     format, style, types, layers"
	@echo "make fuzz     compare 100,000 generated expressions with DuckDB; compile hostile documents"
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

# Chromium comes from the system's packages; fonts so that screenshots show text.
browsers:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "installing Chromium"; $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

# --- run -------------------------------------------------------------------------------------

demo: $(VENV)/run
	$(BIN)/owc demo $(if $(ONCE),--once)

serve: $(VENV)/run
	$(BIN)/owc serve

# --- check -----------------------------------------------------------------------------------

test: test-js test-python

test-python: $(VENV)/dev browsers node_modules/.package-lock.json
	$(BIN)/python -m pytest $(ARGS)

test-js: node_modules/.package-lock.json
	$(BIN)/node --test tests/browser/*.test.mjs

# The jobs of the determinism corpus, chosen anew; BLESS=1 pytest tests/corpus keeps the jobs.
corpus: $(VENV)/dev
	$(BIN)/python -m tests.corpus.write

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz expressions
	$(BIN)/python -m tests.fuzz functions
	$(BIN)/python -m tests.fuzz jobs
	$(BIN)/python -m tests.fuzz documents
	$(BIN)/python -m tests.fuzz documents 5000 --guided

# The pictures of the README, of a real hub.
screenshots: $(VENV)/dev browsers
	$(BIN)/python -m tests.browser.screenshots

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
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
