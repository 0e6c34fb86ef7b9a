//go:build !race

package iomux_test

// raceEnabled reports whether the race detector is on, which allocates and is slow.
const raceEnabled = false
