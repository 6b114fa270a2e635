# Every target installs what it needs into .venv first (tools/bootstrap.sh says how). Paths are relative, so that the
# clone may lie in a folder with spaces.
#   PYTHON=/path/to/python3   the interpreter       ARGS="-k dns"   more arguments for the command of the target
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check format bench fuzz mutants docs lock clean
MAKEFLAGS += --no-print-directory
ARGS ?=
install = @sh tools/bootstrap.sh
bin = .venv/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: ## install the core and answer on the example shop
	$(install) core
	@$(bin)/netwright demo $(ARGS)

test: ## install the tests and run them all
	$(install) dev
	@sh tools/browser.sh
	@sh tools/etcd.sh
	@mkdir -p .make/tmp
	@unset PYTHONDONTWRITEBYTECODE; TMPDIR="$$(pwd -P)/.make/tmp" GIT_CEILING_DIRECTORIES="$$(pwd -P)/.make/tmp" $(bin)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: ## lint, format, types and layers
	$(install) dev
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy --strict src
	@$(bin)/lint-imports --no-logo

format: ## write the format that check wants, and what ruff can mend
	$(install) dev
	@$(bin)/ruff check --fix-only --quiet .
	@$(bin)/ruff format .

bench: ## measure against the budgets
	$(install) dev
	@$(bin)/python -m bench $(ARGS)

fuzz: ## compare spec and engine on many random clusters
	$(install) dev
	@$(bin)/python -m tests.fuzz $(ARGS)

mutants: ## plant faults in the engine and see the tests find them
	$(install) dev
	@$(bin)/python -m tests.mutants $(ARGS)

docs: ## write the generated pages and build the site
	$(install) docs
	@$(bin)/python docs/build.py $(ARGS)
	@NO_MKDOCS_2_WARNING=1 $(bin)/python -m mkdocs build --strict --quiet

lock: ## choose the pinned versions anew
	$(install) dev
	@sh tools/lock.sh

clean: ## remove everything that the targets made in the clone
	@rm -rf .venv .make build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
