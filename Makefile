# Two commands do everything, set-up included, on a fresh Debian machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APT := xvfb openbox mousepad galculator xterm pcmanfm gpicview gnumeric chromium chromium-driver xdotool python3-tk \
       fonts-dejavu-core fonts-liberation fonts-noto-color-emoji x11-xkb-utils xauth adb
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help demo test test-slow lint bench setup clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## run a task in a real editor on a private display, check the file it saved, write a report
	@$(BIN)/python -m benchmarks.demo

test: lint ## all tests (under 20 minutes on 2 cores)
	$(BIN)/python -m pytest -q -m "not slow"

test-slow: setup ## the long ones: 50 kills, every size, repeated end-to-end runs
	$(BIN)/python -m pytest -q -m slow

lint: setup ## ruff and mypy --strict
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: setup ## speed, against the usual way: milliseconds of a step outside the model, samples a second of a benchmark
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed.recording
	$(BIN)/python -m benchmarks.speed.harness
	$(BIN)/python -m benchmarks.speed.replay
	$(BIN)/python -m benchmarks.speed.phone

setup: $(VENV)/.debian $(VENV)/.python $(VENV)/.tokenizer

$(VENV)/.python: pyproject.toml $(VENV)/bin/python
	@echo "setting up Python packages in $(VENV) (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,qwen,bench]'
	@touch $@

$(VENV)/.tokenizer: tools/qwen-tokenizer | $(VENV)/bin/python
	@$(BIN)/python tools/qwen-tokenizer >/dev/null && touch $@ || true

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Handeye needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make a virtual environment: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.debian: Makefile | $(VENV)/bin/python
	@tools/debian-packages $(APT)
	@touch $@

clean: ## forget the set-up
	rm -rf $(VENV) *.egg-info
