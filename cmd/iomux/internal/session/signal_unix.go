//go:build unix

package session

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const signalExample = "signal:HUP or signal:1"

// signalNumber is the signal of that name, with or without SIG, or of that number.
func signalNumber(text string) (syscall.Signal, bool) {
	if number, err := strconv.Atoi(text); err == nil {
		return syscall.Signal(number), unix.SignalName(syscall.Signal(number)) != ""
	}
	number := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG"))
	return number, number != 0
}

func canBeCaught(number syscall.Signal) bool { return number != unix.SIGKILL && number != unix.SIGSTOP }
