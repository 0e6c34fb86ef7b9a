//go:build !unix && !windows

package sys

// IsOpen knows of no descriptors.
func IsOpen(int) bool { return false }

// IsFile knows of no files either.
func IsFile(int) bool { return false }
