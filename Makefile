# This file has a target for each task of the project. make alone lists them.

# TARGETS lists the systems for which the code must compile, with the same public interface. api.txt
# holds the interface for the first one.
TARGETS := linux/amd64 linux/arm64 linux/386 linux/arm linux/riscv64 linux/s390x linux/mips64 darwin/amd64 darwin/arm64 \
	freebsd/amd64 freebsd/386 netbsd/amd64 netbsd/arm openbsd/amd64 dragonfly/amd64 solaris/amd64 illumos/amd64 aix/ppc64 \
	windows/amd64
# MODULES lists the modules of go.work, and tools. go.work leaves tools out, because the first go
# command in a clone would otherwise download the go.mod files of all linters. SHIPPED lists the
# modules below the root that also run on other systems.
MODULES = $(shell awk '$$1 ~ /^\./ { print $$1 }' go.work) ./tools
# enter changes to the folder of a module in a loop over MODULES.
enter = cd "$(CURDIR)/$$module" && { [ $$module != ./tools ] || export GOWORK=off; }
SHIPPED = $(filter-out . ./tools ./bench,$(MODULES))
# LINTED lists other systems whose files are linted, too.
LINTED := darwin freebsd windows
# ALONE lists the processors whose test binaries run without any other program or file.
ALONE := alone-386 alone-arm64 alone-s390x
# LAYOUTS lists the packages that exchange memory with the kernel, or compute with int. Layouts,
# byte order and the size of int depend on the processor. make check tests only these for other
# processors.
LAYOUTS := ./descriptor ./devpoll ./epoll ./kqueue ./poll ./selectfd \
	$(addprefix ./internal/,backend devpollemu epollemu kqueueemu netpark pathwatch procwatch sys timeout waker)
PACKAGES := ./...
# A program under Wine waits forever if its server has died, so timeout ends it.
WINE = timeout -k 10 $(WINE_LIMIT) wine
WINE_LIMIT := 600
FUZZTIME := 10s
COUNT := 6
BENCH := .
BENCHTIME := 11m
STRESS := 10s
# The number of faults that make faults injects into each scenario. 0 is all of them.
FAULTS := 0
RACES := 1

# Git refuses to report the version of a clone of another user, so binaries have none.
export GOFLAGS ?= -buildvcs=false
# By default, each program with the race detector sleeps for a second before it exits. No goroutine
# could race in that time, because the tests leave none.
export GORACE ?= atexit_sleep_ms=0

.NOTPARALLEL:
.PHONY: help setup bin check check-probe check-all fmt formatted vet lint prose scripts test race stress faults alone $(ALONE) wine wine-race \
	binaries api api-same fuzz bench bench-compare bench-go chart cover vuln

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the packages that the checks need, if you are root on Debian
	@tools/setup.sh

bin: ## Build the pinned tools into bin/
	@GOWORK=off go -C tools build -o "$(CURDIR)/bin/" tool ./api ./forward
	@GOWORK=off go -C tools/actionlint build -o "$(CURDIR)/bin/" tool

bin-%:
	@GOWORK=off go -C tools build -o "$(CURDIR)/bin/" ./$*

# Slow steps run first.
CHECKS := race wine vet lint layouts-arm64 layouts-s390x layouts-386 python-check stress api-same prose scripts formatted

# The command replaces the shell, so that it gets the signals that make forwards.
check: setup bin-check ## Run every check that this machine can run; under ten minutes on two cores
	@exec bin/check $(CHECKS)

check-probe: bin-check ## Print which checks this machine cannot run, and why
	@exec bin/check -probe $(CHECKS)

check-all: check ## Run make check, then the checks that take long
	@$(MAKE) --no-print-directory alone fuzz cover conformance wine-race
	@$(MAKE) --no-print-directory stress STRESS=4m
	@$(MAKE) --no-print-directory faults
	IOMUX_PATH_SEQUENCES=1500 go test -race -run=RandomChanges ./internal/pathwatch
	go test -race -count=20 -shuffle=on -timeout=60m work
	go test -run='^$$' -bench=. -benchtime=1x work
	@echo "make check-all: passed"

fmt: bin ## Format the code
	@for module in $(MODULES); do ($(enter) && "$(CURDIR)/bin/golangci-lint" fmt ./...) || exit 1; done

formatted:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { printf 'not formatted; run make fmt:\n%s\n' "$$files"; exit 1; }

# The root module is vetted without go.work, with the versions that its users get.
vet: ## Vet every module for every target
	@failed=; for target in $(TARGETS); do \
		echo "vet $$target"; \
		export CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/}; \
		{ GOWORK=off go vet ./... && go vet $(SHIPPED:=/...); } || failed="$$failed $$target"; \
	done; [ -z "$$failed" ] || { echo "vet failed for$$failed"; exit 1; }
	@for system in js wasip1; do GOWORK=off CGO_ENABLED=0 GOOS=$$system GOARCH=wasm go vet ./... || exit 1; done
	go vet work
	GOWORK=off go -C tools vet ./...
	@GOWORK=off go mod tidy -diff

