//go:build !unix

package measure

import "runtime"

func system() string { return runtime.GOOS }
