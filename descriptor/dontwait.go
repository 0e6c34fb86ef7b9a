//go:build unix && !aix

package descriptor

import "golang.org/x/sys/unix"

const dontWait = unix.MSG_DONTWAIT
