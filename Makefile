# make demo: set up and train on synthetic disks.  make test: set up and run the tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint types lock install bench clean

demo: install
	$(BIN)/python train.py experiment=lab

# bytecode is written whatever the environment says, or each process that a test starts compiles torch anew
test: install
	env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 8 --dist worksteal

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

install: $(READY)

# pip brings uv, which installs the pinned versions in seconds instead of minutes
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); \
	  sys.exit(0 if ok else "segladder needs Python 3.11, 3.12 or 3.13; %s is %s. Name another: make PYTHON=python3.12" \
	  % (sys.executable, sys.version.split()[0]))'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(READY)

# one lock for Linux and macOS, Python 3.11 to 3.13: plain name==version lines with platform markers
lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate \
	  --extra dev pyproject.toml --output-file requirements.lock

# the peers that the benchmarks are paired with; not needed for anything else
bench: install
	$(BIN)/uv pip install --quiet --python $(BIN)/python kornia monai

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
