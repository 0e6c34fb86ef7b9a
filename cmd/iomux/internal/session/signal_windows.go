package session

import (
	"strconv"
	"strings"
	"syscall"
)

const signalExample = "signal:INT or signal:2"

// signalNumber returns the signal with that name, with or without SIG, or with that number. Ctrl-C
// and Ctrl-Break are INT. A closed console and a logoff are TERM.
func signalNumber(text string) (syscall.Signal, bool) {
	for name, number := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM} {
		if text == strconv.Itoa(int(number)) || strings.TrimPrefix(strings.ToUpper(text), "SIG") == name {
			return number, true
		}
	}
	return 0, false
}

func uncatchable(syscall.Signal) string { return "" }

// SignalNames returns the names that signal: takes here.
func SignalNames() []string { return []string{"INT", "TERM"} }
