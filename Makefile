# The commands of this repository. Each is also a plain script with --help.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# One lock for each Kubernetes release whose JSON schemas the tests need: they come in
# different versions of one package, so each has a folder of its own beside the others.
SCHEMAS := $(wildcard requirements/schemas/*.lock)

.PHONY: $(shell sed -n 's/^\([a-z0-9][a-z0-9-]*\):.*/\1/p' $(MAKEFILE_LIST))

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

compile: $(READY) ## Compile the inventory into compiled/ (CLUSTERS="a b": only those)
	@$(BIN)/python scripts/compile.py $(CLUSTERS)

BASE ?= main

review: $(READY) ## What the work tree changes in each cluster since main (BASE=v1.2, ARGS="--format markdown")
	@$(BIN)/python scripts/review.py --base $(BASE) $(ARGS)

affected: $(READY) ## Which clusters, services, machines and steps that reaches (BASE=main, ARGS=--json)
	@$(BIN)/python scripts/affected.py --base $(BASE) $(ARGS)

size: $(READY) ## What a cluster for so many devices takes (DEVICES=250000, ARGS="--tls --lose 1 --plot build/size.svg")
	@$(BIN)/python scripts/size.py $(DEVICES) $(ARGS)

site: $(READY) ## Write all pages as static HTML, with a search: open build/site/index.html
	@$(BIN)/python scripts/site.py $(ARGS)

why: $(READY) ## Why something is as it is (WHAT=scale.devices, a value, or a line: WHAT=compiled/dojot-lab/haproxy/haproxy.cfg:15)
	@$(BIN)/python scripts/why.py $(WHAT) $(ARGS)

new-cluster: $(READY) ## Write the page of a new cluster (NAME=site-b ARGS="--devices 250000 --domain D --first-address A")
	@$(BIN)/python scripts/new_cluster.py $(NAME) $(ARGS)

up: $(READY) ## Bring a cluster up, or to what the inventory says now, over SSH (CLUSTER=dojot-lab, ARGS=--dry-run)
	@$(BIN)/python scripts/up.py $(CLUSTER) $(ARGS)

down: $(READY) ## Give a cluster up: remove it from its machines, over SSH (CLUSTER=dojot-lab, ARGS=--dry-run)
	@$(BIN)/python scripts/down.py $(CLUSTER) $(ARGS)

verify: $(READY) ## Is a cluster as its commit says: hosts, objects, what runs (CLUSTER=dojot-lab, ARGS=--watch; read-only)
	@$(BIN)/python scripts/verify.py $(CLUSTER) $(ARGS)

sbom: $(READY) ## Images, packages and files that a cluster's hosts fetch, as CycloneDX (CLUSTER=dojot-lab, ARGS="--format table")
	@$(BIN)/python scripts/sbom.py $(CLUSTER) $(ARGS)

pin-images: $(READY) ## Write the digest that each image's tag has now into the inventory (CLUSTER=dojot-lab, ARGS="--logins FILE")
	@$(BIN)/python scripts/pin_images.py $(CLUSTER) $(ARGS)

outdated: $(READY) ## Which versions their projects mend no more, or soon no more (CLUSTERS="a b", ARGS="--today 2027-06")
	@$(BIN)/python scripts/outdated.py $(CLUSTERS) $(ARGS)

bench: $(READY) ## How fast is make compile beside Kapitan itself (ARGS="--clusters 4 --growth 10 1000")
	@$(BIN)/python scripts/bench.py $(ARGS)

test: $(READY) ## Run the tests (ARGS="-k name": options of pytest)
	@$(BIN)/python -m pytest --ignore=tests/engines $(ARGS)

mutants: $(READY) ## Which single changes of compiled/ do the checks miss (half a minute; ARGS="dojot-lab --face manifests --all")
	@$(BIN)/python -m tests.mutants $(ARGS)

engines-install: $(READY) ## Install or build the programs that `make engines` runs
	@$(BIN)/python scripts/install_engines.py $(ARGS)

engines: $(READY) ## Run what was compiled on the programs that read it
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder -rs tests/engines $(ARGS)

engines-100k: $(READY) ## Every device through one HAProxy in a virtual machine (twenty minutes)
	@$(BIN)/python -m pytest -n 0 -rs --capture=no tests/engines/virtual_machine/full_size.py $(ARGS)

rehearsal: $(READY) ## Build a cluster from nothing on this machine, and look at it at work (CLUSTER=dojot-lab; root)
	@$(BIN)/python -m tests.rehearsal $(CLUSTER) $(ARGS)

docs: $(READY) ## Write the tables of the documents that repeat what is said elsewhere
	@$(BIN)/python scripts/docs.py

check: $(READY) lint ## Are compiled/ and the documents up to date; style, types, and shellcheck on the shell scripts
	@$(BIN)/python scripts/compile.py --check
	@$(BIN)/python scripts/docs.py --check
	@scripts/check-shell

lint: $(READY) ## Style, format and types of the Python code
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo 'lint: run "make format"' >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary

format: $(READY) ## Put the Python code into its format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

hooks: ## Let git refuse commits whose compiled/ is stale, or whose Python code is out of style
	@scripts/install-hooks

lock: $(READY) ## Resolve requirements.in again into the lock files (LOCKS="requirements/...": only those)
	@scripts/lock $(BIN)/uv $(LOCKS)

clean: ## Remove the virtual environment, caches and what an interrupted compile left
	@rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .compiled-* compiled/.compiled-* compiled/.remembered build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv resolves and installs in seconds where pip takes minutes; every file is
# checked against its hash in a lock, uv itself included. System certificates,
# because a company's proxy may sign with its own. Bytecode at once: it halves the
# start of every command where PYTHONDONTWRITEBYTECODE is set.
$(READY): requirements.lock requirements/installer.lock $(SCHEMAS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'make: Python 3.11 or newer is needed; name one with PYTHON=python3.12' >&2; exit 1; }
	@echo 'Installing the locked Python packages into $(VENV) ...' >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary=:all: -r requirements/installer.lock
	@$(BIN)/uv pip sync --quiet --compile-bytecode --system-certs --python $(BIN)/python \
		--require-hashes --build-constraints requirements/installer.lock \
		requirements.lock requirements/installer.lock
	@rm -rf $(VENV)/schemas
	@for lock in $(SCHEMAS); do \
		$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python \
			--target "$(VENV)/schemas/$$(basename "$$lock" .lock)" --no-deps \
			--require-hashes --build-constraints requirements/installer.lock -r "$$lock"; \
	done
	@touch $@
