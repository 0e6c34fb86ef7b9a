//go:build dragonfly || freebsd || netbsd || openbsd

package sys

// SelectLimit is the number that all descriptors must be below, 0 where there is no such number.
const SelectLimit = 0
