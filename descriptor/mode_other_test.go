//go:build !linux

package descriptor_test

// byMode switches to the way that this system has anyway.
var byMode func(bool) bool
