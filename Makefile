# Works with python3 (3.11 to 3.14), pip, make and git alone: neither ensurepip nor the venv package is needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# Else each of the hundreds of processes that tests start compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults peers speed soak oldest lint types imports format bench browser constraints clean help

help:
	@echo "make demo   the whole thing on this machine: sample warehouse, sandbox, two syncs"
	@echo "make test   the tests"
	@echo "make faults the tests of faults with all their counts: crashes, kills, lying answers, a broken disk"
	@echo "make speed  two ratios, to Meta's SDK and to a script with the same rules, and the memory of a run: a minute"
	@echo "make peers  what make speed measures with, installed and made beforehand"
	@echo "make soak   the same for hours, as before a release; writes the table in docs/reliability.md"
	@echo "make oldest unit tests and contracts on the oldest releases that pyproject.toml allows, by uv"
	@echo "make lint   style, types and import contracts"
	@echo "make browser  a Chromium for the tests of the pages, where there is none"
	@echo "make constraints  every dependency's version and hashes anew, by uv"
	@echo "make bench  speed against Meta's SDK and a plain loop, from each warehouse, of whole runs"

demo: $(VENV)/.installed
	@$(BIN)/syncer demo

# Four at a time on two cores: many wait for servers, threads and sleeping processes.
WORKERS := -n 4 --dist worksteal
MARKED := not performance
test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(WORKERS) -m "$(MARKED)"

# What make test does a tenth of. Only the files that have such tests are read: reading all takes longer than some of them.
FAULTS = $(shell grep -rl --include='test_*.py' 'mark\.faults' tests)
faults: $(VENV)/.installed-test
	SYNCER_FAULTS=1 $(BIN)/python -m pytest $(WORKERS) -m "faults and not performance" $(FAULTS)

# What make speed measures with takes as long as measuring it; to make it disturbs nobody.
peers: $(VENV)/.installed-test $(VENV)/.installed-bench
	@$(BIN)/python -m tests.performance.prepared

# By itself: other work on the machine makes such figures wide.
speed: $(VENV)/.installed-test $(VENV)/.installed-bench
	$(BIN)/python -m pytest -s -m performance tests/performance

# Hours, in as many parts as you like: what $(SOAKED) has is not tried again, and ONLY=F06 tries one fault.
SOAKED := tests/data/soak.jsonl
soak: $(VENV)/.installed-test
	SYNCER_FAULTS=soak SYNCER_RESULTS=$(SOAKED) SYNCER_ONLY=$(ONLY) \
	  $(BIN)/python -m pytest -n 2 --dist worksteal -m soak || test $$? -eq 5  # nothing was left to do
	$(BIN)/python -m tests.results $(SOAKED)

# In an environment of its own; what tests alone need is as new as ever.
oldest:
	uv venv --quiet --clear --python $(PYTHON) .venv-oldest
	uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct -e .
	uv pip install --quiet --python .venv-oldest/bin/python -e '.[test]'
	.venv-oldest/bin/python -m pytest -n 2 --dist worksteal -m "$(MARKED)" tests/unit
	.venv-oldest/bin/python -m pytest -n 2 --dist worksteal -m "$(MARKED)" tests/contract

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

$(VENV)/.installed: pyproject.toml
	$(call install,.)
	@touch $@

$(VENV)/.installed-test: pyproject.toml
	$(call install,.[test])
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml
	$(call install,.[bench])
	@touch $@ $(VENV)/.installed

# uv where it is on the PATH, else pip from outside the environment (PEP 668 does not bind it there).
define install
	@if command -v uv >/dev/null 2>&1; then \
	  export UV_PYTHON_DOWNLOADS=never; \
	  { test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV); } && \
	  uv pip install --quiet --python $(BIN)/python -e '$(1)'; \
	else \
	  { test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV); } && \
	  $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-warn-script-location -e '$(1)'; \
	fi
endef

# Debian's package for root on Debian, else the build that playwright fetches.
browser: $(VENV)/.installed-test
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	else \
	  $(BIN)/playwright install chromium; \
	fi

# Each version with the hashes of all its files, for every system and Python; no address of an index is kept.
constraints:
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make constraints" pyproject.toml --output-file constraints.txt

clean:
	rm -rf $(VENV) .venv-bench dist build
