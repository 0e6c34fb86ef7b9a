//go:build !unix && !windows

package session

import "syscall"

const signalExample = "signal:HUP"

// signalNumber finds no signal, because iomux does not wait on this system.
func signalNumber(string) (syscall.Signal, bool) { return 0, false }

func uncatchable(syscall.Signal) string { return "" }

// SignalNames returns the names that signal: takes here.
func SignalNames() []string { return nil }
