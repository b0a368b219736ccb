# SPDX-License-Identifier: GPL-2.0-only
# Two commands: `make generate` and `make test`; each sets up what it needs, once.
# `make boot-test` builds kernels and boots them, which takes minutes more.

.PHONY: generate test boot-test setup golden
.NOTPARALLEL:

BIN := .venv/bin

generate: setup
	@$(BIN)/portwright generate auxbus

test: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not boot"
	@$(MAKE) --no-print-directory golden

boot-test: setup
	@$(BIN)/pytest -m boot

# What is in patches/ is what the tool makes, byte for byte.
golden: setup
	@$(BIN)/portwright generate auxbus
	@git diff --exit-code --stat -- patches/
	@test -z "$$(git status --porcelain -- patches/)" || \
		{ git status --short -- patches/; echo "patches/: not what is committed" >&2; exit 1; }

setup:
	@.ci/setup
