//go:build freebsd || dragonfly

package suite

import "golang.org/x/sys/unix"

func setLimit(limit *unix.Rlimit, n int) { limit.Cur = int64(n) }
