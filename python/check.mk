# The steps of `make python-check`. They run in parallel, because they mostly sleep. The module must
# be built first. Paths are relative to the root.

conformance := $(PYTHON) python/conformance/run.py --dev --jobs 12

.PHONY: go own probe cpython extra

go:
	cd python && GOWORK=off go vet ./... && GOWORK=off go test ./...

own:
	$(PYTHON) python/test/run.py

probe:
	$(PYTHON) python/conformance/probe.py

# Without direct system calls, the tests exercise the Go packages.
cpython:
	IOMUX_SELECT_DIRECT=no $(conformance) test_selectors test_poll test_eintr test_select test_epoll

extra:
	$(conformance) --with kqueue,devpoll test_selectors test_kqueue test_devpoll test_devpoll:solaris test_eintr
