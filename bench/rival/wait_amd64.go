//go:build linux

package rival

import "golang.org/x/sys/unix"

// waitNumber is the call of *raw*, the same as that of package epoll.
const waitNumber = unix.SYS_EPOLL_WAIT
