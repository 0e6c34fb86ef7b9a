//go:build unix && !aix

package procwatch

import "syscall"

// codeOf returns the exit status, or the negated number of the signal that killed the process.
func codeOf(wait syscall.WaitStatus) int {
	if wait.Signaled() {
		return -int(wait.Signal())
	}
	return wait.ExitStatus()
}
