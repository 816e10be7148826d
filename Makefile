# Everything a developer runs. Each target makes or updates its own environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCHMARK_VENV ?= .venv-benchmark
QUALITY_VENV ?= .venv-quality

# Networks as small as the tests' and the demo's are no faster on more threads, and many
# times slower where other programs keep the cores busy.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint docs wheel benchmark quality events pairs tables clean

demo: $(VENV)/.test-ready  ## Embed real sequences, classify them, save a picture.
	$(BIN)/python examples/demo.py

test: $(VENV)/.test-ready  ## Run all tests, with coverage of the package.
	SCIPY_ARRAY_API=1 $(BIN)/python -m pytest --cov --cov-report=term

lint: $(VENV)/.test-ready  ## Check code style and docstrings.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/numpydoc lint sklearn_seqembed/_embedder.py sklearn_seqembed/_predictor.py sklearn_seqembed/datasets.py sklearn_seqembed/metrics.py

docs: $(VENV)/.docs-ready  ## Build the pages in docs/_build/html.
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

wheel: $(VENV)/.docs-ready  ## Build the wheel in dist.
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

benchmark:  ## Compare speed and memory with other libraries, in about 75 minutes.
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	env -u OMP_NUM_THREADS $(BENCHMARK_VENV)/bin/python -m benchmarks speed

quality:  ## Evaluate vectors on 23 classification sets, and other methods.
	$(MAKE) VENV=$(QUALITY_VENV) $(QUALITY_VENV)/.quality-ready
	env -u OMP_NUM_THREADS $(QUALITY_VENV)/bin/python -m benchmarks quality

events: $(VENV)/.test-ready  ## Evaluate vectors of words and events, in about two hours.
	$(BIN)/python -m benchmarks events

pairs:  ## Evaluate predicted sequences, in about six hours.
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	$(BENCHMARK_VENV)/bin/python -m benchmarks pairs

tables: $(VENV)/.test-ready  ## Fill the tables of the documentation from benchmarks/results.
	$(BIN)/python -m benchmarks.tables

clean:
	rm -rf $(VENV) $(BENCHMARK_VENV) $(QUALITY_VENV) benchmark-results dist docs/_build docs/auto_examples docs/generated

$(VENV)/.%-ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$*]"
	touch $@
