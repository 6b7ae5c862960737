# All commands of the project. `make` alone lists them.

PYTHON ?= python3
PORT ?= 8080
SERVICE_MODEL ?= artifacts/model
ARGS ?=
MINUTES ?= 10

BIN := .venv/bin
# The locks are complete: pip has nothing to resolve. Older versions of pip take newer extras than the pinned ones.
LOCKED := --no-deps --quiet --require-hashes --only-binary :all:
INSTALL := $(BIN)/pip install --no-compile --disable-pip-version-check $(LOCKED)
# Developing needs many packages, and uv installs them in a tenth of the time. It does not read pip's
# configuration: if the index is set only there, pip installs them.
INSTALL_FAST := $(BIN)/uv pip install $(LOCKED)
LOCKS := requirements $(patsubst %,requirements/%,\
	lean pandas training traces s3 parquet lambda deploy dev audit uv clients companions docs)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header

# Three processes run the tests, a file at a time, because many tests wait; ARGS=-n0 runs them in one.
PARALLEL := --numprocesses 3 --dist loadfile --no-loadscope-reorder

export SERVICE_MODEL
# Packages are installed without bytecode. Python must write it, also if the environment forbids that:
# otherwise each process that imports scikit-learn would take four seconds, not one.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve train test check coverage faults fuzz versions parsers arm64 frames pictures bench parity docs lint types lock lock-check format image sbom audit wheel release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: port .venv/serving artifacts ## Serve the model on http://127.0.0.1:8080 (PORT=, SERVICE_MODEL=)
	@$(if $(filter s3://%,$(SERVICE_MODEL)),true,echo "When it listens, try this in another terminal:"; \
		$(BIN)/slipway example "$(SERVICE_MODEL)" --url http://127.0.0.1:$(PORT))
	@SERVICE_DRAIN_SECONDS=$${SERVICE_DRAIN_SECONDS:-0} exec $(BIN)/gunicorn \
		--bind 127.0.0.1:$(PORT) $(if $(SERVICE_METRICS_PORT),--bind 127.0.0.1:$(SERVICE_METRICS_PORT))

.PHONY: port
port:
	@case "$(PORT)" in ''|*[!0-9]*) \
		echo "PORT must be a number, like this: make serve PORT=8081" >&2; exit 1;; esac

.PHONY: artifacts
artifacts: .venv/serving
	@if [ "$(SERVICE_MODEL)" = artifacts/model ] && [ ! -e artifacts/model ]; then \
		$(BIN)/slipway fit; fi

train: .venv/serving ## Train and pack the sensor model again
	@$(BIN)/slipway fit

test: .venv/developing ## Run the tests (ARGS= for pytest)
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

check: .venv/developing ## Run lint, types, locks and tests: CI runs this and faults
	@$(MAKE) --no-print-directory --jobs 2 lint types lock-check \
		.venv/clients/installed .venv/audit/installed .venv/companions/installed .venv/docs/installed
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

coverage: .venv/developing .venv/clients/installed .venv/audit/installed .venv/companions/installed .venv/docs/installed ## Run the tests, and fail if they cover less than 90 % of the code
	@$(BIN)/pytest --cov $(PARALLEL) $(ARGS)

# Tests that measure time run alone; these do not measure it.
UNTIMED := $(patsubst %,tests/faults/test_%.py,described guarded rolling soak)

faults: .venv/developing ## Run the long tests of overload, crashes and updates, in containers
	@$(if $(ARGS),$(BIN)/pytest tests/faults $(ARGS),$(BIN)/pytest tests/faults $(UNTIMED:%=--ignore=%) && \
		$(BIN)/pytest $(PARALLEL) $(UNTIMED))

versions: .venv/developing ## Pack every family of models of every release of scikit-learn, for hours (ARGS="RELEASE FAMILY")
	@$(BIN)/python -W ignore -m tests.versions.grid $(ARGS)

fuzz: .venv/developing ## Search for faults of the model loader for 10 minutes (MINUTES=, ARGS=--help)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

parsers: .venv/developing ## Send a million generated requests to both HTTP parsers, and compare (ARGS=--help)
	@$(BIN)/python -m tests.support.two_parsers --requests 1000000 $(ARGS)

arm64: .venv/developing ## Prove, serve and test models on emulated ARM64 processors, for half an hour (ARGS=--help)
	@$(BIN)/python -W ignore -m tests.arm64 $(ARGS)

frames: .venv/developing ## Pack and serve 2,000 random frames, and compare with the estimators (ARGS=--help)
	@$(BIN)/python -W ignore -m tests.support.any_frame $(ARGS)

pictures: .venv/developing ## Take the pictures of README and docs
	@$(BIN)/python -m tests.support.pictures $(ARGS)

bench: .venv/developing ## Measure the service beside its peers, for an hour (ARGS=--help)
	@$(BIN)/python -m benchmarks $(ARGS)

# The pages, and the files that they link to.
PAGES := '*.md' ':!.github/*.md' LICENSE docs service training ecs .github/workflows gunicorn.conf.py haproxy.cfg \
	benchmarks/__init__.py benchmarks/results.svg tests/test_architecture.py tests/support/models.py \
	tests/test_settings.py tests/test_protocols.py tests/test_graphs.py tests/test_graphs_of_features.py \
	tests/support/__init__.py tests/fuzz/__init__.py
docs: .venv/docs/installed ## Build the documentation as a web site in build/site, and check its links
	@rm -rf build/docs && mkdir -p build/docs && \
		git ls-files -z -- $(PAGES) | tar --null --files-from - --create | tar -x -C build/docs
	@NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build

parity: .venv/developing ## Compare answers with the real MLflow and MLServer, for five minutes
	@$(BIN)/python -m benchmarks.parity

lint: .venv/developing ## Check style
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --diff .

types: .venv/developing ## Check types
	@$(BIN)/mypy

format: .venv/developing ## Format the code
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

lock: .venv/developing ## Write the locks, requirements.txt and requirements/*.txt, from *.in (ARGS=--upgrade)
	@for name in $(LOCKS); do $(LOCK) $(ARGS) $$name.in --output-file $$name.txt >/dev/null; done

lock-check: .venv/developing ## Check that the locks match their *.in
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && mkdir "$$folder/requirements" && \
		for name in $(LOCKS); do cp $$name.txt "$$folder/$$name.txt" && \
		$(LOCK) $$name.in --output-file "$$folder/$$name.txt" >/dev/null && \
		diff $$name.txt "$$folder/$$name.txt" || \
		{ echo "$$name.txt does not match $$name.in: run make lock"; exit 1; }; done

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)".*/\1/p' service/__init__.py)
wheel: .venv/bin/uv ## Build the wheel and the source distribution in dist/
	@rm -rf build dist && $(BIN)/uv build --quiet --out-dir dist && rm -rf build *.egg-info

