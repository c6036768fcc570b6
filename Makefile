# Every target sets up what it needs: a virtual environment with the pinned packages (uv if
# present, else pip) and one for each container image that the local AWS stands in for. Nothing is
# installed outside of them.
PYTHON ?= python3.11
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
IMAGES := xgboost scikit-learn
export PYTHONPATH := include:plugins:.

.PHONY: help use-case check-use-case demo pending approve reject up down status quick test soak check bench audit setup setup-dev toolkits requirements format docs clean

help: ## what the targets do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: setup ## raw data to production on this machine [USE_CASE=id] [DATA=path] [SEED=n]
	@$(BIN)/python -m stack demo $(if $(USE_CASE),--use-case '$(USE_CASE)') $(if $(DATA),--data '$(DATA)') $(if $(SEED),--seed '$(SEED)')

use-case: setup ## a use case of a data file: NAME=churn CSV=path [ID=column] [TIME=column] [LABEL=column] [SOURCE=of a further file]
	@$(BIN)/python -m stack use-case --name '$(NAME)' --csv '$(CSV)' $(if $(ID),--id '$(ID)') $(if $(TIME),--time '$(TIME)') $(if $(LABEL),--label '$(LABEL)') $(if $(SOURCE),--source '$(SOURCE)')

check-use-case: setup ## what is wrong with it, and a training without AWS: NAME=churn [CSV=path, or CSV='source=path …']
	@$(BIN)/python -m stack check-use-case --name '$(NAME)' $(if $(CSV),--csv '$(CSV)')

pending: setup ## which versions and use cases wait for a decision, and whose
	@$(BIN)/python -m stack pending

SAY = $(BIN)/python -m stack $@ --use-case '$(USE_CASE)' --version '$(VERSION)' --for '$(FOR)' --as '$(AS)' --reason '$(REASON)'

approve: setup ## as a person: VERSION=credit-risk/1 (or USE_CASE=id) FOR=test AS=model-owner REASON='…'
	@$(SAY)

reject: setup ## the same; it also stops what was approved before, or sends a use case back
	@$(SAY)

up: setup ## start local AWS, MLflow and Airflow and leave them running
	@$(BIN)/python -m stack up

status: setup ## what runs, since when, how it is and where its log is; fails when something is not well
	@$(BIN)/python -m stack status

down: setup ## stop them and clear their state
	@$(BIN)/python -m stack down

# Two workers for two cores; tests/conftest.py says what stays together and what comes first.
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
MEASURED = --cov=causeway --cov=localaws --cov=causeway_airflow --cov=causeway_deploy

quick: setup-dev ## the inner loop: domain, local AWS, templates, jobs; no Airflow process
	@$(PYTEST) tests/causeway tests/localaws tests/infra tests/jobs tests/structure \
	  -m 'not scheduler' $(ARGS)

# A run is measured where that costs little and says most: the domain by its own tests. `make soak`
# measures all. Each has a floor.
test: setup-dev ## every test, reduced counts
ifdef ARGS
	@$(PYTEST) $(ARGS)
else
	@$(PYTEST) tests/causeway --cov=causeway --cov-report= --cov-fail-under=90
	@$(PYTEST) tests --ignore=tests/causeway
endif

soak: setup-dev ## every test at full depth
	@CAUSEWAY_DEPTH=full $(PYTEST) $(or $(ARGS),$(MEASURED) --cov-report= --cov-fail-under=85)

check: setup-dev ## format, lint, types, layers, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint include/infra/guards/*.yaml include/infra/resources/*.yaml
	$(BIN)/python -m tests.documents --check
	$(BIN)/python -m tests.service_authorization --check

bench: setup-dev .venv-peer-v2/.ready .venv-peer-v3/.ready ## the figures of docs/benchmarks.md, measured beside their peers
	@$(BIN)/python -m tests.perf $(ARGS)

# What is installed, by the files that pin it; the peers of the benchmarks are not part of it.
AUDITED := requirements requirements-stack $(IMAGES:%=requirements-jobs-%) requirements-dev

