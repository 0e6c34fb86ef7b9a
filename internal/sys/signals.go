package sys

import (
	"runtime"
	"syscall"
)

// CanCatch reports whether package os/signal can deliver a signal to the program.
func CanCatch(sig syscall.Signal) bool {
	if runtime.GOOS == "windows" {
		return sig == syscall.SIGINT || sig == syscall.SIGTERM
	}
	if sig <= 0 || sig > lastSignal() || sig == syscall.SIGKILL {
		return false
	}
	switch {
	case IsLinux:
		// The C libraries use 32 to 34, so the Go runtime does not catch them.
		return sig != linuxStop() && (sig < 32 || sig > 34)
	case runtime.GOOS == "solaris", runtime.GOOS == "illumos":
		return sig != 23 // SIGSTOP
	}
	return sig != 17 // SIGSTOP
}

// lastSignal returns the last signal that the Go runtime supports.
func lastSignal() syscall.Signal {
	switch runtime.GOOS {
	case "darwin", "ios":
		return 31
	case "dragonfly", "freebsd", "netbsd", "openbsd":
		return 32
	}
	return 64
}

// linuxStop returns SIGSTOP, which has another number on MIPS.
func linuxStop() syscall.Signal {
	switch runtime.GOARCH {
	case "mips", "mipsle", "mips64", "mips64le":
		return 23
	}
	return 19
}
