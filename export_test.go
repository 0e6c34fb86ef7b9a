package iomux

import (
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
