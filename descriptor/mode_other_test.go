//go:build !linux

package descriptor_test

// byMode is nil, because this system always uses the descriptor's mode.
var byMode func(bool) bool
