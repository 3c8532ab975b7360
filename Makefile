# The project's commands. Each sets up what it needs, says what it is doing, and does only what is out of date.
#
#   make run     builds and serves the portal with its demo on http://localhost:3000
#   make test    every test: engine, integration on SQLite and on Postgres, journeys in a browser
#   make faults  more of what may go wrong than a test run has time for: a hundred runs killed, on SQLite and on Postgres
#   make lives   a thousand random lives of 500 steps against the model, on SQLite, and a hundred on Postgres; SEEDS=0..1000 STEPS=500
#   make mutants breaks the engine in every way the tool knows, a way at a time, to see whether its tests notice (hours; FILES='money.rs price.rs')
#   make bench   measures the figures that README.md states
#   make site    only the files browsers load, in target/site
#   make fmt · make lint
#
# Needed beforehand: Rust (rustup), Node 20 or newer with npm, make, bash and a C compiler.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Scripts find what cargo makes under ./target.
unexport CARGO_TARGET_DIR
.PHONY: help run test test-rust test-postgres test-browser faults lives mutants bench site fmt lint

# Where `make run` keeps its database, keys and mail, and where it listens.
DATA ?= data
LISTEN ?= 127.0.0.1:3000
# Which lives `make lives` tells, and how long they are.
SEEDS ?= 0..1000
POSTGRES_SEEDS ?= 0..100
STEPS ?= 500
# Which files of the engine `make mutants` breaks.
FILES ?= **/*.rs

help:
	@sed -n 's/^#   //p' Makefile

run: site
	@echo "run: building the program (the first time: about ten minutes on two cores)"
	@cargo build --release
	@DATA='$(DATA)' LISTEN='$(LISTEN)' end2end/run.sh

test: test-rust test-postgres test-browser
	@echo "test: everything passed"

test-rust: site
	@end2end/setup.sh einvoice stripe > /dev/null
	@echo "test: engine, modules and integration on SQLite (the first time builds everything: about ten minutes on two cores)"
	@cargo test --workspace --quiet

test-postgres:
	@end2end/setup.sh postgres stripe
	@echo "test: integration on Postgres"
	@end2end/postgres.sh cargo test --quiet --test app

test-browser: site
	@end2end/setup.sh browser firefox > /dev/null
	@cargo build
	@echo "test: journeys in a browser"
	@cd end2end && npx playwright test

faults: site
	@end2end/setup.sh postgres > /dev/null
	@KILLS=100 cargo test --test app kills
	@KILLS=100 end2end/postgres.sh cargo test --test app kills
	@FAULT_SEEDS=1000 cargo test --test app faults

lives: site
	@end2end/setup.sh postgres > /dev/null
	@echo "lives: building the program and the model"
	@cargo build --release --bin portico
	@cargo build --release --package model
# As a batch: whoever is woken waits for a processor, instead of taking the one of whoever woke it a moment too soon.
	@echo "lives: seeds $(SEEDS) of $(STEPS) steps on SQLite"
	@time chrt --batch 0 target/release/model --portico target/release/portico --seeds $(SEEDS) --steps $(STEPS)
	@echo "lives: seeds $(POSTGRES_SEEDS) of $(STEPS) steps on Postgres"
	@time end2end/postgres.sh bash -c 'target/release/model --portico target/release/portico --database-url "$$TEST_DATABASE_URL" --seeds $(POSTGRES_SEEDS) --steps $(STEPS)'

mutants:
	@end2end/setup.sh mutants
	@PATH="$$PWD/target/tools/bin:$$PATH" PROPTEST_CASES=200 cargo mutants --package billing --jobs 2 --output target $(foreach file,$(FILES),--file 'src/billing/$(file)')

bench: site
	@end2end/setup.sh browser postgres > /dev/null
	@echo "bench: building the program"
	@cargo build --release
	@node end2end/bench.mjs

site:
	@end2end/setup.sh wasm packages
	@node end2end/site.mjs

fmt:
	@cargo fmt --all

lint:
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets -- -D warnings
