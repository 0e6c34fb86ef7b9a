package iomux

import (
	"os"
	"time"

	"iomux/internal/backend"
	"iomux/internal/eventport"
)

// WithPorts makes New use event ports through calls that are not the system's.
func WithPorts(calls eventport.Calls) Option {
	return func(o *options) {
		o.mechanism = EventPort
		o.open = func() (backend.Backend, error) { return backend.NewEventPort(calls) }
	}
}

// RegisterTimerByGoroutine is RegisterTimer as on systems whose timers are no descriptors.
func (p *Poller[K]) RegisterTimerByGoroutine(d time.Duration, key K) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, kind: KindTimer}
	return p.runSource(r, func(quit <-chan struct{}) { p.tick(r, d, quit) })
}

// RegisterProcessByGoroutine is RegisterProcess as on systems whose processes are no descriptors.
func (p *Poller[K]) RegisterProcessByGoroutine(process *os.Process, key K) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, kind: KindProcess}
	return p.runSource(r, func(quit <-chan struct{}) { p.awaitExit(r, process, quit) })
}
