# Everything a developer runs. Each target makes or updates its own environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCHMARK_VENV ?= .venv-benchmark
QUALITY_VENV ?= .venv-quality

# Networks as small as the tests' and the demo's are no faster on more threads, and many
# times slower where other programs keep the cores busy.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint docs wheel benchmark quality events pairs clean

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

benchmark:  ## Measure speed and memory beside other libraries, in about an hour.
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	env -u OMP_NUM_THREADS $(BENCHMARK_VENV)/bin/python benchmarks/run_all.py

quality:  ## Judge the vectors on 23 classification sets, beside other ways.
	$(MAKE) VENV=$(QUALITY_VENV) $(QUALITY_VENV)/.quality-ready
	env -u OMP_NUM_THREADS $(QUALITY_VENV)/bin/python benchmarks/quality.py

events: $(VENV)/.test-ready  ## Judge vectors of words and events, in about two hours.
	for name in names sentences sepsis helpdesk events; do \
		$(BIN)/python benchmarks/$$name.py || exit 1; \
	done

pairs: $(VENV)/.test-ready  ## Judge predicted sequences, in about six hours.
	for name in generated translation forecasting continuation; do \
		$(BIN)/python benchmarks/$$name.py || exit 1; \
	done
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	env -u OMP_NUM_THREADS $(BENCHMARK_VENV)/bin/python benchmarks/addition.py
	env -u OMP_NUM_THREADS $(BENCHMARK_VENV)/bin/python benchmarks/sequence_speed.py

clean:
	rm -rf $(VENV) $(BENCHMARK_VENV) $(QUALITY_VENV) benchmarks/results dist docs/_build docs/auto_examples docs/generated

$(VENV)/.%-ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$*]"
	touch $@
