# Everything here runs in a fresh clone with Python 3.11 or newer (with venv) and make. Only deps-system needs root.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Dozens of processes import the same modules, each process of a test and the processes that it starts: compiled once.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for p in python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11

.PHONY: help
help: ## what there is to run
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

# --- to see it work ---------------------------------------------------------------------------------------------------

.PHONY: demo smoke
demo: install ## the story on this machine: gateway, Traefik, a sample app; stays up until Ctrl-C
	@exec $(BIN)/python -m demo.run

smoke: install ## the same story as a check: exit 0 only if every answer was right
	@exec $(BIN)/python -m demo.run --check

# --- to work on it ----------------------------------------------------------------------------------------------------

.PHONY: check lint test bench proof
check: install-dev lint ## formatter, linters, types, layers, unit tests: under a minute
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/unit

lint: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev lint ## everything, with real proxies; as root on Debian it installs what it needs (deps-system)
	@.ci/deps-system --if-allowed
	@$(BIN)/python -m supply.audit --where-possible
	$(BIN)/python -m pytest -n 3 --dist worksteal tests --ignore=tests/e2e --ignore=tests/portal
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/portal
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/e2e
	@.ci/deps-system --report

bench: install-dev ## measure everything beside nginx, write docs/benchmarks.md (10 minutes); QUICK=1: a minute, only prints
	@$(BIN)/python -m bench

proof: install-dev ## 1,000 rounds of taking rights away, and of kill -9, into docs/assurance.md (an hour); ROUNDS=n for fewer
	@$(BIN)/python -m tests.proof.revocation --rounds $(or $(ROUNDS),1000)
	@$(BIN)/python -m tests.proof.crash --rounds $(or $(ROUNDS),1000)

.PHONY: screenshots
screenshots: install-dev ## every page of the portal in both themes and on a phone, into docs/screenshots
	@$(BIN)/python -m tests.portal.screenshots

# --- to try it for long: docs/assurance.md has the last results -------------------------------------------------------

MINUTES ?= 5

.PHONY: fuzz soak
fuzz: install-dev ## the property tests with many examples for MINUTES=5, another seed each turn, into docs/assurance.md
	@MINUTES=$(MINUTES) $(BIN)/python -m tests.fuzz

soak: install-dev ## mixed load with churn on two workers for MINUTES=5: memory flat, counts exact; into docs/assurance.md
	@MINUTES=$(MINUTES) $(BIN)/python -m tests.soak

# --- to hand it out ---------------------------------------------------------------------------------------------------

.PHONY: wheel sbom audit clean
sbom: install-dev ## dist/token-gateway.cdx.json: what runs, with versions and licences (CycloneDX)
	@$(BIN)/python -m supply.sbom

audit: install-dev ## known holes in what runs (pip-audit): exit 1 when there are, 3 when nobody could say
	@$(BIN)/python -m supply.audit

wheel: install ## dist/token_gateway-*.whl
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

clean: ## remove what these targets made, the environments included
	rm -rf $(VENV) .venv-httpbin dist build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments -----------------------------------------------------------------------------------------------------

.PHONY: install install-dev deps-system
install: $(VENV)/.runtime ## the gateway and what the demo needs, from hashed locks, into .venv
install-dev: $(VENV)/.dev .venv-httpbin/.done ## also the linters, the test tools and the real proxies

deps-system: ## as root: the few Debian packages that the tests also want (nginx 1.22, chromium, git, ...)
	@.ci/deps-system

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.runtime: lock/runtime.txt lock/demo.txt pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV), from hashed locks ..." >&2
	@$(PIP) install --require-hashes -r lock/demo.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: lock/dev.txt $(VENV)/.runtime
	@echo "installing the development tools into $(VENV) ..." >&2
	@$(PIP) install --require-hashes -r lock/dev.txt
	@touch $@

.venv-httpbin/.done: lock/httpbin.txt | $(BIN)/python
	@echo "installing httpbin, the app of the end-to-end tests, into .venv-httpbin ..." >&2
	@$(PYTHON) -m venv .venv-httpbin
	@.venv-httpbin/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r lock/httpbin.txt
	@touch $@

.PHONY: lock
lock: install-dev ## resolve the locks again (the only target that changes versions)
	cd lock && for g in runtime demo dev; do \
	  extra=; [ $$g = runtime ] || extra="--group ../pyproject.toml:$$g -c runtime.txt"; \
	  [ $$g = runtime ] && extra="--group ../pyproject.toml:build"; \
	  ../$(UV_COMPILE) ../pyproject.toml --extra import $$extra -o $$g.txt; done
	cd lock && ../$(UV_COMPILE) --group ../pyproject.toml:httpbin -o httpbin.txt
