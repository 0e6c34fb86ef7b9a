//go:build linux && !android && (386 || arm || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le)

package sys

import "golang.org/x/sys/unix"

const (
	pollNumber   = unix.SYS_POLL
	selectNumber = unix.SYS__NEWSELECT
	epollNumber  = unix.SYS_EPOLL_WAIT
)
