//go:build unix

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// ignoresRdHup reports whether poll does not report PollRdHup for a socket whose peer has shut down
// its writing side. It returns false if there is no such socket, because the process has no
// descriptor left.
func ignoresRdHup(poll pollCall) bool {
	syscall.ForkLock.RLock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		syscall.ForkLock.RUnlock()
		return false
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	syscall.ForkLock.RUnlock()
	defer func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) }() // they are open
	if err := unix.Shutdown(pair[1], unix.SHUT_WR); err != nil {
		return false
	}
	question := []PollFD{{FD: int32(pair[0]), Events: PollRdHup}}
	_, errno := poll(question, 0)
	return errno == 0 && question[0].Revents&PollRdHup == 0
}
