//go:build !race

package iomux_test

// raceEnabled tells that the race detector is at work, which allocates and is slow.
const raceEnabled = false
