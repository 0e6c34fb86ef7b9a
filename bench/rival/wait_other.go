//go:build linux && !amd64

package rival

import "golang.org/x/sys/unix"

const waitNumber = unix.SYS_EPOLL_PWAIT
