package iomux

import (
	"os"
	"time"

	"iomux/epoll"
	"iomux/internal/eventport"
)

// WithPorts makes New use event ports by calls that are not the system's.
func WithPorts(calls eventport.Calls) Option {
	return func(o *options) {
		o.mechanism = EventPort
		o.open = func() (backend, error) { return newPortBackend(calls) }
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

// Ports is the backend of event ports by itself.
type Ports struct{ backend *portBackend }

// OpenPorts makes one by calls that are not the system's.
func OpenPorts(calls eventport.Calls) (Ports, error) {
	b, err := newPortBackend(calls)
	return Ports{b}, err
}

// Look takes one event, if there is one.
func (p Ports) Look() error { return p.backend.look(oneEvent()) }

// Sleep calls asleep before it sleeps until there is an event, or it is woken.
func (p Ports) Sleep(asleep func()) error {
	return p.backend.sleep(oneEvent(), -1, func() bool { asleep(); return true })
}

func oneEvent() *batch { return &batch{room: 1, events: make([]epoll.Event, 1)} }

func (p Ports) Wake() { p.backend.wake() }

func (p Ports) Close() error { return p.backend.close() }
