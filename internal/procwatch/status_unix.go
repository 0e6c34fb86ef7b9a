//go:build unix && !aix

package procwatch

import "syscall"

// statusOf decodes a wait status. It returns the exit status, or the negated number of the signal
// that killed the process.
func statusOf(wait syscall.WaitStatus) int {
	if wait.Signaled() {
		return -int(wait.Signal())
	}
	return wait.ExitStatus()
}
