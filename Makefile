# Two commands do all the set-up: `make demo` and `make test`. Everything else is for those who work on the house.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.9
SERVE ?= 1
DEMO_HOME := .tradewarn/demo
DEMO_OUT := demo
WEEK := tests/samples/week
PYTEST ?= $(BIN)/pytest -n auto --dist loadgroup

.PHONY: demo test check env env-airflow lock docs pictures bench soak clean help
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(VENV)/ready: requirements.lock setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit("tradewarn needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "== environment: $(VENV), from requirements.lock"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check "uv>=$(UV_VERSION)"
	$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python requirements.lock  # uv stands in the lock itself, so this keeps it
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

.venv-airflow/ready: requirements-airflow.lock
	@echo "== environment of the scheduler: .venv-airflow, from requirements-airflow.lock"
	test -x .venv-airflow/bin/python || $(PYTHON) -m venv .venv-airflow
	$(BIN)/uv pip sync -q --compile-bytecode --python .venv-airflow/bin/python requirements-airflow.lock
	@touch $@

env: $(VENV)/ready  ## the environment
env-airflow: $(VENV)/ready .venv-airflow/ready  ## Airflow's own environment

demo: $(VENV)/ready  ## the whole pipeline over the sample week, bulletins, portal (SERVE=0 stops before serving)
	@SERVE=$(SERVE) $(BIN)/python -m tradewarn.demo --home $(DEMO_HOME) --week $(WEEK) --out $(DEMO_OUT)

test: $(VENV)/ready .venv-airflow/ready  ## lint, types and every test; TRADEWARN_REQUIRE=all makes a missing component a failure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

check: $(VENV)/ready  ## lint and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: $(VENV)/ready  ## new locks from setup.cfg
	$(BIN)/uv pip compile setup.cfg --extra dev --extra postgres --extra s3 --no-header --no-annotate -q --upgrade -o requirements.lock
	printf 'apache-airflow[postgres]>=3.3,<3.4\npytest>=8.4\npytest-timeout>=2.4\n' | $(BIN)/uv pip compile - --no-header --no-annotate -q --upgrade -o requirements-airflow.lock

docs: $(VENV)/ready  ## the generated pages under docs/
	$(BIN)/python -m tradewarn.reference docs

pictures: $(VENV)/ready  ## the pictures of the README, of the sample week (needs Chromium)
	$(BIN)/python -m tradewarn.pictures

bench: $(VENV)/ready  ## ratios, written to docs/measurements/
	$(BIN)/python -m benchmarks $(BENCH)

soak: $(VENV)/ready  ## kills, load and growth at full numbers, in pieces of at most nine minutes
	$(BIN)/python -m benchmarks.soak $(SOAK)

clean:  ## what was made, but not the environments
	rm -rf $(DEMO_OUT) $(DEMO_HOME) build .pytest_cache .mypy_cache .ruff_cache
