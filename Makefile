# `make` lists what there is. Everything is set up on first use, in .venv and node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHON
BIN := .venv/bin
PAGE := node_modules/ready.stamp

.PHONY: help run test check chaos bench clean venv page

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: venv page ## Start the whole system on this machine
	@exec $(BIN)/python -m dev

test: venv page ## Run the whole test suite (PYTEST_ARGS="..." goes to pytest)
	@$(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(PYTEST_ARGS)

check: venv ## Lint, format, types, import rules and unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit

bench: venv ## Measure the IM server beside its peers, about 12 minutes (BENCH_ARGS="--quick": 2)
	@$(BIN)/python -m bench $(BENCH_ARGS)

chaos: venv ## Injure whole systems, count what was lost (CHAOS_ARGS="--case kill" selects)
	@$(BIN)/python -m tests.failure $(CHAOS_ARGS)

clean: ## Remove what was installed and made here (not .data)
	rm -rf .venv node_modules bench/peers/node_modules app/static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

venv:
	@dev/venv

page:
	@if command -v npm >/dev/null; then $(MAKE) -s $(PAGE) || \
		echo "npm failed, so the page lacks live updates; all else works. Try: npm ci && npm run vendor"; \
	else echo "npm is not installed, so the page lacks live updates; all else works. Install Node.js to have them."; fi

$(PAGE): package.json package-lock.json
	@echo "Installing the Socket.IO client for the web page ..."
	@npm ci --silent --no-audit --no-fund && npm run --silent vendor && touch $@ # npm ci begins by removing what is half made
