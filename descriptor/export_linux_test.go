package descriptor

// ByMode sets whether TryRead and TryWrite use the descriptor's mode. It returns the previous
// setting.
func ByMode(on bool) bool { return lacksNoWait.Swap(on) }

// IsNonSocket reports whether TryRead and TryWrite call the function for files on fd first.
func IsNonSocket(fd int) bool { return nonSockets.has(fd) }
