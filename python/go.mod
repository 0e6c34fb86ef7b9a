module iomux/python

go 1.26.0

require iomux v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace iomux => ../
