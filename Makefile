# `make test` is the gate: it installs what the tests need, checks formatting and lints, and tests
# everything.

.PHONY: test tools fmt lint unit

test: tools fmt lint unit

# PostgreSQL's server and the clients; whoever lacks the right to install them is told what to ask for.
tools:
	tests/tools/install

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

unit:
	cargo test --workspace --locked
