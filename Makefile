# What can be done with a clone, in one word each.  `make help` lists it.
#
# Every target first sees to .venv (deploy/install.py): the first time that takes a minute or two,
# then nothing, until pyproject.toml or deploy/constraints.txt changes.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# Models are never fetched behind anyone's back, and nothing reports home.
export HF_HUB_OFFLINE := 1
export RAY_USAGE_STATS_ENABLED := 0
export QT_QPA_PLATFORM := offscreen

DEMO := build/demo
STILLS := $(DEMO)/stills
MANIFEST := $(STILLS)/demo.video_manifest.json
BENCHES := rendering reference dispatch recovery endurance handoff latency documents fuzz sets crashes publish_crashes checkpoint scale foresight ledger drills desk desk_pictures desk_kills preview sync sync_kills interpolation scene_cuts finish upscaling generation
SHEET := $(DEMO)/contact-sheet.png

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean install-fleet install-dev

help:  ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

install-fleet:
	@$(PYTHON) deploy/preflight.py
	@$(PYTHON) deploy/install.py fleet

install-dev:
	@$(PYTHON) deploy/preflight.py window sync
	@$(PYTHON) deploy/install.py fleet selector sync gpu credentials dev

demo: export FLEET_HOME := $(DEMO)/home
demo: install-fleet  ## Five photographs become five clips and a contact sheet, in build/demo.
	$(BIN)/python deploy/demo/photos.py $(STILLS)
	$(BIN)/selector propose $(STILLS) --size 480x270 --duration 4
	$(BIN)/selector check $(STILLS)
	@# Written once: a manifest that was submitted is not written over.
	@test -e $(MANIFEST) || (set -x; $(BIN)/selector manifest $(STILLS) -o $(MANIFEST) \
		--fps 12 --target-fps 24 --batch-id demo --created-at 2026-01-01T00:00:00Z)
	$(BIN)/fleet submit $(MANIFEST)
	$(BIN)/fleet report $(MANIFEST) --sheet $(SHEET)
	@echo "The clips are in $(STILLS), the contact sheet is $(SHEET)."

test: install-dev  ## Run the tests; choose with ARGS="tests/companions -k picture".
ifeq ($(strip $(ARGS)),)
	@# Clusters that are timed want the machine to themselves; those of sync wait for other
	@# processes most of the time, and leave it to the window's.  The order is that of
	@# tests/conftest.py, longest first; xdist's own would be by number of tests, and the files
	@# that start clusters have few.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/selector --ignore tests/fleet/sync
	$(BIN)/python -m pytest -n 4 --dist loadfile tests/fleet/sync tests/selector
else
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)
endif

lint: install-dev  ## Style, types, floors, and whether printed files are up to date.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy deploy docs
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m companions.schema --check
	$(BIN)/python docs/print_errors.py --check
	$(BIN)/python docs/print_models.py --check

bench: install-dev  ## Measure speed; choose with ARGS="dispatch".
	@for each in $(or $(ARGS),$(BENCHES)); do \
		echo "== $$each"; $(BIN)/python -m benchmarks.$$each || exit 1; \
	done

clean:  ## Remove what was built or cached, the demo included; .venv stays.
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
