# Installing the command: make install PREFIX=/usr DESTDIR=/tmp/package.
# Without cgo the program starts in two thirds of the time. Use CGO_ENABLED=1 if names of hosts need
# other modules of the C library than files and DNS.
PREFIX ?= /usr/local
DESTDIR ?=
export INSTALLED = $(DESTDIR)$(PREFIX)

.PHONY: install
install: ## Install iomux, its man page and completions below PREFIX, or below DESTDIR and PREFIX
	@for folder in bin share/man/man1 share/bash-completion/completions \
		share/zsh/site-functions share/fish/vendor_completions.d; do \
		mkdir -p "$$INSTALLED/$$folder" || exit; done
	CGO_ENABLED=$${CGO_ENABLED:-0} go build -trimpath -ldflags='-s -w' -o "$$INSTALLED/bin/iomux" ./cmd/iomux
	@"$$INSTALLED/bin/iomux" man >"$$INSTALLED/share/man/man1/iomux.1"
	@"$$INSTALLED/bin/iomux" completion bash >"$$INSTALLED/share/bash-completion/completions/iomux"
	@"$$INSTALLED/bin/iomux" completion zsh >"$$INSTALLED/share/zsh/site-functions/_iomux"
	@"$$INSTALLED/bin/iomux" completion fish >"$$INSTALLED/share/fish/vendor_completions.d/iomux.fish"
