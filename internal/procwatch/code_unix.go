//go:build unix && !aix

package procwatch

import "syscall"

// codeOf returns the status of an exit that was not by a signal, or the negative number of the
// signal.
func codeOf(wait syscall.WaitStatus) int {
	if wait.Signaled() {
		return -int(wait.Signal())
	}
	return wait.ExitStatus()
}
