//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pathwatch

// kernels are the ways in which this system can watch.
var kernels = map[string]func() (kernel, error){
	"kqueue": func() (kernel, error) { return newKernel(nil) },
}
