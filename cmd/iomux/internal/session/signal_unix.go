//go:build unix

package session

import (
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const signalExample = "signal:HUP or signal:1"

// The real-time signals of Linux, numbered as kill(1) and glibc do.
const (
	realTimeFirst = 34
	realTimeLast  = 64
)

// signalNumber returns the signal with that name, with or without SIG, or with that number.
func signalNumber(text string) (syscall.Signal, bool) {
	if number, err := strconv.Atoi(text); err == nil {
		return syscall.Signal(number), unix.SignalName(syscall.Signal(number)) != "" || isRealTime(number)
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if number, ok := realTimeNumber(name); ok {
		return syscall.Signal(number), isRealTime(number)
	}
	switch name { // kill(1) accepts these, too
	case "CLD":
		name = "CHLD"
	case "IOT":
		name = "ABRT"
	case "POLL":
		name = "IO"
	}
	number := unix.SignalNum("SIG" + name)
	return number, number != 0
}

// realTimeNumber returns the signal of names such as RTMIN+1 and RTMAX-2.
func realTimeNumber(name string) (number int, ok bool) {
	base := realTimeFirst
	offset, ok := strings.CutPrefix(name, "RTMIN")
	if !ok {
		base = realTimeLast
		offset, ok = strings.CutPrefix(name, "RTMAX")
	}
	if !ok || offset == "" {
		return base, ok
	}
	steps, err := strconv.Atoi(offset)
	return base + steps, err == nil && (offset[0] == '+' || offset[0] == '-')
}

func isRealTime(number int) bool {
	return runtime.GOOS == "linux" && number >= realTimeFirst && number <= realTimeLast
}

// uncatchable explains why a signal cannot be caught, or is empty.
func uncatchable(number syscall.Signal) string {
	switch {
	case number == unix.SIGKILL || number == unix.SIGSTOP:
		return "no program can catch it"
	case number == unix.SIGPROF:
		return "Go programs cannot catch it"
	case number == unix.SIGURG:
		return "the Go runtime sends it to itself: use another signal"
	case runtime.GOOS == "linux" && number == realTimeFirst:
		return "Go programs cannot catch it: use signal:RTMIN+1 to signal:RTMAX"
	}
	return ""
}

// SignalNames returns the names that signal: takes here.
func SignalNames() []string {
	var names []string
	for number := syscall.Signal(1); number < realTimeFirst; number++ {
		if name := unix.SignalName(number); name != "" && uncatchable(number) == "" {
			names = append(names, strings.TrimPrefix(name, "SIG"))
		}
	}
	if runtime.GOOS == "linux" {
		names = append(names, "RTMIN+1", "RTMAX")
	}
	return names
}
