# make run      everything, from nothing, until Ctrl-C          SLIPWAY_PORT=8000  SLIPWAY_DATA=.slipway  SLIPWAY_DEMO=1
# make test     every test, in a real browser and against real services
# make lint     style, types, layers, deployment checks, missing migrations
# make bench-judge   how often the judge is wrong, and how fast it is right
# make bench-pages   queries, kB over the wire and p95 of every page, beside a trivial one
# make bench-live    what a hundred watchers cost, and how soon each hears of an event
# make bench-flags   what flags cost: answers a second, how soon a change is everywhere, memory
# make clean    forget the data and the environment
# make lock     pin requirements.in anew

PYTHON ?= python3
SLIPWAY_PORT ?= 8000
SLIPWAY_DEMO ?= 1
ifeq ($(strip $(SLIPWAY_DATA)),)
SLIPWAY_DATA := $(CURDIR)/.slipway
endif
ifneq ($(strip $(SLIPWAY_VENV)),)
BIN := $(SLIPWAY_VENV)/bin
else
BIN := $(SLIPWAY_DATA)/venv/bin
endif
export SLIPWAY_PORT SLIPWAY_DATA SLIPWAY_DEMO SLIPWAY_VENV
# Nothing is written beside the source: it may belong to somebody else. What is compiled is kept all the same, since
# each of the many processes would spend seconds on compiling it again.
ifeq ($(strip $(PYTHONPYCACHEPREFIX)),)
PYTHONPYCACHEPREFIX := $(SLIPWAY_DATA)/pycache
endif
export PYTHONPYCACHEPREFIX
unexport PYTHONDONTWRITEBYTECODE
export RUFF_CACHE_DIR := $(SLIPWAY_DATA)/cache/ruff
export MYPY_CACHE_DIR := $(SLIPWAY_DATA)/cache/mypy
export HYPOTHESIS_STORAGE_DIRECTORY := $(SLIPWAY_DATA)/cache/hypothesis

.PHONY: run install test browser node lint bench-judge bench-pages bench-live bench-flags clean lock
.DEFAULT_GOAL := run

run: install
	@exec "$(BIN)/python" -m config.embedded.run

install:
	@PYTHONDONTWRITEBYTECODE=1 "$(PYTHON)" config/embedded/install.py

test: install browser node
	@"$(BIN)/python" -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "not newcomer and not chaos" $(ARGS)
	@"$(BIN)/python" -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "newcomer or chaos" $(ARGS)

browser:
	@tests/browser.sh

node:
	@tests/node.sh

lint: install
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/python" -m config.embedded.lint "$(BIN)"

bench-judge: install
	@"$(BIN)/python" -m bench.judge $(ARGS)

bench-pages: install
	@"$(BIN)/python" -m bench.pages $(ARGS)

bench-live: install
	@"$(BIN)/python" -m bench.live $(ARGS)

bench-flags: install
	@"$(BIN)/python" -m bench.flags $(ARGS)

clean:
	@"$(PYTHON)" -B config/embedded/clean.py

lock: install
	@"$(BIN)/python" -m pip install --quiet pip-tools
	@"$(BIN)/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock requirements.in
