package iomux

import (
	"iomux/internal/backend"
	"iomux/internal/eventport"
)

// WithPorts makes New use event ports through the given calls instead of the system's.
func WithPorts(calls eventport.Calls) Option {
	return func(o *options) {
		o.mechanism = EventPort
		o.open = func() (backend.Backend, error) { return backend.NewEventPort(calls) }
	}
}

// WithBackend makes New use the backend that open returns.
func WithBackend(open func() (backend.Backend, error)) Option {
	return func(o *options) { o.open = open }
}
