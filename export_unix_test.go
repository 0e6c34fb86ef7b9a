//go:build unix

package iomux

import (
	"os"

	"iomux/internal/procwatch"
)

// RegisterProcessByAsking is RegisterProcess on a system without descriptors of processes. question
// takes the place of the system.
func (p *Poller[K]) RegisterProcessByAsking(key K, question func() (code int, known, exited bool)) (*Registration[K], error) {
	return p.registerProcess(nil, key, func(_ *os.Process, notify func()) (*procwatch.Exit, error) {
		return procwatch.Ask(notify, question), nil
	})
}
