# Two commands do everything: `make suite TASK=legal` and `make test`.
TASK ?= legal
PROFILE ?=
MINUTES ?=
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONSTRAINTS ?= constraints.txt
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help env suite report gate test quick newest fuzz lint audit bench validity claims clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) pip setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@

env: $(VENV)/.ready ## the environment alone

suite: $(VENV)/.ready ## fetch, run and report a suite: make suite TASK=legal [PROFILE=smoke|quick|standard|full] [MINUTES=20]
	$(BIN)/harness run $(TASK) $(if $(PROFILE),--profile $(PROFILE)) $(if $(MINUTES),--minutes $(MINUTES))

report: $(VENV)/.ready ## write a suite's report again from the runs there are
	$(BIN)/harness report $(TASK) $(if $(PROFILE),--profile $(PROFILE))

gate: $(VENV)/.ready ## may a model replace the approved one: make gate TASK=legal CANDIDATE=run id or folder
	$(BIN)/harness gate $(CANDIDATE) --suite $(TASK) $(if $(PROFILE),--profile $(PROFILE)) $(if $(BASE),--base $(BASE))

test: $(VENV)/.ready ## all tests; pages are tested in Debian's chromium: make test [COVERAGE=least percent]
	# A file stays with one worker, or each would make the file's study for itself.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(COVERAGE),--cov=harness --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE))

quick: $(VENV)/.ready ## the tests to run after every change
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'not end_to_end and not slow'

newest: ## all tests on the newest versions, once a release: make newest [PYTHON=python3.13]
	$(MAKE) test VENV=.venv-newest CONSTRAINTS=constraints-newest.txt

fuzz: $(VENV)/.ready ## ten thousand damaged files for every reader of files
	FUZZ_PROFILE=nightly $(BIN)/python -m pytest tests/fuzz -n $(WORKERS) --no-cov

lint: $(VENV)/.ready ## ruff, mypy, the layers of the house and its rule on kinds of task
	$(BIN)/ruff check harness tests benchmarks .ci
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/kinds.py

bench: $(VENV)/.ready ## benchmarks of this project
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.steps
	$(BIN)/python -m benchmarks.answering
	$(BIN)/python -m benchmarks.study
	$(BIN)/python -m benchmarks.attention
	$(BIN)/python -m benchmarks.forgetting
	$(BIN)/python -m benchmarks.reranking
	$(BIN)/python -m benchmarks.instructions
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.comparing
	$(BIN)/python -m benchmarks.gate
	$(BIN)/python -m benchmarks.plan
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.pictures
	$(BIN)/python -m benchmarks.growth.study
	$(BIN)/python -m benchmarks.growth.report
	$(BIN)/python -m benchmarks.growth.retrieval --sizes 1000 3000 10000 30000 100000
	$(BIN)/python -m benchmarks.growth.page

validity: $(VENV)/.ready ## simulate studies with known answers: error rates of the statistics
	$(BIN)/python -m benchmarks.validity
	$(BIN)/python -m benchmarks.rungs
	$(BIN)/python -m benchmarks.seeds
	$(BIN)/python -m benchmarks.looks
	$(BIN)/python -m benchmarks.by_minutes
	$(BIN)/python -m benchmarks.attempts
	$(BIN)/python -m benchmarks.attempts_by_rule

claims: $(VENV)/.ready ## claims of others against the studies in reports/: docs/claims.md
	$(BIN)/python -m benchmarks.claims

audit: $(VENV)/.audit-ready ## dependencies pinned, none known to be vulnerable: make audit [ADVISORIES=OSV file, folder or zip]
	$(BIN)/ruff check --select S --ignore S311,S603 harness
	$(BIN)/python .ci/audit.py $(if $(ADVISORIES),--advisories $(ADVISORIES))

$(VENV)/.audit-ready: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[audit]'
	@touch $@

clean: ## remove runs, caches of tools and the environment; published reports stay
	rm -rf runs gates $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage *.egg-info
