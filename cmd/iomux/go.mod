module iomux/cmd/iomux

go 1.26.0

require (
	github.com/creack/pty v1.1.24
	github.com/rogpeppe/go-internal v1.16.0
	github.com/spf13/pflag v1.0.9
	golang.org/x/sys v0.49.0
	iomux v0.0.0
)

require golang.org/x/tools v0.26.0 // indirect

replace iomux => ../..
