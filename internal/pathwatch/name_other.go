//go:build !unix && !windows

package pathwatch

// These are never used, because New fails.

const separators = "/"

type watched struct{}

func absolute(name string) (string, error) { return name, nil }

func fold(entry string) string { return entry }

func (*node) mayBeAnother() bool { return false }

type descriptors struct{}

func (descriptors) close() {}
