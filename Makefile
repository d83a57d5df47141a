# `make demo` runs the simulations and the audit and draws their figures; `make test` runs the whole test suite.
# Both create what they need in .venv first. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Simulations on networks; `make test` runs them.
NEEDS_TORCH := sims/real_model_validation.py

.PHONY: help demo test proofs lint benchmark clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo  ## run the simulations, audit the logs that ship, draw the figures
	for sim in $(filter-out $(NEEDS_TORCH),$(wildcard sims/*.py)); do .venv/bin/python $$sim || exit 1; done
	.venv/bin/rstheory audit rstheory/zoo
	.venv/bin/rstheory figures --out figures/experiments

# One thread each: the processes of pytest share the cores already.
test: .venv/test  ## run the whole test suite
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n auto

proofs: .venv/test  ## check every proof: symbolic, ball arithmetic, Coq where it is installed
	.venv/bin/python proofs/check.py

lint: .venv/dev  ## ruff and mypy, as CI runs them
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

benchmark: .venv/dev  ## side-by-side timings against the routines people use today
	.venv/bin/python benchmarks/clopper_pearson.py
	.venv/bin/python benchmarks/certification.py

clean:  ## remove the virtual environment
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with 'make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)'" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# One stamp a set of dependencies, remade when the lists change. The demo needs no torch, so it does not wait for it.
.venv/demo: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e . && touch $@
.venv/test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[test]' && touch $@
.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[dev]' && touch $@
