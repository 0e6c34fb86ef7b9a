//go:build !unix && !windows

package session

import "syscall"

const signalExample = "signal:HUP"

// signalNumber knows of none: nothing is waited for here.
func signalNumber(string) (syscall.Signal, bool) { return 0, false }

func canBeCaught(syscall.Signal) bool { return false }