audit: .venv-audit/.ready ## known vulnerabilities of the pins, and a list of them (SBOM) in sbom/
	@mkdir -p sbom
	@for name in $(AUDITED); do .venv-audit/bin/cyclonedx-py requirements $$name.txt --of JSON \
	  --output-reproducible -o sbom/$$name.cdx.json || exit 1; done
	@failed=; for name in $(AUDITED); do echo "auditing $$name.txt"; .venv-audit/bin/pip-audit \
	  --require-hashes --disable-pip -r $$name.txt || failed=1; done; test -z "$$failed"

format: setup-dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup-dev ## write the generated documents again
	$(BIN)/python -m tests.documents
	$(BIN)/python -m tests.service_authorization

requirements: ## compile requirements*.txt from requirements*.in (needs uv)
	for name in requirements requirements-localaws $(IMAGES:%=requirements-jobs-%) requirements-toolkits requirements-stack \
	    requirements-dev requirements-cli requirements-audit requirements-uv; do \
	  uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-emit-find-links \
	    --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

setup: .venv/.ready $(IMAGES:%=.venv-jobs/%/.ready)
setup-dev: setup .venv/.ready-dev toolkits
	@$(MAKE) -s .venv-cli/.ready || echo "no .venv-cli: the test of docs/real-accounts.md uses another AWS CLI or is skipped"

# Without uv, pip fetches it: it installs the pinned packages in a tenth of the time. Where it cannot
# reach the index that pip is configured for, pip does the rest itself. Either takes only the files
# whose hashes are in requirements*.txt.
ifdef UV
new = uv venv -q --allow-existing -p $(PYTHON) $(1)
install = uv pip install -q --require-hashes --compile-bytecode -p $(1)/bin/python -r $(2)
else
new = $(PYTHON) -m venv $(1)
install = $(BIN)/uv pip install -q --require-hashes --compile-bytecode -p $(1)/bin/python -r $(2) \
  || $(1)/bin/python -m pip install -q --require-hashes --disable-pip-version-check -r $(2)
endif

.venv/.ready: requirements.txt requirements-localaws.txt requirements-stack.txt
	@echo "setting up .venv (once; some minutes)"
	@$(call new,.venv)
ifndef UV
	@$(BIN)/python -m pip install -q --require-hashes --disable-pip-version-check \
	  -r requirements-uv.txt || true
endif
	@$(call install,.venv,requirements.txt)
	@$(call install,.venv,requirements-localaws.txt)
	@$(call install,.venv,requirements-stack.txt) || echo "no Postgres fits this machine: Airflow's metadata will be in SQLite"
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@echo "setting up what checks the project (once)"
	@$(call install,.venv,requirements-dev.txt)
	@touch $@

.venv-jobs/%/.ready: requirements-jobs-%.txt .venv/.ready
	@echo "setting up .venv-jobs/$*, where jobs and endpoints of that image run (once)"
	@$(call new,.venv-jobs/$*)
	@$(call install,.venv-jobs/$*,requirements-jobs-$*.txt)
	@touch $@

# Without a C compiler this one cannot be installed: its tests are skipped, and everything else goes on.
toolkits:
	@$(MAKE) -s .venv-toolkits/.ready || echo "no .venv-toolkits: the tests that need it are skipped"

.venv-toolkits/.ready: requirements-toolkits.txt .venv/.ready
	@echo "setting up .venv-toolkits, the serving toolkits of AWS's images (once)"
	@$(call new,.venv-toolkits)
	@$(call install,.venv-toolkits,requirements-toolkits.txt)
	@touch $@

.venv-cli/.ready: requirements-cli.txt .venv/.ready
	@echo "setting up .venv-cli, the AWS CLI (once)"
	@$(call new,.venv-cli)
	@$(call install,.venv-cli,requirements-cli.txt)
	@touch $@

.venv-audit/.ready: requirements-audit.txt .venv/.ready
	@echo "setting up .venv-audit, which audits the pins (once)"
	@$(call new,.venv-audit)
	@$(call install,.venv-audit,requirements-audit.txt)
	@touch $@

.venv-peer-%/.ready: requirements-peer-%.txt
	@echo "setting up .venv-peer-$*, a peer of the benchmarks (once)"
	@$(call new,.venv-peer-$*)
	@$(call install,.venv-peer-$*,requirements-peer-$*.txt)
	@touch $@

clean: down ## remove the state and the virtual environments
	rm -rf .causeway .venv .venv-jobs .venv-toolkits .venv-cli .venv-audit sbom .venv-peer-v2 .venv-peer-v3
