//go:build !unix

package iomux

// The limits are asked only where their mechanisms are available.
func selectLimits() Limits { return Limits{} }

func pollLimits() Limits { return Limits{} }
