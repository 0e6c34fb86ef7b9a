module iomux/kqueue/compare

go 1.26.0

require (
	golang.org/x/sys v0.49.0
	iomux v0.0.0
)

replace iomux => ../..
