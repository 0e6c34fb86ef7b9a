//go:build unix

package measure

import (
	"math"

	"golang.org/x/sys/unix"
)

// whyLimited is where the limit comes from.
const whyLimited = "see ulimit -n"

// raiseLimit sees to it that so many descriptors can be open, or else as many as may be, and
// returns how many. Only the privileged may go above the hard limit. The Go runtime has raised the
// soft limit already, on some systems only to what is sensible there.
func raiseLimit(want int) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return want // making them tells
	}
	for _, hard := range []uint64{max(uint64(limit.Max), uint64(want)), uint64(limit.Max)} {
		if uint64(limit.Cur) >= uint64(want) {
			break
		}
		higher := limit
		set(&higher.Cur, min(uint64(want), hard))
		set(&higher.Max, hard)
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &higher) == nil {
			limit = higher
		}
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}

// set is for limits that have a sign on some systems.
func set[T int64 | uint64](limit *T, n uint64) { *limit = T(n) }
