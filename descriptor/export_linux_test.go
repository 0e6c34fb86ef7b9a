package descriptor

// ByMode sets whether TryRead and TryWrite use the descriptor's mode. It returns the previous
// setting.
func ByMode(on bool) bool { return withoutNoWait.Swap(on) }

// IsOther reports whether TryRead and TryWrite call the function for files on fd first.
func IsOther(fd int) bool { return others.has(fd) }
