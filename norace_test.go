//go:build !race

package iomux_test

// raceEnabled is true if the race detector is on, which allocates and is slow.
const raceEnabled = false
