package session

import (
	"strconv"
	"strings"
	"syscall"
)

const signalExample = "signal:INT or signal:2"

// signalNumber is the signal of that name, with or without SIG, or of that number: Ctrl-C and Ctrl-Break are INT, and where the
// console is closed, or the user leaves, TERM.
func signalNumber(text string) (syscall.Signal, bool) {
	for name, number := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM} {
		if text == strconv.Itoa(int(number)) || strings.TrimPrefix(strings.ToUpper(text), "SIG") == name {
			return number, true
		}
	}
	return 0, false
}

func canBeCaught(syscall.Signal) bool { return true }
