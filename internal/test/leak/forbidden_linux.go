package leak

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Forbidden returns why this machine cannot watch files, or make descriptors for timers and
// signals, or nil. Sandboxes may refuse the system calls.
var Forbidden = sync.OnceValue(func() error {
	for _, call := range []struct {
		name string
		open func() (fd int, err error)
	}{
		{"inotify_init1", func() (int, error) { return unix.InotifyInit1(unix.IN_CLOEXEC) }},
		{"timerfd_create", func() (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) }},
		{"signalfd4", func() (int, error) { return unix.Signalfd(-1, new(unix.Sigset_t), unix.SFD_CLOEXEC) }},
	} {
		fd, err := call.open()
		if err != nil {
			return fmt.Errorf("this machine forbids a call: %w", os.NewSyscallError(call.name, err))
		}
		_ = unix.Close(fd)
	}
	return nil
})