release: ## Tag this commit with the version, and build wheel, image and bill of materials
	@test -z "$$(git status --porcelain)" || { echo "commit first: git status lists changes" >&2; exit 1; }
	@! git rev-parse --quiet --verify refs/tags/v$(VERSION) >/dev/null || { \
		echo "v$(VERSION) is tagged: raise __version__ in service/__init__.py" >&2; exit 1; }
	@$(MAKE) --no-print-directory distributions
	@git tag --annotate --message "Slipway $(VERSION)" v$(VERSION)
	@echo "v$(VERSION) is tagged; publish it: git push origin v$(VERSION)"

# What a release has; the release workflow makes it again from the tag.
.PHONY: distributions version
distributions:
	@grep -qE '^## $(VERSION), [0-9]{4}-[0-9]{2}-[0-9]{2}$$' CHANGELOG.md || { \
		echo 'CHANGELOG.md has no heading "## $(VERSION), YYYY-MM-DD"' >&2; exit 1; }
	@$(MAKE) --no-print-directory wheel image sbom

version:
	@echo $(VERSION)

image: ## Build the container image, slipway
	@docker build --tag slipway --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ) .

IMAGE ?= slipway
sbom: .venv/deploying .venv/audit/installed ## Write the image's bill of materials, as CycloneDX in sbom/ (IMAGE=)
	@$(BIN)/python -m ecs.commands.sbom "$(IMAGE)" sbom

