# The only verbs. `make help` lists them.

# The system's own Python comes first: an environment made from a Python in somebody's home
# directory cannot be read by the other users that tests drop to when run as root.
PYTHON ?= $(firstword $(foreach python,/usr/bin/python3 python3 python3.13 python3.12 python3.11,\
  $(shell $(python) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
    >/dev/null 2>&1 && echo $(python))))

# A process for each core, each with its own servers; PARALLEL= runs one test after another.
PARALLEL ?= --numprocesses auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
# Where generated files live, and what they are now: `make check` refuses that generating anew
# changes them. (No git here: files that are right but not yet committed are right.)
GENERATED := docs deploy .env.example
FINGERPRINT = find $(GENERATED) -type f -exec sha256sum {} + 2>/dev/null | sort -k 2

# The registry is whatever this machine is set up for: nothing here names one.
LOCK := $(UV) pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv trusts the certificates that this machine does, as pip and git do, where it has any.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),)
export UV_SYSTEM_CERTS ?= 1
endif

.DEFAULT_GOAL := help
.PHONY: help setup runtime run tools test check generate bench requirements clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## make .venv with everything for development, pinned by hash

run: runtime ## start the server with the runtime requirements alone
	$(BIN)/gatewatch serve

test: setup tools ## run every test; ARGS are handed to pytest
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

check: setup ## lint, format, types, import contracts, generated files in sync
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(FINGERPRINT) > $(VENV)/generated.before
	$(MAKE) --no-print-directory generate
	@$(FINGERPRINT) | diff $(VENV)/generated.before - | awk '/^[<>]/ {print $$3}' | sort -u \
	  > $(VENV)/generated.changed
	@! grep . $(VENV)/generated.changed >&2 || { \
	  echo "these differed from what the code says; they are right now: commit them" >&2; exit 1; }

generate: setup ## write the reference, rules and dashboards anew from the code
	$(BIN)/python -m gatewatch.cli.generate

tools: setup ## unpack Chromium, promtool and wrk into .tools where the machine has none
	$(BIN)/python scripts/tools.py

bench: setup tools ## measure beside other servers, print ratios; needs npm's registry; ARGS go on
	$(UV) pip install --require-hashes -r requirements/bench.txt
	$(BIN)/python -m bench $(ARGS)

requirements: $(VENV)/.uv ## lock the newest versions that pyproject.toml allows, with hashes
	$(LOCK) --group bootstrap -o requirements/bootstrap.txt
	$(LOCK) pyproject.toml -c requirements/bootstrap.txt -o requirements/base.txt
	$(LOCK) pyproject.toml --all-extras --group dev \
	  -c requirements/bootstrap.txt -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) --group bench -o requirements/bench.txt

clean: ## remove what make made
	rm -rf $(VENV) .tools dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# ------------------------------------------------------------------ the environment, by stamps

$(VENV)/.uv: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "gatewatch needs Python 3.11 or newer with venv \
	(on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	@touch $@

# The project goes in last and alone: --no-deps and --no-build-isolation, so that nothing that
# is not locked is ever fetched.
INSTALL_PROJECT = $(UV) pip install --no-deps --no-build-isolation --editable .

$(VENV)/.locked: $(VENV)/.uv requirements/dev.txt
	$(UV) pip sync --require-hashes requirements/bootstrap.txt requirements/dev.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.locked pyproject.toml
	$(INSTALL_PROJECT)
	@touch $@ $(VENV)/.runtime

$(VENV)/.runtime: $(VENV)/.uv requirements/base.txt pyproject.toml
	$(UV) pip install --require-hashes -r requirements/base.txt
	$(INSTALL_PROJECT)
	@touch $@

runtime: $(VENV)/.runtime
