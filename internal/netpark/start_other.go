//go:build !unix

package netpark

// Start does nothing, because the Go runtime's netpoller needs no descriptor on this system.
func Start() error { return nil }
