//go:build unix && !linux

package selectfd

import "golang.org/x/sys/unix"

// brokenPipe is what poll(2) says of a pipe that nobody reads, beside or instead of POLLERR.
const brokenPipe = unix.POLLHUP
