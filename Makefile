# What a contributor runs. Each target works from a fresh clone with only Python, pip and make.

PYTHON ?= python3
# Handed on to the program a target runs: make test ARGS="-k fence", make lock ARGS=--upgrade
ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

# Otherwise pyright's wrapper asks for newer releases of itself on every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help install demo dev check fmt test test-faults bench-queue lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv with everything in it, from the locked requirements

demo: install ## run one job on a real model, cut the line, show that nothing is lost
	@$(BIN)/tailrace demo $(ARGS)

dev: install ## run the whole service on this machine; Ctrl-C ends it
	@$(BIN)/tailrace dev $(ARGS)

check: install ## format, lint, types, layers, dependencies
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .

fmt: install ## format, and repair what the linter can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

test: install ## all tiers; no Docker, no key
	@$(BIN)/pytest -n 2 --dist loadscope $(ARGS)

test-faults: install ## kill, freeze, restart and cut everything for a quarter of an hour, then count
	@$(BIN)/python -m tests.faults $(ARGS)

bench-queue: install ## the queue against stock arq; ARGS="--with saq,streaq" for more
	@$(BIN)/python -m bench.queue $(ARGS)

lock: $(BIN)/uv ## write requirements/ anew; ARGS=--upgrade takes the newest versions
	@$(COMPILE) $(ARGS) pyproject.toml --output-file requirements/base.txt
	@$(COMPILE) $(ARGS) pyproject.toml --extra local --output-file requirements/local.txt
	@$(COMPILE) $(ARGS) pyproject.toml --extra local --group dev --output-file requirements/dev.txt
	@echo uv | $(COMPILE) $(ARGS) - --output-file requirements/uv.txt

clean: ## remove .venv, caches and builds; data in .tailrace stays
	@rm -rf .venv dist .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	@find api worker shared deploy tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A Debian without python3-venv makes an environment only without pip; pip then works from outside.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo >&2 \
	  "Tailrace needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv --without-pip .venv

$(BIN)/uv: requirements/uv.txt | $(BIN)/python
	@echo "Fetching uv into .venv"
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements/uv.txt
	@touch $@

# sync removes what is not listed, but spares uv and pip. awk leaves out the list of packages, a
# hundred lines, and carries a failure through the pipe.
$(INSTALLED): pyproject.toml requirements/dev.txt $(BIN)/uv
	@echo "Installing the locked packages into .venv (once; a minute or two on a slow line)"
	@{ $(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements/dev.txt 2>&1 || echo FAILED; } \
	  | awk '/^ [-+~] / {next} /^FAILED$$/ {exit 1} {print; fflush()}'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
