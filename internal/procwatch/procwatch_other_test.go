//go:build (unix && !aix && !linux) || windows

package procwatch

// watchers holds the ways to watch a process on this system.
var watchers = map[string]watcher{"own": Watch}
