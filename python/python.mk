# The targets of the Python module. The Makefile in the root includes this file, so paths are
# relative to the root.

# The interpreter that the module is built for: Debian's, not the first one on PATH.
PYTHON ?= /usr/bin/python3

python_dist := python/dist
python_build := python/build
python_suffix = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
python_headers = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')

# The Go runtime must not preempt with signals, because they could reach Python's handlers. It must
# not watch its cgroup, because that keeps two descriptors open.
python_godebug := asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0

python_cflags := -O2 -fPIC -std=gnu11 -Wall -Wextra -Wno-parentheses -Wno-missing-field-initializers -Werror \
	-fvisibility=hidden

.PHONY: python python-tools python-test python-check python-bench conformance

# All files in python/dist must be in one folder on Python's path.
python: python-tools ## Build the Python module select into python/dist/
	mkdir -p $(python_dist) $(python_build) && rm -f $(python_build)/*
	cd python && GOWORK=off CGO_ENABLED=1 go build -trimpath -buildmode=c-shared -ldflags=-X=runtime.godebugDefault=$(python_godebug) \
		-o build/iomux-core.so ./core
	cd python && GOWORK=off go run ./quiet build/iomux-core.so
	strip $(python_build)/iomux-core.so
	$(CC) $(python_cflags) -shared -I$(python_headers) -I$(python_build) -Ipython/core \
		-o $(python_build)/select.so python/extension/*.c
	mv $(python_build)/iomux-core.so $(python_dist)/iomux-core.so
	mv $(python_build)/select.so $(python_dist)/select$(python_suffix)
	cp python/path/*.py $(python_dist)

python-tools: ## Install the tools to build and test the Python module
	@PYTHON=$(PYTHON) python/tools.sh

python_steps = $(MAKE) --no-print-directory -j5 --output-sync=target -f python/check.mk PYTHON=$(PYTHON)

python-test: python ## Test the Python module
	@$(python_steps) go own

# The part that `make check` runs.
python-check: python ## Test the Python module and compare it with the original
	@$(python_steps) cpython extra own probe go

conformance: python ## Run all of CPython's tests that use select, on the original and on ours
	$(PYTHON) python/conformance/probe.py
	IOMUX_SELECT_DIRECT=no $(PYTHON) python/conformance/probe.py
	$(PYTHON) python/conformance/run.py
	IOMUX_SELECT_DIRECT=no $(PYTHON) python/conformance/run.py test_select test_poll test_epoll test_selectors test_eintr
	$(PYTHON) python/conformance/run.py --jobs 2 --with kqueue,devpoll

python-bench: python ## Measure the Python module beside the original
	$(PYTHON) python/conformance/bench.py
