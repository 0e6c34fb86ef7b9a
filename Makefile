# Everything that is done with the code, besides editing it. `make` alone lists the targets.

# Where the code has to compile and its public interface to be the same. The interface's golden file belongs to the first.
TARGETS := linux/amd64 linux/arm64 linux/386 linux/arm linux/riscv64 linux/s390x linux/mips64 darwin/amd64 darwin/arm64 \
	freebsd/amd64 freebsd/386 netbsd/amd64 netbsd/arm openbsd/amd64 dragonfly/amd64 solaris/amd64 illumos/amd64 aix/ppc64 \
	windows/amd64
# The modules that go.work joins, and those of them that run anywhere else than where the code is checked.
MODULES = $(shell go list -m -f '{{.Dir}}')
SHIPPED = $(filter-out %/tools %/bench,$(MODULES))
# Whose files are linted as another system builds them, too.
LINTED := darwin freebsd windows
# For which processors the test binaries run without anything else on this machine.
ALONE := alone-386 alone-arm64 alone-s390x
# Where nothing answers Wine, it waits for ever, whatever limit the tests have.
WINE = timeout -k 10 $(WINE_LIMIT) wine
WINE_LIMIT := 300
FUZZTIME := 10s
COUNT := 6
BENCH := .
BENCHTIME := 9m
STRESS := 1m

# A clone that belongs to another user has no version to stamp binaries with.
export GOFLAGS ?= -buildvcs=false

.NOTPARALLEL:
.PHONY: help setup bin check check-all fmt formatted vet lint test race stress alone $(ALONE) wine wine-race binaries api api-same fuzz bench \
	bench-compare bench-go chart cover vuln

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: bin ## Install what the checks need: Debian packages, and the pinned tools in bin/
	@tools/setup.sh

bin: ## Build the pinned tools
	@GOWORK=off go -C tools build -o $(CURDIR)/bin/ tool ./api ./forward
	@GOWORK=off go -C tools/actionlint build -o $(CURDIR)/bin/ tool

# Those that take long come first, and show their output when they end.
CHECKS := formatted race alone-s390x alone-arm64 wine stress python-check alone-386 vet test lint api-same

check: setup ## Run every check, three at once; at most ten minutes
	@mkdir -p dist; : >dist/seconds; status=0; \
	$(MAKE) --no-print-directory -j3 --output-sync=recurse -f tools/check.mk STEPS='$(CHECKS)' $(CHECKS) || status=$$?; \
	sort -rn dist/seconds; [ $$status = 0 ] || { echo "make check: FAILED"; exit $$status; }
	@echo "make check: passed"

check-all: check ## Run every check, and those that take long
	@$(MAKE) --no-print-directory fuzz cover conformance wine-race
	@$(MAKE) --no-print-directory stress STRESS=4m
	go test -race -count=20 -shuffle=on -timeout=30m work
	go test -run='^$$' -bench=. -benchtime=1x work
	@echo "make check-all: passed"

fmt: bin ## Format the code
	@for module in $(MODULES); do (cd $$module && $(CURDIR)/bin/golangci-lint fmt ./...) || exit 1; done

formatted:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { printf 'not formatted; run make fmt:\n%s\n' "$$files"; exit 1; }

# The root is vetted without go.work: with the versions that those get who import it.
vet: ## Vet every module for every target
	@failed=; for target in $(TARGETS); do \
		echo "vet $$target"; \
		export CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/}; \
		for module in $(SHIPPED); do \
			work=; [ $$module != $(CURDIR) ] || work=off; \
			(cd $$module && GOWORK=$$work go vet ./...) || failed="$$failed $$target"; \
		done; \
	done; [ -z "$$failed" ] || { echo "vet failed for$$failed"; exit 1; }
	go vet work
	@GOWORK=off go mod tidy -diff

