//go:build unix && !linux

package waker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
)

// ends are those of the pipe.
type ends struct{ reader, writer fdref.Descriptor }

// New makes a bell of a pipe.
func New() (*Waker, error) {
	var fds [2]int
	syscall.ForkLock.RLock() // no child inherits the pipe before it is close-on-exec
	err := unix.Pipe(fds[:])
	if err == nil {
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			_ = unix.SetNonblock(fd, true) // it fails for no open descriptor
		}
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	b := new(Waker)
	b.reader.Set(fds[0], closeFD)
	b.writer.Set(fds[1], closeFD)
	return b, nil
}

// Close closes the waker as soon as nobody uses it any more, and makes it readable until then.
func (b *Waker) Close() error {
	// A reader whose writers have gone is readable.
	err := b.writer.Close(func(int) {})
	if errReader := b.reader.Close(func(int) {}); err == nil {
		err = errReader
	}
	return err
}

func (b *Waker) ring() {
	if fd, err := b.writer.Acquire(); err == nil {
		_, _ = unix.Write(fd, []byte{0}) // a full pipe is readable, too
		b.writer.Done()
	}
}

func (b *Waker) drain() {
	if fd, err := b.reader.Acquire(); err == nil {
		var buffer [64]byte
		_, _ = unix.Read(fd, buffer[:]) // one byte at most is in it
		b.reader.Done()
	}
}

func closeFD(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
