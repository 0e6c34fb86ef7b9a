//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pathwatch

// kernels holds the implementations for this system.
var kernels = map[string]func() (kernel, error){
	"kqueue": func() (kernel, error) { return newKernel(nil) },
}
