//go:build darwin || dragonfly || freebsd || openbsd

package kqueue

import (
	"runtime"

	"iomux/internal/sys"
)

// forgetsToRestart: a timer that is added again runs on as before.
const forgetsToRestart = runtime.GOOS == "dragonfly"

// toKernel writes a change as the kernel reads it.
func toKernel(to *sys.KernelEvent, change Event) {
	*to = sys.KernelEvent{
		Ident: uintptr(change.Ident), Filter: int16(change.Filter), Flags: uint16(change.Flags),
		Fflags: uint32(change.Fflags), Data: change.Data, Udata: uintptr(change.Udata),
	}
}

// disableLate is for NetBSD, which forgets EvDispatch.
func disableLate(int, Event) {}
