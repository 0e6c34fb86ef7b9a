//go:build unix

package measure

import (
	"math"

	"golang.org/x/sys/unix"
)

// whyLimited explains the limit of descriptors.
const whyLimited = "see ulimit -n"

// raiseLimit raises the limit of open descriptors to want, or as far as possible, and returns it.
// Only privileged users may exceed the hard limit. The Go runtime has raised the soft limit
// already, on some systems only to a sensible value.
func raiseLimit(want int) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return want // creating them will fail if they are too many
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

// set assigns n to a limit, whose type is signed on some systems.
func set[T int64 | uint64](limit *T, n uint64) { *limit = T(n) }
