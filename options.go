package iomux

import "iomux/internal/backend"

// Option is an argument of [New].
type Option func(*options)

type options struct {
	mechanism Mechanism
	blocking  bool
	open      func() (backend.Backend, error) // instead of the mechanism's, for tests
}

// WithMechanism selects m instead of the best mechanism of the system.
func WithMechanism(m Mechanism) Option { return func(o *options) { o.mechanism = m } }

// WithBlocking makes waits block a thread in the kernel instead of parking in the Go scheduler.
// Use it for a busy event loop, or when timeouts must be more precise than about 1 ms. It has no
// effect except with Epoll: waits with other mechanisms always block.
func WithBlocking() Option { return func(o *options) { o.blocking = true } }

// openBackend returns the backend that the options select.
func (o *options) openBackend() (backend.Backend, error) {
	if o.open != nil {
		return o.open()
	}
	return o.mechanism.open(o.blocking)
}
