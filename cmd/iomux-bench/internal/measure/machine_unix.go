//go:build unix

package measure

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// system returns the name and release of the system.
func system() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}
