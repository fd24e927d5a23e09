# DosNa needs Go to build; its tests also Python 3.11 or newer. With a C compiler
# they run under the race detector, too. Everything else is fetched, pinned, by
# the targets that need it.

# One binary for every site: no cgo (docs/decisions/002-native-libraries.md).
GO := CGO_ENABLED=0 go
LINT := $(GO) tool -modfile=tools/go.mod golangci-lint
SOURCES = find . -name '*.go' -not -path './.*'

# What tests may not skip for lack of (see internal/testenv): all that testdeps gets.
DOSNA_TEST_REQUIRE ?= python,s3$(if $(wildcard .tools/ceph/testdeps.stamp),$(comma)ceph)
comma := ,
FUZZTIME ?= 20s
BENCH ?= .
BENCHCOUNT ?= 1

.PHONY: build
build:                          ## build bin/dosna
	$(GO) build -trimpath -o bin/ ./cmd/dosna

# No library's version is asked for (interop/wheel_test.go): glibc 2.17 is what the tag says, and any since 2014 has.
WHEEL_GLIBC := manylinux_2_17
.PHONY: wheel
wheel:                          ## build the wheels of the Python package in dist/, for x86-64 and ARM
	@for arch in amd64:x86_64 arm64:aarch64; do \
		GOARCH=$${arch%:*} $(GO) build -trimpath -ldflags='-s -w' -o dist/$${arch#*:}/dosna ./cmd/dosna && \
		DOSNA_BUILD_BINARY=$$PWD/dist/$${arch#*:}/dosna DOSNA_WHEEL_PLATFORM=$(WHEEL_GLIBC)_$${arch#*:} \
			python3 -m pip wheel -q --disable-pip-version-check --no-deps -w dist ./python && \
		rm -r dist/$${arch#*:} python/build || exit 1; \
	done; ls -l dist

.PHONY: check
check: format vet               ## a quick look before a commit: no network, no lint, short tests
	$(GO) build ./...
	$(GO) test -short ./...

# All steps run even if one fails; unit comes last, so that its results do.
.PHONY: test
test: testdeps                  ## install what the tests need and run all of them
	@failed=; for step in format vet tidy lint cross static race unit; do \
		echo "==> make $$step"; \
		$(MAKE) --no-print-directory $$step || failed="$$failed $$step"; \
	done; \
	test -z "$$failed" || { echo "FAIL: make test: failed steps:$$failed"; exit 1; }

.PHONY: unit
unit: testdeps                  ## every test, none shortened or skipped
	DOSNA_TEST_REQUIRE=$(DOSNA_TEST_REQUIRE) $(GO) test ./...

.PHONY: race
race: testdeps                  ## tests under the race detector, long ones shortened
	@if command -v "$$(go env CC)" >/dev/null; then \
		set -x; DOSNA_TEST_REQUIRE=$(DOSNA_TEST_REQUIRE) CGO_ENABLED=1 go test -race -short ./...; \
	else \
		echo "race: left out, no C compiler $$(go env CC) here"; \
	fi

.PHONY: static
static:                         ## build and test without native libraries
	$(GO) vet -tags static ./...
	$(GO) test -tags static -short ./...

.PHONY: cross
cross:                          ## compile, tests included, for the other platforms
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...

.PHONY: format
format:                         ## list files that gofmt would change
	@files=$$($(SOURCES) -exec gofmt -s -l {} +) && test -z "$$files" || { echo "not formatted, run make fmt:"; echo "$$files"; exit 1; }

.PHONY: vet
vet:
	$(GO) vet ./...

.PHONY: tidy
tidy:                           ## fail if go.mod names too much or too little
	$(GO) mod tidy -diff

.PHONY: lint
lint:                           ## run the linters of .golangci.yml (compiles them first, once)
	$(LINT) run ./...

.PHONY: fmt
fmt:                            ## format the code
	$(LINT) fmt ./...

.PHONY: fuzz
fuzz:                           ## run each fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

.PHONY: bench
bench: testdeps                 ## measure ROUNDS rounds beside other libraries, write docs/performance.md (bench/README.md)
	@bench/all

.PHONY: bench-scaling
bench-scaling: testdeps         ## measure how times grow with datasets, chunks and workers
	@bench/scaling

.PHONY: microbench
microbench:                     ## run the Go benchmarks that match BENCH, BENCHCOUNT times
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCHCOUNT) ./...

.PHONY: cover
cover:                          ## measure what the tests reach; coverage.out has the details
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out | tail -n 1

.PHONY: full
full: testdeps                  ## the demonstrations among the tests at their full size
	$(GO) test -timeout 2h -count 1 . ./ops ./store/filestore ./cmd/dosna -scale full
	DOSNA_TEST_FULL=1 $(GO) test -timeout 2h -count 1 ./interop

.PHONY: testdeps
testdeps:                       ## get what tests compare against: Python packages (.venv, .venv-zarr2), servers (.tools)
	@scripts/testdeps

.PHONY: clean
clean:                          ## remove what was built or installed here
	rm -rf bin bench/bin bench/rust/target .venv .venv-zarr2 .tools coverage.out

.PHONY: help
help:                           ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile
