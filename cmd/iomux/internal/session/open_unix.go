//go:build unix

package session

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"iomux/poll"
)

// openDescriptor waits on an inherited descriptor. Descriptors that iomux itself has opened are
// close-on-exec.
func (t *target) openDescriptor() {
	fd := t.source.fd
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		t.fail(fmt.Errorf("not open: give it to iomux, as in %d%sFILE", fd, t.redirection()))
		return
	}
	mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	switch mode &= unix.O_ACCMODE; {
	case err != nil:
		t.fail(err)
	case isPath(fd):
		t.fail(errors.New("opened with O_PATH, which gives no access to the file: open it for reading"))
	case mode == unix.O_RDWR && mayBeClosed(fd):
		t.fail(fmt.Errorf("not open, or /dev/null open for reading and writing: give it to iomux, as in %d%sFILE",
			fd, t.redirection()))
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

// isPath reports whether fd was opened with O_PATH of Linux. poll(2) treats it as closed, as macOS
// treats some devices.
func isPath(fd int) bool {
	look := []poll.FD{{FD: int32(fd)}}
	n, err := poll.Wait(look, 0)
	return runtime.GOOS == "linux" && n > 0 && err == nil && look[0].Revents&poll.Nval != 0
}

// redirection returns the operator of a shell that opens a descriptor for the states of the source.
func (t *target) redirection() string {
	switch want := t.source.want; {
	case want == writable:
		return ">"
	case want&writable != 0:
		return "<>"
	}
	return "<"
}

// mayBeClosed reports whether fd is a standard descriptor that can have been closed when iomux
// started. The Go runtime opens /dev/null in its place, for reading and writing. Shells rarely do.
func mayBeClosed(fd int) bool {
	var null, stat unix.Stat_t
	return fd <= 2 && unix.Stat(os.DevNull, &null) == nil && unix.Fstat(fd, &stat) == nil &&
		uint32(stat.Mode)&unix.S_IFMT == unix.S_IFCHR && stat.Rdev == null.Rdev
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
	fd, err := ignoringInterrupts(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
	if err == unix.ENXIO && path == "/dev/tty" {
		err = errors.New("iomux has no terminal: run it in one")
	}
	return fd, err
}

// missing adds advice to the error of a path that looks like an address.
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

// holdFIFO opens a writing end, so that the last writer of the FIFO does not end it. If the user
// may not write, it does.
func (t *target) holdFIFO() {
	if fd, err := ignoringInterrupts(func() (int, error) {
		return unix.Open(t.path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}); err == nil {
		t.writer = fd
	}
}

// releaseFIFOs closes the writing ends of the FIFOs that are empty, so that CMD reads to the end. A
// FIFO with data is still held, because opening it for reading waits for a writer. It reports
// whether there are any.
func (s *session) releaseFIFOs() (held bool) {
	for _, t := range s.targets {
		if t.writer < 0 {
			continue
		}
		if n, err := poll.Wait([]poll.FD{{FD: int32(t.fd), Events: poll.In}}, 0); n > 0 || err != nil {
			held = true
			continue
		}
		t.closeWriter()
	}
	return held
}

// holdFIFOs opens the writing ends again. Until then the reading ends keep the data.
func (s *session) holdFIFOs() {
	for _, t := range s.targets {
		if t.kind == kindPath && t.writer < 0 && isFIFO(t.fd) {
			t.holdFIFO()
		}
	}
}

func (t *target) closeWriter() {
	if t.writer >= 0 {
		_ = unix.Close(t.writer) // nothing was written to it
		t.writer = -1
	}
}

// ignoringInterrupts repeats a call while signals interrupt it.
func ignoringInterrupts(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
