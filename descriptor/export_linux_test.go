package descriptor

// ByMode makes TryRead and TryWrite use the descriptor's mode or not, and returns the setting
// before.
func ByMode(on bool) bool { return withoutNoWait.Swap(on) }

// IsOther reports whether TryRead and TryWrite use the call for files first on fd.
func IsOther(fd int) bool { return others.has(fd) }
