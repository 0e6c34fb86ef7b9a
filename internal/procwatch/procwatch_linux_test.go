package procwatch

// watchers are the ways in which this system can watch a process.
var watchers = map[string]watcher{"pidfd": Watch, "asking": watchByAsking}
