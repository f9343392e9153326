# All commands of the project. `make` without a target lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PORT ?= 4566

# Ignore the machine's settings of uv and Python: only the python3 on PATH and the lock files count.
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

# Use both cores. The end-to-end tests share one engine, so one worker runs them all.
PYTEST := $(DEV)/bin/pytest --numprocesses 2 --dist loadgroup

##@ Service

.PHONY: run
run: $(ENGINE_READY) ## start everything on this machine, with demo tenants, until Ctrl-C (PORT=4566)
	@exec $(ENGINE)/bin/python -m local up --port $(PORT)

.PHONY: deploy
deploy: $(SAM_READY) ## build and deploy to AWS (SAM_ARGS="--config-env prod")
	PATH="$(CURDIR)/$(VENVS)/uv/bin:$$PATH" $(SAM)/bin/sam build
	$(SAM)/bin/sam deploy $(SAM_ARGS)

##@ Checks

.PHONY: test
test: ## check style, types and imports, then run all tests
	@$(MAKE) --no-print-directory --jobs 2 types lint imports $(SAM_READY) layers
	@$(PYTEST)

.PHONY: lint
lint: $(DEV_READY) ## check style and formatting
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

.PHONY: types
types: $(DEV_READY) ## check static types
	$(DEV)/bin/mypy

.PHONY: imports
imports: $(DEV_READY) ## check the import contracts
	$(DEV)/bin/lint-imports

.PHONY: unit
unit: $(DEV_READY) ## test the geometry, the domain and the docstring examples
	$(PYTEST) tests/unit layers

.PHONY: functional
functional: $(DEV_READY) ## test single handlers in process
	$(PYTEST) tests/functional

.PHONY: template
template: $(DEV_READY) $(SAM_READY) layers ## test the template, and import every handler from the built layers
	$(PYTEST) tests/template

.PHONY: e2e
e2e: $(DEV_READY) $(ENGINE_READY) ## test the deployed service on a separate engine
	$(PYTEST) tests/e2e

.PHONY: verify
verify: $(DEV_READY) $(ENGINE_READY) ## verify geometry, index and clock against oracles; real polygons need npm (SEED=...)
	$(DEV)/bin/python -m tests.oracles $(if $(SEED),--seed $(SEED))
	$(DEV)/bin/python -m tests.e2e.timeclock.histories $(if $(SEED),--seed $(SEED))

.PHONY: bench
bench: $(BENCH_READY) $(ENGINE_READY) ## measure and write docs/benchmarks.md, about 15 minutes (BENCH_ARGS="--geofences 100000")
	@$(ENGINE)/bin/python -m local.layers host
	@$(BENCH)/bin/python -m benchmarks $(BENCH_ARGS)

##@ Builds

.PHONY: layers
layers: $(ENGINE_READY) ## build the layers for AWS (arm64, Python 3.13) and for this machine
	$(ENGINE)/bin/python -m local.layers arm64
	$(ENGINE)/bin/python -m local.layers host

.PHONY: openapi
openapi: $(DEV_READY) ## generate docs/openapi.json from the handlers
	$(DEV)/bin/python -m fencepost.http.openapi functions/*/app.py > docs/openapi.json

.PHONY: events
events: $(DEV_READY) ## generate the sample events in events/ from tests/events/
	$(DEV)/bin/python -m tests.events

.PHONY: schemas
schemas: $(DEV_READY) ## generate docs/schemas/ and the tables of docs/events.md from the event catalogue
	$(DEV)/bin/python -m fencepost.event_catalogue docs

.PHONY: lock
lock: $(UV_READY) ## update all pinned versions
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
clean-data: ## delete all data of `make run`
	rm -rf .local/data .local/endpoint.json .local/engine.log

.PHONY: clean
clean: ## delete all generated files, including data
	rm -rf .local .venv .aws-sam

.PHONY: help
help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Virtual environments. Each has a .ready file that is newer than its lock file. pip installs uv, and uv the rest.

$(UV_READY): requirements/uv.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later is needed as python3 on PATH." >&2; exit 1; }
	@echo "installing uv"
	@rm -rf $(VENVS)/uv
	@python3 -m venv $(VENVS)/uv \
		|| { echo "python3 has no venv module. On Debian: apt install python3-venv" >&2; exit 1; }
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
	@echo "installing the benchmark dependencies"
	@$(call environment,$(BENCH)) --compile-bytecode $<
	@$(call with_layers,$(BENCH))
	@touch $@

environment = $(UV) venv --quiet --clear --no-project --python "$$(command -v python3)" $(1) \
	&& $(UV) pip sync --quiet --require-hashes --python $(1)/bin/python

# A .pth file makes the layers importable. An editable install would fetch a build backend that no lock file pins.
with_layers = printf '%s\n' "$(CURDIR)/layers/geo" "$(CURDIR)/layers/core" \
	> "$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/layers.pth"
