# Every target sets up what it needs; the work itself is in scripts/. Pass on arguments with args="...".
.DEFAULT_GOAL := help
.PHONY: help run test check format lock migration sdl reference bench fuzz clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: ## set up, load the demonstration data, serve
	@scripts/bootstrap run
	@.venv/bin/arzesh demo --serve $(args)

test: ## set up, run the tests (args="-k name")
	@scripts/bootstrap dev
	@scripts/browser
	@.venv/bin/python -m pytest $(args)

check: ## style, types, import contracts, SDL and migration drift, docs
	@scripts/bootstrap dev
	@scripts/check

format: ## put the code in form
	@scripts/bootstrap dev
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format --quiet .

lock: ## pin versions and hashes anew (args=--upgrade); needs uv
	@scripts/lock $(args)

migration: ## write the migration from the last one to the models (name=add_x)
	@scripts/bootstrap dev
	@.venv/bin/python scripts/make_migration.py $(name)

sdl: ## write schema/schema.graphql from the code
	@scripts/bootstrap dev
	@.venv/bin/python scripts/write_sdl.py

reference: ## write the generated parts of docs/reference/ from the code
	@scripts/bootstrap dev
	@PYTHONPATH=. .venv/bin/python scripts/write_reference.py

bench: ## run the comparisons and print their tables
	@scripts/bootstrap dev
	@.venv/bin/python -m bench $(args)

fuzz: ## the property tests, with many more examples (FUZZ_MINUTES=15 for random histories)
	@scripts/bootstrap dev
	@ORACLE_DOCUMENTS=20000 ORACLE_RANDOM=1 .venv/bin/python -m pytest -m hypothesis --hypothesis-profile=fuzz $(args)

clean: ## remove everything that the tools made
	@rm -rf .venv .bootstrap.lock build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
