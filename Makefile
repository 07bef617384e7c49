# `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test lint format prove proofs patients full soak bench cohort spark lock clean anew

# durable-rules is compiled with `cc`, or with the CC you set, whatever Python itself was compiled with.
export CC
unexport PYTHONHOME PYTHONPATH

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := $(PIP_INSTALL) --require-hashes --no-deps --only-binary :all:
COMPILED := --no-binary durable-rules --no-build-isolation

help:
	@echo 'make serve    serve http://127.0.0.1:8000'
	@echo 'make test     check format, style, types and imports, then run the tests'
	@echo 'make prove    prove the pathway: gaps, coverage, and the safety statements over all patients'
	@echo 'make full     the tests that make test leaves out for time: more patients, slow ones'
	@echo 'make cohort   install what populations need; make spark: Spark as well, and test it (450 MB, needs Java)'
	@echo 'make soak     run long and watch memory'
	@echo 'make bench    measure speed, other engines beside ours; COMPARE=FILE against an earlier bench.json'
	@echo 'make lint     only the checks of make test'
	@echo 'make format   put the code into its standard form'
	@echo 'make lock     write the lock files anew (UPGRADE=--upgrade for newer releases)'
	@echo 'make clean    remove what make has made'
	@echo
	@echo 'PYTHON=/path/to/python3.12 chooses the interpreter.'

serve: .venv/runtime
	@exec $(BIN)/steppedcare serve

test: lint
	$(BIN)/python -m pytest -n 2

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

prove: .venv/dev
	$(BIN)/steppedcare verify
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=line proofs patients

proofs:
	$(BIN)/steppedcare verify --prove
	$(BIN)/steppedcare verify --coverage

patients:
	$(BIN)/steppedcare verify --mutation --sample 20
	$(BIN)/python -m pytest tests/cql

full: .venv/dev
	STEPPEDCARE_BUDGET=commit $(BIN)/python -m pytest -n 2 tests/properties
	$(BIN)/python -m pytest -n 2 -m 'slow and not spark and not timed'

soak: .venv/dev
	$(BIN)/steppedcare verify --mutation
	$(BIN)/python -m tests.soak.mutate
	$(BIN)/python -m pytest -m timed
	$(BIN)/python -m pytest tests/soak -m ''

bench: .venv/bench
	$(BIN)/python -m tests.benchmarks --json bench.json $(if $(COMPARE),--compare '$(COMPARE)')

# The environment, in three steps, each with its stamp: made, filled to serve, filled to develop.

.venv/made:
	$(eval CHOSEN := $(shell CC='$(CC)' .ci/python '$(PYTHON)' 2>&1))
	$(if $(filter /%,$(firstword $(CHOSEN))),,$(error $(CHOSEN)))
	@rm -rf .venv
	@"$(CHOSEN)" -m venv .venv
	@echo '$(ORIGIN)' >$@

# Made again where the project was copied or moved (its paths are absolute), where another
# PYTHON is asked for, and where the Python it was made with has been removed.
ORIGIN = in=$(CURDIR) with=$(PYTHON)
ifeq ($(and $(findstring $(ORIGIN),$(file <.venv/made)),$(realpath $(BIN)/python)),)
.venv/made: anew
endif

.venv/runtime: .venv/made .ci/build.lock requirements.lock pyproject.toml
	@echo 'installing requirements.lock (a minute, the first time)'
	@$(LOCKED) --requirement .ci/build.lock
	@$(LOCKED) $(COMPILED) --requirement requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check >.venv/check || \
		{ cat .venv/check; echo 'run `make lock`: requirements.lock no longer fits pyproject.toml'; exit 1; } >&2
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	@echo 'installing requirements-dev.lock'
	@$(LOCKED) $(COMPILED) --requirement requirements-dev.lock
	@touch $@

# The locks hold for every Python that pyproject.toml allows.

COMPILE = "$$(.ci/uv)" pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock' $(UPGRADE)

# Populations: their own packages, and Spark's, which are large and need Java.

cohort: .venv/cohort

.venv/cohort: .venv/runtime requirements-cohort.lock
	@echo 'installing requirements-cohort.lock'
	@$(LOCKED) $(COMPILED) --requirement requirements-cohort.lock
	@touch $@

spark: .venv/dev .venv/spark
	$(BIN)/python -m pytest -m spark

.venv/spark: .venv/cohort requirements-spark.lock
	@echo 'installing requirements-spark.lock (450 MB)'
	@$(LOCKED) $(COMPILED) --no-binary pyspark --requirement requirements-spark.lock
	@touch $@

# The engines that are measured beside ours.

.venv/bench: .venv/dev requirements-bench.lock requirements-peers.lock
	@echo 'installing requirements-bench.lock, requirements-peers.lock'
	@$(LOCKED) $(COMPILED) --requirement requirements-bench.lock
	@$(BIN)/python -m venv .venv/peers
	@.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --only-binary :all: --requirement requirements-peers.lock
	@touch $@

lock:
	$(COMPILE) --group tools --output-file .ci/tools.lock
	$(COMPILE) --group build --output-file .ci/build.lock
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --extra cohort --constraint requirements-dev.lock \
		--output-file requirements-cohort.lock
	$(COMPILE) pyproject.toml --extra spark --constraint requirements-dev.lock \
		--output-file requirements-spark.lock
	$(COMPILE) pyproject.toml --extra bench --constraint requirements-dev.lock \
		--output-file requirements-bench.lock
	$(COMPILE) --group peers --output-file requirements-peers.lock

clean:
	rm -rf .venv .tools build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
