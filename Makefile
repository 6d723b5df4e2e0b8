# `make test` is the gate: it installs what the tests need, checks formatting and lints, and tests
# everything.

.PHONY: test tools fmt lint unit fuzz mutants bench bench-barrier deny advisories

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

# Non-interference by chance, for as long as `MINUTES` says, from a seed of its own or from `SEED`. The
# last numbers are of all that was asked; sum them over runs whose seeds do not meet.
fuzz:
	INTERFERENCE_MINUTES=$(or $(MINUTES),10) INTERFERENCE_SEED=$(or $(SEED),$(shell date +%s)) \
	    cargo test --release --locked --test integration -- interference::what_is --nocapture

# Weakens the gateway in a copy, in one way after the other, and expects the tests to see each.
mutants:
	tests/mutants/run

# A query through the gateway, beside the same query without it.
bench:
	cargo bench --locked --bench journey

# What the barrier costs of the processor's time: TPC-H with it, and in a copy without it.
bench-barrier:
	benches/barrier/run

# Licences, and crates that must be there once or not at all. Needs no internet.
deny:
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing; install it with: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --offline check bans licenses sources

# Known vulnerabilities; asks the internet for the list of them.
advisories:
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing; install it with: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny check advisories
