//go:build unix && !freebsd && !dragonfly

package suite

import "golang.org/x/sys/unix"

func setLimit(limit *unix.Rlimit, n int) { limit.Cur = uint64(n) }
