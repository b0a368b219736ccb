# SPDX-License-Identifier: GPL-2.0-only
# Two commands: `make generate` and `make test`; each sets up what it needs, once.
# The tests say which part of them takes how long; `make boot-test` is the part that boots kernels.

.PHONY: generate test boot-test setup kernels golden golden-all unchanged
.NOTPARALLEL:

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

generate: setup
	@$(BIN)/portwright generate --all

test:
	@.ci/part "set-up" $(MAKE) --no-print-directory kernels
	@.ci/part "style" $(BIN)/ruff check .
	@.ci/part "types" $(BIN)/mypy
	@.ci/part "tests that boot nothing" $(PYTEST) --durations 10 -m "not boot"
	@.ci/part "the series in patches/" $(MAKE) --no-print-directory golden
	@.ci/part "tests that boot kernels" $(PYTEST) --durations 0 --durations-min 1 \
		-m "boot and not others"
	@.ci/part

boot-test: setup
	@$(PYTEST) --durations 0 --durations-min 1 -m boot

# What is in patches/ is what the tool makes of every design that has a series, byte for byte, with
# every check: for the default kernel, and golden-all for every kernel that has a folder there. That
# each set is what is rendered, without the checks, tests/series/test_golden.py sees of all of them.
golden: setup
	@$(BIN)/portwright generate --all
	@$(MAKE) --no-print-directory unchanged

golden-all: setup
	@set -e; for folder in patches/*/; do \
		$(BIN)/portwright generate --all --kernel "$$(basename "$$folder")"; done
	@$(MAKE) --no-print-directory unchanged

# Each kernel of patches/. One that the archive has no more is named, and its tests are skipped.
kernels:
	@.ci/setup $(notdir $(patsubst %/,%,$(wildcard patches/*/)))

unchanged:
	@git diff --exit-code --stat -- patches/
	@test -z "$$(git status --porcelain -- patches/)" || \
		{ git status --short -- patches/; echo "patches/: not what is committed" >&2; exit 1; }

setup:
	@.ci/setup