audit: .venv/audit/installed ## Look up known vulnerabilities of the locked packages (ARGS= for pip-audit)
	@for name in $(LOCKS); do echo "$$name.txt"; \
		.venv/audit/bin/pip-audit --strict --disable-pip --no-deps -r $$name.txt $(ARGS) || failed=1; \
	done; test -z "$$failed"

clean: ## Remove all generated files
	@rm -rf .venv artifacts sbom dist build *.egg-info benchmarks/.venvs benchmarks/.work .coverage .mypy_cache .pytest_cache .ruff_cache

# Packages for serving and training, and for developing.
SERVING := requirements.txt requirements/training.txt requirements/pandas.txt
DEVELOPING := $(SERVING) requirements/deploy.txt requirements/dev.txt
.venv/serving: $(SERVING) | .venv/bin/slipway
	@echo "Installing packages for serving and training"
	@$(INSTALL) $(SERVING:%=-r %)
	@touch $@

# The slipway command of this checkout: what an editable installation would make.
.venv/bin/slipway: | .venv/bin/python
	@echo '$(CURDIR)' > "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')/slipway.pth"
	@printf '%s\n' '#!$(CURDIR)/.venv/bin/python' 'import sys' 'from slipway.command import main' \
		'sys.exit(main())' > $@
	@chmod +x $@

.venv/developing: requirements/dev.txt requirements/deploy.txt .venv/serving .venv/bin/uv
	@echo "Installing packages for developing"
	@$(INSTALL_FAST) --python $(BIN)/python $(DEVELOPING:%=-r %) || $(INSTALL) $(DEVELOPING:%=-r %)
	@touch .venv/deploying $@

# Packages for the commands in ecs/, which run this target themselves.
.venv/deploying: requirements/deploy.txt | .venv/bin/python
	@echo "Installing packages for deploying"
	@$(INSTALL) -r requirements/deploy.txt
	@touch $@

# $(call separate,NAME,LOCKS): install these locks into an environment of their own.
separate = $(BIN)/python -m venv .venv/$(1) && { \
	$(INSTALL_FAST) --python .venv/$(1)/bin/python $(2:%=-r %) || \
	.venv/$(1)/bin/pip install --disable-pip-version-check $(LOCKED) $(2:%=-r %); }

# Clients of other protocols, for tests.
.venv/clients/installed: requirements/clients.txt .venv/bin/uv
	@echo "Installing clients of other protocols"
	@$(call separate,clients,requirements/clients.txt)
	@touch $@

# Libraries beside scikit-learn, with what packs their models: the service has none of them.
COMPANIONS := $(SERVING) requirements/companions.txt
.venv/companions/installed: $(COMPANIONS) .venv/bin/uv
	@echo "Installing XGBoost, LightGBM and CatBoost"
	@$(call separate,companions,$(COMPANIONS))
	@touch $@

# Tools for the documentation.
.venv/docs/installed: requirements/docs.txt .venv/bin/uv
	@echo "Installing packages for documentation"
	@$(call separate,docs,requirements/docs.txt)
	@touch $@

# Tools for bills of materials and audits.
.venv/audit/installed: requirements/audit.txt .venv/bin/uv
	@echo "Installing packages for audits"
	@$(call separate,audit,requirements/audit.txt)
	@touch $@

.venv/bin/uv: requirements/uv.txt | .venv/bin/python
	@$(INSTALL) -r requirements/uv.txt
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Slipway needs Python 3.11 or later: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Python's venv module is missing: apt install python3-venv"; exit 1; }
