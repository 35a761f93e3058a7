# On a machine with Rust and nothing else: `make demo` shows what this is, `make test` shows that
# it works.

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: demo test lint soak fuzz bench evaluate

demo: ## The story on loopback, explained as it runs
	@cargo build --release --locked -p posthouse
	@$(TARGET)/release/posthouse demo

test: ## Everything; installs what the tests need where it may
	@tests/run

lint: ## What can be said without running anything
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	@cargo test --locked --quiet -p posthouse-tidy
	@if command -v cargo-deny >/dev/null; then cargo deny --log-level error check; \
	else echo "cargo-deny is not installed: known-vulnerability advisories were not looked up"; fi

FUZZ_SECONDS ?= 600

soak: fuzz ## The kill loop a thousand times, and ten minutes for each fuzz target (two hours)
	@tests/interop/install
	@POSTHOUSE_KILLS=1000 cargo test --locked -p posthouse --test scenarios kill -- --nocapture

# Optimised, with the checks of a debug build: an overflow is a finding. One target at a time.
fuzz: ## Each fuzz target for FUZZ_SECONDS
	@POSTHOUSE_FUZZ_SECONDS=$(FUZZ_SECONDS) CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
	CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true CARGO_PROFILE_RELEASE_LTO=off \
	cargo test --release --locked --target-dir $(TARGET)/fuzz -p posthouse-pki -p posthouse-evidence \
	-p posthouse-mime -p posthouse-attachment -p posthouse-content -p posthouse-classifier \
	--test fuzz -- --nocapture --test-threads 1

bench: ## Numbers beside their targets, Postfix and SQLite, on this machine (up to 10 minutes)
	@POSTHOUSE_BENCH=1 tests/interop/install
	@cargo build --release --locked -p posthouse -p posthouse-bench
	@$(TARGET)/release/posthouse-bench

evaluate: ## How well the classifier judges the corpus beside the repository (about 20 minutes)
	@tests/evaluate
