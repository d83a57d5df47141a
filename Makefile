# `make demo` audits the logs that ship and runs the simulations; `make test` runs the whole test suite.
# Everything creates what it needs in .venv first. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Simulations on networks; `make test` runs them.
NEEDS_TORCH := sims/real_model_validation.py

.PHONY: help demo test browser proofs lint docs chromium package benchmark clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Everything goes to demo/, which git ignores: figures that are committed stay as they are.
demo: .venv/demo  ## audit the logs that ship, run the simulations; says what was found, in under a minute
	@mkdir -p demo
	@echo "auditing the logs that ship"
	@.venv/bin/rstheory audit --zoo --html demo/audit.html > demo/audit.txt
	@for sim in $(filter-out $(NEEDS_TORCH),$(wildcard sims/*.py)); do echo "running $$sim"; \
	  .venv/bin/python $$sim --out demo > demo/$$(basename $$sim .py).txt || exit 1; done
	@echo && sed '/^$$/q' demo/audit.txt
	@echo "Look at: demo/audit.html, the page behind this; demo/acr_unbounded.png, a classifier that looks at nothing;"
	@echo "the other figures and tables in demo/. For logs of your own: docs/tutorials/audit.md"

# One thread each: the processes of pytest share the cores already.
test: .venv/test  ## run the whole test suite
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n auto

browser: .venv/test  ## the tests of HTML pages alone; they need Chromium (make chromium)
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest tests/test_pages_browser.py

proofs: .venv/test  ## check every proof: symbolic, ball arithmetic, Coq where it is installed
	.venv/bin/python proofs/check.py

lint: .venv/dev  ## ruff and mypy, as CI runs them
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

docs: .venv/docs  ## build the documentation into docs/_build/html, running its tutorials; every warning is an error
	.venv/bin/python -m sphinx -b html -W --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

chromium:  ## install the browser in which pages are tested (Debian, Ubuntu)
	sudo apt-get install -y chromium

package: .venv/dev  ## build wheel and sdist into dist/, and try the wheel in an empty environment
	.venv/bin/python scripts/check_package.py

benchmark: .venv/dev  ## side-by-side timings against the routines people use today
	.venv/bin/python benchmarks/clopper_pearson.py
	.venv/bin/python benchmarks/certification.py

clean:  ## remove the virtual environment and what was built
	rm -rf .venv demo dist docs/_build docs/_made

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with 'make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)'" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# One stamp a set of dependencies, remade when the lists change. The demo needs no torch, so it does not wait for it.
.venv/demo: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[html]' && touch $@
.venv/test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[test]' && touch $@
.venv/docs: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[docs]' && touch $@
.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[dev]' && touch $@
