//go:build !linux

package leak

// Forbidden returns nil: only Linux has sandboxes that refuse single system calls.
func Forbidden() error { return nil }
