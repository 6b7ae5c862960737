# Everything one can do here. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8080
SERVICE_MODEL ?= artifacts/model
ARGS ?=
MINUTES ?= 10

BIN := .venv/bin
# The locks are whole: pip has nothing to resolve, and older ones take extras of a package newer than is pinned.
LOCKED := --no-deps --quiet --require-hashes --only-binary :all:
INSTALL := $(BIN)/pip install --no-compile --disable-pip-version-check $(LOCKED)
# What only developing needs is a lot, and uv takes a tenth of the time for it. It does not read pip's settings:
# where an index stands only there, pip does it.
INSTALL_FAST := $(BIN)/uv pip install $(LOCKED)
LOCKS := requirements requirements-lean requirements-pandas requirements-training requirements-traces requirements-s3 requirements-parquet requirements-lambda requirements-deploy requirements-dev requirements-audit requirements-uv requirements-clients
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header

# Three processes run the tests, each a file at a time: many tests wait for something; -n0 in ARGS runs them in one.
PARALLEL := --numprocesses 3 --dist loadfile --no-loadscope-reorder

export SERVICE_MODEL
# What is installed is not compiled yet. Python keeps what it compiles, also where the environment says no:
# or each process that imports scikit-learn would take four seconds for it, not one.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve train test check coverage faults fuzz frames pictures bench lint types lock lock-check format image sbom audit clean

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: port .venv/serving artifacts ## Serve the model on http://127.0.0.1:8080 (PORT=, SERVICE_MODEL=)
	@$(if $(filter s3://%,$(SERVICE_MODEL)),true,echo "When it listens, try this in another terminal:"; \
		$(BIN)/python -m service example "$(SERVICE_MODEL)" --url http://127.0.0.1:$(PORT))
	@SERVICE_DRAIN_SECONDS=$${SERVICE_DRAIN_SECONDS:-0} exec $(BIN)/gunicorn \
		--bind 127.0.0.1:$(PORT) $(if $(SERVICE_METRICS_PORT),--bind 127.0.0.1:$(SERVICE_METRICS_PORT))

.PHONY: port
port:
	@case "$(PORT)" in ''|*[!0-9]*) \
		echo "PORT must be a number, like this: make serve PORT=8081" >&2; exit 1;; esac

.PHONY: artifacts
artifacts: .venv/serving
	@if [ "$(SERVICE_MODEL)" = artifacts/model ] && [ ! -e artifacts/model ]; then \
		$(BIN)/python -m training fit; fi

train: .venv/serving ## Train and pack the sensor model again
	@$(BIN)/python -m training fit

test: .venv/developing ## Run the tests (ARGS= for pytest)
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

check: .venv/developing ## Run lint, types, locks and tests: CI runs this and faults
	@$(MAKE) --no-print-directory --jobs 2 lint types lock-check .venv/clients/installed .venv/audit/installed
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

coverage: .venv/developing .venv/clients/installed .venv/audit/installed ## Run the tests and ask whether they reach 90 % of the code
	@$(BIN)/pytest --cov $(PARALLEL) $(ARGS)

# What measures time has the machine to itself; these do not.
UNTIMED := $(patsubst %,tests/faults/test_%.py,described rolling soak)

faults: .venv/developing ## Run the long tests of overload, crashes and updates, in containers
	@$(if $(ARGS),$(BIN)/pytest tests/faults $(ARGS),$(BIN)/pytest tests/faults $(UNTIMED:%=--ignore=%) && \
		$(BIN)/pytest $(PARALLEL) $(UNTIMED))

fuzz: .venv/developing ## Search for faults of the model loader for 10 minutes (MINUTES=, ARGS=--help)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

frames: .venv/developing ## Try 2,000 random frames: what is served is what the estimator says (ARGS=--help)
	@$(BIN)/python -W ignore -m tests.any_frame $(ARGS)

pictures: .venv/developing ## Take the pictures of README and docs anew
	@$(BIN)/python -m tests.pictures $(ARGS)

bench: .venv/developing ## Measure the service beside its peers, for an hour (ARGS=--help)
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/developing ## Check style
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --diff .

types: .venv/developing ## Check types
	@$(BIN)/mypy

format: .venv/developing ## Put the code into shape
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

lock: .venv/developing ## Write requirements*.txt anew from requirements*.in (ARGS=--upgrade)
	@for name in $(LOCKS); do $(LOCK) $(ARGS) $$name.in --output-file $$name.txt >/dev/null; done

lock-check: .venv/developing ## Check that requirements*.txt match requirements*.in
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && for name in $(LOCKS); do \
		cp $$name.txt "$$folder" && $(LOCK) $$name.in --output-file "$$folder/$$name.txt" >/dev/null && \
		diff $$name.txt "$$folder/$$name.txt" || \
		{ echo "$$name.txt does not match $$name.in: run make lock"; exit 1; }; done

image: ## Build the container image, slipway
	@docker build --tag slipway --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ) .

