# Everything a newcomer needs is `make demo` and `make test`; both do their own set-up.
SHELL := /bin/sh
.DEFAULT_GOAL := help

UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GATES := .tools/gates
# Hints and experimental rules too, for a commercial region and both of GovCloud. I4010 wants a description of each
# template's architecture for language models.
CFN_LINT := --include-checks I --include-experimental --ignore-checks I4010 \
	--regions us-east-1 us-gov-west-1 us-gov-east-1 --
# The first Python on PATH that pyproject.toml's requires-python allows.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { command -v $$p; break; }; done)

export UV_PYTHON_DOWNLOADS := never
# Bytecode is kept: each test run and each command starts many Pythons, and pytest would rewrite every test's assertions
# anew in each (9 of the 19 s that it needs to collect the tests).
export PYTHONDONTWRITEBYTECODE :=
# A home directory that cannot be written to is no reason to fail.
ifneq ($(shell test -w "$${HOME:-/}" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.tools/uv-cache
export PIP_NO_CACHE_DIR := 1
endif

.PHONY: help setup demo test test-unit coverage coverage-badge test-e2e test-long bench memory oracle-statements image-proof check nist sbom gate-templates format render faults clean

help: ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install the locked dependencies into .venv

$(READY): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.11 to 3.14 on PATH (found: $$(python3 --version 2>/dev/null || echo none)); install one, then run make again" >&2; exit 1; }
	@test -x .tools/bin/uv && .tools/bin/uv --version | grep -qF "$(UV_VERSION)" || { \
		echo "==> installing uv $(UV_VERSION) into .tools"; \
		"$(PYTHON)" -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "==> installing the locked dependencies into $(VENV)"
# Compiled once, here, and not by the first Pythons that start, of which each would compile for itself.
	@.tools/bin/uv sync --frozen --quiet --compile-bytecode --python "$(PYTHON)"
	@touch $(READY)

demo: $(READY) ## the whole pipeline on this machine: launch, stream, show, stop
	@$(BIN)/wms-connector local demo

test: test-unit test-e2e ## all tests

test-unit: $(READY) ## tests that need neither a JVM nor the embedded AWS
	@echo "==> unit tests"
	@$(BIN)/pytest -m "not e2e and not slow" -n 2 -q

# sys.monitoring, from Python 3.12 on, counts lines for about 7 % more CPU time; the C tracer, all that 3.11 has,
# costs 60 to 80 % more: measured beside the unit tests, not instead of them, so that their time stays comparable.
# Measured are all unit tests but those marked no_cover, and 10 examples of each property: the same figure to a tenth
# for a quarter less time.
MEASURED = mkdir -p .coverage && if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 12))'; \
	then export COVERAGE_CORE=sysmon; fi && \
	HYPOTHESIS_PROFILE=coverage $(BIN)/pytest -m "not e2e and not no_cover" -n 2 -q --cov --cov-report=
FIGURE = $$($(BIN)/coverage report --format=total)

coverage: $(READY) ## the unit tests, measured: fails below the floor in pyproject.toml or when the badge shows another figure
	@echo "==> unit tests under coverage"
	@$(MEASURED)
	@$(BIN)/coverage report --skip-covered --sort=cover
	@$(BIN)/python -m tools.coverage_badge check "$(FIGURE)"

coverage-badge: $(READY) ## measure, then write docs/coverage.svg anew
	@$(MEASURED)
	@$(BIN)/python -m tools.coverage_badge write "$(FIGURE)"

# A busy machine lets a wait end too early: such a test runs once more and is listed as RERUN. The assertion that rows
# arrived once (`Rows`) is never repeated.
ONCE_MORE = --reruns 1 --rerun-except "did not arrive|more than once" -rR

test-e2e: $(READY) ## tests on the real worker and broker, the stand-in for Oracle and the embedded AWS; slow unit tests
	@echo "==> tests on the real parts (the first run downloads them)"
# Two at a time: they wait as long as they compute. Three save 4 % of the time on two cores, and some tests then wait
# in vain. Tests of one world stay together (tests/conftest.py).
	@$(BIN)/pytest -m "(e2e or slow) and not long" -q -n 2 --dist loadscope $(ONCE_MORE)

test-long: $(READY) ## what GitHub runs each night: whole procedures on the real parts, and property tests over 100,000 pairs (about an hour)
	@echo "==> whole procedures on the real parts"
	@$(BIN)/pytest -m long -q -n 2 --dist loadscope $(ONCE_MORE)
	@echo "==> what a teardown may delete, over more than 100,000 pairs"
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/domain/stage/test_teardown.py -q -n 2 --timeout 3600

bench: $(READY) ## speed beside the defaults and a poller, on the real parts (about an hour); PARTS="delay rest" for some; WRITE=1 keeps the figures in docs/benchmarks.md
	@$(BIN)/python -m tests.bench $(PARTS) $(if $(WRITE),--write)

memory: $(READY) ## does each task size carry the snapshot of a million rows, and a transaction of a million changes? enforced as root (40 minutes)
	@$(BIN)/python -m tests.bench.snapshot_memory
	@$(BIN)/python -m tests.bench.open_transaction

faults: $(READY) ## real faults on the real parts, each a row of a table; KIND=health, minute, oracle or stream, and of one kind NAMES="..." for some; WRITE=1 keeps the rows in docs
	@$(BIN)/python -m tests.faults $(KIND) $(NAMES)

oracle-statements: $(READY) ## the statements that the pinned connector sends, and how they differ from those kept; WRITE=1 keeps them (4 minutes)
	@$(BIN)/python -m tests.oracle_config.oracle_statements $(if $(WRITE),--write)

image-proof: $(READY) ## the Dockerfile's own steps, with buildah; as root; says why where it cannot run
	@$(BIN)/pytest -q -rs tests/image/proof_image.py

check: $(READY) ## exactly what CI checks besides the tests
	@echo "==> uv lock --check" && .tools/bin/uv lock --check --quiet --python "$(PYTHON)"
	@echo "==> zizmor" && $(BIN)/zizmor --offline --quiet .github
	@echo "==> hadolint" && $(BIN)/hadolint connector/image/Dockerfile
	@echo "==> ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@echo "==> mypy" && $(BIN)/mypy connector templates resolvers hooks lambda_src tools tests
	@$(MAKE) --no-print-directory --silent gate-templates $(GATES)/checkov/.ready $(GATES)/parliament/.ready
	@echo "==> cfn-lint" && $(BIN)/cfn-lint $(CFN_LINT) '.rendered/**/*.json'
	@echo "==> checkov" && $(BIN)/python -m tools.gates checkov .rendered $(GATES)/checkov/bin/checkov
	@echo "==> parliament" && $(BIN)/python -m tools.gates parliament .rendered $(GATES)/parliament/bin/parliament
	@$(MAKE) --no-print-directory --silent sbom

nist: $(GATES)/nist/.ready gate-templates ## cdk-nag's rules for NIST 800-53 over every template; needs Node.js and npm
	@echo "==> cdk-nag" && $(BIN)/python -m tools.gates nist .rendered $(GATES)/nist/node_modules

sbom: $(READY) $(GATES)/cyclonedx/.ready ## what the image and the functions' zip hold, as CycloneDX in .sbom, valid against its schema
	@echo "==> sbom" && rm -rf .sbom && $(BIN)/python -m tools.sbom .sbom
	@$(BIN)/python -m tools.gates cyclonedx .sbom $(GATES)/cyclonedx/bin/python

gate-templates: render
	@$(BIN)/python -m tools.gates variants .rendered

# Each gate has an environment of its own: what it pins contradicts what the product uses. Installed once, from a lock
# with checksums; the gates themselves use no network.
$(GATES)/%/.ready: tools/gates/locked/%/pyproject.toml tools/gates/locked/%/uv.lock $(READY)
	@echo "==> installing $* into $(GATES)/$*"
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/$(GATES)/$*" .tools/bin/uv sync --locked --quiet --compile-bytecode \
		--project tools/gates/locked/$* --python "$(PYTHON)"
	@touch $@

$(GATES)/nist/.ready: tools/gates/locked/nist/package.json tools/gates/locked/nist/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || { \
		echo "error: make nist needs Node.js 20 or later and npm (found: $$(node --version 2>/dev/null || echo no node), $$(npm --version 2>/dev/null || echo no npm)); install them, then run make nist again" >&2; exit 1; }
	@echo "==> installing cdk-nag into $(GATES)/nist"
	@mkdir -p $(GATES)/nist && cp $^ $(GATES)/nist/
	@cd $(GATES)/nist && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

render: $(READY) ## all templates of all stages into .rendered
	@echo "==> render" && rm -rf .rendered && $(BIN)/wms-connector render --out .rendered

format: $(READY) ## let ruff format and fix
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean: ## stop the local world and remove what make made
	@test ! -x $(BIN)/wms-connector || $(BIN)/wms-connector local down --yes
	rm -rf .venv .tools .rendered .sbom .local connector/image/target connector/local/oracle/driver/target .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
