//go:build unix

package session

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// openDescriptor waits on a descriptor that iomux was started with. Those that the program has made itself are closed on
// exec, so that what is not closed on exec was inherited.
func (t *target) openDescriptor() {
	fd := t.source.fd
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		t.fail(fmt.Errorf("not open: give it to iomux, as in %d<FILE", fd))
		return
	}
	mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	switch mode &= unix.O_ACCMODE; {
	case err != nil:
		t.fail(err)
	case mode == unix.O_WRONLY && t.source.want&readable != 0:
		t.fail(fmt.Errorf("open for writing only: use fd:%d:w", fd))
	case mode == unix.O_RDONLY && t.source.want&writable != 0:
		t.fail(fmt.Errorf("open for reading only: use fd:%d", fd))
	default:
		t.fd = fd
		want := t.source.want
		if want&readable != 0 {
			want |= readHangup
		}
		t.await(want, t.reportReady)
	}
}

func (t *target) openPath() {
	fd, err := openForReading(t.path)
	if err != nil {
		t.fail(err)
		return
	}
	t.fd, t.made = fd, true
	if t.session.Follow && isFIFO(fd) {
		t.holdFIFO()
	}
	t.awaitReading()
}

func openForReading(path string) (int, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return -1, missing(path, err)
	}
	switch uint32(stat.Mode) & unix.S_IFMT {
	case unix.S_IFDIR:
		return -1, errors.New("a directory: name a FIFO, a terminal, a device or a file")
	case unix.S_IFSOCK:
		return -1, fmt.Errorf("a socket: use unix://%s", path)
	}
	return ignoringInterrupts(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
}

// missing adds to the error of a path that looks like an address what was perhaps meant.
func missing(path string, err error) error {
	if host, port, ok := strings.Cut(path, ":"); ok && host != "" && port != "" && !strings.Contains(path, "/") {
		return fmt.Errorf("%w: if it is no file use tcp://%s", err, path)
	}
	return err
}

func isFIFO(fd int) bool {
	var stat unix.Stat_t
	err := unix.Fstat(fd, &stat)
	return err == nil && uint32(stat.Mode)&unix.S_IFMT == unix.S_IFIFO
}

// holdFIFO opens a writing end, which is never closed, so that the last writer of the FIFO does not end it. Where writing is
// not permitted, it does.
func (t *target) holdFIFO() {
	_, _ = ignoringInterrupts(func() (int, error) {
		return unix.Open(t.path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
}

// ignoringInterrupts repeats a call that a signal has interrupted.
func ignoringInterrupts(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