IMAGE ?= slipway
sbom: .venv/deploying .venv/audit/installed ## List what the image is made of, as CycloneDX in sbom/ (IMAGE=)
	@$(BIN)/python -m ecs.commands.sbom "$(IMAGE)" sbom

audit: .venv/audit/installed ## Ask PyPI for known vulnerabilities of what is locked (ARGS= for pip-audit)
	@for name in $(LOCKS); do echo "$$name.txt"; \
		.venv/audit/bin/pip-audit --strict --disable-pip --no-deps -r $$name.txt $(ARGS) || failed=1; \
	done; test -z "$$failed"

clean: ## Remove what make made
	@rm -rf .venv artifacts sbom benchmarks/.venvs benchmarks/.work .coverage .mypy_cache .pytest_cache .ruff_cache

# What is installed: for serving and training, and for developing on top.
SERVING := requirements.txt requirements-training.txt requirements-pandas.txt
DEVELOPING := $(SERVING) requirements-deploy.txt requirements-dev.txt
.venv/serving: $(SERVING) | .venv/bin/python
	@echo "Installing what serving and training need"
	@$(INSTALL) $(SERVING:%=-r %)
	@touch $@

.venv/developing: requirements-dev.txt requirements-deploy.txt .venv/serving .venv/bin/uv
	@echo "Installing what developing needs"
	@$(INSTALL_FAST) --python $(BIN)/python $(DEVELOPING:%=-r %) || $(INSTALL) $(DEVELOPING:%=-r %)
	@touch .venv/deploying $@

# What the commands in ecs/ need; they make this themselves.
.venv/deploying: requirements-deploy.txt | .venv/bin/python
	@echo "Installing what deploying needs"
	@$(INSTALL) -r requirements-deploy.txt
	@touch $@

# Clients of other protocols, which some tests call the service with.
.venv/clients/installed: requirements-clients.txt .venv/bin/uv
	@echo "Installing clients of other protocols"
	@$(BIN)/python -m venv .venv/clients
	@$(INSTALL_FAST) --python .venv/clients/bin/python -r requirements-clients.txt
	@touch $@

# What lists the parts of an image and asks for their vulnerabilities, apart from what is listed.
.venv/audit/installed: requirements-audit.txt .venv/bin/uv
	@echo "Installing what an audit needs"
	@$(BIN)/python -m venv .venv/audit
	@$(INSTALL_FAST) --python .venv/audit/bin/python -r requirements-audit.txt || \
		.venv/audit/bin/pip install --disable-pip-version-check $(LOCKED) -r requirements-audit.txt
	@touch $@

.venv/bin/uv: requirements-uv.txt | .venv/bin/python
	@$(INSTALL) -r requirements-uv.txt
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Slipway needs Python 3.11 or later: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Python's venv module is missing: apt install python3-venv"; exit 1; }
