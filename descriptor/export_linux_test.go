package descriptor

// ByMode makes TryRead and TryWrite go by the descriptor's mode, and tells whether they did before.
func ByMode(on bool) bool { return withoutNoWait.Swap(on) }
