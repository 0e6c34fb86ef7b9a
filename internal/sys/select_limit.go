//go:build aix || darwin || solaris

package sys

import "golang.org/x/sys/unix"

// SelectLimit is the number that all descriptors must be below: the C library refuses the rest, or AIX reads the upper half
// of the count as a number of message queues.
const SelectLimit = unix.FD_SETSIZE
