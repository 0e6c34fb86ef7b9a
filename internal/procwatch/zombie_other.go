//go:build openbsd || ios

package procwatch

// zombieStatus returns no status, because this system reports the exit of a child only by reaping
// it.
func zombieStatus(int) (code int, known bool) { return 0, false }
