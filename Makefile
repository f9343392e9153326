# The one entrance. `make` alone lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PORT ?= 4566

# What the machine says about uv and Python is not heard: the python3 on PATH, the lock files, nothing else.
export UV_NO_CONFIG := 1
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

VENVS := .local/venvs
UV := $(CURDIR)/$(VENVS)/uv/bin/uv
ENGINE := $(VENVS)/engine
SAM := $(VENVS)/sam
BENCH := $(VENVS)/bench
DEV := .venv

UV_READY := $(VENVS)/uv/.ready
ENGINE_READY := $(ENGINE)/.ready
SAM_READY := $(SAM)/.ready
BENCH_READY := $(BENCH)/.ready
DEV_READY := $(DEV)/.ready

# On both cores; the end-to-end tests share one engine and stay together.
PYTEST := $(DEV)/bin/pytest --numprocesses 2 --dist loadgroup

##@ The service

.PHONY: run
run: $(ENGINE_READY) ## start everything on this machine, with demo tenants, until Ctrl-C (PORT=4566)
	@exec $(ENGINE)/bin/python -m local up --port $(PORT)

.PHONY: deploy
deploy: $(SAM_READY) ## build the template and deploy it to AWS (SAM_ARGS="--config-env prod")
	PATH="$(CURDIR)/$(VENVS)/uv/bin:$$PATH" $(SAM)/bin/sam build
	$(SAM)/bin/sam deploy $(SAM_ARGS)

##@ Checks

.PHONY: test
test: ## everything: style, types, imports, then all tests in one run
	@$(MAKE) --no-print-directory --jobs 2 types lint imports $(SAM_READY) layers
	@$(PYTEST)

.PHONY: lint
lint: $(DEV_READY) ## style and formatting
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

.PHONY: types
types: $(DEV_READY) ## static types
	$(DEV)/bin/mypy

.PHONY: imports
imports: $(DEV_READY) ## which part may import which
	$(DEV)/bin/lint-imports

.PHONY: unit
unit: $(DEV_READY) ## the geometry and the domain, and the examples of their docstrings
	$(PYTEST) tests/unit layers

.PHONY: functional
functional: $(DEV_READY) ## single handlers in process
	$(PYTEST) tests/functional

.PHONY: template
template: $(DEV_READY) $(SAM_READY) layers ## the template, and every handler imported from the built layers alone
	$(PYTEST) tests/template

.PHONY: e2e
e2e: $(DEV_READY) $(ENGINE_READY) ## the deployed service, on an engine of its own
	$(PYTEST) tests/e2e

.PHONY: verify
verify: $(DEV_READY) $(ENGINE_READY) ## geometry, index and clock against oracles, real polygons where npm is (SEED=...)
	$(DEV)/bin/python -m tests.oracles $(if $(SEED),--seed $(SEED))
	$(DEV)/bin/python -m tests.e2e.histories $(if $(SEED),--seed $(SEED))

.PHONY: bench
bench: $(BENCH_READY) $(ENGINE_READY) ## write docs/benchmarks.md, some 15 minutes (BENCH_ARGS="--geofences 100000")
	@$(ENGINE)/bin/python -m local.layers host
	@$(BENCH)/bin/python -m benchmarks $(BENCH_ARGS)

##@ Builds

.PHONY: layers
layers: $(ENGINE_READY) ## build the layers as AWS runs them (arm64, Python 3.13), and for this machine
	$(ENGINE)/bin/python -m local.layers arm64
	$(ENGINE)/bin/python -m local.layers host

.PHONY: openapi
openapi: $(DEV_READY) ## write docs/openapi.json from the handlers
	$(DEV)/bin/python -m fencepost.api.openapi functions/*/app.py > docs/openapi.json

.PHONY: lock
lock: $(UV_READY) ## bring every pinned version up to date
	$(call compile,layers/geo/requirements)
	$(call compile,layers/core/requirements)
	$(call compile,requirements/engine)
	$(call compile,requirements/sam)
	$(call compile,requirements/uv)
	$(call compile,requirements/dev)
	$(call compile,requirements/bench)

compile = cd $(dir $(1)) && $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-header \
	$(notdir $(1)).in --output-file $(notdir $(1)).txt

.PHONY: clean-data
clean-data: ## forget all data of `make run`
	rm -rf .local/data .local/endpoint.json .local/engine.log

.PHONY: clean
clean: ## remove all that make has made, data too
	rm -rf .local .venv .aws-sam

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Environments, each with a mark as old as its lock file. pip installs uv, and uv everything else.

$(UV_READY): requirements/uv.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later is needed as python3 on PATH." >&2; exit 1; }
	@echo "installing uv"
	@rm -rf $(VENVS)/uv
	@python3 -m venv $(VENVS)/uv \
		|| { echo "python3 has no venv module; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(VENVS)/uv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
		--require-hashes -r $<
	@touch $@

$(ENGINE_READY): requirements/engine.txt | $(UV_READY)
	@echo "installing the engine"
	@$(call environment,$(ENGINE)) --compile-bytecode $<
	@touch $@

$(SAM_READY): requirements/sam.txt | $(UV_READY)
	@echo "installing the SAM command line"
	@$(call environment,$(SAM)) $<
	@touch $@

$(DEV_READY): requirements/dev.txt | $(UV_READY)
	@echo "installing the development tools"
	@$(call environment,$(DEV)) $<
	@$(call with_layers,$(DEV))
	@touch $@

$(BENCH_READY): requirements/bench.txt | $(UV_READY)
	@echo "installing what the benchmarks need"
	@$(call environment,$(BENCH)) --compile-bytecode $<
	@$(call with_layers,$(BENCH))
	@touch $@

environment = $(UV) venv --quiet --clear --no-project --python "$$(command -v python3)" $(1) \
	&& $(UV) pip sync --quiet --require-hashes --python $(1)/bin/python

# The layers are importable by a .pth file: an editable install would fetch a build backend that no lock file pins.
with_layers = printf '%s\n' "$(CURDIR)/layers/geo" "$(CURDIR)/layers/core" \
	> "$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/layers.pth"
