# Commands for developers. Each target creates or updates the environment it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OLDEST_VENV ?= .venv-oldest
BENCHMARK_VENV ?= .venv-benchmark
QUALITY_VENV ?= .venv-quality
CONSTRAINTS ?= constraints.txt

# Processes that share the tests.
WORKERS ?= 2
PYTEST = -m pytest --numprocesses $(WORKERS) --dist loadgroup --durations 25

# The networks in the tests and the demo are too small to gain from more threads, and
# many times slower with them when other programs use the same cores.
export OMP_NUM_THREADS ?= 1
# numba would set the number of threads of torch to its own.
export NUMBA_NUM_THREADS ?= 1

# Public functions and classes whose docstrings are checked.
DOCUMENTED := _description.py datasets.py exceptions.py metrics.py \
	_data/long_frames.py _data/streams.py _ray/inference.py _ray/training.py \
	$(addprefix _displays/,anomaly.py embedding.py forecast.py loss.py reconstruction.py)

.PHONY: demo test fuzz test-oldest lint docs wheel benchmark quality events pairs tables clean

demo: $(VENV)/.test-ready  ## Encode and classify real sequences; save a figure.
	$(BIN)/python examples/demo.py

# With SCIPY_ARRAY_API=1, scikit-learn skips none of its estimator checks.
test: $(VENV)/.test-ready  ## Run all tests and measure the coverage of the package.
	SCIPY_ARRAY_API=1 $(BIN)/python $(PYTEST) --cov --cov-report=term --cov-fail-under=98.5

fuzz: $(VENV)/.test-ready  ## Call all methods with 30,000 random inputs, in an hour.
	$(BIN)/python -m tests.fuzzing --examples 30000 --processes $(WORKERS)

test-oldest:  ## Run all tests with the lowest supported versions of the dependencies.
	$(MAKE) VENV=$(OLDEST_VENV) CONSTRAINTS=constraints-oldest.txt $(OLDEST_VENV)/.test-ready
	SCIPY_ARRAY_API=1 $(OLDEST_VENV)/bin/python $(PYTEST)

# A test validates the docstrings of the estimators, which share their parameters.
lint: $(VENV)/.test-ready  ## Check style, spelling, imports between packages, docstrings.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/numpydoc lint $(addprefix sklearn_seqembed/,$(DOCUMENTED))

docs: $(VENV)/.docs-ready  ## Build the documentation in docs/_build/html.
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

wheel: $(VENV)/.docs-ready  ## Build the wheel in dist.
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

benchmark:  ## Compare speed and memory with other libraries, in about 100 minutes.
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	env -u OMP_NUM_THREADS $(BENCHMARK_VENV)/bin/python -m benchmarks speed

quality:  ## Evaluate vectors on 23 classification sets, and other methods.
	$(MAKE) VENV=$(QUALITY_VENV) $(QUALITY_VENV)/.quality-ready
	env -u OMP_NUM_THREADS $(QUALITY_VENV)/bin/python -m benchmarks quality

events: $(VENV)/.test-ready  ## Evaluate vectors of words and events, in 2.5 hours.
	$(BIN)/python -m benchmarks events

pairs:  ## Evaluate predicted sequences, in 5.5 hours.
	$(MAKE) VENV=$(BENCHMARK_VENV) $(BENCHMARK_VENV)/.benchmark-ready
	$(BENCHMARK_VENV)/bin/python -m benchmarks pairs

tables: $(VENV)/.test-ready  ## Fill the tables of the documentation from benchmarks/results.
	$(BIN)/python -m benchmarks.tables

clean:
	rm -rf $(VENV) $(OLDEST_VENV) $(BENCHMARK_VENV) $(QUALITY_VENV) benchmark-results dist docs/_build docs/auto_examples docs/generated

# Packages that are installed without their dependencies. pymsm excludes numpy 2 and
# pandas 3, but examples only read its data. pylabeladjust, which datamapplot requires,
# excludes pandas 3, and aeon our version of numba, but they work. embedding-atlas requires
# large libraries that its widget does not use.
ALONE_test := pymsm
ALONE_docs := pymsm aeon datamapplot embedding-atlas pylabeladjust

$(VENV)/.%-ready: pyproject.toml $(CONSTRAINTS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[$*]"
	$(if $(ALONE_$*),$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --no-deps $(ALONE_$*))
	touch $@