# Code that is unused on one system may be used on another, so only Linux is searched for unused
# code.
lint: bin ## Lint every module and the workflows
	@failed=; for module in $(MODULES); do \
		echo "lint $$module"; \
		($(enter) && "$(CURDIR)/bin/golangci-lint" run --allow-parallel-runners ./...) || failed="$$failed $$module"; \
	done; for system in $(LINTED); do \
		echo "lint for $$system"; \
		CGO_ENABLED=0 GOOS=$$system bin/golangci-lint run --disable=unused ./... || failed="$$failed $$system"; \
	done; [ -z "$$failed" ] || { echo "lint failed for$$failed"; exit 1; }
	bin/actionlint .github/workflows/*.yml

prose: ## Check the English of comments, messages and documents
	@GOWORK=off go -C tools run ./prose

scripts: ## Lint the shell scripts
	shellcheck .ci/run tools/*.sh python/*.sh

test: ## Test every module
	go test -shuffle=on -timeout=10m work

# Other targets vet the tests, so these do not.
race: ## Test with the race detector, RACES times with fewer repetitions inside the tests
	go test -vet=off -race -short -count=$(RACES) -shuffle=on -timeout=20m ./... $(SHIPPED:=/...)
	go test -vet=off -count=1 -shuffle=on -timeout=10m ./bench/...
	GOWORK=off go -C tools test -vet=off -count=1 -shuffle=on -timeout=10m ./...

stress: ## Stress the Poller with the race detector for STRESS, shared by its mechanisms
	IOMUX_STRESS=$(STRESS) go test -vet=off -race -run='^TestStress$$' -count=1 -v -timeout=60m .

faults: ## Inject FAULTS faults, or all, into the system calls of each object
	@tools/setup.sh strace strace
	@GOWORK=off go -C tools run ./faults -sample $(FAULTS)

alone: $(ALONE) ## Run the root module's test binaries alone: for 386, and emulated arm64 and s390x

alone-arm64: EMULATOR := qemu-aarch64
alone-s390x: EMULATOR := qemu-s390x
$(ALONE): alone-%:
	@echo "alone linux/$*"
	@$(MAKE) --no-print-directory binaries TARGET=linux/$* PACKAGES='$(PACKAGES)'
	@tools/alone.sh dist/linux-$* $(EMULATOR)

# Tests of Windows mostly sleep, so three packages run at once.
wine: bin-forward ## Test the root module and the commands as Windows programs under Wine
	@GOOS=windows GOARCH=amd64 CGO_ENABLED=0 tools/wine.sh \
		go test -p=3 -vet=off -exec='$(WINE)' -shuffle=on -timeout=580s ./... ./cmd/iomux/... ./cmd/iomux-bench/...

wine-race: WINE_LIMIT := 900
wine-race: bin-forward ## Test them three times with the race detector under Wine
	@tools/setup.sh x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-posix
	@GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc tools/wine.sh \
		go test -vet=off -exec='$(WINE)' -race -count=3 -shuffle=on -timeout=880s ./... ./cmd/iomux/... ./cmd/iomux-bench/...

layouts-%:
	@$(MAKE) --no-print-directory alone-$* PACKAGES='$(LAYOUTS)'

binaries: ## Build the test binaries of PACKAGES for TARGET=system/processor into dist/
	@[ -n "$(TARGET)" ] || { echo "make binaries: name a target, such as TARGET=netbsd/amd64" >&2; exit 2; }
	@rm -rf dist/$(subst /,-,$(TARGET))
	@CGO_ENABLED=0 GOOS=$(patsubst %/,%,$(dir $(TARGET))) GOARCH=$(notdir $(TARGET)) \
		go test -vet=off -c -o dist/$(subst /,-,$(TARGET))/ $(PACKAGES) >/dev/null

api: bin-api ## Accept the current public interface: write api.txt
	bin/api -write $(TARGETS)

api-same: bin-api
	bin/api $(TARGETS)

fuzz: ## Fuzz every target of every module for FUZZTIME
	@for module in $(MODULES); do $(enter) || exit 1; for package in $$(go list ./...); do \
		for target in $$(go test -list='^Fuzz' $$package | grep '^Fuzz'); do \
			echo "fuzz $$package $$target"; \
			go test -run='^$$' -fuzz="^$$target$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x $$package || exit 1; \
		done; \
	done; done

bench: ## Measure iomux and its rivals for BENCHTIME and write bench/RESULTS.md
	go run ./bench -time $(BENCHTIME) -notes bench/NOTES.md -out bench/RESULTS.md

bench-compare: ## Compare the Go benchmarks of BASE=revision with the current ones in COUNT runs
	@tools/bench-compare.sh "$(BASE)" $(COUNT) '$(BENCH)'

bench-go: bin ## Run the Go benchmarks COUNT times, and compare them with BASE=file or their rivals
	@mkdir -p dist
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) -timeout=60m work >dist/bench.txt || { cat dist/bench.txt; exit 1; }
	bin/benchstat $(if $(BASE),$(BASE),-col /by) dist/bench.txt

chart: ## Measure this machine for three minutes and draw the README's chart; keep the machine quiet
	go run ./cmd/iomux-bench --duration 3m --out docs/bench.svg

cover: ## Print how much of the root module its tests cover
	@mkdir -p dist
	go test -coverprofile=dist/cover.out -coverpkg=./... ./... >/dev/null
	@go tool cover -func=dist/cover.out | tail -n 1

# govulncheck exits with 3 if it found something, and with 1 if it could not search.
vuln: bin ## Search for known vulnerabilities; needs https://vuln.go.dev
	@for module in $(MODULES); do \
		status=0; ($(enter) && "$(CURDIR)/bin/govulncheck" ./...) || status=$$?; \
		case $$status in \
		0) ;; \
		3) echo "make vuln: $$module has known vulnerabilities"; exit 1 ;; \
		*) echo "make vuln: $$module was not searched: the database or the code could not be read, see above"; exit 1 ;; \
		esac; \
	done

include python/python.mk
include cmd/iomux/install.mk
