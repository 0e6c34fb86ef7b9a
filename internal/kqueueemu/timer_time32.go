//go:build linux && (386 || arm || mips || mipsle)

package kqueueemu

import "golang.org/x/sys/unix"

const sysTimerfdSettime = unix.SYS_TIMERFD_SETTIME64
