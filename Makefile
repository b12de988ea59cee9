# `make` lists what there is. Everything is set up on first use, in .venv and node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHON
BIN := .venv/bin
PACKAGES := node_modules/ready.stamp
PAGE := clients/js/dist/push-bell.js

.PHONY: help run test retest check lint audit lock chaos fuzz bench screenshots clean venv page

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: venv page ## Start the whole system on this machine
	@exec $(BIN)/python -m dev

test: venv page ## Run the whole test suite (PYTEST_ARGS="..." goes to pytest)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 4 --no-loadscope-reorder $(PYTEST_ARGS)

retest: venv page ## Run the tests that failed in the last run once more, one at a time; refuse more than ten
	@$(BIN)/python -m dev.retest

check: lint ## Lint, format, types, import rules and unit tests
	$(BIN)/python -m pytest tests/unit

lint: venv ## The same without tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: venv ## Look for faults, secrets, licences and vulnerable versions
	@$(BIN)/python -m dev.audit

lock: venv ## Pin all packages with their hashes, as the files requirements*.in ask
	@dev/lock

bench: venv ## Measure the system beside its peers, about 16 minutes (BENCH_ARGS="--quick": 2)
	@$(BIN)/python -m bench $(BENCH_ARGS)

fuzz: venv ## Send generated input to everything that reads it, FUZZ_SECONDS=600 (FUZZ_ARGS="--only tokens" selects)
	@$(BIN)/python -W ignore -m tests.fuzz $(FUZZ_ARGS)

chaos: venv ## Inject faults into whole systems, count what was lost (CHAOS_ARGS="--case kill" selects)
	@$(BIN)/python -m tests.failure $(CHAOS_ARGS)

screenshots: venv page ## Make the pictures of the page that README and docs show
	@$(BIN)/python -m tests.screenshots

clean: ## Remove what was installed and made here (not .data)
	rm -rf .venv node_modules bench/peers/node_modules app/web/static/vendor clients/js/dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

venv:
	@dev/venv

page:
	@if command -v npm >/dev/null; then $(MAKE) -s $(PAGE) || \
		echo "npm failed, so the page lacks live updates; all else works. Try: npm ci && npm run vendor"; \
	else echo "npm is not installed, so the page lacks live updates; all else works. Install Node.js to have them."; fi

$(PAGE): $(PACKAGES) app/web/bundle.mjs $(wildcard clients/js/*.mjs clients/js/src/*.js clients/js/src/*/*.js app/web/static/*.js app/web/static/settings/*.js)
	@npm run --silent vendor

$(PACKAGES): package.json package-lock.json clients/js/package.json
	@echo "Installing the Socket.IO client for the web page ..."
	@npm ci --silent --no-audit --no-fund && touch $@ # npm ci begins by removing what is half made
