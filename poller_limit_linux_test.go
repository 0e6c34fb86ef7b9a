package iomux_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
)

// New fails at the descriptor limit and leaves nothing behind, but the first wait of an older
// Poller works, whether it blocks or could park.
func TestNoDescriptorLeft(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"short": time.Millisecond, "long": soon} {
		for _, below := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,below=%v", name, below), func(t *testing.T) {
				onEach(t, func(t *testing.T, p *iomux.Poller[int]) { waitAtTheLimit(t, p, timeout, below) })
			})
		}
	}
}

// waitAtTheLimit waits while the limit is the lowest free number, or below all open descriptors.
func waitAtTheLimit(t *testing.T, p *iomux.Poller[int], timeout time.Duration, below bool) {
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable)
	limit, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Close(limit))
	if below {
		limit = 0
	}
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	suite.Limit(t, limit)
	_, errNew := iomux.New[int]()
	timer := time.AfterFunc(quiet, func() { _, _ = unix.Write(w, []byte{1}) })
	defer timer.Stop()
	var events [1]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], timeout)
	for start := time.Now(); n == 0 && err == nil && time.Since(start) < soon; {
		n, err = p.WaitTimeout(events[:], timeout)
	}
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
	isErr(t, errNew, unix.EMFILE)
	if below && (p.Mechanism() == iomux.Poll || p.Mechanism() == iomux.DevPoll) {
		isErr(t, err, unix.EINVAL) // poll(2) refuses lists longer than the limit
		return
	}
	if n != 1 || err != nil || events[0].Registration != r {
		t.Errorf("events are %+v, %v, want Readable of %p", events[:n], err, r)
	}
}
