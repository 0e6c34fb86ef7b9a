//go:build unix

package iomux

import (
	"os"

	"iomux/internal/procwatch"
)

// RegisterProcessByPolling is RegisterProcess on a system without descriptors of processes.
// checkExit takes the place of the system.
func (p *Poller[K]) RegisterProcessByPolling(key K, checkExit func() (code int, known, exited bool)) (*Registration[K], error) {
	return p.registerProcess(nil, key, func(_ *os.Process, notify func()) (*procwatch.Exit, error) {
		return procwatch.PollUntilExit(notify, checkExit), nil
	})
}
