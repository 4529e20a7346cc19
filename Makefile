# Each command sets itself up: it needs Python 3.11 or newer, make, and a package index to install from.
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench lock
PYTHON ?= python3
RUN := exec $(PYTHON) deploy/bootstrap.py

help:
	@echo "make demo    start Countersign with demo data; HOST, PORT, DATA_DIR, and RESET=1 to start afresh"
	@echo "make test    run every test"
	@echo "make lint    run the linters, the type checker and the import contracts"
	@echo "make bench   measure; writes bench.json"
	@echo "make lock    refresh requirements.lock and requirements-dev.lock"

demo:
	@$(RUN) demo

test:
	@$(RUN) test -n 3 --dist loadgroup

lint:
	@$(RUN) lint

bench:
	@$(RUN) bench

lock:
	@$(RUN) lock
