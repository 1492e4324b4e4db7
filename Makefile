# Each target sets up what it needs: git, make and Python >= 3.11 with venv are enough.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
PIP_INSTALL := -m pip install -qq --disable-pip-version-check --no-input

# An interpreter is usable if it runs, is new enough and can make virtual environments.
USABLE := import sys, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

# Compiled once, not by each of the hundreds of processes that tests start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: venv
venv: $(READY) ## create .venv with the locked versions
	@echo "$$($(BIN)/python --version) with the locked versions in .venv"

$(READY): pyproject.toml requirements-dev.lock
	@if ! $(BIN)/python -c 'import pip; $(USABLE)' 2>/dev/null; then \
		for each in python3.13 python3.12 python3.11 python3; do \
			if $$each -c '$(USABLE)' >/dev/null 2>&1; then python=$$each; break; fi; \
		done; \
		if [ -z "$$python" ]; then \
			echo "nettingd needs Python 3.11 or newer, with venv" >&2; \
			echo "(on Debian: apt-get install python3-venv)" >&2; \
			exit 1; \
		fi; \
		echo "setting up .venv with $$($$python --version), about a minute"; \
		$$python -m venv --clear .venv; \
	fi
	@$(BIN)/python $(PIP_INSTALL) -r requirements-dev.lock
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q algorithms adapters daemon
	@touch $@

.PHONY: test
test: $(READY) ## run the tests, in random order (some: ARGS="-k netting")
	@$(BIN)/python -m pytest -q -n $$(( $$(nproc) + 1 )) --dist worksteal $(ARGS)

build/ccxt/.ready: $(READY) requirements-ccxt.lock
	@$(BIN)/python -m venv --clear build/ccxt
	@build/ccxt/bin/python $(PIP_INSTALL) -r requirements-ccxt.lock
	@touch $@

# What its tests need; the other tools would only make its environment larger.
CCXT_TOOLS := hypothesis pytest pytest-asyncio pytest-randomly pytest-timeout pytest-xdist
CCXT_TESTS := tests/simulators/binance/test_ccxt.py tests/contracts/test_broker_ccxt.py
.PHONY: ccxt
ccxt: build/ccxt/.ready ## let the unmodified ccxt use the simulated Binance, and the bridge ccxt
	@build/ccxt/bin/python -m pytest -q -n 2 $(CCXT_TESTS)

.PHONY: lint
lint: $(READY) ## check the rules and the format of the code
	@$(BIN)/ruff check --quiet; rules=$$?; $(BIN)/ruff format --check && exit $$rules

.PHONY: types
types: $(READY) ## check the types
	@$(BIN)/mypy

.PHONY: layers
layers: $(READY) ## check who imports whom
	@$(BIN)/lint-imports --no-logo

build/audit/.ready: $(READY)
	@$(BIN)/python -m venv --clear build/audit
	@build/audit/bin/python $(PIP_INSTALL) pip-audit
	@touch $@

# Fails on a known weakness; says so when nobody can be asked for any.
.PHONY: audit
audit: build/audit/.ready ## ask whether a weakness is known of a locked version
	@rm -f build/audit/found.json; \
	build/audit/bin/pip-audit -r requirements.lock --no-deps --disable-pip \
		--progress-spinner off -f json -o build/audit/found.json 2>build/audit/said; \
	if [ -s build/audit/found.json ]; then \
		$(BIN)/python -m tests.audited build/audit/found.json; \
	else \
		tail -1 build/audit/said; echo "NOT AUDITED: nobody who knows of weaknesses can be asked"; \
	fi

.PHONY: demo
demo: $(READY) ## watch three bots trade on the paper broker, in half a minute
	@$(BIN)/nettingd demo

.PHONY: run
run: $(READY) ## start the daemon with ./config.toml
	@exec $(BIN)/nettingd run

.PHONY: bench
bench: $(READY) ## measure everything that has a goal, on one page
	@$(BIN)/python -m tests.bench

KILLS ?= 24
.PHONY: chaos
chaos: $(READY) ## kill and restart the daemon under load (KILLS=)
	@$(BIN)/python -m tests.chaos --kills $(KILLS)

DAYS ?= $(if $(SEED),1,1000)
.PHONY: simulate
simulate: $(READY) ## play days with faults and kills (DAYS=200), or one again (SEED=7)
	@$(BIN)/python -m tests.simulation --seed $(or $(SEED),1) --days $(DAYS)

.PHONY: systemd
systemd: $(READY) ## run the service under a real systemd, on a machine of its own (as root)
	@NETTINGD_SYSTEMD=1 $(BIN)/python -m pytest -q -n 0 tests/systemd

.PHONY: year
year: $(READY) ## live a year of trading days in Seoul and New York
	@$(BIN)/python -m tests.year

.PHONY: fuzz
fuzz: $(READY) ## malformed webhooks, requests, broker's answers and configurations
	@$(BIN)/python -m tests.fuzz
	@$(BIN)/python -m tests.fuzz.schema --examples 30
	@$(BIN)/python -m tests.fuzz.replies
	@$(BIN)/python -m tests.fuzz.settings

.PHONY: load
load: $(READY) ## flood the daemon, then live a week of webhooks
	@$(BIN)/python -m tests.load

# Locks for every supported Python at once, with no trace of the machine that made them.
UV_COMPILE := build/uv/bin/uv pip compile -q pyproject.toml --universal --python-version 3.11 \
	--fork-strategy fewest --no-header --no-emit-index-url --no-emit-find-links --upgrade

.PHONY: lock
lock: $(READY) ## choose the newest allowed versions anew
	@$(BIN)/python -m venv build/uv
	@build/uv/bin/python $(PIP_INSTALL) uv
	@$(UV_COMPILE) --annotation-style line -o requirements.lock
	@$(UV_COMPILE) --annotation-style line --extra dev -c requirements.lock -o requirements-dev.lock
	@printf '%s\n' $(CCXT_TOOLS) | $(UV_COMPILE) - --annotation-style line --extra ccxt \
		-o requirements-ccxt.lock
	@git diff --stat -- 'requirements*.lock'

.PHONY: clean
clean: ## remove what the other targets made
	@rm -rf .venv build dist nettingd.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