# What one system does not use, another may, so only Linux is looked through for what is unused.
lint: setup ## Lint every module, the workflows and the scripts
	@failed=; for module in $(MODULES); do \
		echo "lint $$module"; \
		(cd $$module && $(CURDIR)/bin/golangci-lint run --allow-parallel-runners ./...) || failed="$$failed $$module"; \
	done; for system in $(LINTED); do \
		echo "lint for $$system"; \
		CGO_ENABLED=0 GOOS=$$system bin/golangci-lint run --disable=unused ./... || failed="$$failed $$system"; \
	done; [ -z "$$failed" ] || { echo "lint failed for$$failed"; exit 1; }
	shellcheck .ci/run tools/*.sh python/*.sh
	bin/actionlint

test: ## Test every module
	go test -shuffle=on -timeout=5m work

race: ## Test every module three times with the race detector, with fewer repetitions inside of the tests
	go test -race -short -count=3 -shuffle=on -timeout=10m work

stress: ## Stress the Poller with the race detector, for STRESS with all of its backends together
	IOMUX_STRESS=$(STRESS) go test -race -run='^TestStress$$' -count=1 -v -timeout=60m .

alone: $(ALONE) ## Run the test binaries of the root module alone: for 386, and emulated for arm64 and s390x

alone-arm64: EMULATOR := qemu-aarch64
alone-s390x: EMULATOR := qemu-s390x
$(ALONE): alone-%:
	@echo "alone linux/$*"
	@$(MAKE) --no-print-directory binaries TARGET=linux/$*
	@tools/alone.sh dist/linux-$* $(EMULATOR)

wine: setup ## Test the root module and the command as Windows' programs, under Wine
	@GOOS=windows GOARCH=amd64 CGO_ENABLED=0 tools/wine.sh \
		go test -exec='$(WINE)' -shuffle=on -timeout=280s ./... ./cmd/iomux/... ./cmd/iomux-bench/...

wine-race: WINE_LIMIT := 900
wine-race: setup ## Do so three times with the race detector
	@tools/setup.sh x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-posix
	@GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc tools/wine.sh \
		go test -exec='$(WINE)' -race -count=3 -shuffle=on -timeout=880s ./... ./cmd/iomux/... ./cmd/iomux-bench/...

binaries: ## Build the test binaries of the root module for TARGET=system/processor into dist/
	@rm -rf dist/$(subst /,-,$(TARGET))
	@CGO_ENABLED=0 GOOS=$(patsubst %/,%,$(dir $(TARGET))) GOARCH=$(notdir $(TARGET)) \
		go test -c -o dist/$(subst /,-,$(TARGET))/ ./... >/dev/null

api: bin ## Accept the public interface as it is now: write api.txt
	bin/api -write $(TARGETS)

api-same: bin
	bin/api $(TARGETS)

fuzz: ## Fuzz every target of every module for FUZZTIME
	@for module in $(MODULES); do cd $$module; for package in $$(go list ./...); do \
		for target in $$(go test -list='^Fuzz' $$package | grep '^Fuzz'); do \
			echo "fuzz $$package $$target"; \
			go test -run='^$$' -fuzz="^$$target$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x $$package || exit 1; \
		done; \
	done; done

bench: ## Measure everything beside its rivals for BENCHTIME, some ten minutes with the rest, and write bench/RESULTS.md
	go run ./bench -time $(BENCHTIME) -notes bench/NOTES.md -out bench/RESULTS.md

bench-compare: bin ## Let benchstat judge between the Go benchmarks of BASE=revision and those of now, each run COUNT times
	@tools/bench-compare.sh "$(BASE)" $(COUNT) '$(BENCH)'

bench-go: bin ## Run every Go benchmark COUNT times into dist/bench.txt; compare it with BASE=file, or the rivals in it
	@mkdir -p dist
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) -timeout=60m work >dist/bench.txt || { cat dist/bench.txt; exit 1; }
	bin/benchstat $(if $(BASE),$(BASE),-col /by) dist/bench.txt

chart: ## Measure this machine for three minutes and draw the README's chart; keep the machine quiet
	go run ./cmd/iomux-bench --duration 3m --out docs/bench.svg

cover: ## Show how much of the root module its tests run
	@mkdir -p dist
	go test -coverprofile=dist/cover.out -coverpkg=./... ./... >/dev/null
	@go tool cover -func=dist/cover.out | tail -n 1

# govulncheck ends with 3 where it found something, and with 1 where it could not look.
vuln: bin ## Look for known vulnerabilities; needs https://vuln.go.dev
	@for module in $(MODULES); do \
		status=0; bin/govulncheck -C $$module ./... || status=$$?; \
		case $$status in \
		0) ;; \
		3) echo "make vuln: $$module has known vulnerabilities"; exit 1 ;; \
		*) echo "make vuln: NOTHING WAS CHECKED: the database or the code could not be read, see above"; exit 1 ;; \
		esac; \
	done

include python/python.mk
