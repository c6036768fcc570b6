# Every target sets up what it needs: a virtual environment with the pinned packages (uv if
# present, else pip) and one for the jobs of the local AWS. Nothing is installed outside of them.
PYTHON ?= python3.11
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
export PYTHONPATH := include:plugins:.

.PHONY: help demo up down quick test soak check bench setup setup-dev requirements format docs clean

help: ## what the targets do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: setup ## raw data to production on this machine [USE_CASE=id] [DATA=path] [SEED=n]
	@$(BIN)/python -m stack demo $(if $(USE_CASE),--use-case '$(USE_CASE)') $(if $(DATA),--data '$(DATA)') $(if $(SEED),--seed '$(SEED)')

up: setup ## start local AWS, MLflow and Airflow and leave them running
	@$(BIN)/python -m stack up

down: setup ## stop them and clear their state
	@$(BIN)/python -m stack down

# Two workers for two cores; tests/conftest.py says what stays together and what comes first.
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

quick: setup-dev ## the inner loop: domain, local AWS, templates, jobs; no Airflow process
	@$(PYTEST) tests/causeway tests/localaws tests/infra tests/jobs tests/structure $(ARGS)

# What is run as a whole is measured, and has a floor (pyproject.toml, [tool.coverage]).
test: setup-dev ## every test, reduced counts
	@$(PYTEST) $(or $(ARGS),--cov --cov-report=)

soak: setup-dev ## every test at full depth
	@CAUSEWAY_DEPTH=full $(PYTEST) $(ARGS)

check: setup-dev ## format, lint, types, layers, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint include/infra/*.yaml
	$(BIN)/python -m tests.documents --check
	$(BIN)/python -m tests.service_authorization --check

bench: setup-dev .venv-peer-v2/.ready .venv-peer-v3/.ready ## the figures of docs/benchmarks.md, measured beside their peers
	@$(BIN)/python -m tests.perf $(ARGS)

format: setup-dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup-dev ## write the generated documents again
	$(BIN)/python -m tests.documents
	$(BIN)/python -m tests.service_authorization

requirements: ## compile requirements*.txt from requirements*.in (needs uv)
	for name in requirements requirements-jobs requirements-dev; do \
	  uv pip compile -q --python-version 3.11 --no-header --no-emit-find-links \
	    --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

setup: .venv/.ready .venv-jobs/.ready
setup-dev: setup .venv/.ready-dev

# Without uv, pip fetches it: it installs the pinned packages in a tenth of the time. Where it cannot
# reach the index that pip is configured for, pip does the rest itself.
ifdef UV
new = uv venv -q --allow-existing -p $(PYTHON) $(1)
install = uv pip install -q --compile-bytecode -p $(1)/bin/python -r $(2)
else
new = $(PYTHON) -m venv $(1) && { $(1)/bin/python -m pip install -q --disable-pip-version-check uv==0.13.8 || true; }
install = $(1)/bin/uv pip install -q --compile-bytecode -p $(1)/bin/python -r $(2) \
  || $(1)/bin/python -m pip install -q --disable-pip-version-check -r $(2)
endif

.venv/.ready: requirements.txt
	@echo "setting up .venv (once)"
	@$(call new,.venv)
	@$(call install,.venv,requirements.txt)
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@echo "setting up what checks the project (once)"
	@$(call install,.venv,requirements-dev.txt)
	@touch $@

.venv-jobs/.ready: requirements-jobs.txt
	@echo "setting up .venv-jobs, where jobs and endpoints run (once)"
	@$(call new,.venv-jobs)
	@$(call install,.venv-jobs,requirements-jobs.txt)
	@touch $@

.venv-peer-%/.ready: requirements-peer-%.txt
	@echo "setting up .venv-peer-$*, a peer of the benchmarks (once)"
	@$(call new,.venv-peer-$*)
	@$(call install,.venv-peer-$*,requirements-peer-$*.txt)
	@touch $@

clean: down ## remove the state and the virtual environments
	rm -rf .causeway .venv .venv-jobs .venv-peer-v2 .venv-peer-v3
