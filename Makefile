# Everything that a developer runs. `make` alone says what there is.

SHELL := /bin/sh
BASE_PYTHON ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PEERS_INSTALLED := $(VENV)/.peers-installed
PIP := $(PYTHON) -m pip --disable-pip-version-check
# `make lock UPGRADE=--upgrade` takes the newest of everything, plain `make lock` what is needed.
UPGRADE ?=
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header $(UPGRADE) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage check fmt docs faults soak bench bench-archive \
	bench-collector bench-full images-check lock clean

help: ## Say what there is to run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv with everything, pinned; again only if the pins changed

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(BASE_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(BASE_PYTHON) is not Python 3.11 or newer; try make BASE_PYTHON=python3.12" >&2; \
		exit 1; }
	$(BASE_PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PIP) install --quiet --no-build-isolation --no-deps -e .
	@touch $@

demo: setup ## A made-up day, from raw chunks to bars, and two minutes live, in ./demo-lake
	$(PYTHON) -m demo

# In real time a machine that stands still for seconds is a fault too: who fails gets a second go.
test: setup ## All tests, in two processes; those in real time one by one
	$(PYTHON) -m pytest -n 2 -m "not alone" || $(PYTHON) -m pytest -m "not alone" --last-failed
	$(PYTHON) -m pytest -m alone || $(PYTHON) -m pytest -m alone --last-failed

coverage: setup ## All tests, and which lines none of them reaches
	$(PYTHON) -m pytest -n 2 --cov

check: setup ## Format, lint, types, generated docs, deploy files: what needs no test run
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m docs.generate --check
	$(PYTHON) -m deploy.check

fmt: setup ## Format, and mend what lint can mend
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: setup ## Write the generated pages of docs/ again
	$(PYTHON) -m docs.generate

faults: setup ## The collector against an exchange that misbehaves at random, 200 seeds; an hour
	$(PYTHON) -m tests.exchange.seeds

soak: setup ## Ten minutes of faults and rotation: does the collector grow?
	$(PYTHON) -m tests.exchange.soak

bench: setup $(PEERS_INSTALLED) ## Measure both programs, their peers and the floor; some minutes
	$(PYTHON) -m benchmarks
	$(PYTHON) -m benchmarks.collector

bench-collector: setup $(PEERS_INSTALLED) ## Only the collector under load
	$(PYTHON) -m benchmarks.collector

bench-full: setup $(PEERS_INSTALLED) ## Both, and how we start, grow, and read a bucket; half an hour
	$(PYTHON) -m benchmarks --full
	$(PYTHON) -m benchmarks.collector --full

bench-archive: setup ## A tenth of a year fetched, imported and built, beside unzip and DuckDB
	$(PYTHON) -m benchmarks.archive

images-check: setup ## Build both images without Docker, and run them; as root, with Buildah and Podman
	$(PYTHON) -m images

# The results say which peer is missing.
$(PEERS_INSTALLED): requirements/bench.txt $(INSTALLED)
	@$(PIP) install --quiet --require-hashes -r requirements/bench.txt && touch $@ \
		|| echo "make: not all peers can be installed; measuring the others" >&2

lock: setup ## Pin the dependencies of pyproject.toml again
	$(PIP) install --quiet uv
	$(LOCK) --extra aggregator --extra collector --extra dev -o requirements/dev.txt
	$(LOCK) --extra bench -c requirements/dev.txt -o requirements/bench.txt
	$(LOCK) --extra build -c requirements/dev.txt -o requirements/build.txt
	$(LOCK) --extra aggregator -c requirements/dev.txt -o requirements/aggregator.txt
	$(LOCK) --extra collector -c requirements/dev.txt -o requirements/collector.txt

clean: ## Remove what the other targets made, the environment too
	rm -rf $(VENV) .cache demo-lake build dist *.egg-info .coverage .coverage.* \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
