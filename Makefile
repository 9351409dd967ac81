# Everything here runs on a fresh machine with Python 3.11 (venv) and make; only deps-system needs root.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11

.PHONY: help
help: ## what there is to run
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: lock/runtime.txt lock/demo.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r lock/demo.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: lock/dev.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r lock/dev.txt
	@touch $@

.venv-httpbin/.done: lock/httpbin.txt
	$(PYTHON) -m venv .venv-httpbin
	.venv-httpbin/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r lock/httpbin.txt
	@touch $@

.PHONY: install install-dev
install: $(VENV)/.runtime ## the gateway and what the demo needs, from hashed locks, into .venv
install-dev: $(VENV)/.dev .venv-httpbin/.done ## also the linters, the test tools and the real proxies

.PHONY: lock
lock: install-dev ## resolve the locks again (the only target that changes versions)
	cd lock && for g in runtime demo dev; do \
	  extra=; [ $$g = runtime ] || extra="--group ../pyproject.toml:$$g -c runtime.txt"; \
	  [ $$g = runtime ] && extra="--group ../pyproject.toml:build"; \
	  ../$(UV_COMPILE) ../pyproject.toml $$extra -o $$g.txt; done
	cd lock && ../$(UV_COMPILE) --group ../pyproject.toml:httpbin -o httpbin.txt
