//go:build linux && (android || !(386 || amd64 || arm || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || s390x))

package sys

import "golang.org/x/sys/unix"

const (
	pollNumber   = 0 // there is only ppoll(2)
	selectNumber = 0 // there is only pselect6(2)
	epollNumber  = unix.SYS_EPOLL_PWAIT
)
